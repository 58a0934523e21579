"""The command as its users run it: on folders, packages, proofs and real containers."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient, generate_container_sas
from click.testing import CliRunner

from builders import ALICE, FIRST_ID, THREAD
from shared.adapters.storage.archive_folder import FolderArchive
from shared.cli.main import main
from shared.domain.errors import Transient
from shared.domain.evidence import canonical
from shared.domain.evidence.checkpoint import parse_checkpoint
from shared.domain.layout import thread_folder
from shared.formats.registry import FORMATS
from shared.usecases.reading.search import Scan
from shared.verifier import verify as verifier
from verifying import OTHER

MESSAGE = str(FIRST_ID)
WHY = ("--reason", "case 7")


def standalone(*arguments, status=0):
    """Run verify.py; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", verifier.__file__, *map(str, arguments)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done
    return done.stdout.decode()


def test_a_good_archive_is_verified(run, folder):
    text = run("verify", folder)

    assert re.search(
        r"^VERIFIED 2 threads, 3 revisions, \d+ lines, ", text, re.MULTILINE
    )
    assert re.search(r"^  may be incomplete: \d threads? \(", text, re.MULTILINE)
    assert re.search(r"^  ledger: 4 lines, root [0-9a-f]{16}…$", text, re.MULTILINE)


def test_both_verifiers_say_the_same_of_a_folder(run, folder):
    run("erase", folder, "--message", MESSAGE, *WHY, "--execute")

    ours, theirs = run("verify", folder), standalone(folder)

    assert said_by(ours) == said_by(theirs)
    assert any(line.startswith("ERASED ") for line in said_by(ours))


def said_by(text):
    """Return a verdict's lines, but for what only one verifier can say."""
    lines = re.sub("(?m)^(VERIFIED|FAILED) (.* lines).*$", r"\1 \2", text).splitlines()
    return [line for line in lines if "renders them again" not in line]


def test_both_verifiers_say_the_same_of_a_package(run, folder, tmp_path):
    run("export", folder, "--package", "p", "--thread", OTHER, *WHY)
    (tmp_path / "p" / "x.txt").write_text("a stranger")
    (tmp_path / "p" / "archive" / "y.txt").write_text("another one")

    ours, theirs = run("verify", "p"), standalone(tmp_path / "p")

    assert sorted(said_by(ours)) == sorted(said_by(theirs))
    assert "checkpoint of the package itself: " in theirs
    assert "note: x.txt: it is no part of the package" in ours
    assert "note: y.txt: it is no part of the archive" in ours


def test_the_verdict_names_the_checkpoint_that_was_compared(run, folder):
    run("checkpoint", folder, "--output", "kept", "--origin", "theirs")

    with_it = run("verify", folder, "--checkpoint", "kept")
    without = run("verify", folder)

    assert "your checkpoint: 4 lines of theirs" in with_it
    assert "no checkpoint was compared" in without
    verdict = json.loads(
        run("verify", folder, "--checkpoint", "kept", "--json").splitlines()[-1]
    )
    assert verdict["checkpoint"] == {"origin": "theirs", "size": 4, "is_own": False}
    verdict = json.loads(run("verify", folder, "--json").splitlines()[-1])
    assert verdict["checkpoint"] is None


def test_every_failure_is_one_line_and_the_status_is_one(run, folder):
    for file in folder.rglob("messages.csv"):
        file.write_bytes(b"x")

    lines = run("verify", folder, status=1).splitlines()

    failed = [line for line in lines if line.startswith("FAILED thread=")]
    assert sum("messages.csv" in line for line in failed) == 3
    assert any(re.match("FAILED 2 threads.* 3 failures", line) for line in lines)


