import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import THREAD, deleted, edited, received, to_log
from shared.domain.archive.evidence import (
    inclusion_path,
    leaf_hash,
    leaves,
    merkle_root,
    root_of_path,
)
from shared.domain.log.commitment import commitment
from shared.domain.log.record import read_records
from shared.domain.thread.listing import listing_salt
from shared.domain.thread.replay import replay

# The leaves and roots of the reference tests of Certificate Transparency (RFC 6962).
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243",
        "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
CT_ROOT_OF_EIGHT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def recursive_root(entries: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    left, right = recursive_root(entries[:k]), recursive_root(entries[k:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_the_root_is_that_of_the_reference():
    assert merkle_root(CT_LEAVES) == CT_ROOT_OF_EIGHT
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_the_root_is_that_of_the_definition(entries):
    assert merkle_root(entries) == recursive_root(entries).hex()


def test_a_commitment_can_be_rebuilt_by_hand():
    salt = "00" * 16
    plain = b'{"message":"caf\\u00e9","metadata":{"a":"b"}}'

    made = commitment({"metadata": {"a": "b"}, "message": "café"}, salt)

    assert made == hashlib.sha256(bytes(16) + plain).hexdigest()


@pytest.mark.parametrize(
    "changed",
    [
        [received(body="other")],
        [received(), edited()],
        [received(senderCommunicationIdentifier={"rawId": "x"})],
        [received(composeTime="2026-11-22T12:00:01Z")],
        [deleted()],
    ],
)
def test_any_change_changes_the_root(changed):
    def root(events):
        return merkle_root(leaves(replay(THREAD, read_records(to_log(*events)), ())))

    assert root(changed) != root([received()])


def test_no_leaf_gives_content_away():
    secret = replay(THREAD, read_records(to_log(received(body="secret"))), ())

    assert b"secret" not in b"".join(leaves(secret))


def test_each_message_of_a_page_has_a_salt_of_its_own():
    one, two = (listing_salt("ab" * 16, message) for message in ("1", "2"))

    assert one != two
    assert len(one) == 32


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_every_entry_has_a_path_to_the_root(entries, data):
    index = data.draw(st.integers(0, len(entries) - 1))
    hashes = [leaf_hash(one) for one in entries]

    path = inclusion_path(hashes, index)

    assert root_of_path(hashes[index], index, len(entries), path) == merkle_root(
        entries
    )


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=20, unique=True), st.data())
def test_a_path_proves_nothing_else(entries, data):
    index = data.draw(st.integers(0, len(entries) - 1))
    hashes = [leaf_hash(one) for one in entries]
    path = inclusion_path(hashes, index)
    root = merkle_root(entries)

    other = (index + 1) % len(entries)
    assert root_of_path(hashes[other], index, len(entries), path) != root
    assert root_of_path(hashes[index], index, len(entries), path[:-1]) != root
    assert root_of_path(hashes[index], index, len(entries), [*path, "00" * 32]) != root
    assert root_of_path(hashes[index], len(entries), len(entries), path) == ""
