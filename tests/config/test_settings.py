from datetime import UTC, datetime, timedelta

import pytest

from builders import NOON
from settings_read import names_read
from shared.config.schedule import next_due
from shared.config.settings import Settings
from shared.domain.errors import ConfigError
from shared.formats import ARCHIVED

GOOD = {
    "CHAT_STORAGE": "UseDevelopmentStorage=true",
    "ACS_CONNECTION_STRING": "endpoint=https://x.communication.azure.com/;accesskey=a2V5",
    "SWEEP_SCHEDULE": "0 */15 * * * *",
}


def read(**changes):
    return Settings.from_env(GOOD | changes, known_formats=ARCHIVED)


def problems(**changes):
    with pytest.raises(ConfigError) as raised:
        read(**changes)
    return raised.value.problems


def test_little_is_needed_and_the_rest_has_defaults():
    settings = read()

    assert settings.due.quiet_for == timedelta(hours=24)
    assert settings.due.max_open == timedelta(days=7)
    assert settings.formats == ("json", "csv", "jsonl", "html")


def test_an_identity_may_take_the_place_of_keys():
    settings = read(
        CHAT_STORAGE="",
        CHAT_STORAGE__blobServiceUri="https://x.blob.core.windows.net",
        CHAT_STORAGE__queueServiceUri="https://x.queue.core.windows.net",
        CHAT_STORAGE__clientId="id",
        ACS_CONNECTION_STRING="",
        ACS_ENDPOINT="https://x.communication.azure.com",
    )

    assert settings.storage.client_id == "id"
    assert settings.chat.endpoint


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("36h", timedelta(hours=36)),
        ("2d", timedelta(days=2)),
        (" 1h ", timedelta(hours=1)),
    ],
)
def test_durations_have_a_number_and_a_unit(value, meaning):
    assert read(QUIET_FOR=value).due.quiet_for == meaning


@pytest.mark.parametrize(
    "value", ["24", "h", "1.5h", "-1h", "24:00:00", "1w", "9" * 9 + "d"]
)
def test_other_durations_are_explained(value):
    (problem,) = problems(QUIET_FOR=value)

    assert "QUIET_FOR" in problem
    assert "24h" in problem


@pytest.mark.parametrize("value", ["0", "-1", "4 MiB", "104857601", "1.5"])
def test_a_block_has_a_size_that_the_service_takes(value):
    (problem,) = problems(LOG_BLOCK_BYTES=value)

    assert "LOG_BLOCK_BYTES" in problem
    assert read(LOG_BLOCK_BYTES="104857600").log_block_bytes == 100 * 1024 * 1024


def test_all_problems_are_told_at_once():
    with pytest.raises(ConfigError) as raised:
        Settings.from_env(
            {"ARCHIVE_FORMATS": "json,pdf", "ACS_READER_IDS": "bob", "MAX_OPEN": "x"},
            known_formats=("json",),
        )

    report = str(raised.value)
    for name in (
        "CHAT_STORAGE", "ACS_CONNECTION_STRING", "SWEEP_SCHEDULE",
        "ARCHIVE_FORMATS", "ACS_READER_IDS", "MAX_OPEN",
    ):  # fmt: skip
        assert name in report
    assert len(raised.value.problems) == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"CHAT_STORAGE": "AccountKey hunter2"},
        {"ACS_CONNECTION_STRING": "endpoint=https://x/;hunter2"},
        {"ACS_CONNECTION_STRING": "endpoint=https://x/;key=hunter2"},
        {"ACS_CONNECTION_STRING": "accesskey=hunter2"},
    ],
)
def test_a_broken_key_is_never_repeated(changes):  # P9
    (problem,) = problems(**changes)

    assert "hunter2" not in problem


