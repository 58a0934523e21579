"""What must fail with a checkpoint taken before, in both verifiers."""

import json
import random
from datetime import timedelta

import pytest

from builders import BOB, FIRST_ID, THREAD, received
from evidence_archives import (
    FOLDER,
    OTHER,
    OTHER_FOLDER,
    SECRET,
    erased,
    path_of,
    small,
)
from evidence_verifiers import failures, reasons
from shared.domain.evidence import canonical
from shared.domain.evidence.content import content_of
from shared.domain.evidence.ledger import LedgerReader, blob_path
from shared.domain.evidence.lines import cut_line, make_line
from shared.domain.evidence.orders import decode_orders
from shared.domain.evidence.seals import seal_file

ARCHIVES = {"before an erasure": small, "after an erasure": erased}
ORDERS = FOLDER + "erasures.json"


@pytest.fixture(params=ARCHIVES)
def writer(request):
    return ARCHIVES[request.param]()


def committed(files):
    """Return the paths of input, manifests, orders and ledger."""
    return [
        path
        for path in files
        if path.endswith((".jsonl", ".json")) and "transcript" not in path
    ]


def replace(files, path, old, new):
    assert old in files[path], (path, old)
    return files | {path: files[path].replace(old, new, 1)}


def lines_in(data):
    return data.split(b"\n")[:-1]


def joined(lines):
    return b"".join(line + b"\n" for line in lines)


def test_the_archives_are_sound(writer):
    assert failures(writer.files, writer.checkpoint()) == []


def test_every_line_that_is_dropped_swapped_or_doubled_is_found(writer):
    checkpoint = writer.checkpoint()
    for path in [path for path in writer.files if path.endswith(".jsonl")]:
        lines = lines_in(writer.files[path])
        for at in range(len(lines)):
            changes = [lines[:at] + lines[at + 1 :], lines[: at + 1] + lines[at:]]
            if at:
                swapped = [*lines]
                swapped[at - 1], swapped[at] = lines[at], lines[at - 1]
                changes.append(swapped)
            for number, change in enumerate(changes):
                found = failures(writer.files | {path: joined(change)}, checkpoint)
                # A line of the ledger that stands twice counts once, on purpose.
                assert found or (path.startswith("ledger/") and number == 1), (path, at)


@pytest.mark.parametrize("seed", range(4))
def test_200_seeded_changes_in_rendered_files_are_found(writer, seed):
    chance = random.Random(seed)
    rendered = [
        path
        for path in writer.files
        if path.endswith(("messages.csv", "transcript.json"))
    ]
    for _ in range(50):
        path = chance.choice(rendered)
        data = bytearray(writer.files[path])
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        assert failures(writer.files | {path: bytes(data)}, writer.checkpoint())


def test_a_seeded_byte_flip_of_every_committed_file_is_found(writer):
    chance = random.Random(1)
    checkpoint = writer.checkpoint()
    for path in committed(writer.files):
        for at in chance.sample(range(len(writer.files[path])), 12):
            data = bytearray(writer.files[path])
            data[at] ^= 1 << chance.randrange(8)
            assert failures(writer.files | {path: bytes(data)}, checkpoint), (path, at)


def test_a_line_of_another_message_cannot_change_under_cover_of_an_erasure():
    writer = erased()
    files = replace(writer.files, path_of(writer, "events.jsonl"), b"hello", b"jello")

    assert "not those of the manifest" in reasons(files, writer.checkpoint())


def test_what_was_erased_cannot_be_put_back_from_a_backup():
    backup, writer = small().files, erased()
    path = path_of(writer, "events.jsonl")

    assert "not finished" in reasons(
        writer.files | {path: backup[path]}, writer.checkpoint()
    )


def blank(files, path, at):
    lines = lines_in(files[path])
    lines[at] = cut_line(lines[at]).erased().stored[:-1]
    return files | {path: joined(lines)}


def test_a_line_that_no_order_covers_cannot_be_blanked(writer):
    files = blank(writer.files, path_of(writer, "events.jsonl"), 1)

    assert "no order names it" in reasons(files, writer.checkpoint())


def forged_order(writer, *, ledger=True, **changes):
    """Return the files with the newest order changed, and the ledger if need be."""
    *before, order = decode_orders(writer.files[ORDERS])
    value = order.json | changes
    files = dict(writer.files)
    text = canonical.encode({"format": 2, "orders": [*(o.json for o in before), value]})
    files[ORDERS] = text + b"\n"
    if ledger:
        forged = decode_orders(files[ORDERS])[-1]
        key = writer.key(THREAD)
        for path in [path for path in files if path.startswith("ledger/")]:
            old, new = order.ledger_line(key), forged.ledger_line(key)
            files[path] = files[path].replace(old, new)
    return files


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
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("ledger", [True, False])
def test_an_order_cannot_be_rewritten(change, ledger):
    writer = erased()

    assert failures(forged_order(writer, ledger=ledger, **change), writer.checkpoint())


