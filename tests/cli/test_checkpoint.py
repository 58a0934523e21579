"""`chat-archive checkpoint` on an archive of several days, wherever it stands."""

from datetime import timedelta

import pytest
from azure.storage.blob import BlobServiceClient

from builders import received
from evidence_verifiers import failures
from evidence_writer import EvidenceWriter
from shared.domain.evidence.checkpoint import parse_checkpoint
from shared.domain.evidence.ledger import blob_path
from verifying import write


@pytest.fixture(scope="module")
def writer():
    writer = EvidenceWriter()
    for number in range(3):
        writer.receive(received(number))
        writer.finalize()
        writer.now += timedelta(days=1)
    return writer


@pytest.fixture(params=["folder", "fsspec", pytest.param("account", marks=pytest.mark.azurite)])  # fmt: skip
def opened(request, writer, tmp_path):
    """Return the arguments and the environment that open the archive."""
    if request.param != "account":
        write(tmp_path / "kept-here", writer.files)
        folder = str(tmp_path / "kept-here")
        return [folder if request.param == "folder" else f"file://{folder}"], {}
    text = request.getfixturevalue("running_azurite").connection_string
    with BlobServiceClient.from_connection_string(text) as service:
        for container in service.list_containers():
            service.delete_container(container.name)
        archive = service.create_container("chat-archive")
        for path, data in writer.files.items():
            archive.upload_blob(path, data)
    return [], {"CHAT_STORAGE": text}


def test_the_head_is_that_of_the_whole_ledger(run, opened, writer):
    arguments, env = opened

    printed = run("checkpoint", *arguments, "--origin", "test", **env)

    assert printed.encode() == writer.checkpoint()
    assert failures(writer.files, printed.encode()) == []


def test_it_names_where_it_was_taken(run, opened):
    arguments, env = opened

    found = parse_checkpoint(run("checkpoint", *arguments, **env).encode())

    assert "chat-archive" in found.origin or "kept-here" in found.origin


def test_it_is_written_once(run, writer, tmp_path):
    write(tmp_path / "archive", writer.files)
    said = run("checkpoint", "archive", "--output", "kept")
    assert said.startswith("Wrote kept: 5 lines, root ")
    kept = (tmp_path / "kept").read_bytes()

    run("checkpoint", "archive", "--output", "kept", status=2)

    assert (tmp_path / "kept").read_bytes() == kept


def test_nobody_vouches_for_a_ledger_with_a_wrong_line(run, writer, tmp_path):
    write(tmp_path / "archive", writer.files)
    ledger = tmp_path / "archive" / blob_path(2)
    ledger.write_bytes(ledger.read_bytes() + b"{}\n")

    said = run("checkpoint", "archive", status=2)

    assert "ledger/000002.jsonl, line 3: " in said


def test_a_ledger_that_does_not_exist_yet_has_no_lines(run, tmp_path):
    (tmp_path / "archive").mkdir()
    assert "archive holds no archive." in run("checkpoint", "archive", status=2)
    (tmp_path / "archive" / "thread=x").mkdir()

    assert parse_checkpoint(run("checkpoint", "archive").encode()).size == 0
    assert [path.name for path in (tmp_path / "archive").iterdir()] == ["thread=x"]