@pytest.mark.parametrize("name", sorted(names_read()))
@pytest.mark.parametrize("value", ["hunter2==", "a,hunter2;b", "http://[hunter2"])
def test_no_value_is_repeated_for_it_may_be_a_key_in_the_wrong_place(name, value):
    report = ""
    try:
        read(**{name: value})
    except ConfigError as error:
        report = str(error)

    assert "hunter2" not in report


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("LIST_WITHIN", "0s", "from 1s"),
        ("FETCH_WITHIN", "0m", "from 1s"),
        ("SETTLE_FOR", "30d", "to 7d"),
        ("QUIET_FOR", "999999d", "to 36500d"),
        ("ARCHIVE_FORMATS", ",", "names nothing"),
        ("SWEEP_SCHEDULE", "every quarter of an hour please", "six fields"),
        ("SWEEP_SCHEDULE", "0 */15 * *", "six fields"),
        ("SWEEP_SCHEDULE", "0 0 0 0 0 0 0", "six fields"),
        ("SWEEP_SCHEDULE", "abc abc abc abc abc abc", "six fields"),
        ("SWEEP_SCHEDULE", "60 * * * * *", "six fields"),
        ("SWEEP_SCHEDULE", "0 0 0 * * \u017fun", "six fields"),
        ("SWEEP_SCHEDULE", "0 0 24 * * *", "six fields"),
        ("SWEEP_SCHEDULE", "0 0 0 0 * *", "six fields"),
        ("SWEEP_SCHEDULE", "0 0 0 * 13 *", "six fields"),
        ("SWEEP_SCHEDULE", "0 0 0 * * 7", "six fields"),
        ("SWEEP_SCHEDULE", "0 0 0 * MON *", "six fields"),
        ("SWEEP_SCHEDULE", "0 */0 * * * *", "six fields"),
        ("CHAT_STORAGE", "AccountName=x;AccountKey=", "connection string"),
        ("CHAT_STORAGE", "AccountName=;AccountKey=aGk=", "connection string"),
        ("CHAT_STORAGE", "AccountName=x;AccountKey=!!!", "connection string"),
        (
            "ACS_CONNECTION_STRING",
            "endpoint=https://x/;accesskey=",
            "no connection string",
        ),
        ("ACS_CONNECTION_STRING", "endpoint=;accesskey=aGk=", "no connection string"),
        (
            "ACS_CONNECTION_STRING",
            "endpoint=x.y;accesskey=aGk=",
            "no connection string",
        ),
        (
            "ACS_CONNECTION_STRING",
            "endpoint=https://x/;accesskey=%",
            "no connection string",
        ),
        ("ARCHIVED_TOPIC_KEY", "aGk=", "ARCHIVED_TOPIC_ENDPOINT"),
        ("ARCHIVED_TOPIC_ENDPOINT", "https://name:aGk=@x.y/", "no address"),
        ("ARCHIVED_TOPIC_ENDPOINT", "https://name@x.y/", "no address"),
        ("ARCHIVED_TOPIC_ENDPOINT", "https://x.y:0/", "no address"),
        ("ARCHIVED_TOPIC_ENDPOINT", "https:///x", "no address"),
        ("ARCHIVED_TOPIC_ENDPOINT", "ftp://x.y/", "no address"),
        ("LOG_BLOCK_BYTES", "٤", "whole one"),
        ("MAX_OPEN", "٤d", "a number and a unit"),
    ],
)
def test_what_cannot_work_is_refused_with_advice(name, value, advice):
    (problem,) = problems(**{name: value})

    assert name in problem
    assert advice in problem


@pytest.mark.parametrize(
    "schedule",
    [
        "0 */15 * * * *",
        "*/15 * * * *",
        "0 0 3 * JAN-MAR Mon,Wed",
        "5 4 * * 1-5",
        "59 59 23 31 12 *",
        "0 0 3 * January Sunday-saturday",
    ],
)
def test_what_is_right_for_the_host_is_right_here(schedule):
    assert read(SWEEP_SCHEDULE=schedule).sweep_schedule == schedule
    assert next_due(schedule, NOON) > NOON


def test_the_next_sweep_is_due_as_the_schedule_says():
    quarter = datetime(2026, 11, 22, 12, 15, tzinfo=UTC)

    assert next_due("0 */15 * * * *", NOON) == quarter
    assert next_due("*/15 * * * *", NOON) == quarter
    assert next_due("0 0 0 31 2 *", NOON) is None
    both = datetime(2027, 2, 1, tzinfo=UTC)  # the next Monday that begins a month
    assert next_due("0 0 0 1 * Monday", NOON) == both


def test_an_address_must_be_one():
    assert problems(ACS_CONNECTION_STRING="", ACS_ENDPOINT="x.communication.azure.com")


def test_readers_are_listed_once_and_without_blanks():
    ids = "8:acs:r_1, 8:acs:r_2 ,8:acs:r_1,"

    assert read(ACS_READER_IDS=ids).chat.reader_ids == ("8:acs:r_1", "8:acs:r_2")
