"""Whole mails within the limits of RFC 2047, 5322 and 5321, however hostile the names."""

import email
import email.policy
import io
import json
import re
import zipfile
from email.header import decode_header, make_header
from email.utils import getaddresses

import jsonschema
import pytest
from inputs import listing as listing_of
from inputs import logged

from builders import ALICE, SAMPLES, THREAD, listed, received, to_log, who
from shared.domain.thread.replay import replay
from shared.domain.times import parse_time
from shared.formats.one_line import one_line
from shared.formats.registry import FORMATS, written
from threads import person

SCHEMA = SAMPLES / "rsmf" / "rsmf_schema_2_0_0.json"
HOSTILE = {
    "long": "x" * 1000,
    "long words": "name " * 200,
    "long and not ascii": "é" * 1000,
    "emoji": "\U0001f642" * 300,
    "line ends": "A\r\nBcc: all@example.com\r\n\r\nbody\u2028\x85\v",
    "quotes": 'Doe, "Jo" \\ <a@b.c>; (x)',
    "surrogates": "\ud83d lone \udc00",
    "encoded": "=?utf-8?q?forged?= =?x",
    "controls": "\x00\x07\x1b[31m",
    "empty": "",
    "blank": " \t ",
}
MAILS = ("eml", "rsmf")
ODD = [None, "", "yesterday", 5, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"]


def mails(transcript, name):
    return list(dict(written([FORMATS[name]], transcript)).values())


def check_limits(data):
    """Check every line of a mail and every field of its head; return the mail."""
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    head = data.partition(b"\r\n\r\n")[0].decode("ascii")
    assert max(map(len, head.split("\r\n"))) <= 998
    assert all(
        len(word) <= 75 for word in re.findall(r"=\?[^\s?]+\?[bq]\?\S*?\?=", head)
    )
    assert all(len(local) <= 64 for local in re.findall(r"<([^<>@]+)@", head))
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert not mail.defects
    assert mail["Bcc"] is None
    return mail


def long_lines(data):
    """Return the lines of a head that are longer than 78, but for an id's."""
    head = data.partition(b"\r\n\r\n")[0]
    return [
        line
        for line in head.split(b"\r\n")
        if len(line) > 78 and b"xxx@thread" not in line
    ]


def read(field):
    """Return a field of a head as a mail program shows it."""
    return str(make_header(decode_header(field.replace("\r\n", ""))))


def manifest_of(mail):
    (attached,) = mail.iter_attachments()
    with zipfile.ZipFile(io.BytesIO(attached.get_content())) as zipped:
        manifest = json.loads(zipped.read("rsmf_manifest.json"))
    if SCHEMA.exists():
        schema = json.loads(SCHEMA.read_text())
        jsonschema.Draft7Validator(schema).validate(manifest)
    return manifest


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", MAILS)
def test_no_name_topic_or_id_breaks_a_mail(name, text):
    thread_id = f"19:{'x' * 150}@thread.v2"
    events = [received(0, "hello", senderDisplayName=text, threadId=thread_id)]
    found = listing_of(
        properties={"topic": text},
        participants=[person(ALICE, text), person(text or "8:acs:b", "Bob")],
    )
    transcript = replay(
        thread_id, logged(to_log(*events), thread_id=thread_id), [found]
    )

    (data,) = mails(transcript, name)

    mail = check_limits(data)
    assert long_lines(data) == []
    raw = email.message_from_bytes(data)
    assert read(raw["Subject"]).removesuffix(" · 2026-11-22") in (
        one_line(text),
        thread_id,
    )
    id_of_thread = "X-RSMF-EventCollectionID" if name == "rsmf" else "X-ACS-Thread-Id"
    assert read(raw[id_of_thread]) == thread_id
    names = [read(shown) for shown, _ in getaddresses([raw["To"]])]
    assert one_line(text) in names or not one_line(text)
    if name == "rsmf":
        assert "hello" in [event["body"] for event in manifest_of(mail)["events"]]
    else:
        assert "hello" in mail.get_body(("plain",)).get_content()


def test_the_id_of_a_thread_is_as_it_is_where_mail_takes_it():
    real = "19:acsV1_4fb0Zk3cXHqvY1mN8Qw2RtUeJ5LpAoSdFgHiKlMnBv1@thread.v2"
    log = to_log(received(0, threadId=real))
    transcript = replay(real, logged(log, thread_id=real), ())

    for name, field in (
        ("eml", b"X-ACS-Thread-Id"),
        ("rsmf", b"X-RSMF-EventCollectionID"),
    ):
        (data,) = mails(transcript, name)
        head = data.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
        assert b"%s: %s" % (field, real.encode()) in head.split(b"\r\n")


@pytest.mark.parametrize("name", MAILS)
def test_three_hundred_participants_are_all_there(name):
    people = [person(f"7:{number:03}", f"Dana {number} é") for number in range(300)]
    transcript = replay(
        THREAD, logged(to_log(received(0))), [listing_of(participants=people)]
    )

    (data,) = mails(transcript, name)

    mail = check_limits(data)
    assert long_lines(data) == []
    names = [each for each, _ in getaddresses([str(mail["To"])])]
    assert names == [f"Dana {number} é" for number in range(300)] + ["Alice"]


@pytest.mark.parametrize("time", ODD)
@pytest.mark.parametrize("name", MAILS)
def test_the_dates_of_a_mail_are_dates_in_order(name, time):
    events = [
        received(0, "first"),
        received(1, "odd", composeTime=time),
        received(2, "third"),
    ]
    transcript = replay(THREAD, logged(to_log(*events)), ())

    texts = ""
    for data in mails(transcript, name):
        mail = check_limits(data)
        texts += mail.get_body(("plain",)).get_content()
        if name == "eml":
            year = re.search(
                r"^Date: \w{3}, \d\d \w{3} (\d{4}) ", data.decode(), re.MULTILINE
            )
            assert int(year[1]) >= 1900
            continue
        begin, end = (
            parse_time(mail[f"X-RSMF-{which}Date"]) for which in ("Begin", "End")
        )
        assert begin <= end
        times = [
            parse_time(event["timestamp"]) for event in manifest_of(mail)["events"]
        ]
        assert (min(times), max(times)) == (begin, end)
    assert all(text in texts for text in ("first", "odd", "third"))


def test_rsmf_shows_each_name_and_names_each_file():
    content = {"message": "x", "attachments": [{"id": "a", "name": "contract.pdf"}]}
    items = [
        listed(0, content=content),
        listed(
            1, senderCommunicationIdentifier=who("8:acs:dana"), senderDisplayName="Dana"
        ),
    ]

    (data,) = mails(replay(THREAD, logged(b""), [listing_of(*items)]), "rsmf")

    manifest = manifest_of(check_limits(data))
    assert [each["display"] for each in manifest["participants"]] == ["Alice", "Dana"]
    facts = {fact["name"]: fact["value"] for fact in manifest["events"][0]["custom"]}
    assert facts["acs.attachment.1"] == "contract.pdf"
