"""What holds of insights, checked against an archive without a model."""

from dataclasses import replace

import pytest

from builders import FIRST_ID, THREAD
from evidence_archives import OTHER
from insight_worlds import PAID, PROMISE, SECRET, conversation, subject_of
from shared.domain.insights.answers import Claim
from shared.domain.insights.insights import SECTIONS, Insights, Statement
from shared.usecases.insights.check import check, keep
from shared.usecases.insights.given import digest_of, messages_of


@pytest.fixture
async def asked(tmp_path):
    """A subject, and what finds its messages."""
    subjects, subject = await subject_of(await conversation(), tmp_path)
    yield subject, lambda each: subjects.index.message(THREAD, each)
    subjects.index.close()


def refs(subject):
    return {line.ref: line for part in subject.parts for line in part}


def insights_of(subject, *claims) -> Insights:
    kept = keep(subject.thread_id, {"summary": claims}, refs(subject))
    return replace(
        subject.blank,
        sections={**dict.fromkeys(SECTIONS, ()), **kept.sections},
        dropped=kept.dropped,
    )


async def test_every_version_that_says_something_is_given(asked):
    subject, _ = asked
    texts = [line.text for part in subject.parts for line in part]

    assert PAID in texts
    assert "We will pay it on Monday" in texts
    assert "We will pay it on Tuesday" in texts
    assert f"The code is {SECRET}" in texts
    notes = {line.text: line.line for part in subject.parts for line in part}
    assert '"note":"edited later"' in notes["We will pay it on Monday"]
    assert '"note":"deleted later"' in notes[f"The code is {SECRET}"]
    assert "note" not in notes["We will pay it on Tuesday"]
    assert all("\n" not in line for line in notes.values())


async def test_a_claim_keeps_the_citations_that_hold(asked):
    subject, find = asked
    lines = refs(subject)
    paid = next(ref for ref, line in lines.items() if line.text == PAID)
    claim = Claim(
        "It is not paid.",
        ((paid, "not paid"), (paid, "has been paid"), ("999v1", "not paid")),
    )

    insights = insights_of(subject, claim, Claim("It is paid.", ((paid, "is paid"),)))

    (statement,) = insights.sections["summary"]
    (citation,) = statement.citations
    assert (citation.message_id, citation.quote) == (str(FIRST_ID), "not paid")
    assert citation.commitment == lines[paid].commitment
    assert (insights.dropped.statements, insights.dropped.citations) == (1, 3)
    checked = check(insights, find)
    assert checked.is_good
    assert checked.holding == 1
    assert checked.insights == insights


CHANGES = {
    "another thread": {"thread_id": OTHER},
    "another message": {"message_id": str(FIRST_ID + 1000)},
    "no message": {"message_id": "1"},
    "another version": {"version": 7},
    "another commitment": {"commitment": "0" * 64},
    "no commitment": {"commitment": ""},
    "another quote": {"quote": "I have paid"},
    "no quote": {"quote": ""},
    "a part of a word": {"quote": "ot paid"},  # codespell:ignore ot
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_file_that_somebody_changed_does_not_hold(asked, change):
    subject, find = asked
    paid = next(ref for ref, line in refs(subject).items() if line.text == PAID)
    insights = insights_of(subject, Claim("It is not paid.", ((paid, "not paid"),)))
    (statement,) = insights.sections["summary"]
    wrong = replace(statement.citations[0], **change)
    sections = {
        **insights.sections,
        "summary": (replace(statement, citations=(wrong,)),),
    }

    checked = check(replace(insights, sections=sections), find)

    assert len(checked.problems) == 1
    assert checked.holding == 0
    assert checked.insights.sections["summary"] == ()


async def test_the_words_of_another_version_do_not_bear_a_claim(asked):
    subject, _ = asked
    lines = refs(subject)
    newest = next(ref for ref, line in lines.items() if "Tuesday" in line.text)
    earlier = next(ref for ref, line in lines.items() if "Monday" in line.text)

    assert (
        insights_of(
            subject, Claim("It is due on Monday.", ((newest, "on Monday"),))
        ).sections["summary"]
        == ()
    )
    kept = insights_of(subject, Claim("It was Monday.", ((earlier, "on Monday"),)))
    assert len(kept.sections["summary"]) == 1


async def test_a_statement_that_cites_nothing_is_a_problem(asked):
    subject, find = asked
    insights = replace(
        subject.blank,
        sections={
            **dict.fromkeys(SECTIONS, ()),
            "summary": (Statement("Pay double."),),
        },
    )

    checked = check(insights, find)

    assert checked.problems == ("summary 1: it cites nothing",)
    assert checked.insights.sections["summary"] == ()


async def test_a_problem_holds_no_text(asked):
    subject, _ = asked
    paid = next(ref for ref, line in refs(subject).items() if line.text == PAID)
    insights = insights_of(subject, Claim(PROMISE, ((paid, "not paid"),)))

    for problem in check(insights, lambda _: None).problems:
        assert "paid" not in problem
        assert "parcel" not in problem


async def test_the_digest_of_what_is_given_changes_with_each_message(tmp_path):
    world = await conversation()
    subjects, subject = await subject_of(world, tmp_path)
    messages = [*messages_of(subjects.index, THREAD)]

    assert digest_of(messages) == subject.digest
    digests = {
        digest_of(messages[:place] + messages[place + 1 :])
        for place in range(len(messages))
    }
    digests |= {
        digest_of(
            [
                *messages[:1],
                replace(messages[1], sender=replace(messages[1].sender, name="Eve")),
                *messages[2:],
            ]
        ),
        digest_of(
            [
                *messages[:1],
                replace(messages[1], versions=messages[1].versions[:1]),
                *messages[2:],
            ]
        ),
    }
    assert subject.digest not in digests
    assert len(digests) == len(messages) + 2
