"""What must fail, with a checkpoint taken before, in archives of the real writer.

`test_attacks` has every attack, on the reference writer; these are the ones that depend
on what is written, and by whom.
"""

import random

import pytest

from builders import BOB, FIRST_ID, THREAD
from evidence_archives import FOLDER, OTHER, OTHER_FOLDER, SECRET
from evidence_verifiers import MemoryFiles, failures, findings, reasons
from product_archives import product
from shared.domain.evidence import canonical
from shared.domain.evidence.lines import cut_line
from shared.domain.evidence.orders import decode_orders
from shared.domain.evidence.seals import files_json, seal_file
from shared.domain.evidence.words import INPUT_FILES
from shared.formats.registry import renderer_of
from shared.usecases.evidence.verify_rendered import check_rendered
from shared.verifier import verify

ORDERS = FOLDER + "erasures.json"
COMMITTED = (*(f"{file}.jsonl" for file in INPUT_FILES), "manifest.json", "thread.json", "erasures.json")  # fmt: skip


@pytest.fixture(params=["small", "erased", "later"])
def archive(request):
    return product(request.param)


def is_committed(path):
    return path.startswith("ledger/") or path.rpartition("/")[2] in COMMITTED


def rendered(files):
    return [
        path
        for path in files
        if path.startswith("thread=")
        and not is_committed(path)
        and "/attachments/" not in path
    ]


def path_of(name, revision=1, folder=FOLDER):
    return f"{folder}rev={revision:04d}/{name}"


def lines_in(data):
    return data.split(b"\n")[:-1]


def joined(lines):
    return b"".join(line + b"\n" for line in lines)


def flipped(data, at, bit):
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def test_the_archives_are_sound(archive):
    found = findings(archive.files, archive.checkpoint(), check_rendered=check_rendered)

    assert failures(archive.files, archive.checkpoint()) == []
    assert [finding for finding in found if finding.is_failure] == []
    assert rendered(archive.files)
    assert any("/attachments/" in path for path in archive.files)


@pytest.mark.parametrize("name", ["tiny", "tiny erased"])
@pytest.mark.parametrize("bit", [0, 5])
def test_every_byte_flip_of_input_manifests_orders_and_ledger_is_found(name, bit):
    archive = product(name)
    checkpoint = archive.checkpoint()
    for path in filter(is_committed, archive.files):
        data = archive.files[path]
        # Half of the bytes with each of two bits; `make long` flips all of them.
        for at in range(bit % 2, len(data), 2):
            changed = archive.files | {path: flipped(data, at, bit)}
            assert failures(changed, checkpoint), (path, at)


def test_a_seeded_byte_flip_of_every_committed_file_is_found(archive):
    chance, checkpoint = random.Random(2), archive.checkpoint()
    for path in filter(is_committed, archive.files):
        data = archive.files[path]
        for at in chance.sample(range(len(data)), min(len(data), 20)):
            changed = archive.files | {path: flipped(data, at, chance.randrange(8))}
            assert failures(changed, checkpoint), (path, at)


def test_every_line_that_is_dropped_swapped_or_doubled_is_found(archive):
    checkpoint = archive.checkpoint()
    paths = [
        path for path in archive.files if path.endswith(".jsonl") and is_committed(path)
    ]
    for path in paths:
        lines = lines_in(archive.files[path])
        for at in range(len(lines)):
            changes = [lines[:at] + lines[at + 1 :], lines[: at + 1] + lines[at:]]
            if at:
                swapped = [*lines]
                swapped[at - 1], swapped[at] = lines[at], lines[at - 1]
                changes.append(swapped)
            for number, change in enumerate(changes):
                found = failures(archive.files | {path: joined(change)}, checkpoint)
                # A line of the ledger that stands twice counts once, on purpose.
                assert found or (path.startswith("ledger/") and number == 1), (path, at)