@pytest.mark.parametrize("more", ["events:1-3", "events:2-4", "quarantine:0-1"])
def test_an_order_for_one_message_cannot_take_another_even_without_a_checkpoint(more):
    writer = erased()
    files = forged_order(writer, lines=widened(writer, more))
    path = path_of(writer, "events.jsonl")
    for at in (1, 3):
        if cut_line(lines_in(files[path])[at]).salt:
            files = blank(files, path, at)

    assert failures(files)
    assert failures(files, writer.checkpoint())


def widened(writer, more):
    (order,) = decode_orders(writer.files[ORDERS])
    kept = [name for name in order.lines if name.split(":")[0] != more.split(":")[0]]
    files = ["events", "listing", "quarantine", "attachments"]
    return sorted([*kept, more], key=lambda name: files.index(name.split(":")[0]))


def test_a_line_cannot_be_blanked_under_an_old_orders_number():
    writer = erased()
    writer.receive(received(3, "new"))
    writer.finalize()
    path = path_of(writer, "events.jsonl", 3)
    line = cut_line(lines_in(writer.files[path])[0]).erased()
    facts = {**line.facts, "order": 1}
    text = b'{"facts":%b,"commitment":"%b"}\n' % (
        canonical.encode(facts),
        line.commitment.hex().encode(),
    )

    assert failures(writer.files | {path: text})
    assert failures(blank(writer.files, path, 0))


def append_to_ledger(files, line):
    path = max(path for path in files if path.startswith("ledger/"))
    return files | {path: files[path] + line}


def test_an_order_cannot_be_put_between_old_revisions():
    writer = erased()
    checkpoint = writer.checkpoint()
    (order,) = decode_orders(writer.files[ORDERS])
    files = dict(writer.files)
    value = order.json | {
        "number": 1, "random": "22" * 16, "revision": 1, "ids": [str(FIRST_ID)],
        "lines": ["events:1-2", "listing:2-3", "attachments:1-2"],
    }  # fmt: skip
    text = canonical.encode({"format": 2, "orders": [value]}) + b"\n"
    forged = decode_orders(text)[0]
    files = small().files | {ORDERS: text}
    files = append_to_ledger(files, forged.ledger_line(writer.key(THREAD)))
    for name, at in (
        ("events.jsonl", 1),
        ("listing.jsonl", 2),
        ("attachments.jsonl", 1),
    ):
        files = blank(files, path_of(writer, name), at)

    assert "another place of the ledger" in reasons(files)
    assert failures(files, checkpoint)


@pytest.mark.parametrize(("days", "fails"), [(900, True), (8, True), (6, False)])
def test_an_order_cannot_be_dated_over_a_week_into_the_future(days, fails):
    """A clock that was days ahead once must not make an honest archive fail."""
    writer = small()
    day = writer.now
    writer.now += timedelta(days=days)
    today = writer.append
    writer.append = lambda *_, **__: None
    assert writer.erase("message", str(FIRST_ID + 1)) is not None
    writer.append, writer.now = today, day
    (order,) = decode_orders(writer.files[ORDERS])
    writer.append(order.ledger_line(writer.key(THREAD)))

    today = str(day.date())
    assert ("dated over a week after" in reasons(writer.files, today=today)) is fails

    writer.append(b"", close=True)
    said = reasons(writer.files, today="2999-01-01")
    assert ("dated over a week after" in said) is fails


def test_an_honest_erasure_covers_no_forged_rendering_and_no_forged_seal():
    writer = erased()
    for name in ("messages.csv", "transcript.json"):
        path = path_of(writer, name, 2)
        assert "it was changed" in reasons(
            writer.files | {path: b"forged"}, writer.checkpoint()
        )
    (order,) = decode_orders(writer.files[ORDERS])
    salts = writer.salts(writer.chain(THREAD), 2)
    forged = seal_file("messages.csv", "test 1", salts, b"forged")
    files = [forged, order.files[1]]
    value = [{"name": f.name, "renderer": f.renderer, "seal": f.seal} for f in files]
    for ledger in (True, False):
        changed = forged_order(writer, ledger=ledger, files=value)
        changed[path_of(writer, "messages.csv", 2)] = b"forged"
        assert failures(changed, writer.checkpoint())


