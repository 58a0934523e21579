"""Addresses within the limits of mail: RFC 2047, 5322 and 5321."""

import email
import re
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.formats.mail import address, local_part, mail, part
from shared.formats.one_line import one_line

ID = "8:acs:36361e10-0000-4000-8000-000000000000_00000018-0000-4000-8000-000000000001"


def sent_to(*people):
    to = ",\r\n ".join(address(id, name) for id, name in people)
    return mail([("To", to)], "multipart/mixed", [part("text/plain", b"x")])


@given(st.text(max_size=300), st.text(max_size=100))
@example("é" * 256, ID)
@example("\U0001f642" * 256, ID)
@example("x" * 256, ID)
@example('Doe, "Jo" \\ <a@b.c>', ID)
@example("=?utf-8?q?forged?=", "8:acs:a")
@example("", "")
def test_an_address_keeps_to_the_limits(name, id):
    written = address(id, name)

    assert all(len(line) <= 77 for line in written.split("\r\n"))
    assert all(len(word) <= 75 for word in re.findall(r"=\?\S+\?=", written))
    (local,) = re.findall(r"<([^<>]*)@acs-chat\.invalid>$", written)
    assert 0 < len(local) <= 64


@pytest.mark.parametrize(
    "name", ["Alice", "é" * 200, "x" * 200, 'Doe, "Jo"', "Łukasz 🙂 Ñandú", "a  b"]
)
def test_a_name_comes_back(name):
    # The newer API of Python keeps the blank between two encoded words (3.11 does).
    raw = email.message_from_bytes(sent_to((ID, name), ("8:acs:b", "Bob")))["To"]
    found = [str(make_header(decode_header(shown))) for shown, _ in getaddresses([raw])]

    assert found == [one_line(name), "Bob"]


def test_ids_that_differ_at_their_end_have_addresses_of_their_own():
    assert local_part(ID) != local_part(f"{ID}0")
    assert local_part("8:acs:a") == "8%3Aacs%3Aa"