def test_json_is_one_object_a_line(run, folder):
    run("erase", folder, "--message", MESSAGE, *WHY, "--by", "Dana", "--execute")
    newest = max(folder.rglob("messages.csv"))
    newest.unlink()

    *found, verdict = map(
        json.loads, run("verify", folder, "--json", status=1).splitlines()
    )

    failed = [one["failure"] for one in found if "failure" in one]
    assert [one["path"] for one in failed] == [str(newest.relative_to(folder))]
    assert "it is missing" in failed[0]["reason"]
    (erased,) = [one["erased"] for one in found if "erased" in one]
    assert (erased["thread_id"], erased["number"], erased["who"]) == (THREAD, 1, "Dana")
    assert (verdict["verified"], verdict["failures"]) == (False, 1)
    assert (verdict["threads"], verdict["revisions"]) == (2, 3)
    assert sum(grade["threads"] for grade in verdict["grades"]) == 2


@pytest.mark.parametrize("where", ["nowhere", "", "empty"])
def test_what_is_no_archive_is_unreadable(run, tmp_path, where):
    (tmp_path / "empty").mkdir()

    assert "Error:" in run("verify", *([where] if where else []), status=2)


@pytest.mark.parametrize(
    "error",
    [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")],
)
def test_a_file_that_cannot_be_read_is_one_line(run, tmp_path, monkeypatch, error):
    (tmp_path / "proof.json").write_bytes(b"{}")

    def fail(path):
        raise error

    monkeypatch.setattr(Path, "read_bytes", fail)

    said = run("verify", "proof.json", status=2)

    assert said == f"Error: proof.json cannot be read: {error.strerror}.\n"


@pytest.mark.parametrize("command", ["verify", "list"])
def test_a_path_that_the_system_refuses_is_one_line(run, command):
    name = "x" * 300

    said = run(command, name, status=2)

    assert said.count("\n") == 1
    assert name in said
    assert "Unexpected" not in said


def test_hostile_names_reach_no_terminal(run, folder):
    (folder / "x\x1b[31m").write_bytes(b"")
    (folder / thread_folder(THREAD) / "y\x1b[31m").write_bytes(b"")

    text = run("verify", folder, status=1)

    assert "\x1b" not in text
    assert r"note: x\x1b[31m: " in text
    assert text.count(r"y\x1b[31m: no thread has such a file") == 1


def test_one_thread_can_be_verified(run, folder):
    next((folder / thread_folder(THREAD)).rglob("messages.csv")).write_bytes(b"x")

    assert "VERIFIED 1 thread, 1 revision, " in run("verify", folder, "--thread", OTHER)
    run("verify", folder, "--thread", THREAD, status=1)
    nowhere = run("verify", folder, "--thread", "19:nowhere", status=1)
    assert "the archive has no such thread" in nowhere


def test_a_checkpoint_is_written_once_and_verified_against(run, folder, tmp_path):
    printed = run("checkpoint", folder, "--origin", "acme")
    run("checkpoint", folder, "--origin", "acme", "--output", "kept")

    assert (tmp_path / "kept").read_text() == printed
    assert parse_checkpoint(printed.encode()).size == 4
    run("checkpoint", folder, "--output", "kept", status=2)
    run("verify", folder, "--checkpoint", "kept")
    (folder / "ledger" / "000002.jsonl").write_bytes(b"")
    for thread in ((), ("--thread", OTHER)):
        assert "its end was removed" in run(
            "verify", folder, "--checkpoint", "kept", *thread, status=1
        )


def test_what_is_no_checkpoint_is_unreadable(run, folder, tmp_path):
    (tmp_path / "kept").write_bytes(b"\xff")

    assert "not a checkpoint" in run("verify", folder, "--checkpoint", "kept", status=2)


def test_a_message_is_proven_and_both_verifiers_say_what(run, folder, tmp_path):
    wrote = run("prove", THREAD, MESSAGE, folder)
    run("checkpoint", folder, "--output", "kept")
    proof = tmp_path / f"proof-{MESSAGE}.json"

    said = run("verify", proof, "--checkpoint", "kept")

    for words in (
        "VERIFIED the archive holds this:", f"thread {THREAD}", f"message {MESSAGE}",
        "received on 2026-", ": old", "edited on 2026-", "as of revision 2", "may exist",
    ):  # fmt: skip
        assert words in said
    assert said == standalone("--proof", proof, "--checkpoint", tmp_path / "kept")
    cited = re.findall(r"^  commitment [0-9a-f]{64}$", wrote, re.MULTILINE)
    assert len(cited) > 1
    assert all(commitment in said for commitment in cited)
    assert ": old" not in wrote
    assert "bring your own" in run("verify", proof)
    *_, verdict = run("verify", proof, "--json").splitlines()
    assert f"message {MESSAGE}" in json.loads(verdict)["proven"]
    assert json.loads(verdict)["checkpoint"] is None
    *_, verdict = run("verify", proof, "--checkpoint", "kept", "--json").splitlines()
    assert json.loads(verdict)["checkpoint"]["size"] == 4
    again = run("prove", THREAD, MESSAGE, folder, status=2)
    assert "is left as it is. Give another --output." in again


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("prove", "19:nowhere", MESSAGE),
            "Nothing was proven: the archive knows no id '19:nowhere'.",
        ),
        (
            ("prove", THREAD, "7"),
            "The thread has no such message (7); `chat-archive cat`",
        ),
        (
            ("export", "--format", "finetune", "--output", "o"),
            "Say who the assistant is: --role RAWID=assistant",
        ),
    ],
)
def test_an_error_is_a_sentence_that_says_what_to_do(run, folder, words, says):
    said = run(*words, folder, status=2)

    assert says in said
    assert said.endswith(".\n")


