import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs import chain_of, logged

from builders import THREAD, deleted, edited, received, thread_created, to_log
from schemas import TRANSCRIPT
from shared.domain import json_line
from shared.domain.thread.replay import replay
from shared.formats.registry import FORMATS, written
from threads import THREADS


def write(transcript):
    ((_, data),) = written([FORMATS["json"]], transcript)
    return data


def document(*events):
    value = json.loads(write(replay(THREAD, logged(to_log(*events)), ())))
    TRANSCRIPT.validate(value)
    return value


def test_every_version_names_its_lines_and_commits_to_one():
    events = received(body="a"), edited(body="b")
    lines = chain_of(to_log(*events)).files["events"]

    (message,) = document(*events)["messages"]

    for version, line in zip(message["versions"], lines, strict=True):
        assert version["commitment"] == line.commitment.hex()
    assert [one["lines"] for one in message["versions"]] == [["events:0"], ["events:1"]]
    assert [one["content"]["message"] for one in message["versions"]] == ["a", "b"]


def test_counts_come_last_so_that_it_can_be_streamed():
    value = document(thread_created(), received())

    assert list(value)[-1] == "message_count"
    assert value["message_count"] == 1


def test_ids_are_strings():
    (message,) = document(received())["messages"]

    assert isinstance(message["id"], str)
    assert isinstance(message["versions"][0]["version"], str)


@given(st.text())
def test_any_text_comes_back_as_it_was(body):
    (message,) = document(received(body=body))["messages"]

    assert message["versions"][0]["content"]["message"] == body


@given(st.text())
def test_no_character_of_a_message_breaks_a_line(body):
    plain, hostile = (
        write(replay(THREAD, logged(to_log(received(body=one))), ()))
        for one in ("x", body)
    )

    assert len(hostile.decode().splitlines()) == len(plain.decode().splitlines())


@given(st.integers(0, 450))
def test_writing_in_parts_gives_what_writing_whole_would(count):
    events = [received(number, f"line\\n{number}") for number in range(count)]
    data = write(replay(THREAD, logged(to_log(*events)), ()))

    assert data == json_line.encode(json_line.pretty(json.loads(data)))


@pytest.mark.parametrize("thread", THREADS)
def test_every_thread_is_one_of_the_published_schema(thread):
    TRANSCRIPT.validate(json.loads(write(THREADS[thread]())))


@given(
    st.lists(st.sampled_from([received, edited, deleted, thread_created]), max_size=4),
    st.text(max_size=9),
)
def test_whatever_is_received_becomes_one_of_the_published_schema(makers, text):
    document(
        *(
            maker(senderDisplayName=text, composeTime=text, type=text)
            for maker in makers
        )
    )
