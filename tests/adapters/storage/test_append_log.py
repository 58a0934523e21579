"""Group commit and segments, against a container that fails as Azure Storage does."""

import asyncio
from collections import deque
from types import SimpleNamespace

import pytest
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.storage import append_log
from shared.adapters.storage.append_log import BlobAppendLog, PendingLine, next_block
from shared.adapters.storage.thread_logs import BlobThreadLogs
from shared.domain.errors import Transient

STEM = "thread=t/2026-11-22"


def http_error(status, code, kind=HttpResponseError):
    response = SimpleNamespace(status_code=status, reason="", headers={})
    error = kind(message="x", response=None)
    error.response, error.status_code, error.error_code = response, status, code
    return error


class Container:
    """Append blobs in memory; `script` says how the next requests fail."""

    def __init__(self, *, exists=True):
        self.blobs = {}
        self.exists = exists
        self.script = []
        self.appends = 0
        self.gate = None

    def get_blob_client(self, path):
        return BlobHandle(self, path)

    async def create_container(self):
        self.exists = True

    async def fail_if_told(self):
        await asyncio.sleep(0)
        if self.script and (error := self.script.pop(0)):
            raise error


class BlobHandle:
    def __init__(self, container, path):
        self.container, self.path = container, path

    async def append_block(self, data, length):
        box = self.container
        box.appends += 1
        if box.gate:
            await box.gate.wait()
        await box.fail_if_told()
        if not box.exists:
            raise http_error(404, "ContainerNotFound", ResourceNotFoundError)
        if self.path not in box.blobs:
            raise http_error(404, "BlobNotFound", ResourceNotFoundError)
        blocks = box.blobs[self.path]
        if len(blocks) >= 5:
            raise http_error(409, "BlockCountExceedsLimit", ResourceExistsError)
        blocks.append(data)
        return {"blob_committed_block_count": len(blocks)}

    async def create_append_blob(self, match_condition):
        if not self.container.exists:
            raise http_error(404, "ContainerNotFound", ResourceNotFoundError)
        if self.path in self.container.blobs:
            raise http_error(409, "BlobAlreadyExists", ResourceExistsError)
        self.container.blobs[self.path] = []


@pytest.fixture
def container():
    return Container()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(append_log, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(append_log, "LONGEST_PAUSE", 0.002)


def lines_of(container):
    blocks = [block for blob in container.blobs.values() for block in blob]
    return b"".join(blocks).splitlines()


async def test_a_lone_line_leaves_at_once(container):
    log = BlobAppendLog(container)

    await log.append(STEM, b"a\n")

    assert container.blobs == {f"{STEM}.jsonl": [b"a\n"]}
    assert log.writers[STEM].task is None


async def test_lines_that_arrive_meanwhile_leave_together(container):
    log = BlobAppendLog(container)
    await log.append(STEM, b"0\n")
    container.appends, container.gate = 0, asyncio.Event()

    waiting = []
    for number in range(9):
        waiting.append(asyncio.create_task(log.append(STEM, b"%d\n" % number)))
        await asyncio.sleep(0.001)
    container.gate.set()
    await asyncio.gather(*waiting)

    assert container.appends == 2
    assert sorted(lines_of(container)) == sorted([b"0", *(b"%d" % n for n in range(9))])


async def test_nobody_is_told_before_their_block_is_committed(container):  # P1
    log = BlobAppendLog(container)
    container.gate = asyncio.Event()

    waiting = asyncio.create_task(log.append(STEM, b"a\n"))
    await asyncio.sleep(0.02)

    assert not waiting.done()
    container.gate.set()
    await waiting


@pytest.mark.parametrize(
    "error",
    [
        http_error(409, "BlobModifiedWhileReading"),
        http_error(503, "ServerBusy"),
        http_error(500, "InternalError"),
        http_error(429, ""),
        ServiceRequestError("connection dropped"),
    ],
)
async def test_a_passing_failure_is_tried_again(container, error):
    container.script = [error, error]
    log = BlobAppendLog(container)

    await log.append(STEM, b"a\n")

    assert lines_of(container) == [b"a"]


@pytest.mark.parametrize("status", [400, 401, 403, 413])
async def test_a_refusal_is_told_at_once(container, status):
    container.script = [http_error(status, "No")]

    with pytest.raises(Transient, match=str(status)):
        await BlobAppendLog(container).append(STEM, b"a\n")

    assert container.appends == 1


async def test_a_failure_that_does_not_pass_ends_within_the_budget(
    container, monkeypatch
):
    monkeypatch.setattr(append_log, "BUDGET", 0.05)
    container.script = [http_error(503, "ServerBusy")] * 10_000

    with pytest.raises(Transient, match="gave up"):
        await BlobAppendLog(container).append(STEM, b"a\n")


async def test_a_block_fails_once_its_oldest_line_has_waited_too_long(
    container, monkeypatch
):
    log = BlobAppendLog(container)
    await log.append(STEM, b"0\n")
    container.gate = asyncio.Event()
    container.script = [None] + [http_error(503, "ServerBusy")] * 10_000
    first = asyncio.create_task(log.append(STEM, b"1\n"))
    await asyncio.sleep(0.01)
    waiting = []
    for budget in (0.1, 60):
        monkeypatch.setattr(append_log, "BUDGET", budget)
        waiting.append(asyncio.create_task(log.append(STEM, b"x\n")))
        await asyncio.sleep(0)
    container.gate.set()

    async with asyncio.timeout(10):
        await first
        results = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(one) for one in results] == [Transient, Transient]