def test_a_proof_of_a_thread_that_is_named_by_its_topic_says_which_id(run, folder):
    said = run("prove", "topic", MESSAGE, folder, status=2)

    assert f"  {THREAD}  A topic" in said
    assert "Give the id of the one that is meant." in said
    assert not list(folder.parent.glob("proof-*"))


def test_the_ids_of_messages_stand_where_it_is_said_that_they_do(run, folder):
    said = [
        run("prove", THREAD, "7", folder, status=2),
        run("erase", "--message", "7", *WHY, folder, status=1),
    ]

    assert all("after the #" in text for text in said)
    assert f"#{MESSAGE}]" in run("cat", THREAD, folder)


def test_a_day_after_which_is_included_and_one_before_which_is_not(run, folder):
    day = ("--after", "2026-11-22"), ("--before", "2026-11-23")
    next_day, same_day = ("--after", "2026-11-23"), ("--before", "2026-11-22")

    def messages(*limits):
        options = [word for limit in limits for word in limit]
        file = folder.with_name("m.jsonl")
        file.unlink(missing_ok=True)
        run("export", folder, "--single", file, "--format", "jsonl", "--thread",
            THREAD, *options, status=None)  # fmt: skip
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line)["message_id"] for line in lines]

    assert messages(*day) == messages()
    assert MESSAGE in messages(*day)
    assert messages(next_day) == messages(same_day) == []


def test_a_time_that_cannot_be_read_says_how_to_write_one(run, folder):
    said = run("list", folder, "--after", "27.11.2026", status=2)

    assert (
        "'27.11.2026' is no time and no id. "
        "Write a time as 2026-11-22 or 2026-11-22T12:00Z."
    ) in " ".join(said.split())


def test_a_list_for_programs_says_how_complete_a_thread_is(run, folder):
    rows = [json.loads(line) for line in run("list", folder, "--json").splitlines()]

    assert {row["grade"] for row in rows} == {"may_be_incomplete"}
    assert {row["grade_reason"] for row in rows} == {"events_only", "unverifiable"}


