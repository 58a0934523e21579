"""One thing that is wrong is named, and stops no command's look at the rest."""

import zipfile

import pytest
from azure.storage.blob import BlobServiceClient

from builders import ALICE, FIRST_ID, THREAD
from shared.verifier import verify as verifier
from verifying import OTHER

WHY = ("--reason", "case 7")
LEDGER = "ledger/000002.jsonl"
OTHER_MANIFEST = "thread=19%3AacsV1_another%40thread.v2/rev=0001/manifest.json"


def standalone(folder, checkpoint=None):
    given = ["--checkpoint", str(checkpoint)] if checkpoint else []
    return verifier.main([str(folder), *given])


@pytest.mark.parametrize(
    "words",
    [
        ["export", "--format", "txt", "--output", "archive-copy"],
        ["export", "--format", "txt", "--output", "link/new"],
        ["export", "--thread", THREAD, "--revision", "1", "--output", "archive-copy/a"],
        ["export", "--package", "archive-copy/new", "--all", *WHY],
        ["export", "--package", "archive-copy/new.zip", "--all", *WHY],
        ["checkpoint", "--output", "archive-copy/head"],
        ["prove", THREAD, FIRST_ID, "--output", "archive-copy/proof"],
        ["report", "--output", "archive-copy/report.html"],
    ],
)
@pytest.mark.parametrize("given", ["archive-copy", "link", "file://archive-copy"])
def test_nothing_is_written_into_the_archive_itself(run, folder, words, given):
    (folder.parent / "link").symlink_to(folder)
    before = sorted(folder.rglob("*"))

    said = run(*words, given.replace("://", f"://{folder.parent}/"), status=2)

    assert "is in the archive itself" in said
    assert sorted(folder.rglob("*")) == before


def test_a_package_holds_no_export_of_itself(run, folder):
    run("export", folder, "--package", "given", "--all", *WHY)

    said = run("export", "given", "--format", "txt", "--output", "given", status=2)

    assert "is in the archive itself" in said


def test_an_archive_may_stand_below_what_is_written(run, folder):
    run("export", folder, "--format", "txt", "--output", ".")
    run("verify", folder)


def put(path, data=b"x"):
    def change(folder):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    return change


def add_line(line):
    def change(folder):
        file = folder / LEDGER
        file.write_bytes(file.read_bytes() + line + b"\n")

    return change


