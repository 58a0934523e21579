"""Blobs that stand for folders are no data, in whichever container they are.

Accounts with a hierarchical namespace list every folder as a blob; AzCopy, blobfuse and
Storage Explorer leave such blobs in others.
"""

from datetime import date

import pytest

from builders import THREAD
from shared.adapters.storage.thread_logs import BlobThreadLogs
from shared.adapters.storage.unprocessed_events import BlobUnprocessedEvents
from shared.domain import layout

pytestmark = pytest.mark.azurite
DAY = date(2026, 11, 22)
LETTER = "topic/subscription/2026/11/22/12/letter.json"


@pytest.fixture(params=["hdi_isfolder", "Hdi_isfolder", "a slash at its end"])
def add_stubs(request):
    """Return what adds a stub for each folder above the blobs of a container."""

    async def add(container):
        names = [name async for name in container.list_blob_names()]
        for folder in {
            name.rsplit("/", depth)[0]
            for name in names
            for depth in range(1, name.count("/") + 1)
        }:
            if request.param.lower() == "hdi_isfolder":
                await container.upload_blob(
                    folder, b"", metadata={request.param: "true"}
                )
            else:
                await container.upload_blob(f"{folder}/", b"")

    return add


async def test_a_log_has_the_same_threads_segments_and_quarantine(blobs, add_stubs):
    log = BlobThreadLogs(blobs, blobs)
    for thread_id in (THREAD, f"{THREAD}-2"):
        await log.append(layout.segment_stem(thread_id, DAY), b"line\n")
        await log.mark(thread_id, 1, {})
        await log.append(layout.quarantine_stem(thread_id, DAY), b"odd\n")

    async def found():
        return (
            [thread async for thread in log.threads()],
            await log.thread(THREAD),
            await log.quarantine(THREAD),
            [thread_id async for thread_id in log.quarantined()],
        )

    before = await found()
    await add_stubs(blobs.get_container_client("chat-log"))

    assert await found() == before
    for threads in ([thread.thread_id for thread in before[0]], before[3]):
        assert sorted(threads) == [THREAD, f"{THREAD}-2"]
    await log.append(layout.segment_stem(THREAD, DAY), b"more\n")
    (segment,) = (await log.thread(THREAD)).segments
    assert await log.read(segment, 0) == b"line\nmore\n"


@pytest.mark.parametrize("prefix", ["", "topic/"])
async def test_a_folder_of_dead_letters_is_no_letter(blobs, add_stubs, prefix):
    container = await blobs.create_container("dead-letters")
    await container.upload_blob(LETTER, b"{}")
    await container.upload_blob("topic/subscription/empty.json", b"")
    await add_stubs(container)

    letters = BlobUnprocessedEvents(container, prefix)
    found = [file.path async for file in letters.files()]

    assert sorted(found) == [LETTER, "topic/subscription/empty.json"]
