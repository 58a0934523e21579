"""Legal holds, as they stand in the ledger."""

import pytest

from builders import ALICE, THREAD, Salts
from shared.domain.errors import IntegrityError
from shared.domain.evidence.ledger import blob_path
from shared.domain.evidence.ledger_lines import decode_line
from shared.domain.times import parse_time
from shared.usecases.evidence.holds import BadHold, Holds, NoSuchHold

SAID = {"why": "case 7", "who": "counsel"}


@pytest.fixture
def holds(memory_store):
    return holds_in(memory_store)


def holds_in(store):
    return Holds(archive=store.archive, ledger=store.writer(), draw=Salts())


async def test_a_hold_is_in_force_until_it_is_released(any_store):
    holds = holds_in(any_store)
    thread = await holds.add(thread_id=THREAD, **SAID)
    person = await holds.add(participant=ALICE, **SAID)
    any_store.turn_day()
    message = await holds.add(thread_id=THREAD, message="17", **SAID)

    active = await holds_in(any_store).active()
    assert list(active.holds.values()) == [thread, person, message]
    assert active.unreadable == []
    assert thread.thread_key == message.thread_key != ""
    assert person.thread_key == ""
    assert len({held.id for held in active.holds.values()}) == 3
    assert await holds.threads({thread.thread_key, ""}) == {thread.thread_key: THREAD}

    await holds.release(thread.id, why="closed", who="counsel")

    assert list((await holds.active()).holds.values()) == [person, message]


async def test_the_lines_verify(memory_store):
    """Holds on people alone: those on threads need their threads there."""
    holds = holds_in(memory_store)
    held = await holds.add(participant=ALICE, **SAID)
    await holds.release(held.id, why="", who="counsel")

    added, released = map(decode_line, [x[:-1] for x in await memory_store.check()])

    assert released.members["participant"] == ALICE
    assert added.members["random"] != released.members["random"]


async def test_a_hold_is_dated_by_the_storage(memory_store):
    holds = holds_in(memory_store)
    memory_store.turn_day()

    held = await holds.add(participant=ALICE, **SAID)

    storage = memory_store.open_blobs().clock() + memory_store.turned
    assert parse_time(held.when) == storage


async def test_of_a_thread_are_its_own_and_those_of_people_anywhere(holds):
    one = await holds.add(thread_id="19:a", **SAID)
    person = await holds.add(participant=ALICE, **SAID)
    other = await holds.add(thread_id="19:b", **SAID)

    active = await holds.active()

    assert active.of_thread(one.thread_key) == [one, person]
    assert active.of_thread(other.thread_key) == [person, other]


@pytest.mark.parametrize("digits", [1, 2, 12, 32])
async def test_an_id_may_be_shortened_where_only_one_hold_begins_so(
    memory_store, digits
):
    ids = [bytes([1] * 16), bytes([2] * 16), bytes([0x21] * 16)]
    drawn = iter([ids[0], *[bytes([9] * 16)] * 2, ids[1], *[bytes([9] * 16)] * 9])
    holds = Holds(
        archive=memory_store.archive,
        ledger=memory_store.writer(),
        draw=lambda: next(drawn),
    )
    first = await holds.add(participant=ALICE, **SAID)
    second = await holds.add(participant=ALICE, **SAID)

    if digits == 1:
        for shortened in ("0", ""):
            with pytest.raises(NoSuchHold):
                await holds.release(shortened, **SAID)
        return
    assert (await holds.release(first.id[:digits], **SAID)).id == first.id
    assert list((await holds.active()).holds) == [second.id]
    with pytest.raises(NoSuchHold):
        await holds.release(first.id[:digits], **SAID)


@pytest.mark.parametrize(
    "said",
    [
        {"why": "x" * 257, "who": "counsel"},
        {"why": "\ud800", "who": "counsel"},
        {"why": "case 7", "who": ""},
        {"why": "case 7", "who": "x" * 257},
    ],
)
async def test_what_the_ledger_cannot_say_is_refused_before_anything_is_written(
    holds, memory_store, said
):
    with pytest.raises(BadHold):
        await holds.add(thread_id=THREAD, **said)

    assert memory_store.archive.files == {}


async def test_an_unreadable_line_may_be_a_hold(holds, memory_store):
    held = await holds.add(participant=ALICE, **SAID)
    memory_store.archive.files[blob_path(1)] += b"{}\n"
    after = await holds.add(participant=ALICE, **SAID)

    active = await holds.active()

    assert list(active.holds) == [held.id, after.id]
    assert active.unreadable[0].startswith("ledger/000001.jsonl, line 2: ")


async def test_a_hold_at_a_wrong_place_holds_all_the_same(holds, memory_store):
    await holds.add(participant=ALICE, **SAID)
    held = await holds.add(participant=ALICE, **SAID)
    first, second = memory_store.archive.files[blob_path(1)].splitlines(keepends=True)
    memory_store.archive.files[blob_path(1)] = first
    memory_store.archive.files[blob_path(2)] = second

    active = await holds.active()

    assert held.id in active.holds
    assert active.unreadable


async def test_a_withheld_hold_is_one_that_nobody_knows(holds, memory_store):
    await holds.add(participant=ALICE, **SAID)
    line = decode_line(memory_store.archive.files[blob_path(1)][:-1])
    memory_store.archive.files[blob_path(1)] = line.withheld

    active = await holds.active()
    assert (len(active.withheld), active.unreadable) == (1, [])
    assert active.is_unknown


async def test_a_torn_last_line_is_no_hold(holds, memory_store):
    await holds.add(participant=ALICE, **SAID)
    memory_store.archive.files[blob_path(1)] += b'{"action":"add","ho'

    active = await holds.active()

    assert (len(active.holds), active.unreadable) == (1, [])


async def test_a_blob_that_cannot_be_read_may_hold(holds, memory_store):
    async def broken(number, start):
        raise IntegrityError("it is a link")
        yield

    await holds.add(participant=ALICE, **SAID)
    memory_store.open_blobs().read = broken

    assert (await holds.active()).unreadable == ["it is a link"]


async def test_a_thread_whose_file_is_gone_has_no_name(holds, memory_store):
    held = await holds.add(thread_id=THREAD, **SAID)
    memory_store.archive.files = {
        path: data
        for path, data in memory_store.archive.files.items()
        if not path.startswith("thread=")
    }
    memory_store.archive.files["thread=a/thread.json"] = b"x"
    memory_store.archive.files["thread=a/rev=0001/manifest.json"] = b"x"

    assert await holds.threads({held.thread_key}) == {}
