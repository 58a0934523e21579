"""The composition root on a real storage account: what is wired to what."""

from datetime import timedelta

import pytest
from azure.storage.queue import QueueClient

from builders import NOON
from shared.bootstrap.app import App
from shared.config.settings import Settings
from shared.domain import layout
from shared.formats import ARCHIVED

pytestmark = pytest.mark.azurite


@pytest.fixture
async def app(running_azurite):
    env = {
        "CHAT_STORAGE": running_azurite.connection_string,
        "ACS_CONNECTION_STRING": "endpoint=https://x.example/;accesskey=a2V5",
        "SWEEP_SCHEDULE": "0 */15 * * * *",
    }
    settings = Settings.from_env(env, known_formats=ARCHIVED)
    app = App(settings)
    yield app
    await app.close()


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        (layout.POISON_QUEUE, "poison"),
        (layout.EVENTS_POISON_QUEUE, "events_poison"),
    ],
)
async def test_the_sweep_measures_the_queues_of_what_failed_too_often(
    app, running_azurite, name, measured
):
    queue = QueueClient.from_connection_string(running_azurite.connection_string, name)
    with queue:
        queue.create_queue()
        queue.send_message("x")
        depth = await getattr(app.sweep, measured).depth()
        queue.delete_queue()

    assert depth == 1


async def test_the_sweep_rescues_what_the_poison_queue_would_lose(
    app, running_azurite, blobs
):
    queue = QueueClient.from_connection_string(
        running_azurite.connection_string, layout.EVENTS_POISON_QUEUE
    )
    with queue:
        queue.create_queue()
        queue.send_message("a week")
        queue.send_message("two days", time_to_live=2 * 24 * 3600)
        moved = await app.sweep.rescue()
        left = [message.content for message in queue.peek_messages(32)]
        queue.delete_queue()

    log = blobs.get_container_client(layout.LOG)
    (path,) = [name async for name in log.list_blob_names()]
    assert (moved, left) == (1, ["a week"])
    assert path.startswith("quarantine/")


async def test_the_sweep_knows_when_the_next_one_is_due(app):
    assert app.sweep.next_due(NOON) == NOON + timedelta(minutes=15)
