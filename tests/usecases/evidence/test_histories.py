"""What must not fail, ever: histories drawn by chance, verified after every step."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import ALICE, BOB, FIRST_ID, THREAD, edited, listed, received, who
from evidence_archives import BY_BOB, FOLDER, SECRET, path_of, small
from evidence_histories import History, steps
from evidence_verifiers import failures, notes
from evidence_writer import Killed
from shared.domain.evidence.lines import cut_line


def check_history(drawn):
    """Verify after every step, each checkpoint against all that came after it."""
    history = History(0)
    checkpoint = b""
    for name, *arguments in drawn:
        getattr(history, name)(*arguments)
        found = failures(history.writer.files, checkpoint)
        if name == "kill":
            assert all("not finished" in reason for _, reason in found), found
            for thread in history.writer.worlds:
                history.writer.recover(thread)
            found = failures(history.writer.files, checkpoint)
        assert found == [], (name, arguments, found)
        checkpoint = history.writer.checkpoint()
    return history


@settings(max_examples=60, deadline=None)
@given(drawn=steps(25))
def test_every_history_verifies_after_every_step(drawn):
    check_history(drawn)


def erasing(writer):
    """Erase a message of which there is news that is not archived yet."""
    writer.receive(edited(1, SECRET, after=800, **BY_BOB))
    writer.erase("message", str(FIRST_ID + 1))


def count_of_writes():
    writer = small()
    writer.fuse = 10_000
    erasing(writer)
    return 10_000 - writer.fuse


@pytest.mark.parametrize("fuse", range(count_of_writes()))
@pytest.mark.parametrize("next_run", ["erase", "finalize"])
def test_an_erasure_killed_before_any_write_is_finished_by_the_next_run(fuse, next_run):
    writer = small()
    checkpoint = writer.checkpoint()
    writer.fuse = fuse
    with pytest.raises(Killed):
        erasing(writer)
    writer.fuse = None

    found = failures(writer.files, checkpoint)
    assert all("not finished" in reason for _, reason in found)
    if next_run == "finalize":
        writer.finalize()
        assert failures(writer.files, checkpoint) == []
    writer.erase("message", str(FIRST_ID + 1))

    assert failures(writer.files, checkpoint) == []
    assert [
        path for path, data in writer.files.items() if SECRET.encode() in data
    ] == []


def test_what_the_service_still_lists_stands_in_no_later_revision():
    writer = small()
    writer.erase("participant", BOB)
    writer.receive(received(1, SECRET, **BY_BOB))
    writer.show(listed(1, SECRET + "?", version=str(FIRST_ID + 7), **BY_BOB))
    writer.world(THREAD).is_listed = True
    writer.finalize()

    assert failures(writer.files) == []
    assert not any(SECRET.encode() in data for data in writer.files.values())
    lines = writer.files[path_of(writer, "events.jsonl", 3)].split(b"\n")[:-1]
    assert [cut_line(line).facts.get("order") for line in lines] == [1]


def test_an_erased_item_with_a_version_is_not_written_again_with_every_pass():
    writer = small()
    writer.erase("message", str(FIRST_ID + 1))
    for _ in range(3):
        writer.world(THREAD).is_listed = True
        writer.finalize()
    messages = [
        line.facts
        for _, line in writer.chain(THREAD)["listing"]
        if line.facts["kind"] == "message"
    ]

    assert failures(writer.files) == []
    assert len(messages) == 2


def test_a_person_who_comes_back_is_kept():
    writer = small()
    writer.erase("participant", BOB)
    writer.now = writer.now.replace(year=2027)
    back = {"communicationIdentifier": who(BOB), "displayName": "Bob Again"}
    world = writer.world(THREAD)
    world.participants = [
        {"communicationIdentifier": who(ALICE), "displayName": "Alice"},
        back | {"shareHistoryTime": "2026-12-24T00:00:00Z"},
    ]
    world.is_listed = True
    later = int(writer.now.timestamp() * 1000) - FIRST_ID
    writer.receive(received(later, "I am back", **BY_BOB))
    writer.finalize()

    assert failures(writer.files) == []
    text = b"".join(
        data for path, data in writer.files.items() if path.startswith(FOLDER)
    )
    assert b"Bob Again" in text
    assert b"I am back" in text


def test_a_second_order_takes_what_came_since():
    writer = small()
    first = writer.erase("topic")
    writer.now = writer.now.replace(month=12, day=24)
    History.change(type("Now", (), {"writer": writer})(), THREAD, 0, BOB, "New topic")
    writer.finalize()
    second = writer.erase("topic")

    assert (first.number, second.number) == (1, 2)
    assert failures(writer.files) == []
    assert writer.erase("topic") is None


@pytest.mark.parametrize(
    ("held", "is_covered"),
    [
        ({"participant": BOB}, True),
        ({"participant": BOB, "thread": ""}, True),
        ({"participant": "8:acs:nobody"}, False),
        ({}, True),
    ],
)
def test_an_erasure_under_a_hold_never_verifies_without_a_word(held, is_covered):
    writer = small()
    hold = writer.hold(**held)
    writer.erase("message", str(FIRST_ID + 1))

    assert failures(writer.files) == []
    assert (f"took what hold {hold} covers" in notes(writer.files)) is is_covered


def test_a_hold_that_was_released_is_over():
    writer = small()
    writer.hold(action="release", hold=writer.hold())
    writer.erase("message", str(FIRST_ID + 1))

    assert "took what" not in notes(writer.files)


@settings(max_examples=20, deadline=None)
@given(drawn=steps(20), chance=st.randoms(use_true_random=False))
def test_both_verifiers_agree_on_whatever_is_changed(drawn, chance):
    history = History(1)
    for name, *arguments in drawn:
        getattr(history, name)(*arguments)
    files = history.writer.files
    checkpoint = history.writer.checkpoint()
    # `failures` asserts that both say the same.
    for _ in range(5):
        path = chance.choice(sorted(files) or [""])
        data = bytearray(files.get(path, b""))
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            failures(files | {path: bytes(data)}, checkpoint)
            failures(
                {other: files[other] for other in files if other != path}, checkpoint
            )