def test_a_proof_that_was_altered_proves_nothing(run, folder, tmp_path):
    run("prove", THREAD, MESSAGE, folder, "--revision", "1")
    proof = tmp_path / f"proof-{MESSAGE}.json"
    assert "as of revision 1" in run("verify", proof)
    proof.write_text(proof.read_text().replace("old", "new"))

    said = run("verify", proof, status=1)

    assert "FAILED" in said
    assert "new" not in said
    assert "FAILED" in standalone("--proof", proof, status=1)
    proof.write_text("{}")
    assert "neither a folder nor a proof" in run("verify", proof, status=2)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda proof: proof["lines"][0].pop("content"), 2),
        (lambda proof: proof["lines"][0].update(content="", salt=""), 2),
        (lambda proof: proof["lines"][0].update(erased=True), 2),
        (lambda proof: proof.update(erased=True, content={"message": "forged"}), 2),
        (lambda proof: proof["lines"][0].update(content='{"a":1}'), 1),
        (lambda proof: proof["lines"][0].update(salt="00" * 16), 1),
    ],
)
def test_nothing_in_a_proof_can_be_called_erased(run, folder, tmp_path, change, status):
    run("prove", THREAD, MESSAGE, folder, "--revision", "1")
    proof = tmp_path / f"proof-{MESSAGE}.json"
    value = json.loads(proof.read_text())
    change(value)
    proof.write_bytes(canonical.encode(value, longest=2**31) + b"\n")

    run("verify", proof, status=status)
    standalone("--proof", proof, status=status)


def test_a_proof_of_what_was_erased_says_by_whom_and_why(run, folder, tmp_path):
    run("erase", folder, "--message", MESSAGE, *WHY, "--by", "Dana", "--execute")
    run("prove", THREAD, MESSAGE, folder)
    proof = tmp_path / f"proof-{MESSAGE}.json"

    said = run("verify", proof)

    assert re.search("erased by order 1 of 20.* by Dana: case 7", said)
    assert said == standalone("--proof", proof)


def test_a_package_is_made_and_verified_as_folder_and_as_zip(run, folder, tmp_path):
    run("export", folder, "--package", "given", *WHY, "--by", "Dana", "--thread", OTHER)
    run("export", folder, "--package", "given.zip", "--all", *WHY)

    text = run("verify", "given")
    assert "withheld lines of kind revision: 2" in text
    assert "VERIFIED 1 thread" in text
    assert "VERIFIED 1 thread" in standalone(tmp_path / "given")
    assert (tmp_path / "given.zip").stat().st_size > 1000
    assert not list(tmp_path.glob(".packing*"))
    run("export", folder, "--package", "given", "--all", *WHY, status=2)
    run("export", folder, "--package", "none", *WHY, "--thread", "19:x", status=1)
    assert "VERIFIED 2 threads" in run("verify", folder)  # with two lines `package`


def test_a_package_may_leave_no_line_in_the_ledger(run, folder, tmp_path):
    before = {p: p.read_bytes() for p in (folder / "ledger").iterdir()}

    text = run("export", folder, "--package", "given", "--all", *WHY, "--no-record")

    assert "Not recorded" in text
    assert {p: p.read_bytes() for p in (folder / "ledger").iterdir()} == before
    assert "these threads only, nothing is proven of others" in run("verify", "given")
    run("export", folder, "--format", "md", "--output", "o", "--no-record", status=2)


def test_a_package_is_made_of_a_package(run, folder, tmp_path):
    run("export", folder, "--package", "given", "--all", *WHY)

    text = run("export", "given", "--package", "less", "--thread", OTHER, *WHY)

    assert "Not recorded" in text
    assert "VERIFIED 1 thread" in run("verify", "less")
    assert "VERIFIED 2 threads" in run("verify", "given")


def test_every_format_is_listed_with_a_line(run):
    lines = run("formats").splitlines()

    assert [line.split()[0] for line in lines] == [*FORMATS, "tables"]
    assert all(len(line.split()) > 3 for line in lines)


