"""Whether a quote stands in a text."""

import pytest

from shared.domain.insights.quotes import LONGEST_QUOTE, stands_in

TEXT = "I have not paid the invoice, 4711.\n\tNobody has told me: why?"


@pytest.mark.parametrize(
    "quote",
    [
        TEXT,
        "not paid the invoice",
        "invoice, 4711. Nobody",  # a model breaks lines as it likes
        "  paid\nthe ",
        "4711",
        "why?",
    ],
)
def test_words_that_were_said_stand_there(quote):
    assert stands_in(quote, TEXT)


@pytest.mark.parametrize(
    "quote",
    [
        "",
        " \n",
        "I have paid the invoice",  # a word is missing
        "i have not paid",  # letter by letter
        "I have not paid the invoice 4711",
        "t paid the invoice",  # a part of a word
        "has tol",
        "471",
        "a",  # says nothing
        ", ",
        "...",
        TEXT + " Because.",
        "x" * (LONGEST_QUOTE + 1),
    ],
)
def test_other_words_do_not(quote):
    assert not stands_in(quote, TEXT)


def test_the_whole_text_stands_there_however_short_it_is():
    assert stands_in("ok", "ok")
    assert stands_in("7", " 7 ")
    assert stands_in("👍", "👍")
    assert not stands_in("ok", "ok?")
    assert not stands_in("", "")


def test_a_later_place_counts_where_the_first_is_a_part_of_a_word():
    assert stands_in("paid", "unpaid, then paid")
    assert not stands_in("paid", "unpaid, prepaid")


def test_scripts_without_blanks_are_quoted_anywhere():
    assert stands_in("自転車は", "私の自転車は青いです")
    assert stands_in("จักรยาน", "ฉันมีจักรยานสีฟ้า")


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("cafe", "cafe\u0301 au lait"),  # the accent is a mark of its own
        ("\u0928", "\u0928\u093f"),  # Devanagari: a vowel sign
        ("\u05e9\u05dc", "\u05e9\u05dc\u05b9"),  # Hebrew: a point
        ("\u0e04\u0e19", "\u0e04\u0e19\u0e49"),  # Thai: a tone
        ("\U0001f469 ok yes", "\U0001f469 ok yes\u200d"),
        ("\U0001f44d yes", "\U0001f44d\U0001f3fd yes"),  # a tone of skin
        ("\u0301 au lait", "cafe\u0301 au lait"),
    ],
)
def test_a_letter_without_its_marks_is_not_the_letter(quote, text):
    assert not stands_in(quote, text)


def test_what_looks_alike_is_not_the_same():
    assert not stands_in("paid", "p\u0430id in full")  # a Cyrillic letter
    assert not stands_in("cafe au lait", "café au lait")


def test_a_quote_longer_than_any_is_refused_although_it_stands_there():
    text = "word " * LONGEST_QUOTE

    assert not stands_in(text[: LONGEST_QUOTE + 10], text)