async def test_a_failed_block_fails_its_own_lines_and_no_others(container):
    log = BlobAppendLog(container, block_bytes=2)
    container.script = [http_error(403, "No"), None, http_error(403, "No"), None]
    container.blobs[f"{STEM}.jsonl"] = []

    results = await asyncio.gather(
        *(log.append(STEM, b"%d\n" % n) for n in range(4)), return_exceptions=True
    )

    assert [isinstance(one, Transient) for one in results] == [True, False, True, False]
    assert lines_of(container) == [b"1", b"3"]


async def test_a_full_segment_is_followed_by_the_next(container):
    log = BlobAppendLog(container)

    for number in range(13):
        await log.append(STEM, b"%d\n" % number)

    assert [len(one) for one in container.blobs.values()] == [5, 5, 3]
    assert list(container.blobs)[1] == f"{STEM}.0001.jsonl"
    assert lines_of(container) == [b"%d" % number for number in range(13)]


async def test_several_instances_roll_without_losing_a_line(container):
    logs = [BlobAppendLog(container) for _ in range(3)]

    await asyncio.gather(
        *(log.append(STEM, b"%d\n" % n) for n in range(20) for log in logs)
    )

    assert len(lines_of(container)) == 60


async def test_a_nearly_full_segment_is_left_in_good_time(container, monkeypatch):
    monkeypatch.setattr(append_log, "ROLL_AT", 2)
    log = BlobAppendLog(container)

    for _ in range(4):
        await log.append(STEM, b"x\n")

    assert [len(one) for one in container.blobs.values()] == [2, 2]


async def test_the_container_is_made_where_infra_has_not():
    container = Container(exists=False)

    await BlobAppendLog(container).append(STEM, b"a\n")

    assert lines_of(container) == [b"a"]


def always(error):
    async def fail(*_args, **_options):
        await asyncio.sleep(0)
        raise error

    return fail


@pytest.mark.parametrize("mistake", [KeyError("SECRET"), TypeError("SECRET")])
@pytest.mark.parametrize("part", ["segment", "container"])
async def test_a_mistake_of_the_sdk_in_creating_is_told_in_our_words(
    monkeypatch, mistake, part
):
    # Long enough that even a machine that stalls has tried to create it by then.
    monkeypatch.setattr(append_log, "BUDGET", 1)
    container = Container(exists=part == "segment")
    log = BlobAppendLog(container)
    with monkeypatch.context() as broken:
        if part == "segment":
            broken.setattr(BlobHandle, "create_append_blob", always(mistake))
        else:
            broken.setattr(container, "create_container", always(mistake))
        with pytest.raises(Transient, match=r"gave up .* unreadable") as told:
            await log.append(STEM, b"a\n")

    assert "SECRET" not in str(told.value)
    await log.append(STEM, b"b\n")
    assert lines_of(container) == [b"b"]


async def test_a_failure_that_nobody_foresaw_fails_one_block_and_not_the_writer(
    container,
):
    container.blobs[f"{STEM}.jsonl"] = []
    container.script = [LookupError("SECRET")]
    log = BlobAppendLog(container, block_bytes=2)

    results = await asyncio.gather(
        *(log.append(STEM, b"%d\n" % n) for n in range(3)), return_exceptions=True
    )

    assert [str(result) for result in results] == [
        "append failed: unexpected LookupError",
        "None",
        "None",
    ]


async def test_an_append_whose_answer_has_no_count_has_succeeded(
    container, monkeypatch
):
    async def append(*_args, **_options):
        return {}

    monkeypatch.setattr(BlobHandle, "append_block", append)

    await BlobAppendLog(container).append(STEM, b"a\n")


