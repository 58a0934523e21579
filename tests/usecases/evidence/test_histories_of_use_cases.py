"""What must not fail, ever: histories of the real use cases, drawn by chance.

After every step both verifiers find nothing, every earlier checkpoint holds, nothing is
lost that was not erased, and nothing that was stands in the archive. Once a day has
passed it stands in no byte anywhere, and every revision can be rendered again.
"""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import ALICE, BOB, THREAD
from evidence_histories import steps
from evidence_verifiers import failures
from world_checks import CheckedHistory, run_history
from world_histories import MORE_STEPS, Killed, WorldHistory


@settings(max_examples=50, deadline=None)
@given(
    drawn=steps(25, MORE_STEPS),
    seals=st.sampled_from((True, True, False)),
    most_blocks=st.sampled_from((50_000, 4)),
)
def test_every_history_verifies_after_every_step(drawn, seals, most_blocks):
    """Over a storage that seals the ledger's blobs or not, long ones or short ones."""
    asyncio.run(run_history(0, drawn, seals=seals, most_blocks=most_blocks))


STORY = (
    ("come", 1, ALICE), ("say", 1, BOB), ("say", 2, ALICE), ("edit", 0, BOB), ("odd_event", 0, BOB),
    ("quarantine", 0, BOB), ("list_service", 1, ALICE), ("attach", 1, BOB), ("show", 0, BOB), ("tear", 1, BOB),
)  # fmt: skip


async def told(*more):
    """Return a history in which a lot has happened, and nothing is archived yet."""
    history = WorldHistory(5)
    for name, number, person in (*STORY, *more):
        await history.step(name, THREAD, number, person, "text")
    return history


DOINGS = {
    "the first finalization": ((), "finalize"),
    "a later finalization": (
        (("finalize", 1, ALICE), ("say", 1, BOB), ("delete", 0, BOB)),
        "finalize",
    ),
    "a finalization after an erasure": (
        (
            ("finalize", 1, ALICE), ("erase_person", 0, BOB), ("say", 1, BOB),
            ("repeat_event", 0, BOB), ("show", 0, BOB), ("pass_time", 3, BOB),
        ),
        "finalize",
    ),
    "an erasure of what is archived": ((("finalize", 1, ALICE),), "erase_person"),
    "an erasure of what is not": (
        (("finalize", 1, ALICE), ("say", 1, BOB), ("quarantine", 1, BOB)),
        "erase_person",
    ),
    "a second erasure": (
        (("finalize", 1, ALICE), ("erase_person", 0, BOB), ("pass_time", 3, BOB)),
        "erase_topic",
    ),
    "a sweep": (
        (
            ("finalize", 1, ALICE), ("say", 1, BOB), ("finalize", 1, ALICE), ("erase_person", 0, BOB),
            ("repeat_event", 1, BOB), ("quarantine", 1, BOB), ("finalize", 1, ALICE), ("pass_time", 6, BOB),
        ),
        "sweep",
    ),
}  # fmt: skip


async def writes_of(before, doing):
    history = await told(*before)
    written = history.writes
    await history.step(doing, THREAD, 1, BOB, "text")
    return history.writes - written


def kills():
    """Yield what is done, and each write before which it is killed."""
    for name, (before, doing) in DOINGS.items():
        for fuse in range(asyncio.run(writes_of(before, doing))):
            yield pytest.param(before, doing, fuse, id=f"{name}, write {fuse}")


@pytest.mark.parametrize(("before", "doing", "fuse"), list(kills()))
@pytest.mark.parametrize("again", ["the same", "finalize"])
async def test_what_is_killed_before_any_write_is_finished_by_the_next_run(
    before, doing, fuse, again
):
    history = await told(*before)
    known = history.known_by_then(THREAD)
    history.fuse = fuse
    with pytest.raises(Killed):
        await history.step(doing, THREAD, 1, BOB, "text")
    history.restart()

    found = failures(history.world.archive.files)
    assert all("not finished" in reason for _, reason in found), found
    next_run = doing if again == "the same" else again
    await history.step(next_run, THREAD, 1, BOB, "text")
    history.note_orders(THREAD, known)

    assert failures(history.world.archive.files) == []
    checked = CheckedHistory(history)
    checked.check()
    await checked.end()
