import base64
from datetime import timedelta

import pytest

from builders import ALICE, THREAD
from shared.adapters.storage.work_queue import StorageWorkQueue
from shared.domain.errors import InvalidEvent, Transient
from shared.domain.log.work import Work, decode_work, encode_work

WORK = Work(thread_id=THREAD, reason="quiet")


@pytest.mark.azurite
async def test_a_message_is_base64_as_the_functions_host_reads_it(queue):
    await StorageWorkQueue(queue).put(WORK)

    (message,) = [one async for one in queue.receive_messages()]
    assert decode_work(base64.b64decode(message.content)) == WORK


@pytest.mark.azurite
async def test_a_message_waits_for_ever(queue):
    await StorageWorkQueue(queue).put(WORK)

    (message,) = [one async for one in queue.receive_messages()]
    assert message.expires_on.year == 9999


@pytest.mark.azurite
async def test_any_id_that_an_event_may_have_crosses_the_queue(queue):
    work = Work(thread_id="zz\x00é👩", reason="\ud800")

    await StorageWorkQueue(queue).put(work)

    (message,) = [one async for one in queue.receive_messages()]
    assert decode_work(base64.b64decode(message.content)) == work


@pytest.mark.azurite
async def test_a_delayed_message_is_not_seen_yet(queue):
    await StorageWorkQueue(queue).put(WORK, delay=timedelta(minutes=5))

    assert [one async for one in queue.receive_messages()] == []
    assert (await queue.get_queue_properties()).approximate_message_count == 1


async def test_a_queue_out_of_reach_is_transient(queue):
    class Unreachable(StorageWorkQueue):
        async def send(self, text, delay):
            from azure.core.exceptions import ServiceRequestError

            raise ServiceRequestError("refused")

    with pytest.raises(Transient, match="queue a thread"):
        await Unreachable(queue).put(WORK)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"thread_id":7}',
        '{"thread_id":""}',
        "3",
        "ü\ud800",
        '{"thread_id":"x","readers":7}',
        '{"thread_id":"x","readers":[7]}',
    ],
)
def test_a_message_that_names_no_thread_is_refused(text):
    with pytest.raises(InvalidEvent):
        decode_work(text)


BACKFILLED = Work(thread_id=THREAD, reason="backfill", readers=(ALICE,), relist=True)


@pytest.mark.parametrize("work", [WORK, BACKFILLED])
def test_work_survives_the_queue(work):
    assert decode_work(encode_work(work)) == work


def test_who_can_have_no_token_is_no_reader():
    text = encode_work(Work(thread_id=THREAD, readers=(ALICE, "8:orgid:x")))

    assert decode_work(text).readers == (ALICE,)
