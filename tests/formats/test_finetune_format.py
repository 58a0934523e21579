"""Examples that a trainer takes: turns, their ends, and what is left out."""

import json

import pytest
from inputs import logged

from builders import ALICE, BOB, THREAD, deleted, edited, received, to_log, who
from shared.domain.thread.replay import replay
from shared.formats.finetune_format import NoRoles, examples
from shared.formats.part import Options

CAROL = "8:acs:carol"
OPTIONS = Options(roles={BOB: "assistant", CAROL: "system"})
BOM = b"\xef\xbb\xbf"


def spoken(*said, thread=THREAD):
    """A thread in which people say something, one after the other."""
    events = [
        received(
            number,
            text,
            senderCommunicationIdentifier=who(user),
            senderDisplayName="",
            **({"type": "RichText/Html"} if text.startswith("<") else {}),
        )
        for number, (user, text) in enumerate(said)
    ]
    return replay(thread, logged(to_log(*events)), ())


def turns(*said):
    line = examples(OPTIONS).add(spoken(*said))
    assert line.startswith(BOM)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    return [
        (turn["role"], turn["content"])
        for turn in json.loads(line.removeprefix(BOM))["messages"]
    ]


def test_consecutive_turns_of_one_role_are_one():
    assert turns(
        (CAROL, "Be kind."), (ALICE, "Hello"), ("8:acs:dana", "Me too"), (BOB, "Hi"), (BOB, "all")
    ) == [("system", "Be kind."), ("user", "Hello\nMe too"), ("assistant", "Hi\nall")]  # fmt: skip


def test_a_conversation_ends_with_the_assistant():
    joined = examples(OPTIONS)
    line = joined.add(
        spoken((ALICE, "a"), (BOB, "b"), (ALICE, "c"), (ALICE, "d"), (CAROL, "e"))
    )

    assert [
        turn["role"] for turn in json.loads(line.removeprefix(BOM))["messages"]
    ] == [
        "user",
        "assistant",
    ]
    assert "finetune.jsonl: 3 messages left out: said after the assistant's last one." in (
        joined.notes()
    )  # fmt: skip


def test_no_turn_is_empty():
    assert turns(
        (ALICE, "a"), (BOB, "  "), (ALICE, "\n"), (ALICE, "b"), (BOB, "<p>\u00a0</p>"), (BOB, "c"), (BOB, "")
    ) == [("user", "a\nb"), ("assistant", "c")]  # fmt: skip


def test_what_is_deleted_is_left_out_and_what_was_edited_is_as_it_is_now():
    by_bob = {"senderCommunicationIdentifier": who(BOB)}
    log = to_log(
        received(0, "number?"),
        received(1, "one", **by_bob),
        edited(1, "two", after=5, **by_bob),
        received(100, "secret", **by_bob),
        deleted(100, after=5),
    )

    line = examples(OPTIONS).add(replay(THREAD, logged(log), ()))

    assert json.loads(line.removeprefix(BOM)) == {
        "messages": [
            {"role": "user", "content": "number?"},
            {"role": "assistant", "content": "two"},
        ]
    }


def test_threads_in_which_the_assistant_says_nothing_are_none_and_counted():
    joined = examples(OPTIONS)

    lines = [
        joined.add(spoken(*said))
        for said in ([(ALICE, "a")], [], [(BOB, " ")], [(ALICE, "a"), (BOB, "b")])
    ]

    assert lines[:3] == [b"", b"", b""]
    assert lines[3].startswith(BOM)
    assert joined.notes() == [
        "finetune.jsonl: 3 threads left out: the assistant says nothing there.",
        "finetune.jsonl: only 1 example: Azure OpenAI asks for at least 10.",
    ]


def test_ten_examples_are_one_file_with_one_mark_of_which_nothing_is_to_be_said():
    joined = examples(OPTIONS)

    data = b"".join(
        joined.add(spoken((ALICE, f"q{number}"), (BOB, f"a{number}")))
        for number in range(10)
    )

    assert data.count(BOM) == 1
    lines = data.decode("utf-8-sig").splitlines()
    assert [json.loads(line)["messages"][1]["content"] for line in lines] == [
        f"a{number}" for number in range(10)
    ]
    assert joined.notes() == []


@pytest.mark.parametrize("roles", [{}, {ALICE: "user"}])
def test_who_is_the_assistant_has_to_be_said(roles):
    with pytest.raises(NoRoles, match="--role RAWID=assistant"):
        examples(Options(roles=roles))
