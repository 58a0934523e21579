"""Packages: what they may withhold, and what may not be left out."""

import pytest

from builders import FIRST_ID, THREAD
from evidence_archives import FOLDER, OTHER, OTHER_FOLDER, erased, small
from evidence_packages import OWN, package
from evidence_verifiers import failures, findings, reasons
from shared.domain.evidence.ledger_lines import decode_line


@pytest.fixture(params=[small, erased], ids=["before an erasure", "after one"])
def writer(request):
    return request.param()


def without(files, prefix):
    return {path: data for path, data in files.items() if not path.startswith(prefix)}


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("threads", [(THREAD,), (OTHER,), (THREAD, OTHER)])
def test_a_package_verifies_against_an_older_checkpoint(writer, threads, recorded):
    checkpoint = writer.checkpoint()

    assert failures(package(writer, threads, recorded=recorded), checkpoint) == []


def test_what_is_withheld_is_counted_and_what_is_not_recorded_is_said():
    writer = small()
    writer.hold(thread=OTHER)
    notes = " ".join(f.reason for f in findings(package(writer, recorded=False)))

    assert "withheld lines of kind hold: 1" in notes
    assert "nothing is proven of others" in notes


@pytest.mark.parametrize("recorded", [True, False])
def test_the_newest_revision_cannot_be_left_out(writer, recorded):
    files = package(writer, recorded=recorded)

    assert "is gone" in reasons(without(files, f"archive/{FOLDER}rev=0002"))


def test_the_ledger_lines_of_a_thread_that_is_there_are_never_withheld(writer):
    files = package(writer)
    for path in [path for path in files if "ledger/" in path]:
        lines = files[path].split(b"\n")[:-1]
        for at, line in enumerate(lines):
            if decode_line(line).thread_key == writer.key(THREAD):
                hidden = [
                    *lines[:at],
                    decode_line(line).withheld[:-1],
                    *lines[at + 1 :],
                ]
                data = b"".join(text + b"\n" for text in hidden)
                assert "withheld" in reasons(files | {path: data})


def test_a_whole_thread_cannot_be_left_out_of_a_recorded_package(writer):
    files = package(writer, (THREAD, OTHER))
    left = without(files, f"archive/{OTHER_FOLDER}")
    smaller = package(writer, (THREAD,))

    assert failures(left)
    assert failures(files | {"request.json": smaller["request.json"]})
    assert failures(smaller | {"request.json": files["request.json"]})
    rewritten = left["request.json"].replace(b'"recorded":true', b'"recorded":false')
    assert failures(left | {"request.json": rewritten})


@pytest.mark.parametrize("name", [*OWN, "request.json"])
def test_the_files_of_a_package_itself_are_checked(writer, name):
    files = package(writer)
    dropped = without(files, name)

    assert failures(files | {name: files[name] + b" "})
    if name != "request.json":
        assert failures(dropped)
    assert failures(files | {"junk.txt": b"x"}) == []


def test_a_file_beside_an_archive_makes_no_package_of_it():
    files = package(small(), recorded=False)
    inside = {path.removeprefix("archive/"): files[path] for path in files}

    assert "withheld" in reasons(inside)


@pytest.mark.parametrize(
    "name", [f"{FOLDER}rev=0001/transcript.json", "ledger/x", "archive-input/x"]
)
def test_nothing_of_an_archive_stands_beside_the_one_in_a_package(writer, name):
    files = package(writer) | {name: b"forged"}

    assert "stands beside the package's archive" in reasons(files)


def test_a_tampered_archive_does_not_hide_behind_a_good_copy(writer):
    files = package(writer, (THREAD, OTHER), recorded=False)
    path = f"{FOLDER}rev=0001/transcript.json"
    inside = {name.removeprefix("archive/"): files[name] for name in files}
    forged = inside | {path: b"forged"} | files

    assert {(name, reason) for name, reason in failures(forged)} == {
        (folder, "it stands beside the package's archive, and is no part of it")
        for folder in (FOLDER[:-1], OTHER_FOLDER[:-1], "ledger")
    }


def test_a_line_closed_is_never_withheld(writer):
    files = package(writer)
    path = "archive/ledger/000002.jsonl"
    first, *rest = files[path].split(b"\n")
    hidden = b"\n".join([decode_line(first).withheld[:-1], *rest])

    assert failures(files | {path: hidden})


def test_a_package_that_holds_an_erasure_shows_no_content():
    writer = erased()
    files = package(writer)

    assert str(FIRST_ID + 1).encode() in files[f"archive/{FOLDER}rev=0001/events.jsonl"]
    assert not any(b"0420" in data for data in files.values())
