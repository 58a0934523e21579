"""What people type means what they expect, or is refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.search.fold import words
from shared.domain.search.query import (
    NoQuery,
    all_of,
    matches,
    parse_query,
    with_beginnings,
)
from shared.domain.search.snippet import hits, snippet

TEXT = "We promised a full refund on Friday, e-mail follows. 東京都へ行く"


@pytest.mark.parametrize(
    "query",
    [
        "refund",
        "REFUND promised",
        "refund AND friday",
        '"full refund"',
        "“full refund”",
        "refu*",
        '"a full ref"*',
        "credit OR refund",
        "(credit OR refund) friday",
        "refund NOT order",
        "refund -order",
        "e-mail",
        "e-mail.",
        "東京",
        "京都",
        "都",
        "京都へ",
        "refund 東京都",
        "refund ...",
    ],
)
def test_a_text_is_found(query):
    assert matches(parse_query(query), [words(TEXT)])


@pytest.mark.parametrize(
    "query",
    [
        "refun",
        "refund order",
        '"refund full"',
        '"refund e"',
        "refund NOT friday",
        "refund -friday",
        "credit OR order",
        "mail-e",
        "都東",
        "大阪",
        '"full refund" NOT promi*',
    ],
)
def test_a_text_is_not_found(query):
    assert not matches(parse_query(query), [words(TEXT)])


def test_words_may_stand_in_several_texts_and_a_phrase_in_one():
    texts = [words("full"), words("refund")]

    assert matches(parse_query("full refund"), texts)
    assert not matches(parse_query('"full refund"'), texts)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "no letter"),
        ("!!! *", "no letter"),
        ("AND", "no letter"),
        ('a "b', "left open"),
        ("(a", "left open"),
        ("a)", "not opened"),
        ("a OR", "missing"),
        ("OR a", "missing"),
        ("a NOT", "missing"),
        ("a NOT NOT b", "missing"),
        ("()a", "missing"),
        ("-a", "what to leave out"),
        ("NOT a NOT b", "what to leave out"),
        ("a " * 200, "longer"),
        ("(" * 5000 + "a" + ")" * 5000, "longer"),
    ],
)
def test_what_asks_for_nothing_is_refused(query, reason):
    with pytest.raises(NoQuery, match=reason):
        parse_query(query)


def test_a_sign_alone_is_no_word_to_leave_out():
    assert matches(parse_query("a -*"), [["a"]])


@given(st.text(alphabet=st.sampled_from('ab "*()-京都 ORNTD_')))
def test_whatever_is_typed_is_read_or_refused(text):
    try:
        query = parse_query(text)
    except NoQuery:
        return
    matches(query, [words(TEXT)])
    matches(with_beginnings(query), [words(TEXT)])


@pytest.mark.parametrize(
    ("typed", "name", "is_meant"),
    [
        ("anna", "Anna Example", True),
        ("ex an", "Anna Example", True),
        ("anna", "Susanna Example", False),
        ("müll", "MULLER", True),
        ("田中", "田中太郎", True),
        ("太郎", "田中太郎", True),
        ("", "Anna", None),
        ("...", "Anna", None),
    ],
)
def test_a_name_is_meant_by_how_its_words_begin(typed, name, is_meant):
    query = all_of(typed)

    if is_meant is None:
        assert query is None
    else:
        assert matches(query, [words(name)]) is is_meant


def test_a_snippet_shows_what_was_found():
    text = "word " * 100 + "we promised\na refund " + "more " * 100

    shown = snippet(text, parse_query('refund "we promised"'), "<{}>".format, 60)

    assert "<we promised> a <refund>" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < 70


def test_a_short_text_is_shown_whole():
    shown = snippet("a  short\ttext", parse_query("text OR nothing"), "<{}>".format)

    assert shown == "a short <text>"


def test_what_is_excluded_is_not_marked():
    assert hits("full refund", parse_query("full NOT order")) == [(0, 4)]


def test_hits_that_overlap_are_one():
    assert hits("東京都", parse_query("東京 京都")) == [(0, 3)]


@given(st.text(), st.integers(1, 50))
def test_a_snippet_of_any_text_keeps_its_width(text, width):
    shown = snippet(text, parse_query("a OR 京*"), str, width)

    assert len(shown) <= width + 2