def test_threads_are_written_in_any_format(run, folder, tmp_path):
    (tmp_path / "who.csv").write_text(
        f"acs_id,acs_name,entra_id,entra_name\n{ALICE},Alice,e-1,Alice E.\n8:x,,,\n"
    )
    every = [word for name in FORMATS for word in ("--format", name)]

    text = run(
        "export",
        folder,
        *every,
        "--output",
        "out",
        "--role",
        f"{ALICE}=assistant",
        "--identities",
        "who.csv",
        "--bom",
    )

    assert "2 threads" in text
    assert "finetune.jsonl: only 2 examples: Azure OpenAI asks for" in text
    (examples,) = (tmp_path / "out").rglob("finetune.jsonl")
    assert examples.parent == tmp_path / "out"
    names = {file.name for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert names >= {
        "transcript.html",
        "messages.parquet",
        "finetune.jsonl",
        "graph-import.jsonl",
        "chunks.jsonl",
        "2026-11-22.rsmf",
        "2026-11-22.eml",
    }
    assert b"e-1" in next((tmp_path / "out").rglob("graph-import.jsonl")).read_bytes()
    run(
        "export",
        folder,
        *every,
        "--output",
        "out",
        "--role",
        f"{ALICE}=assistant",
        status=2,
    )
    next(folder.rglob("events.jsonl")).write_bytes(b"")
    assert "NOT EXPORTED" in run(
        "export", folder, "--format", "md", "--output", "out2", status=1
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "md"),
        ("--format", "pdf", "--output", "o"),
        ("--format", "finetune", "--output", "o"),
        ("--format", "finetune", "--output", "o", "--role", "nobody"),
        ("--format", "md", "--output", "o", "--after", "yesterday"),
        ("--format", "md", "--output", "o", "--package", "p"),
        ("--format", "graph-import", "--output", "o", "--identities", "missing.csv"),
        ("--revision", "1", "--output", "o"),
        ("--revision", "1", "--thread", THREAD),
        ("--revision", "1", "--thread", THREAD, "--output", "o", "--format", "md"),
        ("--revision", "1", "--thread", THREAD, "--output", "o", "--text", "x"),
        ("--revision", "0", "--thread", THREAD, "--output", "o"),
        ("--revision", "9", "--thread", THREAD, "--output", "o"),
    ],
)
def test_an_export_that_is_not_clear_is_refused_with_what_to_do(run, folder, arguments):
    assert run("export", folder, *arguments, status=2)


def test_a_revision_is_rendered_again_and_says_whether_it_is_the_same(run, folder):
    words = ("--thread", THREAD, "--revision", "1", "--output", "again")

    said = run("export", folder, *words)

    assert "transcript.json: the same, by its seal" in said
    assert "revision 1, 4 files" in said
    (file,) = Path("again").rglob("rev=0001/transcript.json")
    archived = folder / file.relative_to("again")
    assert file.read_bytes() == archived.read_bytes()
    said = run("export", folder, *words, status=2)
    assert "exists already" in said
    assert "Give another --output" in said


def test_a_revision_that_was_erased_from_is_the_same_by_the_order(run, folder):
    run("erase", folder, "--message", MESSAGE, *WHY, "--execute")

    words = ("--thread", THREAD, "--revision", "2", "--output", "again")
    said = run("export", folder, *words)

    assert "transcript.json: the same, by the seal of an order: some" in said


def test_where_nobody_spoke_at_that_time_nothing_is_written(run, folder, tmp_path):
    words = ("--format", "md", "--before", "2020-01-01", "--output", "o")

    said = run("export", folder, *words, status=1)

    assert "Nothing was exported: no thread matches." in said
    assert not list((tmp_path / "o").rglob("*.md"))


def test_one_of_a_kind_is_counted_in_the_singular(run, folder):
    said = run("report", folder, status=None)

    assert re.search("^ +1  thread archived by events only$", said, re.MULTILINE)
    assert not re.search("^ +1  (threads|users|messages) ", said, re.MULTILINE)


