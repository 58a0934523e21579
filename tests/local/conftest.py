"""A subscription to a webhook, for the tests of delivery."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local.chat_service import delivery
from local.chat_service.dead_letters import Folder
from local.chat_service.delivery import Subscription
from local.chat_service.destinations import Webhook
from local.chat_service.misbehaviour import Misbehaviour


@pytest.fixture
def subscribe(tmp_path, monkeypatch):
    monkeypatch.setattr(delivery, "PAUSES", (0.01, 0.01, 0.01))

    async def run(inbox, *events, schema="eventgrid", most=1, to=None, **behaviour):
        application = web.Application()
        application.router.add_route("*", "/", inbox.answer)
        async with TestServer(application) as server:
            subscription = Subscription(
                Webhook(str(server.make_url("/")), schema, most > 1),
                Misbehaviour(**behaviour),
                to or Folder(tmp_path / "dead"),
                most,
            )
            await subscription.subscribe()
            for event in events:
                subscription.publish(event)
            await subscription.flush()
            await subscription.close()
        return subscription.counts

    return run
