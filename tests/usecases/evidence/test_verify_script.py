"""verify.py as its users run it: on folders, checkpoints and proofs."""

import json
import os
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from builders import FIRST_ID, THREAD, received
from evidence_archives import FOLDER, erased, small
from evidence_packages import package, prove
from evidence_verifiers import MemoryFiles, failures, findings, write
from evidence_writer import EvidenceWriter
from shared.domain.evidence.checkpoint import parse_checkpoint
from shared.verifier import verify

SCRIPT = Path(verify.__file__)


def run(*arguments):
    """Run verify.py by itself; return its exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", SCRIPT, *map(str, arguments)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.decode()


def test_a_folder_a_package_and_a_proof_verify(tmp_path):
    writer = erased()
    write(tmp_path / "package", package(writer))  # it adds a line to the ledger
    write(tmp_path / "archive", writer.files)
    (tmp_path / "kept").write_bytes(writer.checkpoint().replace(b"\n", b"\r\n"))
    (tmp_path / "proof.json").write_bytes(prove(writer, FIRST_ID + 1))

    kept = ("--checkpoint", tmp_path / "kept")
    for name in ("archive", "package"):
        status, text = run(tmp_path / name, *kept)
        assert status == 0
        assert "ERASED " in text
        assert f" of {THREAD} by order 1 of " in text
        assert "\nVERIFIED " in text
    status, text = run("--proof", tmp_path / "proof.json", *kept)
    assert (status, "erased by order 1" in text) == (0, True)
    assert text.startswith("VERIFIED")
    assert "bring your own" not in text
    assert "\n  against your checkpoint: " in text
    assert "bring your own" in run("--proof", tmp_path / "proof.json")[1]


def test_the_verdict_says_what_it_was_compared_with(tmp_path):
    writer = small()
    write(tmp_path / "archive", writer.files)
    (tmp_path / "kept").write_bytes(writer.checkpoint().replace(b"test", b"another"))

    _, compared = run(tmp_path / "archive", "--checkpoint", tmp_path / "kept")

    assert re.search("\n  your checkpoint: [0-9]+ lines of another\n", compared)
    assert "\n  no checkpoint was compared: " in run(tmp_path / "archive")[1]
    assert "compared with their seals only" in compared


def test_without_a_folder_it_checks_where_it_stands(tmp_path):
    write(tmp_path, package(small(), threads=(THREAD,)))
    (tmp_path / "verify.py").write_bytes(SCRIPT.read_bytes())

    done = subprocess.run(
        [sys.executable, "-I", tmp_path / "verify.py"],
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1  # the package names another verify.py
    assert done.stdout.count(b"FAILED verify.py: ") == 1
    assert b"FAILED 1 thread, 2 revisions" in done.stdout


def test_a_proof_that_was_altered_says_what_is_wrong_and_nothing_else(tmp_path):
    proof = prove(small(), FIRST_ID)
    (tmp_path / "proof.json").write_bytes(proof.replace(b"hello", b"I sold"))

    status, text = run("--proof", tmp_path / "proof.json")

    assert status == 1
    assert "\nFAILED: nothing is proven\n" in text
    assert "sold" not in text
    assert "version " not in text


def test_it_needs_nothing_but_python():
    for line in SCRIPT.read_text().splitlines():
        if line.startswith(("import ", "from ")):
            name = line.split()[1].partition(".")[0]
            assert name in sys.stdlib_module_names


def test_what_is_wrong_is_named(tmp_path):
    writer = small()
    write(tmp_path, writer.files | {FOLDER + "x\u202e\n.txt": b""})

    status, text = run(tmp_path)

    assert status == 1
    assert "FAILED" in text
    assert "\u202e" not in text


def test_a_link_is_never_followed(tmp_path):
    writer = small()
    write(tmp_path / "archive", writer.files)
    path = next(p for p in writer.files if p.endswith("messages.csv"))
    outside = tmp_path / "outside"
    outside.write_bytes(writer.files[path])
    (tmp_path / "archive" / path).unlink()
    (tmp_path / "archive" / path).symlink_to(outside)
    os.mkfifo(tmp_path / "archive" / FOLDER / "pipe")
    (tmp_path / "archive" / FOLDER / "rev=0009").symlink_to(tmp_path)

    status, text = run(tmp_path / "archive")

    assert status == 1
    assert "FAILED 2 threads" in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no checkpoint",
        "a\n1\n" + "A" * 44 + "\n",
        "a\n1\n" + "A" * 42 + "B=\n",  # base64 with bits that say nothing
        "a\n\u0661\n\n",
    ],
)
def test_what_is_no_checkpoint_is_said(tmp_path, text):
    write(tmp_path / "archive", small().files)
    (tmp_path / "kept").write_text(text)

    status, said = run(tmp_path / "archive", "--checkpoint", tmp_path / "kept")

    assert status == 2
    assert said.startswith("UNREADABLE ")
    assert said.strip().endswith("kept: this is no checkpoint")
    with pytest.raises(ValueError, match="checkpoint"):
        parse_checkpoint(text.encode())


def test_nothing_to_read_is_said(tmp_path):
    assert run(tmp_path / "nothing")[0] == 2
    assert "there is nothing of this name" in run(tmp_path / "nothing")[1]
    (tmp_path / "p.zip").write_bytes(b"PK")
    assert "unpack it" in run(tmp_path / "p.zip")[1]
    (tmp_path / "empty").mkdir()
    assert "there is no archive" in run(tmp_path / "empty")[1]
    (tmp_path / "x.json").write_bytes(b"[" * 99_999)
    assert run("--proof", tmp_path / "x.json")[0] == 2
    assert run(tmp_path / "x.json")[0] == 2
    assert "it is no folder" in run(tmp_path / "x.json")[1]
    assert "this is no proof" in run("--proof", tmp_path / "x.json")[1]
    assert run("--unknown")[0] == 2


def long_archive(count):
    writer = EvidenceWriter()
    for number in range(count):
        writer.receive(received(number, "x" * 20_000))
    writer.finalize()
    return {
        path: data for path, data in writer.files.items() if "transcript" not in path
    }


def test_memory_does_not_grow_with_what_lines_hold():
    files = long_archive(200)
    size = sum(map(len, files.values()))
    tracemalloc.start()
    try:
        verify.verify(MemoryFiles(files))
        findings(files)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert size > 7_000_000
    assert peak < 1_500_000


@pytest.mark.parametrize(
    "message_id", [FIRST_ID, str(FIRST_ID), "0" + str(FIRST_ID), "x", None, True]
)
@pytest.mark.parametrize("prefix", ["Microsoft.Communication.", ""])
def test_whatever_ingest_takes_is_no_matter_of_dispute(message_id, prefix):
    writer = small()
    event = received(7, messageId=message_id)
    event["eventType"] = event["eventType"].replace("Microsoft.Communication.", prefix)
    writer.receive(event)
    writer.receive(json.dumps({"data": {}}).encode())
    writer.receive(b"9" * 5000)
    writer.finalize(THREAD)

    assert failures(writer.files, writer.checkpoint()) == []