def test_an_archive_on_a_file_system_is_read_where_it_stands(run, folder):
    assert "VERIFIED" in run("verify", f"file://{folder.resolve()}")
    assert "VERIFIED" in run("verify", ARCHIVE_URL=f"file://{folder.resolve()}")


def test_a_file_system_that_is_not_known_says_what_to_install(run):
    assert "Install the extra" in run("verify", "nosuch://bucket/x", status=2)


def test_what_nobody_foresaw_shows_no_traceback_and_no_content(
    run, folder, monkeypatch
):
    def fail(*args, **options):
        raise RuntimeError("hello, a message of a chat")

    monkeypatch.setattr(Scan, "read", fail)

    text = run("list", folder, status=2)

    assert "RuntimeError" in text
    assert "--debug" in text
    assert "hello" not in text


def test_the_help_fits_a_screen_and_has_examples(run):
    lines = run("--help").splitlines()

    assert len(lines) <= 48
    assert "  Examples:" in lines


def test_threads_are_listed_with_what_finds_them(run, folder):
    lines = run("list", folder).splitlines()

    assert len(lines) == 3
    assert "UTC" in lines[0]
    assert any(THREAD in line and "A topic" in line for line in lines)
    assert len(run("list", folder, "--participant", ALICE).splitlines()) == 3
    assert len(run("list", folder, "--participant", "bob").splitlines()) == 2
    assert set(run("list", folder, "--quiet").split()) == {THREAD, OTHER}
    assert THREAD in run("list", folder, "--text", "LATE")
    assert THREAD in run("list", folder, "--topic", "a topic")
    assert "No thread matches" in run(
        "list", folder, "--text", "nobody said this", status=1
    )
    assert "Nothing was exported" in run(
        "export", folder, "--format", "csv", "--output", "o", "--text", "x?y", status=1
    )
    assert "No thread matches" in run("list", folder, "--after", "2030-01-01", status=1)


def test_a_list_for_programs_is_one_object_a_line(run, folder):
    listed = [json.loads(line) for line in run("list", folder, "--json").splitlines()]

    assert {one["thread_id"] for one in listed} == {THREAD, OTHER}
    assert all(one["messages"] for one in listed)


def test_a_thread_that_cannot_be_read_is_said_and_the_others_are_listed(run, folder):
    path = next(folder.glob("thread=*other*/rev=*/events.jsonl"))
    path.write_bytes(b"x")

    text = run("list", folder, status=1)

    assert "UNREADABLE" in text
    assert THREAD in text


def test_a_thread_is_shown_with_its_revisions_files_and_gaps(run, folder):
    text = run("show", THREAD, folder)

    assert f"thread      {THREAD}" in text
    assert "revision    1" in text
    assert "revision    2" in text
    assert "events.jsonl" in text
    assert ALICE in text


@pytest.mark.parametrize("name", ["txt", "md", "json"])
def test_a_thread_is_read_in_the_terminal(run, folder, name):
    assert "late" in run("cat", THREAD, folder, "--format", name)


def test_a_thread_is_shown_as_an_erasure_has_left_it(run, folder):
    run(
        "erase", folder, "--thread", THREAD, "--message", str(FIRST_ID),
        "--reason", "request 12", "--execute",
    )  # fmt: skip

    text = run("show", THREAD, folder)

    assert "1 message erased on request" in run("cat", THREAD, folder)
    assert re.search(
        r"erased      \d+ lines of .*\(message\), .* by .*: request 12", text
    )
    assert "transcript.json" in text


@pytest.mark.parametrize("command", ["show", "cat"])
def test_a_thread_that_is_not_there_is_said_with_what_to_do(run, folder, command):
    text = run(command, "19:nowhere", folder, status=2)

    assert "`chat-archive list` names all" in text


