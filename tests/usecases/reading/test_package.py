"""A package verifies by itself, with nothing of ours, and tells nothing of the rest."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders import ALICE, FIRST_ID, THREAD, received
from evidence_archives import FOLDER, OTHER, OTHER_FOLDER, SECRET, erased, small
from evidence_histories import History, steps
from evidence_rendering import RenderingWriter
from evidence_verifiers import failures, findings, reasons
from fakes.archive_store import MemoryArchiveStore
from shared.domain.errors import Transient
from shared.domain.evidence.ledger_lines import decode_line
from shared.ports.archive_store import AlreadyExists, Immutable
from shared.usecases.evidence.verify_rendered import check_rendered
from shared.usecases.reading.choose import Chosen, NothingChosen
from shared.usecases.reading.package import Package

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WHO = {"by": "Dana", "reason": "case 7", "origin": "acme/chat-archive"}
ONE = Chosen(threads=(THREAD,), filters=(f"thread: {THREAD}",))


async def pack(
    writer, chosen=ONE, *, record=True, target=None, before_files=None, who=WHO
):
    """Return what was packed, and the files of the package."""
    archive, target = MemoryArchiveStore(), target or MemoryArchiveStore()
    archive.files = writer.files

    async def append(line):
        writer.append(line)
        if before_files:
            before_files()

    packed = await Package(
        archive=archive,
        target=target,
        clock=lambda: NOON,
        draw=writer.draw,
        record=append if record is True else record or None,
        on_bytes=lambda _: None,
    )(chosen, **who)
    return packed, target.files


def request(files):
    return json.loads(files["request.json"])


@pytest.fixture(params=[small, erased], ids=["before an erasure", "after one"])
def writer(request):
    return request.param(writer=RenderingWriter())


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("chosen", [ONE, Chosen()], ids=["one thread", "all"])
async def test_a_package_verifies_with_nothing_of_ours(writer, chosen, record):
    checkpoint = writer.checkpoint()

    packed, files = await pack(writer, chosen, record=record)

    assert packed.failures == []
    assert packed.recorded == record
    assert failures(files, checkpoint) == []
    assert failures(files, writer.checkpoint() if record else checkpoint) == []
    found = findings(files, check_rendered=check_rendered)
    assert not [one for one in found if one.is_failure]
    notes = " ".join(one.reason for one in found)
    assert ("nothing is proven of others" in notes) != record
    assert packed.threads == len(request(files)["threads"])


async def test_a_package_says_who_asked_for_what_and_why(writer):
    _, files = await pack(writer)

    text = files["README.txt"].decode()
    for words in ("Dana", "case 7", "2026-11-24", THREAD, "acme/chat-archive"):
        assert words in text
    asked = request(files)
    assert asked["threads"] == [THREAD]
    assert asked["filters"] == [f"thread: {THREAD}"]
    assert sorted(asked["files"]) == ["README.txt", "checkpoint.txt", "verify.py"]
    assert (
        "no line for this package"
        in (await pack(writer, record=False))[1]["README.txt"].decode()
    )


async def test_what_somebody_typed_writes_no_other_line_of_the_readme(writer):
    forged = "case 7\nFrom:   another archive\x1b[2K"

    _, files = await pack(writer, who={**WHO, "reason": forged})

    text = files["README.txt"].decode()
    assert "Why:    case 7\\nFrom:   another archive\\x1b[2K\n" in text
    assert text.count("\nFrom:") == 1


async def test_the_readme_says_what_is_withheld(writer):
    part, whole = (await pack(writer))[1], (await pack(writer, Chosen()))[1]

    assert (
        "lines that concern other threads are withheld" in part["README.txt"].decode()
    )
    assert "withheld" not in whole["README.txt"].decode()


async def test_every_file_of_a_package_is_counted(writer):
    packed, files = await pack(writer)

    assert packed.files == len(files)


async def test_threads_that_could_not_be_read_are_counted(writer):
    chosen = Chosen(threads=(THREAD,), failures=("a: broken", "b: broken"))

    _, files = await pack(writer, chosen)

    assert "2 threads that may have been meant" in files["README.txt"].decode()


async def test_a_package_of_one_thread_tells_nothing_of_the_others():
    writer = small(writer=RenderingWriter())
    writer.hold(participant="8:acs:someone", thread="")
    writer.hold(thread=OTHER)

    _, files = await pack(writer, Chosen(threads=(OTHER,)))

    assert failures(files) == []
    for data in files.values():
        assert SECRET.encode() not in data
        assert b"8:acs:someone" not in data
    assert THREAD not in files["request.json"].decode()
    assert not any(path.startswith(f"archive/{FOLDER}") for path in files)
    notes = " ".join(one.reason for one in findings(files))
    assert "withheld lines of kind hold: 1" in notes
    assert "withheld lines of kind revision: 2" in notes


async def test_a_package_of_all_withholds_nothing(writer):
    writer.hold(participant="8:acs:someone", thread="")

    _, files = await pack(writer, Chosen())

    assert not [one for one in findings(files) if "withheld" in one.reason]
    assert request(files)["threads"] == sorted([THREAD, OTHER])


async def test_a_thread_that_was_lost_shows_in_a_package_of_all(writer):
    for path in [path for path in writer.files if path.startswith(OTHER_FOLDER)]:
        del writer.files[path]

    _, files = await pack(writer, Chosen())

    assert "is gone" in reasons(files)


async def test_whoever_may_not_write_gets_a_package_that_says_so(writer):
    async def refuse(line):
        raise Immutable("the folder cannot be written")

    packed, files = await pack(writer, record=refuse)

    assert (packed.recorded, packed.failures) == (False, [])
    assert packed.not_recorded == "the folder cannot be written"
    assert request(files)["recorded"] is False
    assert failures(files) == []


async def test_a_line_that_landed_all_the_same_is_no_failure(writer):
    async def land(line):
        writer.append(line)
        raise Transient("nobody answered")

    packed, files = await pack(writer, record=land)

    assert packed.recorded is False
    assert failures(files) == []


async def test_what_is_written_meanwhile_does_not_break_a_package():
    writer = small(writer=RenderingWriter())

    def go_on():
        writer.receive(received(7, "later"))
        writer.finalize()
        writer.receive(received(8, "much later"))
        writer.finalize()
        third = "19:new@thread.v2"
        writer.receive(received(1, threadId=third), third)
        writer.finalize(third)

    for chosen in (ONE, Chosen()):
        packed, files = await pack(writer, chosen, before_files=go_on)
        assert packed.failures == []
        assert failures(files) == []


async def test_a_thread_that_comes_between_is_withheld_from_a_package_of_all():
    writer = small(writer=RenderingWriter())
    third = "19:new@thread.v2"

    async def come_first(line):
        writer.receive(received(1, threadId=third), third)
        writer.finalize(third)
        writer.append(line)

    packed, files = await pack(writer, Chosen(), record=come_first)

    assert (packed.failures, packed.threads) == ([], 2)
    assert failures(files) == []
    assert not any(third in json.dumps(request(files)) for _ in files)


async def test_an_erasure_meanwhile_is_named():
    writer = small(writer=RenderingWriter())

    packed, files = await pack(
        writer, before_files=lambda: writer.erase("message", str(FIRST_ID))
    )

    assert any("an erasure is not finished" in line for line in packed.failures)
    assert failures(files)


async def test_what_is_no_line_keeps_its_place_and_is_not_shown(writer):
    path = "ledger/000001.jsonl"
    first, *rest = writer.files[path].split(b"\n")
    writer.files[path] = b"\n".join([first, b"a secret", *rest])

    packed, files = await pack(writer, record=False)

    assert any(path in line for line in packed.failures)
    assert b"a secret" not in files[f"archive/{path}"]
    assert files[f"archive/{path}"].count(b"\n") == writer.files[path].count(b"\n")
    assert failures(files)


async def test_what_is_torn_stays_behind(writer):
    writer.files[f"{FOLDER}rev=0009/events.jsonl"] = b"torn"
    writer.files[f"{FOLDER}.DS_Store"] = b"x"
    writer.files["ledger/000002.jsonl"] += b'{"kind'

    packed, files = await pack(writer, record=False)

    assert packed.failures == []
    assert failures(files) == []
    assert not any("rev=0009" in path or ".DS_Store" in path for path in files)


@pytest.mark.parametrize("data", [None, b"{}\n"])
async def test_a_thread_without_identity_is_named_and_packed(writer, data):
    path = f"{FOLDER}thread.json"
    writer.files.pop(path)
    if data:
        writer.files[path] = data

    packed, files = await pack(writer, Chosen(), record=False)

    assert any(path in line for line in packed.failures)
    assert any(name.startswith(f"archive/{FOLDER}rev=") for name in files)
    assert failures(files)


async def test_a_package_that_was_changed_is_found(writer):
    _, files = await pack(writer)

    for path in files:
        changed = files[path][:-2] + b"?" + files[path][-1:]
        if path.endswith("000001.jsonl"):
            continue  # its last line may be withheld: every other byte is committed to
        assert failures(files | {path: changed}), path


async def test_an_archive_without_threads_is_no_package():
    with pytest.raises(NothingChosen):
        await pack(RenderingWriter(), Chosen())


async def test_a_target_that_is_not_empty_stays_as_it_is(writer):
    target = MemoryArchiveStore()
    target.files = {"archive/ledger/000001.jsonl": b"theirs"}

    with pytest.raises(AlreadyExists):
        await pack(writer, target=target)
    assert target.files["archive/ledger/000001.jsonl"] == b"theirs"


async def test_the_packed_ledger_ends_with_the_line_of_the_package(writer):
    _, files = await pack(writer)
    await pack(writer)

    last = max(path for path in files if "ledger/" in path)
    line = decode_line(files[last].split(b"\n")[-2])
    assert line.members["random"] == request(files)["random"]
    assert failures(files, writer.checkpoint())  # it is older than that checkpoint


SAYS = ("say", THREAD, 0, ALICE, "hello")
KILLED_FIRST = [
    *[SAYS] * 5,
    ("kill", OTHER, 6, ALICE, "hello"),
    ("pass_time", THREAD, 1, ALICE, "hello"),
]
"""A writer that died before the ledger's first line, and came back a day later."""


@settings(max_examples=25)
@given(st.integers(0, 99), steps(14), st.booleans(), st.booleans())
@example(0, KILLED_FIRST, False, False)
async def test_whatever_an_archive_holds_can_be_packed(
    seed, history, record, everything
):
    made = History(seed)
    made.writer = RenderingWriter(seed)
    for name, *what in history:
        getattr(made, name)(*what)
    writer = made.writer
    for thread in list(writer.worlds):
        writer.recover(thread)
    there = [thread for thread in writer.worlds if writer.revisions(thread)]
    if not there:
        return
    chosen = Chosen() if everything else Chosen(threads=tuple(there[:1]))

    packed, files = await pack(writer, chosen, record=record)

    assert packed.failures == []
    assert failures(files) == []