@pytest.mark.parametrize(
    ("append", "create"),
    [("ContainerNotFound", "ContainerAlreadyExists"), ("BlobIsSealed", "")],
)
async def test_a_remedy_that_does_not_help_is_not_tried_in_a_storm(
    container, monkeypatch, append, create
):
    monkeypatch.setattr(append_log, "BUDGET", 0.2)
    monkeypatch.setattr(append_log, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(append_log, "LONGEST_PAUSE", 0.02)
    status = 404 if create else 409
    container.script = [http_error(status, append)] * 10_000
    if create:
        container.exists = False
        refused = http_error(409, create, ResourceExistsError)
        monkeypatch.setattr(container, "create_container", always(refused))

    with pytest.raises(Transient, match=rf"gave up .* {append}"):
        await BlobAppendLog(container).append(STEM, b"a\n")

    assert container.appends <= 2 + 0.2 / 0.01


async def test_the_first_roll_and_the_first_create_need_no_pause(
    container, monkeypatch
):
    monkeypatch.setattr(append_log, "FIRST_PAUSE", 1000)
    container.blobs[f"{STEM}.jsonl"] = [b"full"] * 5

    await BlobAppendLog(container).append(STEM, b"a\n")

    assert container.blobs[f"{STEM}.0001.jsonl"] == [b"a\n"]


async def test_a_caller_who_gives_up_does_not_hold_up_the_others(container):
    log = BlobAppendLog(container)
    container.gate = asyncio.Event()
    first, second = (
        asyncio.create_task(log.append(STEM, line)) for line in (b"a\n", b"b\n")
    )
    await asyncio.sleep(0.01)

    first.cancel()
    container.gate.set()
    await second

    assert first.cancelled()
    assert lines_of(container) == [b"a", b"b"]


async def test_closing_waits_for_what_is_under_way(container):
    log = BlobThreadLogs(
        *[SimpleNamespace(get_container_client=lambda _: container)] * 2
    )
    container.gate = asyncio.Event()
    waiting = asyncio.create_task(log.append(STEM, b"a\n"))
    await asyncio.sleep(0.01)

    closing = asyncio.create_task(log.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    container.gate.set()
    await closing

    assert waiting.done()
    assert lines_of(container) == [b"a"]


async def test_a_writer_that_is_stopped_leaves_nobody_waiting(container):
    log = BlobAppendLog(container)
    container.gate = asyncio.Event()
    first = asyncio.create_task(log.append(STEM, b"a\n"))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(log.append(STEM, b"b\n"))
    await asyncio.sleep(0.01)

    log.writers[STEM].task.cancel()
    results = await asyncio.gather(first, second, return_exceptions=True)

    assert [type(one) for one in results] == [Transient, Transient]


def test_a_block_holds_whole_lines_and_at_least_one():
    open_, given_up = (
        SimpleNamespace(done=lambda one=one: one) for one in (False, True)
    )
    waiting = deque(
        PendingLine(data, waiter, 0)
        for data, waiter in (
            (b"aaaa\n", open_),
            (b"b\n", open_),
            (b"gone\n", given_up),
            (b"c\n", open_),
            (b"d\n", open_),
        )
    )

    blocks = [b"".join(line.data for line in next_block(waiting, 4)) for _ in range(3)]

    assert blocks[0] == b"aaaa\n"
    assert b"".join(blocks[1:]) == b"b\nc\nd\n"
    assert max(map(len, blocks[1:])) <= 4


FAILURES = st.sampled_from(
    [
        None,
        None,
        None,
        (503, "ServerBusy"),
        (403, "No"),
        (409, "BlobModifiedWhileReading"),
    ]
)


@given(
    script=st.lists(FAILURES, max_size=30),
    burst=st.lists(st.integers(0, 6), max_size=6),
)
def test_whoever_is_told_so_is_durable_and_nobody_waits_for_ever(script, burst):
    """No wake-up is lost, whatever fails and whenever lines arrive."""

    async def run():
        container = Container()
        container.script = [one and http_error(*one) for one in script]
        log = BlobAppendLog(container, block_bytes=6)
        tasks = {}
        for size in burst:
            for _ in range(size):
                line = b"%d\n" % len(tasks)
                tasks[line] = asyncio.create_task(log.append(STEM, line))
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            results = await asyncio.gather(*tasks.values(), return_exceptions=True)
        written = lines_of(container)
        for line, result in zip(tasks, results, strict=True):
            told = not isinstance(result, BaseException)
            assert written.count(line.strip()) == (1 if told else 0)
        assert all(writer.task is None for writer in log.writers.values())

    asyncio.run(run())
