"""Answers of a model: exactly of the form that was asked for, or none."""

import json

import jsonschema
import pytest

from shared.domain.insights.answers import BadAnswer, read_answer, read_together
from shared.domain.insights.insights import LONGEST_TEXT, MOST_STATEMENTS
from shared.domain.insights.terms import Terms

TERMS = Terms(labels=("refund", "complaint"))
CITED = [{"ref": "1v1", "quote": "not paid"}]
GOOD = {
    "summary": [{"text": "It is  not\npaid.", "citations": CITED}],
    "actions": [],
    "labels": [{"text": "refund", "citations": CITED}],
    "personal_data": [{"text": "email", "citations": CITED}],
}


def test_an_answer_of_the_form_is_read():
    claims = read_answer(json.dumps(GOOD), TERMS)

    assert claims["summary"][0].text == "It is not paid."
    assert claims["summary"][0].cited == (("1v1", "not paid"),)
    assert [claim.text for claim in claims["labels"]] == ["refund"]


def changed(**more):
    return json.dumps({**GOOD, **more})


BAD = {
    "no JSON": "Sure! Here it is: {",
    "nothing": "",
    "a list": "[]",
    "a member too many": changed(delete=["thread"]),
    "a member too few": json.dumps({"summary": []}),
    "another label": changed(labels=[{"text": "obeyed", "citations": CITED}]),
    "another kind": changed(personal_data=[{"text": "secret", "citations": CITED}]),
    "no list": changed(summary="It is not paid."),
    "a text as statement": changed(summary=["It is not paid."]),
    "no text": changed(summary=[{"text": " ", "citations": CITED}]),
    "a number as text": changed(summary=[{"text": 7, "citations": CITED}]),
    "no citations": changed(summary=[{"text": "It is not paid."}]),
    "a text as citation": changed(summary=[{"text": "It is.", "citations": ["1v1"]}]),
    "a citation of more": changed(
        summary=[{"text": "It is.", "citations": [{**CITED[0], "thread_id": "x"}]}]
    ),
    "a citation of less": changed(
        summary=[{"text": "It is.", "citations": [{"ref": "1v1"}]}]
    ),
    "very many statements": changed(
        summary=[{"text": "x", "citations": CITED}] * (MOST_STATEMENTS + 1)
    ),
    "twice": json.dumps(GOOD) * 2,
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_any_other_is_none(text):
    with pytest.raises(BadAnswer) as caught:
        read_answer(text, TERMS)

    assert "obeyed" not in str(caught.value)  # no text of it is in the reason


def test_a_text_that_is_too_long_cites_nothing_and_costs_no_other_one():
    long = {"text": "x" * (LONGEST_TEXT + 1), "citations": CITED}
    just = {"text": "y" * LONGEST_TEXT, "citations": CITED}

    claims = read_answer(changed(summary=[long, just]), TERMS)["summary"]

    assert [len(claim.text) for claim in claims] == [LONGEST_TEXT] * 2
    assert [bool(claim.cited) for claim in claims] == [False, True]
    together = [{"text": each["text"], "refs": ["s1"]} for each in (long, just)]
    read = read_together(json.dumps({"summary": together}))
    assert [refs for _, refs in read] == [(), ("s1",)]


def test_labels_are_asked_for_only_where_somebody_gives_some():
    without = {name: GOOD[name] for name in GOOD if name != "labels"}

    assert "labels" not in read_answer(json.dumps(without), Terms())
    with pytest.raises(BadAnswer):
        read_answer(json.dumps(GOOD), Terms())


@pytest.mark.parametrize("terms", [TERMS, Terms()], ids=["labels", "none"])
def test_the_schema_is_one_and_takes_what_is_read(terms):
    for schema in (terms.schema, terms.schema_together):
        jsonschema.Draft202012Validator.check_schema(schema)
        assert all_strict(schema)
    answer = {name: GOOD[name] for name in terms.sections}
    jsonschema.validate(answer, terms.schema)


def all_strict(schema):
    """Return whether each object takes exactly its members, as structured outputs do."""
    if schema.get("type") == "object":
        is_strict = schema["additionalProperties"] is False and schema["required"] == [
            *schema["properties"]
        ]
        return is_strict and all(map(all_strict, schema["properties"].values()))
    return schema.get("type") != "array" or all_strict(schema["items"])


def test_a_summary_of_summaries_is_read():
    text = json.dumps({"summary": [{"text": "All.", "refs": ["s1", "s2"]}]})

    assert read_together(text) == (("All.", ("s1", "s2")),)
    for bad in ('{"summary": [{"text": "All."}]}', '{"summary": []} x', "{}"):
        with pytest.raises(BadAnswer):
            read_together(bad)


def test_the_digest_of_the_terms_tells_what_is_asked():
    digests = {
        terms.digest
        for terms in (Terms(), TERMS, Terms(labels=("refund",)), Terms(part_tokens=900))
    }

    assert len(digests) == 4
    assert Terms(labels=("refund",)).digest == Terms(labels=("refund",)).digest
    assert Terms().digest == Terms(output_tokens=999).digest
