"""What people read is found, however it was written; what they do not read is not."""

import pytest
from inputs import logged

from builders import THREAD, edited, received, to_log
from shared.domain.thread.replay import replay
from shared.usecases.archive.find import folded, says

HTML = (
    "<p>AT&amp;T owes a re<b>fund</b>,&nbsp;<strong>call</strong> me, M&uuml;ller</p>"
)


@pytest.mark.parametrize(
    "sought",
    ["AT&T", "at&t", "refund", "call me", "refund, call", "Müller", "MU\u0308LLER", ""],
)
def test_a_text_is_found_as_people_read_it(sought):
    assert says(thread(received(body=HTML, type="RichText/Html")), sought)


@pytest.mark.parametrize("sought", ["nbsp", "strong", "amp;", "<p>", "nothing of it"])
def test_markup_is_not_found(sought):
    assert not says(thread(received(body=HTML, type="RichText/Html")), sought)


def test_in_plain_text_everything_is_read():
    assert says(thread(received(body="a <b> &amp; c")), "<b> &amp;")


def test_an_earlier_version_is_found():
    assert says(thread(received(body="100"), edited(body="900")), "100")


def test_blanks_and_composition_do_not_matter():
    assert folded("Cafe\u0301\u00a0 A\tß") == folded("café a ss")


def thread(*events):
    return replay(THREAD, logged(to_log(*events)), ())