def test_erasing_is_planned_first_and_done_with_execute(run, folder):
    choice = (
        "erase",
        folder,
        "--participant",
        ALICE,
        "--reason",
        "request 12",
        "--by",
        "Dana",
    )
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    assert " messages, " in run(*choice)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert "changed" in run(*choice, "--execute")
    text = run("verify", folder)
    assert "by Dana: request 12" in text
    assert b"old" not in b"".join(p.read_bytes() for p in folder.rglob("rev=*/*"))
    assert "Nothing was erased" in run(
        "erase", folder, "--message", "7", "--reason", "x", status=1
    )


def test_an_erasure_that_stops_says_that_it_has_begun_and_runs_again(
    run, folder, monkeypatch
):
    choice = ("erase", folder, "--participant", ALICE, "--execute", *WHY)
    replace = FolderArchive.replace

    async def full(archive, path, data):
        if path.endswith(".jsonl"):
            raise Transient("No space left on device")
        await replace(archive, path, data)

    with monkeypatch.context() as patch:
        patch.setattr(FolderArchive, "replace", full)
        said = run(*choice, status=1)

    assert "NOT FINISHED" in said
    assert "run this again" in said
    assert "NOT ERASED" not in said
    finished = run(*choice)
    assert "changed" in finished
    assert ": 0 files changed" not in finished
    run("verify", folder)


def test_a_hold_is_set_listed_obeyed_and_released(run, folder):
    run(
        "hold", "add", folder, "--thread", THREAD, "--reason", "case 7", "--by", "Legal"
    )
    listed = run("hold", "list", folder)
    assert "case 7" in listed
    refused = run(
        "erase", folder, "--participant", ALICE, "--reason", "x", "--execute", status=1
    )
    assert "REFUSED: hold" in refused
    assert "deleted" in run(
        "hold", "remove", listed.split()[0], folder, "--reason", "closed"
    )
    assert "No hold" in run("hold", "list", folder)
    run("hold", "remove", "unknown", folder, "--reason", "x", status=1)
    run("verify", folder)


@pytest.mark.parametrize(
    "arguments",
    [
        ("erase", "a", "--reason", "x"),
        ("hold", "add", "a", "--reason", "x"),
        ("export", "a"),
    ],
)
def test_a_question_that_is_not_clear_is_refused_with_what_to_do(
    run, arguments, folder
):
    assert "Usage:" in run(*arguments, status=2)


def test_every_option_can_come_from_the_environment(run, folder):
    assert "1 thread," in run("verify", folder, CHAT_ARCHIVE_VERIFY_THREAD=OTHER)


def test_debug_shows_where_an_error_comes_from(folder):
    (folder / "kept").write_text("none")
    result = CliRunner().invoke(
        main, ["--debug", "verify", str(folder), "--checkpoint", str(folder / "kept")]
    )

    assert type(result.exception).__name__ == "IntegrityError"


def stored(files, connection_string):
    """Return the container of an archive in an account that holds nothing else."""
    service = BlobServiceClient.from_connection_string(connection_string)
    for container in service.list_containers():
        service.delete_container(container.name)
    archive = service.create_container("chat-archive")
    for path, data in files.items():
        if path.startswith("ledger/"):
            blob = archive.get_blob_client(path)
            blob.create_append_blob()
            blob.append_block(data)
        else:
            archive.upload_blob(path, data)
    return archive


