"""What an edit changed is marked: words of it, never a tag, in bounded work."""

import re

from hypothesis import given
from hypothesis import strategies as st

from shared.formats import html_changes
from shared.formats.html_changes import TOKEN, common, with_changes

TEXTS = st.lists(
    st.sampled_from(
        ["a", "b", "c", " ", ".", "&lt;", "<br>", '<b title="x>y">', "</b>"]
    )
).map("".join)


def test_words_that_went_and_came_are_marked():
    first, second, third = with_changes(
        ["It comes on Firday.", "It comes on Friday.", "It came on Friday, at ten."]
    )

    assert first == "It comes on <del>Firday</del>."
    assert second == "It <del>comes</del> on <ins>Friday</ins>."
    assert third == "It <ins>came</ins> on Friday<ins>, at ten</ins>."


def test_what_came_and_went_again_is_marked_as_both():
    assert with_changes(["a", "a b", "a c"])[1] == "a <ins><del>b</del></ins>"


def test_a_tag_is_never_marked_and_never_cut():
    before, after = with_changes(['<p>a <b title="x>y">b</b></p>', "<p>a c<br>d</p>"])

    assert before == '<p>a <b title="x>y"><del>b</del></b></p>'
    assert after == "<p>a <ins>c</ins><br><ins>d</ins></p>"


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_without_the_marks_every_state_is_as_it_was(texts):
    for text, shown in zip(texts, with_changes(texts), strict=True):
        assert re.sub("</?(?:ins|del)>", "", shown) == text
        for mark in ("ins", "del"):
            assert shown.count(f"<{mark}>") == shown.count(f"</{mark}>")


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_as_much_as_there_is_is_found_to_be_common(left, right):
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            longest = max(table[i][j + 1], table[i + 1][j])
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else longest
    found = common(left, right)

    assert len(found) == table[-1][-1]
    assert all(left[at] == right[other] for at, other in found)
    assert found == sorted(found)


def test_where_too_much_differs_all_between_is_marked(monkeypatch):
    monkeypatch.setattr(html_changes, "MOST_CHANGES", 2)
    before, after = with_changes(["x 1 2 3 4 y", "x a b c d y"])

    assert before == "x <del>1 2 3 4</del> y"
    assert after == "x <ins>a b c d</ins> y"
    assert common("a " * 3000, "b a " * 3000) == []


def test_a_text_is_cut_into_tokens_without_loss():
    text = 'Häßlich <i a="b>c">x</i> &amp; 日本語\u0301 👩🏽‍💼\n"q" <'

    assert "".join(TOKEN.findall(text)) == text
