"""An archive is opened from whatever somebody names, with the app's own settings."""

import pytest

from fake_az import fake_az, only_az
from shared.bootstrap.archive import (
    ArchiveAddress,
    NoArchive,
    open_archive,
)
from shared.bootstrap.opened_archive import NoStorageAccount
from shared.config.settings import DueSettings
from shared.domain.errors import ConfigError

KEY = "QUFB"  # what a key looks like; it opens nothing
ACCOUNT = f"AccountName=acme;AccountKey={KEY};BlobEndpoint=https://acme.blob.test"


def address(text="", **env):
    return ArchiveAddress(text=text, env=env)


async def test_a_folder_has_neither_log_nor_queue(tmp_path):
    (tmp_path / "ledger").mkdir()
    async with open_archive(address(str(tmp_path))) as archive:
        with pytest.raises(NoStorageAccount, match="CHAT_STORAGE"):
            archive.redeliver(execute=False)


async def test_a_folder_that_is_not_there_is_made_on_demand_only(tmp_path):
    new = tmp_path / "new"

    with pytest.raises(NoArchive, match="no folder"):
        async with open_archive(address(str(new))):
            pass
    async with open_archive(address(str(new)), make=True):
        assert new.is_dir()


@pytest.fixture
def somebody(tmp_path, monkeypatch):
    """Let somebody be signed in to Azure."""
    only_az(monkeypatch, tmp_path / "bin")
    fake_az(tmp_path / "bin")


async def test_without_an_address_the_account_of_the_settings_is_opened(somebody):
    by_key = address(CHAT_STORAGE=f"DefaultEndpointsProtocol=https;{ACCOUNT}")
    by_identity = address(
        CHAT_STORAGE__blobServiceUri="https://acme.blob.test",
        CHAT_STORAGE__queueServiceUri="https://acme.queue.test",
    )

    for named in (by_key, by_identity):
        async with open_archive(named) as archive:
            assert archive.origin == "acme.blob.test/chat-archive"


async def test_the_blobs_address_is_enough_since_most_commands_need_no_queue(somebody):
    named = address(CHAT_STORAGE__blobServiceUri="https://acme.blob.test")

    async with open_archive(named) as archive:
        assert archive.account().settings.queue_uri == "https://acme.queue.test"


async def test_an_address_that_is_none_is_named_as_what_it_is():
    with pytest.raises(ConfigError, match="CHAT_STORAGE__blobServiceUri"):
        async with open_archive(address(CHAT_STORAGE__blobServiceUri="acme")):
            pass


async def test_nobody_said_where():
    with pytest.raises(NoArchive, match="Say which archive"):
        async with open_archive(address()):
            pass


async def test_the_queues_of_a_container_are_in_its_account():
    container = "https://acme.blob.test/chat-archive?sig=c2ln"

    async with open_archive(address(container)) as archive:
        settings = archive.account().settings
        archive.status(DueSettings(quiet_for=None, max_open=None))

    assert settings.queue_uri == "https://acme.queue.test?sig=c2ln"
    assert settings.has_signature