@pytest.mark.parametrize("seed", range(4))
def test_200_seeded_changes_of_rendered_files_are_found(archive, seed):
    """By seals in both; the command renders anew as well."""
    chance, checkpoint = random.Random(seed), archive.checkpoint()
    for _ in range(50):
        path = chance.choice(rendered(archive.files))
        data = archive.files[path]
        start = chance.randrange(len(data))
        new = chance.choice(
            (b"", b"x", data[:30], flipped(data, start, 0)[start : start + 1])
        )
        changed = archive.files | {path: data[:start] + new + data[start + 1 :]}
        if changed[path] == data:
            continue
        found = findings(changed, checkpoint, check_rendered=check_rendered)
        assert [f for f in found if f.is_failure and f.path == path], path
        theirs = verify.verify(MemoryFiles(changed), checkpoint, "2027-06-01").failures
        assert [place for place, _ in theirs if place == path], path


def test_a_rendering_that_lies_with_a_seal_that_fits_is_found_by_rendering_anew():
    """Whoever writes the archive anew can seal; only the input says what it gives."""
    archive = product("small")
    path = path_of("messages.csv", 2)
    lie = archive.files[path].replace(b"hello", b"I sold")
    assert lie != archive.files[path]
    manifest_path = path_of("manifest.json", 2)
    salts = salts_of(archive, 2)
    forged = seal_file("messages.csv", renderer_of("messages.csv"), salts, lie)
    manifest = archive.files[manifest_path]
    old = seal_file(
        "messages.csv", renderer_of("messages.csv"), salts, archive.files[path]
    )
    assert old.seal.encode() in manifest
    changed = archive.files | {
        path: lie,
        manifest_path: manifest.replace(old.seal.encode(), forged.seal.encode()),
    }

    found = findings(changed, check_rendered=check_rendered)
    assert (path, "it is not what its input gives") in [
        (f.path, f.reason) for f in found
    ]
    assert failures(changed, archive.checkpoint())


def salts_of(archive, revision):
    return b"".join(
        cut_line(line).salt
        for number in range(1, revision + 1)
        for file in INPUT_FILES
        for line in lines_in(archive.files.get(path_of(f"{file}.jsonl", number), b""))
    )


def test_what_was_erased_cannot_be_put_back_from_a_backup():
    backup, archive = product("small").files, product("erased")
    checkpoint = archive.checkpoint()
    for path in filter(is_committed, backup):
        if backup[path] != archive.files[path] and not path.startswith("ledger/"):
            changed = archive.files | {path: backup[path]}
            assert "not finished" in reasons(changed, checkpoint), path
    files = {p: d for p, d in archive.files.items() if p.startswith("ledger/")}
    assert failures(backup | files, checkpoint)


@pytest.mark.parametrize("name", ["small", "erased"])
def test_no_line_can_be_blanked_that_no_order_names(name):
    archive = product(name)
    checkpoint = archive.checkpoint()
    for path in [p for p in archive.files if p.endswith(".jsonl") and "/rev=" in p]:
        for at, line in enumerate(lines_in(archive.files[path])):
            if cut_line(line).is_erased:
                continue
            found = reasons(blank(archive.files, path, at), checkpoint)
            assert "no order names it" in found, (path, at)


def blank(files, path, at):
    lines = lines_in(files[path])
    lines[at] = cut_line(lines[at]).erased().stored[:-1]
    return files | {path: joined(lines)}


def test_what_came_again_cannot_stand_under_another_order_or_with_its_content():
    archive, path = product("later"), path_of("events.jsonl", 3)
    again, new = lines_in(archive.files[path])
    assert cut_line(again).facts["order"] == 1
    assert not cut_line(new).is_erased

    for change in (
        [again.replace(b'"order":1', b'"order":2'), new],
        [again.replace(b'"order":1,', b""), new],
    ):
        assert failures(archive.files | {path: joined(change)})
    facts = {**cut_line(new).facts, "order": 1}
    hidden = b'{"facts":%b,"commitment":"%b"}' % (
        canonical.encode(facts),
        cut_line(new).commitment.hex().encode(),
    )
    assert failures(archive.files | {path: joined([again, hidden])})


def forged_order(archive, *, ledger, **changes):
    """Return the files with the order changed, and its line of the ledger if need be."""
    (order,) = decode_orders(archive.files[ORDERS])
    text = canonical.encode({"format": 2, "orders": [order.json | changes]})
    files = archive.files | {ORDERS: text + b"\n"}
    if ledger:
        (forged,) = decode_orders(files[ORDERS])
        key = archive.key(THREAD)
        for path in [path for path in files if path.startswith("ledger/")]:
            old, new = order.ledger_line(key), forged.ledger_line(key)
            files[path] = files[path].replace(old, new)
    return files


