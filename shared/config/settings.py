"""Every setting, read once, all problems reported together.

The names follow Azure's own conventions, so that the bindings of the Functions host
and the clients of this app read the same ones. `docs/settings.md` explains each.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from shared.config.connection_strings import check_storage, parse_acs
from shared.config.reader import SettingsReader, read_settings
from shared.config.schedule import is_schedule
from shared.domain.identity import is_own_user

HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
"""A host's name. An IP address does not match: it has no letter at the end."""
MOST_FETCHED_BYTES = 100 * 1024 * 1024
"""A file is held in memory while it is fetched."""
MOST_FILES = 1_000_000
MOST_HELD_BYTES = 2**50
LONGEST_DELAY = timedelta(days=7)
"""For how long the queue service hides a message at most."""
SHORTEST_LIMIT = timedelta(seconds=1)
API_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:-preview)?")
MOST_BLOCK_BYTES = 100 * 1024 * 1024
"""What the storage service takes in one append."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """One storage account, by connection string or by address and identity."""

    connection_string: str = ""
    blob_uri: str = ""
    queue_uri: str = ""
    client_id: str = ""

    @property
    def has_signature(self) -> bool:
        """Whether the address carries a shared access signature."""
        return "?" in self.blob_uri

    @property
    def needs_identity(self) -> bool:
        """Whether it is opened as who is signed in: by no key and no signature."""
        return not self.connection_string and not self.has_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """One ACS resource, by connection string or by endpoint and identity."""

    connection_string: str = ""
    endpoint: str = ""
    client_id: str = ""
    api_version: str = ""
    """The version to ask of the chat service; "" is the one that its SDK asks."""
    reader_ids: tuple[str, ...] = ()
    list_within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Which files that messages name are fetched, and how much of them at most."""

    images: bool
    links_from: tuple[str, ...]
    most_bytes: int
    """Of one file."""
    thread_files: int
    thread_bytes: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """An Event Grid custom topic; no endpoint means none."""

    endpoint: str = ""
    key: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSettings:
    """When a thread is due to be archived."""

    quiet_for: timedelta
    max_open: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the app."""

    storage: StorageSettings
    chat: ChatSettings
    fetch: FetchSettings
    topic: TopicSettings
    due: DueSettings
    discover: bool
    sweep_schedule: str
    settle_for: timedelta
    log_keep: timedelta
    keep_superseded: timedelta
    whole_pass_every: timedelta
    log_block_bytes: int
    formats: tuple[str, ...]

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], *, known_formats: tuple[str, ...]
    ) -> "Settings":
        """Read all settings.

        Raises:
            ConfigError: with every problem found, not only the first.

        """
        return read_settings(
            env,
            lambda reader: cls(
                storage=read_storage(reader),
                chat=read_chat(reader),
                fetch=read_fetch(reader),
                topic=read_topic(reader),
                due=read_due(reader),
                discover=read_discover(reader),
                sweep_schedule=read_schedule(reader),
                settle_for=reader.duration("SETTLE_FOR", most=LONGEST_DELAY),
                log_keep=reader.duration("LOG_KEEP"),
                keep_superseded=reader.duration("KEEP_SUPERSEDED"),
                whole_pass_every=reader.duration("WHOLE_PASS_EVERY"),
                log_block_bytes=reader.whole_number(
                    "LOG_BLOCK_BYTES", most=MOST_BLOCK_BYTES
                ),
                formats=read_formats(reader, known_formats),
            ),
        )


def read_storage(reader: SettingsReader) -> StorageSettings:
    storage = StorageSettings(
        connection_string=reader.text("CHAT_STORAGE"),
        blob_uri=reader.url("CHAT_STORAGE__blobServiceUri"),
        queue_uri=reader.url("CHAT_STORAGE__queueServiceUri"),
        client_id=reader.text("CHAT_STORAGE__clientId"),
    )
    if storage.connection_string:
        reader.check(
            "CHAT_STORAGE",
            lambda: check_storage(storage.connection_string),
            "is no connection string; copy it from the storage account's access keys",
        )
    elif not (storage.blob_uri and storage.queue_uri):
        reader.problems.append(
            "CHAT_STORAGE is missing; give a connection string, or both "
            "CHAT_STORAGE__blobServiceUri and CHAT_STORAGE__queueServiceUri "
            "for a managed identity"
        )
    return storage


def read_chat(reader: SettingsReader) -> ChatSettings:
    connection_string = reader.text("ACS_CONNECTION_STRING")
    endpoint = reader.url("ACS_ENDPOINT")
    if connection_string:
        reader.check(
            "ACS_CONNECTION_STRING",
            lambda: parse_acs(connection_string),
            "is no connection string; copy it from the ACS resource's keys",
        )
    elif not endpoint:
        reader.problems.append(
            "ACS_CONNECTION_STRING is missing; give it, or ACS_ENDPOINT for a "
            "managed identity"
        )
    reader_ids = reader.names("ACS_READER_IDS")
    reader.problems.extend(
        f"ACS_READER_IDS: entry {number} is no ACS user id (8:acs:…)"
        for number, user_id in enumerate(reader_ids, start=1)
        if not is_own_user(user_id)
    )
    return ChatSettings(
        connection_string=connection_string,
        endpoint=endpoint,
        client_id=reader.text("ACS_CLIENT_ID"),
        api_version=read_api_version(reader),
        reader_ids=reader_ids,
        list_within=reader.duration("LIST_WITHIN", least=SHORTEST_LIMIT),
    )


def read_api_version(reader: SettingsReader) -> str:
    version = reader.text("ACS_CHAT_API_VERSION")
    if not API_VERSION.fullmatch(version):
        reader.problems.append(
            "ACS_CHAT_API_VERSION is no version; write a date, such as 2025-03-15"
        )
    return version


def read_topic(reader: SettingsReader) -> TopicSettings:
    endpoint = reader.url("ARCHIVED_TOPIC_ENDPOINT")
    key = reader.text("ARCHIVED_TOPIC_KEY")
    if key and not reader.text("ARCHIVED_TOPIC_ENDPOINT"):
        reader.problems.append(
            "ARCHIVED_TOPIC_KEY is the key of no topic; set ARCHIVED_TOPIC_ENDPOINT too"
        )
    return TopicSettings(
        endpoint=endpoint,
        key=key,
        client_id=reader.text("ARCHIVED_TOPIC_CLIENT_ID"),
    )


def read_due(reader: SettingsReader) -> DueSettings:
    return DueSettings(
        quiet_for=reader.duration("QUIET_FOR"), max_open=reader.duration("MAX_OPEN")
    )


def read_discover(reader: SettingsReader) -> bool:
    is_on = reader.switch("DISCOVER")
    if is_on and not reader.names("ACS_READER_IDS"):
        reader.problems.append(
            "DISCOVER is on and ACS_READER_IDS is empty; name the users to ask"
        )
    return is_on


def read_fetch(reader: SettingsReader) -> FetchSettings:
    hosts = tuple(map(str.lower, reader.names("FETCH_LINKS_FROM")))
    reader.problems.extend(
        f"FETCH_LINKS_FROM: entry {number} is no name of a host, such as "
        "files.example.com"
        for number, host in enumerate(hosts, start=1)
        if not HOST.fullmatch(host)
    )
    return FetchSettings(
        images=reader.switch("FETCH_IMAGES"),
        links_from=hosts,
        most_bytes=reader.whole_number("FETCH_MOST_BYTES", most=MOST_FETCHED_BYTES),
        thread_files=reader.whole_number("FETCH_THREAD_FILES", most=MOST_FILES),
        thread_bytes=reader.whole_number("FETCH_THREAD_BYTES", most=MOST_HELD_BYTES),
        within=reader.duration("FETCH_WITHIN", least=SHORTEST_LIMIT),
    )


def read_schedule(reader: SettingsReader) -> str:
    schedule = reader.text("SWEEP_SCHEDULE")
    if not is_schedule(schedule):
        reader.problems.append(
            "SWEEP_SCHEDULE is no schedule; write six fields from second to weekday, "
            "such as 0 */15 * * * *"
        )
    return schedule


def read_formats(reader: SettingsReader, known: tuple[str, ...]) -> tuple[str, ...]:
    formats = reader.names("ARCHIVE_FORMATS")
    reader.problems.extend(
        f"ARCHIVE_FORMATS: entry {number} is no format; known are {', '.join(known)}"
        for number, name in enumerate(formats, start=1)
        if name not in known
    )
    return formats
