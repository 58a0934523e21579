"""Thirteen faults that the evidence once had, by their numbers.

Each number has a test here, on archives that the real writer made; the others named
with it hold the same kind of fault from other sides. Paths are below `tests/`.

1.  An erasure of what came with a later revision made `verify` fail for ever.
    usecases/evidence/test_histories_of_use_cases.py::test_every_history_verifies_after_every_step
2.  Content stayed in torn attempts, in threads with only a log, in quarantine; a topic
    could not be erased.
    usecases/evidence/test_erased_bytes.py::test_what_was_erased_is_in_no_byte_of_the_account
    usecases/evidence/test_erase.py::test_attempts_that_died_go_with_what_they_hold
    usecases/evidence/test_erase.py::test_what_an_erasure_does_not_reach_is_named
3.  Erased text could be computed back from what stayed.
    usecases/evidence/test_guessing.py::test_an_erased_pin_cannot_be_told_from_any_other
    usecases/evidence/test_guessing.py::test_two_erasures_of_different_texts_leave_files_of_the_same_length
4.  Beside an erasure, topic, participants and names could be changed.
    usecases/evidence/test_attacks_on_the_product.py::test_a_seeded_byte_flip_of_every_committed_file_is_found
    usecases/evidence/test_attacks_on_the_product.py::test_an_honest_erasure_covers_no_forged_rendering_and_no_forged_seal
5.  A proof with other content verified once it called itself erased.
    usecases/evidence/test_proofs.py::test_other_content_is_no_proof
    usecases/evidence/test_proofs.py::test_content_cannot_be_added_to_an_erased_line
    usecases/evidence/test_proofs.py::test_erased_is_said_only_with_the_order
6.  Who erased, when and why could be rewritten; an erasure under a hold verified.
    usecases/evidence/test_attacks_on_the_product.py::test_an_order_cannot_be_rewritten
    usecases/evidence/test_histories.py::test_an_erasure_under_a_hold_never_verifies_without_a_word
7.  A checkpoint ended at the first open day.
    usecases/evidence/test_attacks.py::test_a_later_line_of_the_ledger_cannot_be_rewritten_or_dropped
    cli/test_checkpoint.py::test_the_head_is_that_of_the_whole_ledger
8.  Two quarantined events, an erasure and a new revision failed for ever.
    usecases/evidence/test_erase.py::test_two_quarantined_events_an_erasure_and_a_new_revision_verify
9.  A package could leave out a revision or a thread; any archive counted as one.
    usecases/evidence/test_packages.py::test_the_newest_revision_cannot_be_left_out
    usecases/evidence/test_packages.py::test_a_whole_thread_cannot_be_left_out_of_a_recorded_package
    usecases/evidence/test_packages.py::test_a_file_beside_an_archive_makes_no_package_of_it
10. The verifiers disagreed.
    usecases/evidence/test_attacks_on_the_product.py::test_verifiers_agree_on_whatever_is_changed
    usecases/evidence/test_verify_script.py::test_whatever_ingest_takes_is_no_matter_of_dispute
    domain/evidence/test_facts.py::test_both_verifiers_derive_the_same_facts_of_anything
11. One stray name, one broken manifest or line stopped everything for everybody.
    usecases/evidence/test_attacks.py::test_junk_is_found_stops_nothing_and_is_no_traceback
    cli/test_strays.py::test_what_is_wrong_is_named_and_stops_nothing
    cli/test_strays.py::test_a_checkpoint_is_read_as_mail_and_editors_write_it
12. Without a marker, a revision was announced and recorded again at every look.
    usecases/archive/test_close.py::test_looks_at_a_folder_write_one_line_and_announce_once
    usecases/archive/test_close.py::test_sweeps_and_looks_without_events_write_one_line
13. Each revision repeated the input of those before.
    usecases/archive/test_finalize.py::test_a_revision_holds_what_is_new_and_tells_all
    usecases/evidence/test_erase_reaches.py::test_an_erased_item_is_not_written_again_with_every_pass
"""

import ast
import hashlib
import itertools
import json
import re
from pathlib import Path

import pytest