def test_a_superseded_rendering_may_not_stand_after_an_erasure():
    backup, writer = small(), erased()
    old = path_of(writer, "transcript.json", 1)
    assert SECRET.encode() in backup.files[old]
    assert old not in writer.files

    for data in (backup.files[old], b"forged"):
        assert "does not belong" in reasons(
            writer.files | {old: data}, writer.checkpoint()
        )


def test_a_superseded_rendering_may_not_be_forged():
    writer = small()
    old = path_of(writer, "transcript.json", 1)

    assert "it was changed" in reasons(
        writer.files | {old: b"forged"}, writer.checkpoint()
    )


def test_an_attachment_cannot_be_exchanged_or_removed(writer):
    names = [path for path in writer.files if "/attachments/" in path]
    for path in names:
        rest = {other: data for other, data in writer.files.items() if other != path}
        assert failures(writer.files | {path: b"another"}, writer.checkpoint())
        assert failures(rest, writer.checkpoint())
        assert failures(
            rest | {path[:-1] + "0": writer.files[path]}, writer.checkpoint()
        )
    backup = small().files
    gone = {path: data for path, data in backup.items() if "/attachments/" in path}
    if len(names) < len(gone):
        assert failures(writer.files | gone, writer.checkpoint())


def test_keys_cannot_be_exchanged_between_two_threads(writer):
    one, two = writer.key(THREAD).encode(), writer.key(OTHER).encode()
    swapped = {}
    for path, data in writer.files.items():
        is_ledger = path.startswith("ledger/")
        swapped[path] = (
            data
            if is_ledger
            else data.replace(one, b"*").replace(two, one).replace(b"*", two)
        )
    only = {
        FOLDER + "thread.json": swapped[FOLDER + "thread.json"],
        OTHER_FOLDER + "thread.json": swapped[OTHER_FOLDER + "thread.json"],
    }

    assert failures(writer.files | only)
    assert failures(swapped)
    both = replace(writer.files, OTHER_FOLDER + "thread.json", two, one)
    assert "the same key" in reasons(both)


def test_a_later_line_of_the_ledger_cannot_be_rewritten_or_dropped(writer):
    checkpoint = writer.checkpoint()
    for path in [path for path in writer.files if path.startswith("ledger/")]:
        lines = lines_in(writer.files[path])
        for at in range(len(lines)):
            dropped = joined(lines[:at] + lines[at + 1 :])
            assert failures(writer.files | {path: dropped}, checkpoint)


def test_an_archive_older_than_its_checkpoint_says_so():
    writer = small()
    backup = dict(writer.files)
    writer.erase("message", str(FIRST_ID + 1))

    assert "older than the checkpoint" in reasons(backup, writer.checkpoint())


@pytest.mark.parametrize("folder", [FOLDER, OTHER_FOLDER])
def test_a_thread_or_its_newest_revision_cannot_be_left_out(writer, folder):
    rest = {
        path: data for path, data in writer.files.items() if not path.startswith(folder)
    }
    newest = max(path for path in writer.files if path.startswith(folder + "rev="))[
        : len(folder) + 8
    ]
    older = {
        path: data for path, data in writer.files.items() if not path.startswith(newest)
    }

    assert "is gone" in reasons(rest)
    assert "is gone" in reasons(older)


def test_a_salt_is_not_used_twice_nor_an_erased_line_kept_elsewhere():
    writer = small()
    log = writer.world(THREAD).log
    log.append((json.dumps(received(5, "other")).encode(), log[-1][1], log[-1][2]))
    writer.finalize()
    assert "salt was used before" in reasons(writer.files)

    writer = erased()
    text, salt, _ = next(
        r for r in small().world(THREAD).log if SECRET.encode() in r[0]
    )
    given = {"file": "quarantine", "received_on": "2026-12-24T00:00:00Z"}
    found = writer.new_lines

    def put_back(*arguments):
        new, attached = found(*arguments)
        new["quarantine"].append(make_line(given, content_of(text), salt))
        return new, attached

    writer.new_lines = put_back
    writer.finalize()
    assert "with its content elsewhere" in reasons(writer.files)


GONE = "nothing"
EVENTS = FOLDER + "rev=0001/events.jsonl"
FIRST = FOLDER + "rev=0001/manifest.json"
SECOND = FOLDER + "rev=0002/manifest.json"


