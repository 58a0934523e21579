"""`<day>.eml`: one email per UTC day, with text and HTML, for mail archives."""

from collections.abc import Iterator

from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Transcript
from shared.formats import html_format, text_format
from shared.formats.mail import DOMAIN, address, boundary, date_of, days, header, part
from shared.formats.mail import mail as make_mail
from shared.formats.names import Names, names
from shared.formats.part import Options, RenderedFile, made
from shared.formats.plain import title


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    called = names(transcript)
    for day, messages in days(transcript):
        yield f"{day}.eml", made(mail, transcript, called, day, messages)


def mail(
    transcript: Transcript, called: Names, day: str, messages: list[Message]
) -> bytes:
    of_day = transcript.with_messages(messages)
    senders = {
        message.sender_id: called.sender(message)
        for message in messages
        if message.sender_id
    }
    people = {
        person.id: called.of(person.id, person.display_name)
        for person in transcript.participants
    } | senders
    first = next(iter(senders), "")
    addresses = [address(who, name) for who, name in sorted(people.items())]
    mark = boundary(transcript.thread_id, day).removeprefix("=_")
    headers = [
        ("From", address(first, people.get(first, "") or "system")),
        ("To", ",\r\n ".join(addresses) or address("", "nobody")),
        ("Subject", header("Subject", f"{title(transcript)} · {day}")),
        ("Date", date_of(messages[0].created_on)),
        ("Message-ID", f"<{mark}@{DOMAIN}>"),
        ("X-ACS-Thread-Id", header("X-ACS-Thread-Id", transcript.thread_id)),
        ("X-ACS-Message-Count", str(len(messages))),
    ]
    text = b"".join(text_format.parts(of_day, called))
    page = b"".join(html_format.one_page(of_day, called))
    return make_mail(
        headers,
        "multipart/alternative",
        [
            part("text/plain; charset=utf-8", text),
            part("text/html; charset=utf-8", page),
        ],
    )
