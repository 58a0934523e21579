import asyncio
from datetime import UTC, date, datetime

import pytest

from builders import THREAD
from shared.domain.layout import quarantine_stem, segment_stem
from shared.domain.log import coverage

DAY = date(2026, 11, 22)
STEM = segment_stem(THREAD, DAY)


async def content(thread_logs, thread_id=THREAD):
    thread = await thread_logs.thread(thread_id)
    parts = [await thread_logs.read(one, 0) for one in thread.segments]
    return b"".join(parts)


async def test_lines_are_appended_whole(thread_logs):
    for line in (b"one\n", b"two\n"):
        await thread_logs.append(STEM, line)

    assert await content(thread_logs) == b"one\ntwo\n"


async def test_concurrent_lines_are_all_there_once(thread_logs):
    lines = [f"{number}\n".encode() for number in range(300)]

    await asyncio.gather(*(thread_logs.append(STEM, line) for line in lines))

    assert sorted((await content(thread_logs)).splitlines(True)) == sorted(lines)


async def test_a_thread_that_nobody_wrote_to_has_no_segments(thread_logs):
    thread = await thread_logs.thread("19:nobody")

    assert (thread.segments, thread.markers) == ((), {})
    assert [one async for one in thread_logs.threads()] == []


async def test_every_thread_is_listed_once_with_all_that_is_its(thread_logs):
    names = [f"19:{number:02d}@thread.v2" for number in range(7)]
    for name in names:
        await thread_logs.append(segment_stem(name, DAY), b"x\n")
        await thread_logs.append(segment_stem(name, date(2026, 11, 23)), b"yy\n")
    await thread_logs.append(quarantine_stem("", DAY), b"bad\n")
    await thread_logs.mark(names[3], 1, {})

    threads = [one async for one in thread_logs.threads()]

    assert sorted(one.thread_id for one in threads) == names
    assert all([s.size for s in one.segments] == [2, 3] for one in threads)
    assert [bool(one.markers) for one in threads].count(True) == 1


async def test_a_name_that_begins_like_another_is_another_thread(thread_logs):
    for name in ("19:a", "19:a.b", "19:a-b", "19:ab"):
        await thread_logs.append(segment_stem(name, DAY), b"x\n")

    assert len([one async for one in thread_logs.threads()]) == 4
    assert len((await thread_logs.thread("19:a")).segments) == 1


async def test_reading_ends_where_the_segment_was_listed(thread_logs):
    await thread_logs.append(STEM, b"early\n")
    (segment,) = (await thread_logs.thread(THREAD)).segments
    await thread_logs.append(STEM, b"late\n")

    assert await thread_logs.read(segment, 0) == b"early\n"
    assert await thread_logs.read(segment, 3) == b"ly\n"


async def test_a_marker_says_what_it_covers_and_is_never_overwritten(thread_logs):
    await thread_logs.append(STEM, b"x\n")
    thread = await thread_logs.thread(THREAD)
    covers = coverage.cover(thread.segments)

    await thread_logs.mark(THREAD, 1, covers)
    await thread_logs.mark(THREAD, 1, {})

    marked = await thread_logs.thread(THREAD)
    assert marked.markers == {1: covers}
    assert coverage.uncovered(marked.segments, marked.covers) == []
    await thread_logs.unmark(THREAD, 1)
    await thread_logs.unmark(THREAD, 1)
    assert (await thread_logs.thread(THREAD)).markers == {}


async def test_a_marker_says_when_a_whole_pass_is_due(thread_logs):
    due = datetime(2026, 11, 29, 12, tzinfo=UTC)
    await thread_logs.append(STEM, b"x\n")
    await thread_logs.mark(THREAD, 1, {}, 0, due)
    assert (await thread_logs.thread(THREAD)).whole_pass_due == due

    await thread_logs.mark(THREAD, 2, {})

    assert (await thread_logs.thread(THREAD)).whole_pass_due is None


async def test_only_what_has_not_changed_is_pruned(thread_logs):  # P7
    await thread_logs.append(STEM, b"x\n")
    (before,) = (await thread_logs.thread(THREAD)).segments
    await thread_logs.append(STEM, b"y\n")
    (after,) = (await thread_logs.thread(THREAD)).segments

    assert await thread_logs.prune(before) is False
    assert await thread_logs.prune(after) is True
    assert await thread_logs.prune(after) is False
    assert (await thread_logs.thread(THREAD)).segments == ()


@pytest.mark.parametrize("thread_id", ["a/b", "..", "ü 💬", "%41", "a?b#c", "x."])
async def test_any_id_makes_a_log_of_its_own(thread_logs, thread_id):
    await thread_logs.append(segment_stem(thread_id, DAY), b"x\n")

    (thread,) = [one async for one in thread_logs.threads()]
    assert thread.thread_id == thread_id
    assert await content(thread_logs, thread_id) == b"x\n"


async def test_the_quarantine_of_a_thread_is_its_own(thread_logs):
    await thread_logs.append(quarantine_stem("", DAY), b"nobody's\n")
    await thread_logs.append(quarantine_stem(THREAD, DAY), b"mine\n")

    (segment,) = await thread_logs.quarantine(THREAD)
    assert await thread_logs.read(segment, 0) == b"mine\n"
    assert await thread_logs.quarantine("19:other@thread.v2") == ()
    await thread_logs.append(quarantine_stem(THREAD, DAY), b"more\n")
    assert not await thread_logs.prune(segment)
    (segment,) = await thread_logs.quarantine(THREAD)
    assert await thread_logs.prune(segment)
    assert await thread_logs.quarantine(THREAD) == ()


async def test_every_thread_of_quarantine_is_named_once(thread_logs):
    assert [one async for one in thread_logs.quarantined()] == []
    for name in ("", "19:a@thread.v2", THREAD):
        for day in (DAY, date(2026, 11, 23)):
            await thread_logs.append(quarantine_stem(name, day), b"x\n")
    await thread_logs.append("quarantine/thread=%FF/2026-11-22", b"nobody's\n")
    await thread_logs.append(segment_stem("19:b@thread.v2", DAY), b"x\n")

    found = [one async for one in thread_logs.quarantined()]

    assert sorted(found) == sorted(["19:a@thread.v2", THREAD])


@pytest.mark.parametrize("folder", ["thread=%FF", "thread=", "thread=19:not-encoded"])
async def test_a_folder_of_no_thread_is_listed_as_that(thread_logs, folder):
    await thread_logs.append(STEM, b"x\n")
    await thread_logs.append(f"{folder}/2026-11-22", b"x\n")

    threads = [one async for one in thread_logs.threads()]

    assert sorted(one.thread_id for one in threads) == ["", THREAD]
    assert [one.folder for one in threads if not one.thread_id] == [f"{folder}/"]
