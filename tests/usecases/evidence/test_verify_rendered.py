"""Files are rendered anew: a seal alone does not make them say what the input says."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import THREAD
from evidence_archives import FOLDER, OTHER, erased, path_of, small
from evidence_histories import History, steps
from evidence_rendering import RenderingWriter
from evidence_verifiers import findings, verification
from evidence_writer import EvidenceWriter
from shared.domain.evidence.manifest import decode_manifest
from shared.domain.evidence.seals import seal_file
from shared.usecases.evidence import verify_rendered
from shared.usecases.evidence.verify_rendered import check_rendered


class Lying(RenderingWriter):
    """Renders something else than the input gives, and seals it."""

    def render(self, thread, lines):
        files = super().render(thread, lines)
        lie = files["messages.csv"].replace(b"hello", b"I sold")
        return files | {"messages.csv": lie}


def failed(writer, **options):
    found = findings(writer.files, check_rendered=check_rendered, **options)
    return [(f.path, f.reason) for f in found if f.is_failure]


def noted(writer):
    found = findings(writer.files, check_rendered=check_rendered)
    return [f.reason for f in found if not f.is_failure]


@pytest.mark.parametrize("make", [small, erased])
def test_what_the_product_renders_is_verified(make):
    assert failed(make(writer=RenderingWriter())) == []


@pytest.mark.parametrize("make", [small, erased])
def test_a_sealed_file_that_says_something_else_is_a_failure(make):
    found = failed(make(writer=Lying()))

    assert (path_of(None, "messages.csv", 2), "it is not what its input gives") in found
    if make is small:
        assert len(found) == 2  # each revision's; an erasure removes the older ones


def test_a_file_of_an_older_revision_is_rendered_as_of_then():
    writer = small(writer=RenderingWriter())
    older = writer.files[path_of(writer, "transcript.json", 1)]

    assert older != writer.files[path_of(writer, "transcript.json", 2)]
    assert failed(writer) == []
    writer.remove_superseded()
    assert failed(writer) == []


def resealed(writer, change):
    """Have the last manifest say something else, and the ledger record that."""
    number = max(writer.revisions(THREAD))
    path = path_of(writer, "manifest.json", number)
    manifest = decode_manifest(writer.files[path])
    forged = change(manifest)
    writer.files[path] = forged.stored
    for blob in [p for p in writer.files if p.startswith("ledger/")]:
        writer.files[blob] = writer.files[blob].replace(
            manifest.ledger_line, forged.ledger_line
        )
    return writer


def test_a_grade_is_computed_where_nothing_is_erased():
    def praise(manifest):
        return replace(manifest, grade="complete", grade_reason="")

    writer = resealed(small(writer=RenderingWriter()), praise)
    assert failed(writer) == [
        (path_of(writer, "manifest.json", 2), "its grade is not what its input gives")
    ]

    # Once a line is erased nobody can tell: it is stated as of then, and believed.
    assert failed(resealed(erased(writer=RenderingWriter()), praise)) == []


def test_a_file_that_the_input_does_not_give_is_a_failure_whatever_its_seal():
    writer = small(writer=RenderingWriter())
    data = b"more\n"
    salts = writer.salts(writer.chain(THREAD), 2)
    name = "schema.sql"
    del writer.files[path_of(writer, name, 2)]

    def leave_out(manifest):
        files = tuple(file for file in manifest.files if file.name != name)
        return replace(manifest, files=files)

    assert (path_of(writer, name, 2), "its input gives this file as well") in failed(
        resealed(writer, leave_out)
    )

    writer = small(writer=RenderingWriter())
    extra = seal_file("2026-01-01.eml", "eml 1", salts, data)
    writer.files[path_of(writer, extra.name, 2)] = data

    def add(manifest):
        files = sorted((*manifest.files, extra), key=lambda file: file.name)
        return replace(manifest, files=tuple(files))

    assert (path_of(writer, extra.name, 2), "its input gives no such file") in failed(
        resealed(writer, add)
    )


def test_another_renderer_is_named_and_its_seals_are_checked():
    writer = small(writer=EvidenceWriter())  # its renderer is `test 1`
    notes = noted(writer)

    assert "of what test 1 rendered, only seals can be checked here" in notes
    writer.files[path_of(writer, "messages.csv", 2)] = b"changed"
    assert (path_of(writer, "messages.csv", 2), "it was changed") in failed(writer)


def test_what_cannot_be_read_as_a_thread_is_a_failure_and_no_traceback(monkeypatch):
    def refuse(_):
        raise RecursionError

    monkeypatch.setattr(verify_rendered, "transcript_of", refuse)
    found = failed(small(writer=RenderingWriter()))

    assert {reason for _, reason in found} == {
        "its input cannot be rendered (RecursionError)"
    }


def test_input_that_is_too_long_is_named(monkeypatch):
    monkeypatch.setattr(verify_rendered, "MOST_RENDERED_BYTES", 100)
    writer = small(writer=Lying())

    assert failed(writer) == []
    assert "its input is too long to be rendered anew here" in noted(writer)


def test_one_thread_can_be_verified_alone():
    writer = small(writer=RenderingWriter())
    writer.files[path_of(writer, "messages.csv", 2)] = b"changed"
    for thread, count in ((OTHER, 0), (THREAD, 1), ("19:nowhere", 1)):
        run = verification(writer.files, check_rendered=check_rendered)
        run.only = thread
        assert sum(finding.is_failure for finding in run.verify()) == count


def test_what_was_looked_at_is_counted():
    writer = erased(writer=RenderingWriter())
    run = verification(writer.files, check_rendered=check_rendered)
    found = list(run.verify())

    lines = sum(
        len(file)
        for thread in (THREAD, OTHER)
        for file in writer.chain(thread).values()
    )
    counts = run.verified
    assert (counts.threads, counts.revisions, counts.lines) == (2, 3, lines)
    assert sum(counts.grades.values()) == 2
    orders = [finding for finding in found if hasattr(finding, "who")]
    assert [(o.thread_id, o.number, o.who, o.why) for o in orders] == [
        (THREAD, 1, "dpo", "a request")
    ]
    assert orders[0].lines == sum(
        line.is_erased for file in writer.chain(THREAD).values() for _, line in file
    )


@settings(max_examples=25)
@given(st.integers(0, 99), steps(12))
def test_every_history_is_rendered_as_it_was(seed, history):
    made = History(seed)
    made.writer = RenderingWriter(seed)
    for name, *what in history:
        getattr(made, name)(*what)
    for thread in list(made.writer.worlds):
        made.writer.recover(thread)

    assert failed(made.writer) == []


def test_messages_hold_no_content():
    writer = small(writer=Lying())
    for path in [path for path in writer.files if path.startswith(FOLDER)]:
        data = writer.files[path]
        writer.files[path] = data[: len(data) // 2] + b"?" + data[len(data) // 2 + 1 :]
        text = json.dumps(failed(writer))
        assert "0420" not in text
        assert "hello" not in text
        writer.files[path] = data