@pytest.mark.parametrize(
    ("path", "data", "place", "reason"),
    [
        (SECOND, b"x", SECOND, "it cannot be read"),
        (SECOND, None, SECOND, "it cannot be read"),
        (ORDERS, b"x", ORDERS, "it cannot be read"),
        (EVENTS, None, EVENTS, "it cannot be read"),
        (FOLDER + "thread.json", GONE, FOLDER + "thread.json", "it is missing"),
        (FOLDER + "thread.json", b"x", FOLDER + "thread.json", "it is missing"),
        (SECOND, GONE, ORDERS, "is of no revision"),
        (FIRST, GONE, SECOND, "it does not follow on the one before it"),
        (SECOND, FIRST, SECOND, "it is of another revision"),
        (FOLDER + "rev=0002/listing.jsonl", b"", "rev=0002/listing.jsonl", "it holds no line"),
        ("ledger/000001.jsonl", b"", FOLDER + "rev=0001", "the ledger does not record it"),
        ("ledger/000001.jsonl", None, "ledger/000001.jsonl", "it cannot be read"),
        ("ledger/000001.jsonl", GONE, "ledger/000002.jsonl", "before"),
    ],
)  # fmt: skip
def test_both_verifiers_name_the_place_and_what_is_wrong_there(
    path, data, place, reason
):
    files = dict(erased().files)
    if data == GONE:
        del files[path]
    else:
        files[path] = files[FIRST] if data == FIRST else data

    found = failures(files)
    matching = [(p, r) for p, r in found if place in p and reason in r]
    assert len(matching) >= 2, found


@pytest.mark.parametrize(
    ("items", "offsets", "reason"),
    [
        (["0-9"], list(range(9)), "no items before it"),
        (["0-2"], [0, 0], "no items before it"),
        (["2-3"], [0, 0], "another number"),
        (["2-3"], [99], "another number"),
        (["2-4"], [3, 1], "another number"),
        (["2-4"], [1, True], "another number"),
    ],
)
def test_a_page_that_no_answer_can_be_rebuilt_from_is_refused(items, offsets, reason):
    writer = small()
    given = {
        "file": "listing", "received_on": "2026-11-24T00:00:00Z", "listing": 9, "page": 1,
        "origin": "messages", "items": items,
    }  # fmt: skip
    content = canonical.encode({"offsets": offsets, "text": "{[]}"})
    page = make_line(given, content, writer.draw())
    new = {"events": [], "quarantine": [], "attachments": [], "listing": [page]}
    writer.new_lines = lambda *_: (new, {})
    writer.finalize()

    assert reason in reasons(writer.files)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (FOLDER + "rev=\u0660\u0660\u0660\u0661/events.jsonl", b"x"),
        (FOLDER + "rev=0001/extra.txt", b"x"),
        (FOLDER + "rev=0001/attachments/x", b"x"),
        (FOLDER + "notes.txt", b""),
        ("thread=%FF/x", b"x"),
        ("thread=x/rev=0001/manifest.json", b"[" * 100_000),
        ("ledger/000004.jsonl", b"{}\n"),
        ("ledger/000002.jsonl", b"\xff\xfe\n" + b"9" * 6000 + b"\n"),
        ("archive-input/people/000001.jsonl", b"{}\n"),
    ],
)
def test_junk_is_found_stops_nothing_and_is_no_traceback(writer, path, data):
    sound = failures(writer.files | {path: data})
    broken = replace(writer.files, path_of(writer, "events.jsonl"), b"hello", b"jello")

    assert sound
    assert "not those of the manifest" in reasons(broken | {path: data})


@pytest.mark.parametrize(
    "path",
    [
        ".DS_Store", "ledger/Thumbs.db", FOLDER + "desktop.ini", "README.txt", FOLDER[:-1], "ledger",
        FOLDER + "rev=0001", FOLDER + "rev=0001/attachments", ".unfinished/x", "ledger/2026-13-45.jsonl",
        FOLDER + "rev=0009/events.jsonl",
    ],
)  # fmt: skip
def test_strangers_and_torn_attempts_are_no_failure(writer, path):
    assert failures(writer.files | {path: b""}, writer.checkpoint()) == []


@pytest.mark.parametrize("name", ["evil.html", "manifest.json", "thread.json"])
def test_there_is_no_revision_0(writer, name):
    path = f"{FOLDER}rev=0000/{name}"

    found = failures(writer.files | {path: b"x"}, writer.checkpoint())

    assert found == [(path, "no thread has such a file")] * 2


def test_the_head_of_the_reader_is_the_checkpoint():
    writer = small()
    reader = LedgerReader()
    reader.begin(1)
    for line in lines_in(writer.files[blob_path(1)]):
        reader.read(line)
    closed = lines_in(writer.files[blob_path(2)])[0]

    assert json.loads(closed)["root"] == reader.tree.root
