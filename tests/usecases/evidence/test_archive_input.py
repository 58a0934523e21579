"""Archive-level input: verified from the start, though nothing writes it."""

import json

import pytest

from builders import ALICE, BOB
from evidence_archives import small
from evidence_verifiers import failures, reasons
from evidence_writer import stamp
from shared.domain.evidence.ledger_lines import LineKind, encode_line
from shared.domain.evidence.lines import cut_line, make_line
from shared.domain.evidence.orders import Order, ScopeKind, encode_orders
from shared.domain.evidence.tree import root_of

PEOPLE = "archive-input/people/000001.jsonl"
RUNS = "archive-input/inventory/000002.jsonl"
ORDERS = "archive-input/erasures.json"


def write(writer, path, *people):
    """Write a file of archive-level input, one line for each person, and record it."""
    _, kind, name = path.split("/")
    lines = [
        make_line(
            {"file": kind, "received_on": stamp(writer.now)},
            json.dumps({"people": [person], "role": "agent"}).encode(),
            writer.draw(),
        )
        for person in people
    ]
    writer.files[path] = b"".join(line.stored for line in lines)
    members = {
        "input": kind,
        "number": int(name[:6]),
        "lines": len(lines),
        "root": root_of(line.leaf for line in lines),
    }
    writer.append(encode_line(LineKind.INPUT, "", members))


def archive():
    writer = small()
    write(writer, PEOPLE, ALICE, BOB)
    write(writer, RUNS, ALICE)
    return writer


def erase(writer, person, lines):
    """Erase one person from the archive-level input."""
    order = Order(
        number=1,
        random=writer.draw().hex(),
        revision=2,
        who="dpo",
        when=stamp(writer.now),
        why="",
        scope=ScopeKind.PARTICIPANT,
        ids=(person,),
        lines=lines,
    )
    writer.files[ORDERS] = encode_orders([order])
    writer.append(order.ledger_line(""))
    stored = writer.files[PEOPLE].split(b"\n")[:-1]
    stored[1] = cut_line(stored[1]).erased().stored[:-1]
    writer.files[PEOPLE] = b"".join(line + b"\n" for line in stored)


def test_it_verifies_before_and_after_an_erasure():
    writer = archive()
    checkpoint = writer.checkpoint()
    assert failures(writer.files, checkpoint) == []

    erase(writer, BOB, ("people:1-2",))

    assert failures(writer.files, checkpoint) == []


def test_an_order_takes_exactly_what_its_scope_covers():
    for lines in (("people:0-2",), ("people:1-2", "inventory:0-1")):
        writer = archive()
        erase(writer, BOB, lines)
        assert "name it" in reasons(writer.files)


def test_every_line_of_it_is_committed_to():
    writer = archive()
    for path in (PEOPLE, RUNS):
        changed = writer.files[path].replace(b"agent", b"guest", 1)
        assert "ledger records" in reasons(writer.files | {path: changed})
        rest = {other: data for other, data in writer.files.items() if other != path}
        assert "is gone" in reasons(rest)


def test_a_number_is_used_once_and_recorded():
    writer = archive()
    double = "archive-input/decisions/000002.jsonl"
    assert "used twice" in reasons(writer.files | {double: writer.files[RUNS]})

    newest = "archive-input/people/000003.jsonl"
    files = writer.files | {newest: writer.files[PEOPLE][:0]}
    assert failures(files) == []
    later = "archive-input/people/000004.jsonl"
    assert failures(files | {later: b""})


@pytest.mark.parametrize("data", [b"", b"{}", b"{}\n", b"[" * 999])
def test_orders_that_cannot_be_read_are_a_failure(data):
    assert "cannot be read" in reasons(archive().files | {ORDERS: data})