from builders import ALICE, BOB, FIRST_ID, THREAD, deleted, listed, received
from evidence_archives import BY_BOB, FOLDER, OTHER, SECRET
from evidence_verifiers import failures, reasons
from product_archives import erase, later_world, product, small_world
from shared.domain.evidence.content import content_of
from shared.usecases.capture.sweep import Sweep
from world import World

TESTS = Path(__file__).parents[2]
NAMED = re.compile(r"^ {4}(\S+\.py)::(\S+)$", re.MULTILINE)
MESSAGES = frozenset([str(FIRST_ID + 1)])
HEX = re.compile(rb"[0-9a-f]{64}")


def test_every_number_has_its_tests():
    named = NAMED.findall(__doc__)
    missing = [
        f"{path}::{name}"
        for path, name in named
        if name not in functions_of(TESTS / path)
    ]

    assert missing == []
    here = functions_of(Path(__file__))
    for number in range(1, 14):
        assert [name for name in here if name.startswith(f"test_{number}_")], number
        assert f"\n{number}. " in f"\n{__doc__}"


def functions_of(path):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, kinds)}


async def test_1_an_erasure_of_what_came_with_a_later_revision_verifies():
    world = World()
    await world.receive(received(0))
    await world.finalize(THREAD)
    await world.receive(received(1, SECRET, **BY_BOB))
    await world.finalize(THREAD)

    for _ in range(2):
        await erase(world, messages=MESSAGES)
        assert failures(world.archive.files) == []
    await world.receive(deleted(1))
    await world.finalize(THREAD)
    assert failures(world.archive.files) == []


async def test_2_nothing_of_it_stays_in_attempts_log_quarantine_and_topics():
    world = await small_world()
    torn = f"{FOLDER}rev=0003/events.jsonl"
    world.archive.files[torn] = SECRET.encode()
    await world.ingest(json.dumps(received(1, SECRET, version="none", **BY_BOB)))
    await world.receive(received(1, SECRET, **BY_BOB))
    world.clock.pass_time(minutes=1)

    await erase(world, messages=MESSAGES)
    await erase(world, topic=True)

    stays = [*world.archive.files.values(), *(b.data for b in world.log.blobs.values())]
    assert not [data for data in stays if SECRET.encode() in data]
    assert not [data for data in stays if b"A topic" in data]
    assert torn not in world.archive.files
    assert failures(world.archive.files) == []


async def test_3_an_erased_pin_cannot_be_computed_back():
    """All PINs are tried, the right one too, in every way that the format hashes."""
    world = World()
    await world.receive(received(0, "Your PIN?"), received(1, "0420", **BY_BOB))
    await world.finalize(THREAD)
    world.clock.pass_time(minutes=1)
    await erase(world, messages=MESSAGES)
    files = world.archive.files
    stays = {match for data in files.values() for match in HEX.findall(data)}
    lines = [line for line in world.lines("events") if line.salt]
    salts = [b"", *(line.salt for line in lines)]

    for pin, salt in itertools.product(range(10_000), salts):
        event = json.dumps(received(1, f"{pin:04}", **BY_BOB)).encode()
        for text in (f"{pin:04}".encode(), content_of(event)):
            inner = hashlib.sha256(salt + text)
            outer = hashlib.sha256(salt + inner.digest())
            assert inner.hexdigest().encode() not in stays
            assert outer.hexdigest().encode() not in stays


def test_4_nothing_else_can_be_changed_under_cover_of_an_erasure():
    archive = product("erased")
    checkpoint = archive.checkpoint()
    for old, new in (
        (b"A topic", b"B topic"),
        (b"hello", b"jello"),
        (b'"Alice"', b'"Malic"'),
    ):
        touched = [path for path, data in archive.files.items() if old in data]
        for path in touched:
            changed = archive.files | {path: archive.files[path].replace(old, new)}
            assert failures(changed, checkpoint), (path, old)
        assert touched


