"""Proofs: what they prove, and that nothing in them can be altered."""

import json
import random

import pytest

from builders import FIRST_ID, THREAD, received
from evidence_archives import OTHER, SECRET, erased, small
from evidence_packages import prove, recorded_line
from shared.domain.evidence import canonical
from shared.domain.evidence.checkpoint import parse_checkpoint
from shared.domain.evidence.proof import decode_proof, problems_of
from shared.verifier import verify

MESSAGE = FIRST_ID + 1


def problems(data, checkpoint=b""):
    """Return what both verifiers find; an AssertionError where they disagree."""
    head = parse_checkpoint(checkpoint) if checkpoint else None
    try:
        ours = list(problems_of(decode_proof(data), head))
    except ValueError:
        ours = ["not a proof"]
    try:
        theirs = verify.check_proof(data, checkpoint)[1]
    except verify.BROKEN:
        theirs = ["not a proof"]
    assert bool(ours) == bool(theirs), (ours, theirs)
    return ours + theirs


def told(data):
    return " ".join(verify.check_proof(data)[0])


def altered(data, change):
    value = json.loads(data)
    change(value)
    return canonical.encode(value, longest=2**31) + b"\n"


@pytest.fixture(params=[small, erased], ids=["before an erasure", "after one"])
def writer(request):
    return request.param()


def test_a_proof_verifies_against_a_checkpoint(writer):
    for message in (FIRST_ID, MESSAGE):
        with_orders = message == MESSAGE
        proof = prove(writer, message, with_orders=with_orders)
        assert problems(proof, writer.checkpoint()) == []
        assert problems(proof) == []


def test_the_verdict_says_what_is_proven():
    said = told(prove(small(), MESSAGE))

    for words in (SECRET, f"message {MESSAGE}", THREAD, "revision 2", "may exist"):
        assert words in said


def test_erased_is_said_only_with_the_order():
    writer = erased()

    with_order, without = (
        prove(writer, MESSAGE),
        prove(writer, MESSAGE, with_orders=False),
    )

    assert problems(without) == []
    assert "erased by order 1" in told(with_order)
    assert "erased" not in told(without)
    assert "text not shown" in told(without)


def test_other_content_is_no_proof():
    proof = prove(small(), MESSAGE)
    forged = altered(
        proof,
        lambda value: value["lines"][0].update(
            content=value["lines"][0]["content"].replace(SECRET, "I sold")
        ),
    )

    assert problems(forged)


def test_content_cannot_be_added_to_an_erased_line():
    proof = prove(erased(), MESSAGE)

    def add(value):
        value["lines"][0] |= {"content": '"forged"', "salt": "00" * 16}

    assert problems(altered(proof, add))
    assert problems(altered(proof, lambda value: value.update(erased=True)))


def test_the_order_of_another_thread_proves_no_erasure():
    writer = erased()
    writer.erase("message", str(FIRST_ID + 9), thread=OTHER)
    foreign = writer.orders(OTHER)[0]
    line = recorded_line(writer, foreign.ledger_line(writer.key(OTHER)))
    proof = prove(writer, MESSAGE, with_orders=False)

    def add(value):
        value["orders"] = [{"order": foreign.json, "ledger": line.json}]

    assert problems(altered(proof, add))


def test_an_order_after_the_checkpoint_proves_no_erasure():
    checkpoint = small().checkpoint()

    assert problems(prove(erased(), MESSAGE), checkpoint)


def test_a_proof_from_another_archive_does_not_fit_the_checkpoint():
    assert problems(prove(small(1), MESSAGE), small(0).checkpoint())


@pytest.mark.parametrize("seed", range(3))
def test_no_byte_of_a_proof_can_be_changed(writer, seed):
    proof = prove(writer, MESSAGE)
    chance = random.Random(seed)
    for at in chance.sample(range(len(proof)), 150):
        data = bytearray(proof)
        data[at] ^= 1 << chance.randrange(8)
        if told_origin(bytes(data)) != told_origin(proof):
            continue
        assert problems(bytes(data), writer.checkpoint()), (at, proof[at - 9 : at + 9])


@pytest.mark.parametrize("is_older", [True, False])
def test_a_genuine_checkpoint_that_it_was_not_made_for_is_no_forgery(writer, is_older):
    older = writer.checkpoint()
    proof = prove(writer, MESSAGE, with_orders=False)
    writer.receive(received(9))
    writer.finalize()
    newer = writer.checkpoint()
    if is_older:
        proof, newer = prove(writer, MESSAGE, with_orders=False), older

    ours, theirs = problems(proof, newer)

    assert ours == theirs
    assert "nothing is proven with yours; ask for a proof made with" in ours


def told_origin(data):
    """Return the part of a proof that says nothing: its own checkpoint."""
    return data.partition(b'"checkpoint":')[2].partition(b'"format"')[0]


@pytest.mark.parametrize(
    "data", [b"", b"{}\n", b"[" * 10_000, b"\xff", b"9" * 9999, b"null\n"]
)
def test_what_is_no_proof_is_no_traceback(data):
    assert problems(data)


def test_long_numbers_and_other_types_are_refused():
    proof = prove(small(), MESSAGE)
    for old, new in ((b'"index":', b'"index":9'), (b'"format":2', b'"format":true')):
        assert problems(proof.replace(old, new, 1))
    assert problems(proof.replace(b'"index":', b'"index":' + b"9" * 5000, 1))
