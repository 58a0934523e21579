import pytest
from aiohttp import web
from azure.core.credentials import AzureKeyCredential
from azure.eventgrid.aio import EventGridPublisherClient

from builders import THREAD
from local.chat_service.certificate import serve_with_own_ca
from local.ports import free_ports
from shared.adapters.topic import SilentAnnouncer, TopicAnnouncer
from shared.domain.errors import Transient
from shared.ports.announcer import Announcement

ANNOUNCEMENT = Announcement(
    thread_id=THREAD, revision=2, path="thread=x/rev=0002", manifest_sha256="ab"
)


@pytest.fixture
async def topic(tmp_path):
    """A custom topic over TLS; give its client, what it got, and how it answers."""
    got, answers = [], []

    async def answer(request):
        assert request.headers["aeg-sas-key"] == "a2V5"
        got.extend(await request.json())
        return web.Response(status=answers.pop() if answers else 200)

    application = web.Application()
    application.router.add_post("/api/events", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    (port,) = free_ports(1)
    tls = serve_with_own_ca(tmp_path / "ca.pem")
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    client = EventGridPublisherClient(
        f"https://127.0.0.1:{port}/api/events",
        AzureKeyCredential("a2V5"),
        connection_verify=str(tmp_path / "ca.pem"),
    )
    yield client, got, answers
    await client.close()
    await runner.cleanup()


async def test_an_archived_thread_is_announced(topic):
    client, got, _ = topic

    await TopicAnnouncer(client).announce(ANNOUNCEMENT)

    (event,) = got
    assert event["eventType"] == "ChatArchiver.ChatThreadArchived"
    assert event["subject"] == "thread/19%3AacsV1_made-up%40thread.v2"
    assert event["data"] == {
        "threadId": THREAD,
        "revision": 2,
        "path": "thread=x/rev=0002",
        "manifestSha256": "ab",
    }


async def test_a_topic_that_refuses_is_transient(topic):
    client, _, answers = topic
    answers.append(401)

    with pytest.raises(Transient, match="announce"):
        await TopicAnnouncer(client).announce(ANNOUNCEMENT)


async def test_without_a_topic_nobody_is_told():
    silent = SilentAnnouncer()

    await silent.announce(ANNOUNCEMENT)
    await silent.close()