@pytest.mark.parametrize("name", ["erased", "later"])
def test_5_what_is_erased_has_no_content_and_what_has_is_not_erased(name):
    archive = product(name)
    path = f"{FOLDER}rev=0001/events.jsonl"
    backup = product("small").files[path]
    for line in backup.splitlines(keepends=True):
        if SECRET.encode() in line:
            other = line.replace(SECRET.encode(), b"something else")
            rest = archive.files[path].splitlines(keepends=True)
            for at, old in enumerate(rest):
                if b"commitment" in old:
                    data = b"".join([*rest[:at], other, *rest[at + 1 :]])
                    assert failures(archive.files | {path: data}), at


def test_6_who_erased_when_and_why_is_in_the_ledger():
    archive = product("erased")
    orders = f"{FOLDER}erasures.json"
    for old, new in (
        (b'"dpo"', b'"dpp"'),
        (b"a request", b"b request"),
        (b"T13:", b"T14:"),
    ):
        assert old in archive.files[orders]
        changed = archive.files | {orders: archive.files[orders].replace(old, new)}
        assert failures(changed), old
        assert failures(changed, archive.checkpoint())


def test_7_a_checkpoint_reaches_to_the_last_line():
    archive = product("erased")
    last = max(path for path in archive.files if path.startswith("ledger/"))
    lines = archive.files[last].splitlines(keepends=True)
    cut = archive.files | {last: b"".join(lines[:-1])}

    assert "older than the checkpoint" in reasons(cut, archive.checkpoint())


async def test_8_equal_bytes_in_quarantine_stay_two_lines():
    world = World()
    await world.receive(received(0))
    for _ in range(2):
        await world.ingest(json.dumps(received(1, SECRET, version="none")))
    await world.finalize(THREAD)
    await erase(world, messages=frozenset([str(FIRST_ID)]))
    await world.receive(received(3))
    await world.finalize(THREAD)

    assert len(world.lines("quarantine")) == 2
    assert failures(world.archive.files) == []


@pytest.mark.parametrize("prefix", [f"{FOLDER}rev=0002/", FOLDER])
def test_9_a_request_beside_an_archive_lets_nothing_be_left_out(prefix):
    archive = product("small")
    rest = {
        path: data
        for path, data in archive.files.items()
        if not path.startswith(prefix)
    }

    assert "is gone" in reasons(rest | {"request.json": b"{}\n"})
    inside = {f"archive/{path}": data for path, data in rest.items()}
    assert failures(inside | {"request.json": b"{}\n"})


@pytest.mark.parametrize(
    "path",
    ["rev=\u0660\u0660\u0660\u0661/events.jsonl", "rev=1/events.jsonl", "rev=00001/x"],
)
def test_10_both_verifiers_refuse_numbers_that_are_not_written_so(path):
    archive = product("small")

    assert failures(archive.files | {FOLDER + path: b"x"})


async def test_11_a_stray_name_or_a_broken_manifest_stops_no_sweep():
    world = await small_world()
    for path in ("thread=%FF/x", "ledger/2026-13-45.jsonl", ".DS_Store"):
        world.archive.files[path] = b"x"
    world.archive.files[f"{FOLDER}rev=0002/manifest.json"] = b"{"
    await world.receive(received(20, threadId=OTHER))
    world.clock.pass_time(days=2)

    sweep: Sweep = world.new_sweep()
    swept = await sweep()

    assert swept.queued == 1
    await world.finalize(OTHER)
    found = failures(world.archive.files)
    assert found
    assert not [path for path, _ in found if "another" in path]


async def test_12_looks_without_a_marker_record_and_announce_nothing_again():
    world = World(readers=(ALICE,))
    world.chat.shows(THREAD, ALICE, listed(0), others=(BOB,))
    for _ in range(4):
        world.log.markers.clear()
        await world.finalize(THREAD, relist=True)

    assert len(world.ledger_lines("revision")) == 1
    assert len(world.announcer.told) == 1


async def test_13_what_a_revision_holds_is_new():
    world = await later_world()
    sizes = [
        sum(len(data) for path, data in world.archive.files.items() if path.endswith(".jsonl") and f"rev={n:04d}" in path and FOLDER in path)
        for n in (1, 2, 3)
    ]  # fmt: skip

    assert len(world.lines("events", 3)) == 2
    assert sizes[2] < sizes[0] / 2
