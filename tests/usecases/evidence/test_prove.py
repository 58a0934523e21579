"""A proof tells what the archive holds of one message, and nothing of any other."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import FIRST_ID, THREAD, edited, listed, received
from evidence_archives import OTHER, SECRET, erased, path_of, small
from evidence_histories import History, steps
from evidence_writer import EvidenceWriter, Killed
from fakes.archive_store import MemoryArchiveStore
from shared.domain.errors import IntegrityError
from shared.domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from shared.domain.evidence.proof import decode_proof, problems_of
from shared.domain.evidence.proven import commitments_of, statements_of
from shared.usecases.evidence.prove import Prove
from shared.verifier import verify

MESSAGE = str(FIRST_ID + 1)


async def prove(writer, message=MESSAGE, *, thread=THREAD, checkpoint=b"", **options):
    archive = MemoryArchiveStore()
    archive.files = writer.files
    head = parse_checkpoint(checkpoint or writer.checkpoint())
    return await Prove(archive=archive)(thread, message, checkpoint=head, **options)


def told(data, checkpoint=b""):
    """Return what both verifiers say that a proof proves; it must be the same."""
    proof = decode_proof(data)
    head = parse_checkpoint(checkpoint) if checkpoint else None
    assert list(problems_of(proof, head)) == []
    statements, problems = verify.check_proof(data, checkpoint)
    assert problems == []
    assert statements == statements_of(proof)
    return statements


async def test_a_proof_tells_every_version_with_its_text():
    writer = small()

    said = told(await prove(writer), writer.checkpoint())

    assert said[:2] == [f"thread {THREAD}", f"message {MESSAGE}"]
    assert said[-2:] == ["as of revision 2", "other lines about this message may exist"]
    first, *_, last = [line for line in said if line.startswith("event, version ")]
    assert first.endswith(f": {SECRET}")
    assert last.endswith(f": {SECRET}!")
    assert ", received on 2026-" in first
    assert ", sender 8:acs:" in first
    assert ", edited on 2026-" in last
    assert any(line.startswith("attachment 1: ") for line in said)


async def test_each_line_says_whether_an_event_or_a_listing_tells_it():
    said = told(await prove(small()))

    versions = [line for line in said if ", version " in line]
    assert {line.partition(", ")[0] for line in versions} == {"event", "listed"}
    assert "of what is listed, the service gives times in whole seconds" in said


async def test_each_version_comes_with_the_commitment_of_its_line():
    data = await prove(small())
    lines = decode_proof(data).lines

    said = told(data)

    cited = [line.split()[1] for line in said if line.startswith("commitment")]
    assert sorted(cited) == sorted(proven.line.commitment.hex() for proven in lines)
    for proven in lines:
        at = said.index(f"commitment {proven.line.commitment.hex()}")
        version = proven.line.facts.get("version", "attachment")
        assert version in said[at - 1]
    assert not any(SECRET in line for line in commitments_of(decode_proof(data)))
    assert len(commitments_of(decode_proof(data))) == 2 * len(cited)


async def test_what_was_delivered_twice_is_said_once_with_both_commitments():
    writer = EvidenceWriter()
    writer.receive(received(0, SECRET))
    writer.receive(received(0, SECRET))
    writer.finalize()

    said = told(await prove(writer, str(FIRST_ID)))

    (version,) = (line for line in said if line.startswith("event, version "))
    word, first, second = said[said.index(version) + 1].split()
    assert word == "commitments"
    assert first.removesuffix(",") != second


async def test_a_proof_reveals_nothing_of_other_messages():
    data = await prove(small(), str(FIRST_ID))

    assert b"hello" in data
    assert b"0420" not in data
    assert b"goodbye" not in data
    assert b"A topic" not in data


async def test_a_proof_may_be_as_of_an_older_revision():
    said = told(await prove(small(), revision=1))

    assert "as of revision 1" in said
    assert not any(line.endswith(SECRET + "!") for line in said)


async def test_what_was_erased_is_told_with_its_order():
    writer = erased()

    said = told(await prove(writer), writer.checkpoint())

    assert not any("0420" in line for line in said)
    when = writer.orders(THREAD)[0].when
    by = f"erased by order 1 of {when} by dpo: a request"
    assert (
        sum(line.endswith(by) for line in said) == 4
    )  # event, listed item, edit, attachment
    assert len(told(await prove(writer, str(FIRST_ID)))) > 4


async def test_a_line_that_was_written_erased_is_told_with_its_order():
    writer = erased()
    writer.receive(edited(1, SECRET + "?", messageId=MESSAGE))
    writer.finalize()

    said = told(await prove(writer), writer.checkpoint())

    assert "as of revision 3" in said
    assert not any("0420" in line or "not shown" in line for line in said)


async def test_an_order_after_the_checkpoint_is_left_out():
    writer = small()
    checkpoint = writer.checkpoint()
    writer.erase("message", MESSAGE)

    said = told(await prove(writer, checkpoint=checkpoint), checkpoint)

    assert not any("erased" in line for line in said)
    assert any("text not shown" in line for line in said)


async def test_an_older_checkpoint_that_reaches_the_revision_is_enough():
    writer = small()
    checkpoint = writer.checkpoint()
    writer.receive(received(9), OTHER)
    writer.finalize(OTHER)

    assert told(await prove(writer, checkpoint=checkpoint), checkpoint)


@pytest.mark.parametrize(
    ("message", "options", "says"),
    [
        (str(FIRST_ID + 7), {}, "no such message"),
        (MESSAGE, {"revision": 7}, "no such thread or revision"),
        (MESSAGE, {"thread": "19:nowhere"}, "no such thread or revision"),
    ],
)
async def test_what_is_not_there_cannot_be_proven(message, options, says):
    with pytest.raises(IntegrityError, match=says):
        await prove(small(), message, **options)


async def test_another_checkpoint_proves_nothing():
    writer = small()
    newer = small()
    newer.receive(received(9), OTHER)
    newer.finalize(OTHER)
    empty = Checkpoint(origin="test", size=0, root=verify.Tree().root())
    for checkpoint, says in (
        (small(1).checkpoint(), "another ledger"),
        (newer.checkpoint(), "another ledger, or a newer one"),
        (empty.body.encode(), "take a new one"),
    ):
        with pytest.raises(IntegrityError, match=says):
            await prove(writer, checkpoint=checkpoint)


async def test_nobody_vouches_for_a_ledger_that_is_broken():
    writer = small()
    checkpoint = writer.checkpoint()
    writer.files["ledger/000001.jsonl"] += b"junk\n"

    with pytest.raises(IntegrityError, match="000001"):
        await prove(writer, checkpoint=checkpoint)


async def test_nothing_is_shown_that_is_to_be_erased():
    writer = small()
    writer.fuse = 3
    with pytest.raises(Killed):
        writer.erase("message", MESSAGE)
    writer.fuse = None

    with pytest.raises(IntegrityError, match="not finished"):
        await prove(writer)
    told(await prove(writer, str(FIRST_ID)))


async def test_an_archive_that_was_changed_is_not_vouched_for():
    writer = small()
    path = path_of(writer, "events.jsonl", 1)
    writer.files[path] = writer.files[path].replace(b"goodbye", b"goodbyE")

    with pytest.raises(IntegrityError):
        await prove(writer, str(FIRST_ID))


async def test_odd_text_is_told_by_both_alike():
    writer = EvidenceWriter()
    for number, text in enumerate(("\ud800", "a\nb", "", "\x1b[31m", "'\"\\", "é😀")):
        writer.receive(received(number, text))
        writer.show(listed(number, text))
    topic = {"type": "topicUpdated", "content": {"topic": "New"}}
    writer.show(listed(9, **topic))
    writer.world(THREAD).is_listed = True
    writer.finalize()
    for number in (0, 1, 2, 3, 4, 5, 9):
        said = told(await prove(writer, str(FIRST_ID + number)))
        assert len(said) >= 5
    assert any(line.endswith(": New") for line in said)


@settings(max_examples=25)
@given(st.integers(0, 99), steps(12))
async def test_whatever_an_archive_holds_is_proven_alike(seed, history):
    made = History(seed)
    for name, *what in history:
        getattr(made, name)(*what)
    writer = made.writer
    for thread in list(writer.worlds):
        writer.recover(thread)
        if not writer.revisions(thread):
            continue
        lines = [line for file in writer.chain(thread).values() for _, line in file]
        for message in {
            line.facts["message"] for line in lines if "message" in line.facts
        }:
            proof = await prove(writer, message, thread=thread)
            assert told(proof, writer.checkpoint())
            assert json.loads(proof)["message"] == message