@pytest.mark.parametrize("ledger", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        {"who": "somebody else"},
        {"when": "2026-11-23T12:59:00Z"},
        {"why": "another reason"},
        {"scope": "participant", "ids": [BOB]},
        {"ids": [str(FIRST_ID)]},
        {"revision": 1},
        {"holds": ["00" * 16]},
        {"random": "11" * 16},
        {"lines": ["events:1-3"]},
        {"files": []},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_order_cannot_be_rewritten(change, ledger):
    archive = product("erased")

    assert failures(
        forged_order(archive, ledger=ledger, **change), archive.checkpoint()
    )


def test_an_honest_erasure_covers_no_forged_rendering_and_no_forged_seal():
    archive = product("erased")
    (order,) = decode_orders(archive.files[ORDERS])
    salts = salts_of(archive, 2)
    forged = seal_file("messages.csv", renderer_of("messages.csv"), salts, b"forged")
    files = [forged if f.name == forged.name else f for f in order.files]
    for ledger in (True, False):
        changed = forged_order(archive, ledger=ledger, files=files_json(files))
        changed[path_of("messages.csv", 2)] = b"forged"
        assert failures(changed, archive.checkpoint())


def test_a_rendering_that_still_tells_what_was_erased_may_not_stand():
    backup, archive = product("small"), product("erased")
    for path in rendered(backup.files):
        if path.startswith(FOLDER) and SECRET.encode() in backup.files[path]:
            changed = archive.files | {path: backup.files[path]}
            assert failures(changed, archive.checkpoint()), path


def test_an_attachment_cannot_be_exchanged_removed_or_put_back(archive):
    names = [path for path in archive.files if "/attachments/" in path]
    checkpoint = archive.checkpoint()
    for path in names:
        rest = {other: data for other, data in archive.files.items() if other != path}
        others = [b"another", *(archive.files[name] for name in names if name != path)]
        for data in others:
            assert failures(rest | {path: data}, checkpoint)
        assert failures(rest, checkpoint)
    for path, data in product("small").files.items():
        if "/attachments/" in path and path not in archive.files:
            assert failures(archive.files | {path: data}, checkpoint)


def test_keys_cannot_be_exchanged_between_two_threads(archive):
    one, two = archive.key(THREAD).encode(), archive.key(OTHER).encode()
    swapped = {
        path: data
        if path.startswith("ledger/")
        else data.replace(one, b"*").replace(two, one).replace(b"*", two)
        for path, data in archive.files.items()
    }
    names = [folder + "thread.json" for folder in (FOLDER, OTHER_FOLDER)]

    assert failures(archive.files | {name: swapped[name] for name in names})
    assert failures(swapped)


@pytest.mark.parametrize("folder", [FOLDER, OTHER_FOLDER])
def test_a_thread_or_its_newest_revision_cannot_be_left_out(archive, folder):
    files = archive.files
    newest = max(path for path in files if path.startswith(folder + "rev="))
    for prefix in (folder, newest[: len(folder) + 8]):
        rest = {
            path: data for path, data in files.items() if not path.startswith(prefix)
        }
        assert "is gone" in reasons(rest)


def test_an_archive_older_than_its_checkpoint_says_so():
    found = reasons(product("small").files, product("erased").checkpoint())

    assert "older than the checkpoint" in found


@pytest.mark.parametrize("seed", range(3))
def test_verifiers_agree_on_whatever_is_changed(archive, seed):
    chance = random.Random(seed)
    for _ in range(60):
        files = dict(archive.files)
        for _ in range(chance.randrange(1, 4)):
            path, other = chance.choices(sorted(files), k=2)
            data = bytearray(files[path])
            start = chance.randrange(len(data) + 1)
            end = min(len(data), start + chance.choice((1, 1, 9, 200)))
            data[start:end] = files[other][start:end] if chance.random() < 0.5 else b""
            files[path] = bytes(data)
        failures(files)  # asserts that both say the same