THREADS = {
    "an id of bytes": (put("thread=%FF/x"), "thread=%FF"),
    "an id of bytes with a manifest": (put("thread=%FF/rev=0001/manifest.json"), "%FF"),
    "no id": (put("thread=/rev=0001/manifest.json"), "thread="),
    "an id encoded in another way": (put("thread=19:x@y/rev=0001/a"), "thread=19:x@y"),
    "an id that moves the cursor": (put("thread=\x1b[31m/x"), r"thread=\x1b[31m"),
    "a broken manifest": (put(OTHER_MANIFEST), "manifest"),
    "an empty manifest": (put(OTHER_MANIFEST, b""), "manifest"),
    "a manifest of a list": (put(OTHER_MANIFEST, b"[]"), "manifest"),
}
NAMES = {
    "a blob of no number": (put("ledger/2026-11-22.jsonl"), "2026-11-22"),
    "a number in other digits": (put("ledger/٠٠٠٠٠٣.jsonl"), "ledger/"),
    "a note in the ledger": (put("ledger/notes.txt"), "notes.txt"),
    "a folder in the ledger": (put("ledger/old/000001.jsonl"), "ledger/old"),
    "a file at the top": (put("notes.txt"), "notes.txt"),
    "a folder at the top": (put("notes/a.txt"), "notes/a.txt"),
}
LINES = {
    "a junk line": (add_line(b"junk"), LEDGER),
    "a line of a list": (add_line(b"[]"), LEDGER),
    "a junk hold": (add_line(b'{"kind":"hold"}'), LEDGER),
}
LOOKS = {
    "verify": (("verify",), "thread"),
    "list": (("list",), THREAD),
    "report": (("report",), "threads archived|thread archived"),
    "show": (("show", THREAD), THREAD),
    "cat": (("cat", THREAD), "late"),
    "export": (("export", "--format", "md", "--output", "o"), "1 thread|2 threads"),
    "package": (("export", "--package", "p", "--all", *WHY), "2 threads"),
    "some": (("export", "--package", "p", "--topic", "A topic", *WHY), "1 thread"),
    "erase": (("erase", "--participant", ALICE, *WHY), f"{THREAD}: 4 messages"),
    "hold list": (("hold", "list"), ""),
    "hold": (("hold", "add", "--participant", ALICE, *WHY), "It covers"),
}
NAMES_IT = {
    **{(look, "thread"): 1 for look in ("verify", "list", "report", "export")},
    **{(look, "thread"): 1 for look in ("package", "some", "erase")},
    ("hold", "thread"): 0,
    ("verify", "name"): 0,
    **{(look, "line"): 1 for look in ("verify", "package", "some")},
    **{(look, "line"): 1 for look in ("erase", "hold list")},
}
"""The commands that have to name what is wrong, and their status then."""
KINDS = {"thread": THREADS, "name": NAMES, "line": LINES}
STRAYS = {
    (kind, name): stray
    for kind, strays in KINDS.items()
    for name, stray in strays.items()
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("stray", STRAYS, ids=": ".join)
def test_what_is_wrong_is_named_and_stops_nothing(run, folder, look, stray):
    arguments, rest = LOOKS[look]
    change, name = STRAYS[stray]
    status = NAMES_IT.get((look, stray[0]))
    if look == "package" and "manifest" in stray[1] and "bytes" not in stray[1]:
        rest = "1 thread|2 threads"
    if look == "some" and stray[0] == "line":
        rest = "1 thread"
    change(folder)
    if look == "report":
        status = 1  # nobody has looked for threads

    text = run(*arguments, folder, status=status or 0)

    assert "\x1b" not in text
    if status is not None and (look, stray[0]) in NAMES_IT:
        assert name in text
    if look != "erase" or stray[0] != "line":
        assert any(part in text for part in rest.split("|"))


@pytest.mark.parametrize("line", LINES)
def test_nothing_is_erased_while_a_line_may_be_a_hold(run, folder, line):
    LINES[line][0](folder)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    text = run("erase", folder, "--participant", ALICE, *WHY, "--execute", status=1)

    assert "it may be a hold. Nothing was erased" in text
    assert f"{LEDGER}, line 3" in text
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_a_broken_thread_is_named_and_the_others_are_erased(run, folder):
    put(OTHER_MANIFEST)(folder)
    choice = ("--participant", ALICE, *WHY, "--execute")

    text = run("erase", folder, *choice, status=1)

    assert f"UNREADABLE {OTHER}: {OTHER_MANIFEST} is no manifest" in text
    assert f"erased {THREAD}" in text


STRANGERS = [".DS_Store", "Thumbs.db", "desktop.ini"]
PLACES = [".", "ledger", "thread=19%3AacsV1_made-up%40thread.v2",
          "thread=19%3AacsV1_made-up%40thread.v2/rev=0002"]  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_what_a_file_manager_leaves_is_no_failure(run, folder, tmp_path, look):
    for place in PLACES:
        for name in STRANGERS:
            put(f"{place}/{name}")(folder)
    arguments, rest = LOOKS[look]

    text = run(*arguments, folder, status=1 if look == "report" else 0)

    assert any(part in text for part in rest.split("|"))
    if look == "verify":
        assert text.count("note: ") >= 12
    assert not [p for p in (tmp_path / "p").rglob("*") if p.name in STRANGERS]


def test_both_verifiers_take_a_package_that_was_looked_into(run, folder, tmp_path):
    run("export", folder, "--package", "p", "--all", *WHY)
    for place in PLACES:
        put(f"archive/{place}/.DS_Store")(tmp_path / "p")

    assert "VERIFIED" in run("verify", "p")
    assert standalone(tmp_path / "p") == 0


@pytest.mark.parametrize("name", ["000004.jsonl", "000000.jsonl"])
def test_both_verifiers_refuse_a_blob_of_the_ledger_out_of_order(run, folder, name):
    put(f"ledger/{name}")(folder)

    run("verify", folder, status=1)
    assert standalone(folder) == 1


@pytest.mark.parametrize("name", ["thread=%FF/x", "thread=/x"])
def test_both_verifiers_refuse_a_folder_of_no_thread(run, folder, name):
    put(name)(folder)

    run("verify", folder, status=1)
    assert standalone(folder) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_checkpoint_is_read_as_mail_and_editors_write_it(
    run, folder, tmp_path, encoding, end
):
    text = run("checkpoint", folder).replace("\n", end)
    (tmp_path / "kept").write_bytes(text.encode(encoding))

    assert "VERIFIED" in run("verify", folder, "--checkpoint", "kept")
    assert standalone(folder, tmp_path / "kept") == 0
    (folder / LEDGER).write_bytes(b"")
    run("verify", folder, "--checkpoint", "kept", status=1)


def test_a_package_whose_own_file_was_converted_is_not_what_was_packed(
    run, folder, tmp_path
):
    run("export", folder, "--package", "p", "--all", *WHY)
    kept = tmp_path / "p" / "checkpoint.txt"
    kept.write_bytes(kept.read_bytes().replace(b"\n", b"\r\n"))

    text = run("verify", "p", status=1)

    assert (
        "FAILED checkpoint.txt: it is missing, or not the file that was packed" in text
    )
    assert standalone(tmp_path / "p") == 1


def test_a_checkpoint_that_is_none_is_named(run, folder, tmp_path):
    (tmp_path / "kept").write_text("nothing of it")

    text = run("verify", folder, "--checkpoint", "kept", status=2)

    assert "kept: this is not a checkpoint" in text


def test_an_index_says_that_the_archive_is_to_be_named(run, folder):
    run("index", folder)
    index = f"{folder.name}-index.sqlite"

    said = run("list", index, status=2)

    assert f"{index} is an index of an archive: name the archive itself" in said
    assert said.endswith(f": {folder.name}.\n")


def test_a_zip_says_what_to_do_and_is_verified_unpacked(run, folder, tmp_path, capsys):
    run("export", folder, "--package", "p.zip", "--all", *WHY)

    assert "unpack it" in run("verify", "p.zip", status=2)
    assert "unpack it" in run("cat", THREAD, "p.zip", status=2)
    assert standalone(tmp_path / "p.zip") == 2
    assert "unpack it" in capsys.readouterr().out
    (tmp_path / "notes.txt").write_text("x")
    assert "notes.txt is no folder." in run("list", "notes.txt", status=2)
    assert "There is no folder nowhere." in run("list", "nowhere", status=2)
    with zipfile.ZipFile(tmp_path / "p.zip") as file:
        file.extractall(tmp_path / "unpacked")
    assert [one.name for one in (tmp_path / "unpacked").iterdir()] == ["p"]
    assert "VERIFIED" in run("verify", "unpacked/p")


@pytest.mark.azurite
@pytest.mark.parametrize("stub", [{"hdi_isfolder": "true"}, {"Hdi_isfolder": "True"}])
@pytest.mark.parametrize("end", ["", "/"])
def test_folders_that_storage_lists_as_blobs_are_no_files(
    run, files, running_azurite, tmp_path, stub, end
):
    service = BlobServiceClient.from_connection_string(
        running_azurite.connection_string
    )
    with service:
        for container in service.list_containers():
            service.delete_container(container.name)
        archive = service.create_container("chat-archive")
        folders = {
            path.rsplit("/", depth)[0]
            for path in files
            for depth in range(1, path.count("/") + 1)
        }
        for path, data in files.items():
            archive.upload_blob(path, data)
        for folder in folders:
            archive.upload_blob(f"{folder}{end}", b"", metadata=stub)
    env = {"CHAT_STORAGE": running_azurite.connection_string}

    assert "VERIFIED 2 threads" in run("verify", **env)
    run("list", **env)
    run("export", "--package", "p", "--all", *WHY, **env)
    assert "VERIFIED" in run("verify", "p")
    run("hold", "add", "--participant", ALICE, *WHY, **env)
    hold = run("hold", "list", **env).split()[0]
    run("hold", "remove", hold, *WHY, **env)
    run("erase", "--message", str(FIRST_ID), *WHY, "--execute", **env)
    assert "VERIFIED" in run("verify", **env)
