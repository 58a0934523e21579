"""Every single byte of a tiny archive: whichever is flipped, both verifiers say so."""

import pytest

from builders import FIRST_ID, THREAD, listed, received
from evidence_verifiers import failures
from evidence_writer import EvidenceWriter

FILES = ("events.jsonl", "listing.jsonl", "manifest.json", "thread.json", "erasures.json", "000001.jsonl")  # fmt: skip


def tiny():
    writer = EvidenceWriter(1)
    writer.receive(received(0, "a"))
    writer.receive(received(1, "b"))
    writer.finalize()
    return writer


def tiny_erased():
    writer = tiny()
    writer.erase("message", str(FIRST_ID + 1))
    return writer


def with_listing():
    writer = EvidenceWriter(1)
    writer.show(listed(0))
    writer.world(THREAD).is_listed = True
    writer.finalize()
    return writer


@pytest.mark.parametrize("make", [tiny, tiny_erased, with_listing])
@pytest.mark.parametrize("bit", [0, 5])
def test_every_byte_flip_of_input_manifest_orders_and_ledger_is_found(make, bit):
    writer = make()
    checkpoint = writer.checkpoint()
    assert failures(writer.files, checkpoint) == []
    for path in [path for path in writer.files if path.endswith(FILES)]:
        data = writer.files[path]
        # Half of the bytes with each of two bits; `make long` flips all of them.
        for at in range(bit % 2, len(data), 2):
            flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            assert failures(writer.files | {path: flipped}, checkpoint), (path, at)
