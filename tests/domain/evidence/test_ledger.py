"""Trees, orders, manifests and the ledger: the small rules by themselves."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import BOB, FIRST_ID, THREAD
from evidence_archives import FOLDER, erased, path_of, small
from shared.domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from shared.domain.evidence.ledger import LedgerReader, closed_line, must_close
from shared.domain.evidence.ledger_lines import (
    LineKind,
    decode_line,
    encode_line,
    revision_line,
)
from shared.domain.evidence.manifest import decode_manifest
from shared.domain.evidence.orders import decode_orders, encode_orders, lines_named
from shared.domain.evidence.scope import Senders, covers, is_before
from shared.domain.evidence.seals import seal_of
from shared.domain.evidence.thread_file import decode_thread_file
from shared.domain.evidence.tree import (
    Tree,
    inclusion_path,
    leaf_hash,
    root_of,
    root_of_path,
)
from shared.verifier import verify

KEY = "ab" * 16


@given(count=st.integers(1, 40), at=st.integers(0, 39))
def test_a_path_leads_to_the_root_in_both(count, at):
    leaves = [leaf_hash(bytes([number])) for number in range(count)]
    index = at % count
    path, root = inclusion_path(leaves, index), root_of(leaves)

    assert root_of_path(leaves[index], index, count, path) == root
    assert verify.root_of_path(leaves[index], index, count, path).hex() == root
    assert root_of_path(leaves[index], index, count, [*path, "00" * 32]) != root


def test_every_prefix_root_comes_in_one_pass_with_little_state():
    tree, theirs, leaves = Tree(), verify.Tree(), []
    for number in range(200):
        leaves.append(leaf_hash(str(number).encode()))
        tree.add(leaves[-1])
        theirs.add(leaves[-1])
        assert tree.root == root_of(leaves) == theirs.root()
        assert len(tree.edge) <= 8


def test_the_seal_is_what_the_format_says():
    key = hashlib.sha256(b"messages.csv" + b"\1" * 16).digest()
    digest = hashlib.sha256(b"bytes").digest()

    assert (
        seal_of("messages.csv", b"\1" * 16, digest)
        == hashlib.sha256(key + digest).hexdigest()
    )


@pytest.mark.parametrize(
    ("begun_on", "today", "blocks", "expected"),
    [
        ("2026-11-22", "2026-11-22", 49_999, False),
        ("2026-11-22", "2026-11-23", 1, True),
        ("2026-11-23", "2026-11-22", 1, False),
        ("2026-11-22", "2026-11-22", 50_000, True),
    ],
)
def test_when_a_blob_is_closed(begun_on, today, blocks, expected):
    assert must_close(begun_on=begun_on, today=today, blocks=blocks) is expected


def reader_after(*lines):
    reader = LedgerReader()
    reader.begin(1)
    for line in lines:
        reader.read(line[:-1])
    return reader


def test_a_line_that_stands_twice_counts_once_also_in_a_later_blob():
    line = revision_line(KEY, 1, "cd" * 32)
    reader = reader_after(line, line)
    closed = closed_line(1, reader.tree, "2026-11-22")
    reader.begin(2)
    assert reader.read(closed[:-1]) is not None
    assert reader.read(line[:-1]) is None

    assert reader.tree.size == 2
    assert reader.closed_on == {1: "2026-11-22"}


def test_a_blob_begins_with_its_line_closed_and_with_no_other():
    line = revision_line(KEY, 1, "cd" * 32)
    closed = closed_line(1, reader_after(line).tree, "2026-11-22")
    other = (
        closed_line(1, Tree(), "2026-11-22")
        if Tree().size
        else closed.replace(b'"lines":1', b'"lines":2')
    )
    for wrong in (line, other, revision_line(KEY, 2, "cd" * 32)):
        reader = reader_after(line)
        reader.begin(2)
        with pytest.raises(ValueError, match="closed"):
            reader.read(wrong[:-1])
    reader = reader_after(line)
    with pytest.raises(ValueError, match="closed"):
        reader.read(closed[:-1])
    with pytest.raises(ValueError, match="missing"):
        reader.begin(3)


def test_a_withheld_line_has_the_same_leaf():
    line = decode_line(revision_line(KEY, 1, "cd" * 32)[:-1])
    withheld = decode_line(line.withheld[:-1])

    assert withheld.is_withheld
    assert (withheld.leaf, withheld.thread_key) == (line.leaf, KEY)


@pytest.mark.parametrize(
    ("kind", "key", "members"),
    [
        (LineKind.REVISION, "", {"revision": 1, "manifest": "cd" * 32}),
        (LineKind.REVISION, KEY, {"revision": True, "manifest": "cd" * 32}),
        (LineKind.REVISION, KEY, {"revision": 0, "manifest": "cd" * 32}),
        (LineKind.REVISION, KEY, {"revision": 1, "manifest": "CD" * 32}),
        (LineKind.CLOSED, "", {"rest": "cd" * 32}),
        (LineKind.PACKAGE, KEY, {"random": KEY, "request": "cd" * 32}),
        (
            LineKind.CLOSED,
            "",
            {"blob": 1, "lines": 1, "root": "cd" * 32, "day": "2026-02-30"},
        ),
    ],
)
def test_a_line_of_another_shape_is_refused_by_both(kind, key, members):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
        encode_line(kind, key, members)
    data = json.dumps(
        {"kind": kind, "thread_key": key, **members},
        sort_keys=True,
        separators=(",", ":"),
    )
    with pytest.raises(verify.BROKEN):
        verify.read_ledger_line(data.encode())


def test_what_is_stored_is_read_back_the_same():
    writer = erased()
    for revision in (1, 2):
        data = writer.files[path_of(writer, "manifest.json", revision)]
        assert decode_manifest(data).stored == data
    data = writer.files[FOLDER + "erasures.json"]
    assert encode_orders(decode_orders(data)) == data
    data = writer.files[FOLDER + "thread.json"]
    assert decode_thread_file(data).stored == data
    head = Checkpoint(origin="a", size=3, root="cd" * 32)
    assert parse_checkpoint(head.body.encode()) == head


@pytest.mark.parametrize(
    "change",
    [
        {"previous": {"revision": 1, "manifest": ""}}, {"previous": {"revision": 0, "manifest": "cd" * 32}}, {"previous": {"revision": 1, "manifest": "cd"}},
        {"format": 1}, {"format": True}, {"thread_id": ""}, {"thread_key": ""}, {"revision": 0}, {"inputs": []}, {"files": {}}, {"grade": "good"},
        {"grade_reason": "because"}, {"written_on": ""}, {"archiver_version": ""}, {"covers": {"x": {"bytes": 1, "created_on": "2026-11-22T12:00:00Z"}}},
        {"covers": []}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_of_another_form_is_refused_by_both(change):
    value = json.loads(small().files[path_of(None, "manifest.json")]) | change
    data = json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    for read in (decode_manifest, verify.read_manifest):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
            read(data)


def test_lines_are_named_in_one_way():
    spans = {
        "listing": [range(4, 6)],
        "events": [range(3, 4), range(2), range(2, 3)],
    }

    assert lines_named(spans) == ("events:0-4", "listing:4-6")


@pytest.mark.parametrize(
    "change",
    [
        {"lines": []}, {"lines": ["events:2-3", "events:0-1"]}, {"lines": ["events:0-1", "events:1-2"]}, {"lines": ["listing:0-1", "events:0-1"]},
        {"lines": ["events:0-2", "events:1-3"]}, {"lines": ["events:1-1"]}, {"lines": ["events:01-2"]}, {"lines": ["events"]}, {"lines": ["x:0-1"]},
        {"ids": []}, {"ids": ["2", "1"]}, {"ids": ["1", "1"]}, {"scope": "topic"}, {"scope": "all"}, {"number": 2}, {"number": True}, {"revision": 0},
        {"when": "2026-11-22"}, {"who": ""}, {"why": "x" * 257}, {"holds": "x"}, {"more": 1}, {"files": [{"name": "x"}]},
        {"files": [{"name": "manifest.json", "renderer": "1", "seal": "cd" * 32}]}, {"files": [{"name": "../x", "renderer": "1", "seal": "cd" * 32}]},
    ],
    ids=str,
)  # fmt: skip
def test_an_order_of_another_form_is_refused_by_both(change):
    (order,) = decode_orders(erased().files[FOLDER + "erasures.json"])
    value = {"format": 2, "orders": [order.json | change]}
    data = json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    for read in (decode_orders, verify.read_orders):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
            read(data)


def test_a_lines_time_is_its_messages_id_then_its_events_then_when_it_was_received():
    when = "2026-11-22T12:00:00Z"
    before, after = "2026-11-22T11:59:59.999999Z", "2026-11-22T12:00:00Z"

    assert is_before({"message": str(FIRST_ID - 1), "time": after}, when)
    assert not is_before({"message": str(FIRST_ID), "time": before}, when)
    assert is_before({"time": before, "received_on": after}, when)
    assert not is_before({"received_on": after}, when)
    assert is_before({}, when)


def test_a_line_without_a_sender_follows_its_message_as_known_then():
    writer = small()
    order = writer.erase("participant", BOB)
    senders = Senders([BOB])
    deletion = {"file": "events", "kind": "message", "message": "7"}
    senders.add({"kind": "message", "message": "7", "sender": BOB}, 3)
    senders.add({"kind": "receipt", "message": "8", "sender": BOB}, 1)

    assert order.revision == 2
    assert not covers(order, deletion, 2, senders)
    assert covers(order, deletion, 3, senders)
    assert not covers(order, deletion | {"message": "8"}, 2, senders)
    assert not covers(order, deletion | {"sender": "x"}, 3, senders)
    assert writer.revisions(THREAD)