@pytest.mark.azurite
def test_who_may_only_read_the_archive_can_check_and_read_it(
    run, files, running_azurite, tmp_path
):
    archive = stored(files, running_azurite.connection_string)
    may = generate_container_sas(
        archive.account_name,
        archive.container_name,
        account_key=archive.credential.account_key,
        permission="rl",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    address = f"{archive.url}?{may}"

    assert "VERIFIED 2 threads" in run("verify", address)
    assert THREAD in run("list", address)
    assert "revision" in run("show", THREAD, address)
    assert "late" in run("cat", THREAD, address)
    run("checkpoint", address, "--output", "kept")
    run("verify", address, "--checkpoint", "kept")
    run("prove", THREAD, MESSAGE, address, "--output", "proof.json")
    run("export", address, "--package", "given", "--all", "--reason", "case 7")
    refused = run(
        "erase", address, "--participant", ALICE, "--reason", "x", "--execute", status=2
    )
    assert "a role is missing" in refused
    assert may not in refused
    assert "VERIFIED 2 threads" in run("verify", address)


@pytest.mark.azurite
def test_all_of_it_works_on_a_container(run, files, running_azurite, tmp_path):
    archive = stored(files, running_azurite.connection_string)
    env = {"CHAT_STORAGE": running_azurite.connection_string}

    assert "VERIFIED 2 threads" in run("verify", **env)
    run("prove", THREAD, MESSAGE, "--output", "proof.json", **env)
    run("verify", "proof.json")
    run("export", "--package", "given", "--all", "--reason", "case 7", **env)
    run("verify", "given")
    run("hold", "add", "--participant", ALICE, "--reason", "case 7", **env)
    run("erase", "--participant", ALICE, "--reason", "x", "--execute", status=1, **env)
    hold = run("hold", "list", **env).split()[0]
    run("hold", "remove", hold, "--reason", "closed", **env)
    run("erase", "--participant", ALICE, "--reason", "x", "--execute", **env)
    assert "ERASED" in run("verify", **env)
    for name in archive.list_blob_names():
        assert b'"old"' not in archive.download_blob(name).readall()


def test_an_account_that_is_not_to_be_reached_is_unreadable(run, tmp_path):
    nowhere = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:9/a;"

    assert "Error:" in run("verify", status=2, CHAT_STORAGE=nowhere)


def test_the_page_of_the_command_is_that_of_the_program():
    from shared.cli.reference import page

    assert (Path(__file__).parents[2] / "docs" / "cli.md").read_text() == page()


def test_a_backfill_takes_the_settings_of_the_app_and_names_all_wrong_ones(
    run, tmp_path
):
    (tmp_path / "threads.txt").write_text(THREAD)

    text = run(
        "backfill", "--threads", "threads.txt", "--here", "to",
        "--acs-endpoint", "https://acs.example",
        "--fetch-images", "perhaps",
        FETCH_MOST_BYTES="0", FETCH_WITHIN="soon", LIST_WITHIN="later",
        ARCHIVE_FORMATS="clay", status=2,
    )  # fmt: skip

    for name in (
        "FETCH_IMAGES",
        "FETCH_MOST_BYTES",
        "FETCH_WITHIN",
        "LIST_WITHIN",
        "ARCHIVE_FORMATS",
    ):
        assert name in text


def test_what_is_typed_wins_over_an_address_in_the_environment(run, folder):
    account = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;"
    account += "BlobEndpoint=http://127.0.0.1:1/a"

    text = run(
        "list", "--connection-string", account, ARCHIVE_URL=str(folder), status=2
    )

    assert "list the archive" in text


def test_two_addresses_are_a_usage_error(run, folder, tmp_path):
    assert "either ARCHIVE or --connection-string" in run(
        "list", folder, "--connection-string", "AccountName=a", status=2
    )
    (tmp_path / "threads.txt").write_text(THREAD)
    assert "either ARCHIVE or --to" in run(
        "backfill", "--threads", "threads.txt", "--to", "b", "a", status=2
    )


def test_an_option_overrides_the_setting_of_the_environment(run, tmp_path):
    (tmp_path / "threads.txt").write_text(THREAD)

    text = run(
        "backfill", "--threads", "threads.txt", "--here", "to",
        "--acs-endpoint", "https://acs.example", "--list-within", "5m",
        LIST_WITHIN="later", FETCH_WITHIN="soon", status=2,
    )  # fmt: skip

    assert "FETCH_WITHIN" in text
    assert "LIST_WITHIN" not in text
