"""What people take for the same word is one word, and no letter is lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.search.fold import folded, pairs, placed_words, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello, World's e-mail", ["hello", "world", "s", "e", "mail"]),
        ("Élan STRASSE Straße naïve", ["elan", "strasse", "strasse", "naive"]),
        ("ŒUVRE Ærø Łódź", ["oeuvre", "aero", "lodz"]),
        ("ΣΑΣ σας", ["σασ", "σασ"]),
        ("Cafe\u0301 café", ["cafe", "cafe"]),
        ("İstanbul ISTANBUL ıstanbul", ["istanbul", "istanbul", "istanbul"]),
        ("مُحَمَّد محـــمد", ["محمد", "محمد"]),
        ("שָׁלוֹם שלום", ["שלום", "שלום"]),
        ("ｆｕｌｌ ﬁne", ["full", "fine"]),
        ("कार्यालय में", ["कार्यालय", "में"]),
        ("a_b ж_д", ["a", "b", "ж", "д"]),
        ("zero\u200bwidth soft\u00adhyphen", ["zerowidth", "softhyphen"]),
        ("東京都", ["東京", "京都", "都"]),
        ("iPhone東京", ["iphone", "東京", "京"]),
        ("가나", ["가나", "나"]),
        ("ｶﾞｷﾞ ガギ", ["ガギ", "ギ", "ガギ", "ギ"]),
        ("😀 !!! --- _", []),
        ("", []),
    ],
)
def test_words_are_what_people_search_by(text, found):
    assert words(text) == found


def test_kana_keep_their_marks():
    assert folded("が") == "が" != folded("か")


@given(st.text())
def test_words_hold_nothing_but_letters_digits_and_marks(text):
    for word in words(text):
        assert word
        assert not set(word) & set(" \t\n\"'*()-_\ue000")


@given(st.text())
def test_each_word_has_a_place_in_the_text(text):
    placed = list(placed_words(text))

    assert all(0 <= start < end <= len(text) for _, start, end in placed)
    for word, start, end in placed:
        assert word in words(text[start:end])


@given(st.text())
def test_folding_twice_changes_nothing_that_is_searched_by(text):
    assert words(folded(text)) == words(text)


def test_every_part_of_an_unspaced_run_is_found_by_its_pairs():
    assert pairs("京都市") == ["京都", "都市", "市"]
