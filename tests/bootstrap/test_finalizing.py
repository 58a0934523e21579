"""What is opened for archiving is closed again."""

from datetime import timedelta

import pytest

from shared.adapters.topic import SilentAnnouncer
from shared.bootstrap import finalizing
from shared.bootstrap.finalizing import Stores, open_chat_clients, open_topic
from shared.config.settings import ChatSettings, FetchSettings, TopicSettings

ENDPOINT = "https://acme.communication.test"


class Credential:
    def __init__(self):
        self.closed = 0

    async def get_token(self, *scopes, **options):
        raise AssertionError("nobody signs in here")

    async def close(self):
        self.closed += 1


@pytest.fixture
def credential(monkeypatch):
    credential = Credential()
    monkeypatch.setattr(finalizing, "managed_identity", lambda _: credential)
    return credential


async def test_the_credential_of_the_chat_resource_is_closed(credential):
    settings = ChatSettings(endpoint=ENDPOINT, list_within=timedelta(minutes=5))

    async with open_chat_clients(settings):
        assert not credential.closed

    assert credential.closed == 1


def test_heavy_work_of_one_finalizer_has_one_bound():
    stores = Stores(log=None, ledger=None, archive=None, leases=None)
    chat = ChatSettings(endpoint=ENDPOINT, list_within=timedelta(minutes=5))
    fetch = FetchSettings(
        images=False,
        links_from=(),
        most_bytes=1,
        thread_files=1,
        thread_bytes=1,
        within=timedelta(minutes=1),
    )

    made = finalizing.finalize(
        stores,
        chat,
        fetch,
        None,
        SilentAnnouncer(),
        ("json",),
        keep_superseded=timedelta(),
        whole_pass_every=timedelta(),
    )

    assert made.beside is made.collect.beside
    assert made.beside is made.collect.list_service.beside


async def test_the_credential_of_the_topic_is_closed(credential):
    announcer = open_topic(TopicSettings(endpoint="https://acme.eventgrid.test"))

    await announcer.close()

    assert credential.closed == 1
