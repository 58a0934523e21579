"""What people read is found, however it was written; what they do not read is not."""

import pytest
from inputs import logged

from builders import THREAD, edited, received, to_log
from shared.domain.search.query import parse_query
from shared.domain.thread.replay import replay
from shared.usecases.reading.indexed import indexed_messages
from shared.usecases.reading.matching import is_found

HTML = (
    "<p>AT&amp;T owes a re<b>fund</b>,&nbsp;<strong>call</strong> me, M&uuml;ller</p>"
)


@pytest.mark.parametrize(
    "sought",
    ["AT&T", "at&t", "refund", "call me", "refund, call", "Müller", "MU\u0308LLER"],
)
def test_a_text_is_found_as_people_read_it(sought):
    assert says(thread(received(body=HTML, type="RichText/Html")), sought)


@pytest.mark.parametrize("sought", ["nbsp", "strong", "amp;", "<p> p", "nothing of it"])
def test_markup_is_not_found(sought):
    assert not says(thread(received(body=HTML, type="RichText/Html")), sought)


def test_in_plain_text_everything_is_read():
    assert says(thread(received(body="a <b> &amp; c")), "<b> &amp;")


def test_an_earlier_version_is_found():
    assert says(thread(received(body="100"), edited(body="900")), "100")


def test_blanks_and_composition_do_not_matter():
    said = thread(received(body="Cafe\u0301\u00a0 A\tß"))

    assert says(said, '"café a ss"')


def says(transcript, text):
    query = parse_query(text)
    return any(is_found(query, message) for message in indexed_messages(transcript))


def thread(*events):
    return replay(THREAD, logged(to_log(*events)), ())
