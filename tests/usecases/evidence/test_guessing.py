"""Nothing that stays confirms a guess of what was erased, or of what is withheld."""

import hashlib
import itertools
import json
import re

from builders import FIRST_ID, THREAD, received
from evidence_archives import OTHER, erased, small
from evidence_packages import package, prove
from evidence_writer import EvidenceWriter
from shared.domain.evidence.content import content_of
from shared.domain.evidence.ledger_lines import decode_line

HEX = re.compile(rb"[0-9a-f]{32,64}")


def hashes_in(files):
    return {match for data in files.values() for match in HEX.findall(data)} | {
        match for path in files for match in HEX.findall(path.encode())
    }


def digests(texts, salts):
    """Yield every digest that somebody who knows the format would try."""
    for text, salt in itertools.product(texts, salts):
        for data in (salt + text, b"\x00" + text, b"\x02" + salt + text):
            inner = hashlib.sha256(data).digest()
            yield inner.hex().encode()
            yield hashlib.sha256(salt + inner).hexdigest().encode()
            yield (
                hashlib.sha256(hashlib.sha256(salt).digest() + inner)
                .hexdigest()
                .encode()
            )


def forms_of(pin):
    event = received(1, pin)
    text = json.dumps(event).encode()
    return [pin.encode(), text, content_of(text)]


def test_an_erased_pin_cannot_be_told_from_any_other():
    """The true text is among the candidates; two archives that differ in it alone
    keep no hash by which one could be told from the other but the salted ones."""
    writer = EvidenceWriter(3)
    writer.receive(received(0, "What is your PIN?"))
    writer.receive(received(1, "0420"))
    writer.fetch(FIRST_ID + 1, b"0420")
    writer.finalize()
    names = dict(writer.files)
    earlier = prove(writer, FIRST_ID)
    writer.erase("message", str(FIRST_ID + 1))
    stays = hashes_in({**writer.files, "proof": earlier})
    kept_salts = [
        line.salt for file in writer.chain(THREAD).values() for _, line in file
    ]
    salts = [b"", *filter(None, kept_salts), bytes.fromhex(writer.key(THREAD))]
    orders = writer.orders(THREAD)
    salts += [bytes.fromhex(order.random) for order in orders]

    candidates = [*forms_of("0420"), *forms_of("1234")]
    rendered = [
        data for path, data in names.items() if path.endswith((".csv", "pt.json"))
    ]

    assert stays.isdisjoint(digests([*candidates, *rendered], salts))
    assert b"0420" not in b"".join(writer.files.values())


def test_the_erased_salt_is_nowhere():
    backup, writer = small(), erased()
    before = backup.chain(THREAD)
    gone = [
        before[file][at][1].salt
        for file, lines in writer.chain(THREAD).items()
        for at, (_, line) in enumerate(lines)
        if line.is_erased
    ]

    assert gone
    for salt in gone:
        assert not any(
            salt.hex().encode() in data or salt in data
            for data in writer.files.values()
        )


def test_who_is_on_hold_cannot_be_guessed_from_a_withheld_line():
    writer = small()
    writer.hold(thread=OTHER, participant="8:acs:candidate")
    files = package(writer)
    lines = [
        decode_line(line)
        for path, data in files.items()
        if "ledger/" in path
        for line in data.split(b"\n")[:-1]
    ]
    (withheld,) = [line for line in lines if line.kind == "hold"]

    assert withheld.is_withheld
    assert b"8:acs:candidate" not in b"".join(files.values())
    # All that is not random in the line, with the truth: the random bytes are missing.
    writer.ledger()
    (line,) = [placed.line for placed in writer.placed if placed.line.kind == "hold"]
    known = {
        name: line.members[name]
        for name in line.members
        if name not in ("hold", "random")
    }
    text = json.dumps(known, sort_keys=True, separators=(",", ":")).encode()
    assert hashlib.sha256(text).hexdigest() != withheld.rest
    assert len(line.members["random"]) == 32


def test_two_erasures_of_different_texts_leave_files_of_the_same_length():
    sizes = []
    for text in ("0", "a much longer answer"):
        writer = EvidenceWriter(4)
        writer.receive(received(1, text))
        writer.finalize()
        writer.erase("message", str(FIRST_ID + 1))
        sizes.append({path: len(data) for path, data in writer.files.items()})

    assert sizes[0] == sizes[1]
