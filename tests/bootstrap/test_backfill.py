"""A backfill keeps to the settings of the app."""

from datetime import timedelta

import pytest
from azure.core.credentials import AccessToken

from shared.bootstrap import identity
from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.backfill import BackfillOptions, RunIsBusy, open_backfill
from shared.bootstrap.opened_archive import NoStorageAccount
from shared.usecases.archive.attachments import Limits
from shared.usecases.inventory.backfill import Scope

SETTINGS = {
    "ACS_ENDPOINT": "https://acme.communication.test",
    "ACS_CLIENT_ID": "some-client-id",
    "ACS_READER_IDS": "8:acs:reader",
    "ACS_CHAT_API_VERSION": "2024-03-07",
    "LIST_WITHIN": "7m",
    "ARCHIVE_FORMATS": "md",
    "FETCH_THREAD_FILES": "7",
    "FETCH_THREAD_BYTES": "8",
    "FETCH_WITHIN": "9s",
    "KEEP_SUPERSEDED": "3d",
    "WHOLE_PASS_EVERY": "4d",
    "ARCHIVED_TOPIC_ENDPOINT": "https://acme.eventgrid.test",
    "ARCHIVED_TOPIC_KEY": "a2V5",
}


class Credential:
    async def get_token(self, *scopes, **options):
        return AccessToken("a-token", 4_102_444_800)

    async def close(self):
        pass


@pytest.fixture
def client_ids(monkeypatch):
    """The identities that were asked for."""
    asked = []

    def managed_identity(client_id):
        asked.append(client_id)
        return Credential()

    monkeypatch.setattr(identity, "managed_identity", managed_identity)
    return asked


def options(**more):
    plain = {"name": "estate", "here": True, "dry_run": False, "follow": False}
    return BackfillOptions(**{**plain, "scope": Scope.NEW, "concurrency": 1, **more})


async def test_a_folder_has_no_queue_and_the_way_without_one_is_named(tmp_path):
    address = ArchiveAddress(text=str(tmp_path), env={})

    async with open_archive(address, make=True) as archive:
        with pytest.raises(NoStorageAccount, match="give --here"):
            async with open_backfill(archive, SETTINGS, options(here=False)):
                pass


async def test_every_setting_of_archiving_arrives(tmp_path, client_ids):
    address = ArchiveAddress(text=str(tmp_path), env={})

    async with (
        open_archive(address, make=True) as archive,
        open_backfill(archive, SETTINGS, options()) as backfill,
    ):
        finalize = backfill.archiver.finalize

        assert client_ids == ["some-client-id"]
        assert backfill.finder.list_within == timedelta(minutes=7)
        collect = finalize.collect
        assert collect.list_service.chat.list_within == timedelta(minutes=7)
        assert collect.list_service.reader_ids == ("8:acs:reader",)
        assert finalize.keep_superseded == timedelta(days=3)
        assert finalize.whole_pass_every == timedelta(days=4)
        assert finalize.formats == ("md",)
        assert collect.list_service.chat.chat_clients.api_version == "2024-03-07"
        assert collect.fetch_attachments.limits == Limits(files=7, bytes=8)
        fetchers = collect.fetch_attachments.fetchers.values()
        assert {fetcher.within for fetcher in fetchers} == {timedelta(seconds=9)}
        assert type(finalize.close.announcer).__name__ == "TopicAnnouncer"


async def test_a_run_is_held_by_one_process(tmp_path, client_ids):
    address = ArchiveAddress(text=str(tmp_path), env={})

    async with (
        open_archive(address, make=True) as archive,
        open_backfill(archive, SETTINGS, options()),
    ):
        with pytest.raises(RunIsBusy, match="Run estate is at work elsewhere"):
            async with open_backfill(archive, SETTINGS, options()):
                pass


async def test_a_dry_run_archives_nothing(tmp_path, client_ids):
    address = ArchiveAddress(text=str(tmp_path), env={})

    async with (
        open_archive(address, make=True) as archive,
        open_backfill(archive, SETTINGS, options(dry_run=True)) as backfill,
    ):
        assert backfill.archiver is None
