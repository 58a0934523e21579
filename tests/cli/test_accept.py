"""What cannot be had is accepted by somebody, and a report says so."""

import asyncio
import csv
import io
import json

import pytest

from builders import ALICE, BOB, THREAD
from evidence_verifiers import failures
from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.archive_input import archive_input
from shared.domain.inventory.facts import (
    Began,
    Ended,
    ThreadFound,
    ThreadState,
    UserListed,
    UserMet,
    UserState,
)
from shared.domain.inventory.state import Thread
from shared.usecases.inventory.kept_inventory import keep_inventory

NOW = "2026-11-22T12:00:00Z"
LOST, GONE = "19:lost@thread.v2", "8:acs:11111111-1111-1111-1111-111111111111_gone"


async def record(folder, *facts):
    async with open_archive(ArchiveAddress(text=str(folder), env={})) as archive:
        run = archive.run("estate")
        await run.load()
        await run.record(*facts)


@pytest.fixture
def estate(folder):
    """The archive of a run that lost a thread, and whose user has no token."""
    asyncio.run(
        record(
            folder,
            Began(NOW),
            UserMet(ALICE, "users.txt"),
            UserListed(ALICE, UserState.LISTED, threads=2),
            UserMet(GONE, "users.txt"),
            UserListed(GONE, UserState.REFUSED, reason="no token for this user"),
            ThreadFound(THREAD, ALICE),
            ThreadFound(LOST, GONE),
            Thread(LOST).done(ThreadState.UNREACHABLE, on=NOW, reason="no token"),
            Ended(NOW),
        )
    )
    return folder


def report(run, folder, *options, status=None):
    return json.loads(run("report", folder, "--json", *options, status=status))


def accept(run, folder, *options, status=0):
    return run("accept", *options, "--reason", "case 12", folder, status=status)


def test_a_report_is_complete_once_somebody_accepts_what_cannot_be_had(estate, run):
    before = report(run, estate, status=1)
    assert (before["found"], before["archived"], before["missing"]) == (3, 2, 1)
    assert not before["complete"]
    assert len(before["next"]) == 2

    out = accept(run, estate, "--thread", LOST, "--user", GONE)
    assert f"would be accepted: thread {LOST} (unreachable)" in out
    assert "Nothing was kept" in out
    assert report(run, estate, status=1) | {"written_on": ""} == before | {
        "written_on": ""
    }

    out = accept(
        run, estate, "--thread", LOST, "--user", GONE, "--by", "Dana", "--execute"
    )
    assert out.startswith(f"accepted: thread {LOST} (unreachable)")
    after = report(run, estate, status=0)
    assert after["complete"]
    assert (after["missing"], after["closed"], after["next"]) == (1, 1, [])
    (row,) = [row for row in after["threads"] if row["thread_id"] == LOST]
    assert "by Dana: case 12" in row["accepted"]
    (user,) = after["users"]["accepted"]
    assert user["id"] == GONE
    stored = {
        path.relative_to(estate).as_posix(): path.read_bytes()
        for path in estate.rglob("*")
        if path.is_file()
    }
    assert failures(stored) == []
    table = run("report", estate)
    assert table.splitlines()[0].startswith(
        "3 threads found, 2 archived (1 of them in part), 1 missing (1 accepted), "
    )
    assert "THREADS MISSING, AND CLOSED (1)" in table
    assert "\nCOMPLETE: every thread" in table
    assert "INCOMPLETE" not in table
    assert "USERS NOT ASKED, AS ACCEPTED (1)" in table
    assert "Dana: case 12" in run("report", "--format", "html", estate)


def test_a_decision_is_about_how_it_stood(estate, run):
    accept(run, estate, "--thread", LOST, "--user", GONE, "--execute")
    failed = Thread(LOST).done(ThreadState.FAILED, on=NOW, reason="503")
    asyncio.run(record(estate, failed))

    found = report(run, estate, status=1)
    assert not found["complete"]
    accept(run, estate, "--thread", LOST, "--execute")
    assert report(run, estate, status=0)["complete"]


def test_what_was_accepted_can_be_taken_back(estate, run):
    accept(run, estate, "--user", GONE, "--thread", LOST, "--execute")
    out = accept(run, estate, "--thread", LOST, "--withdraw", "--execute")
    assert f"taken back: thread {LOST}" in out
    assert not report(run, estate, status=1)["complete"]
    out = accept(run, estate, "--thread", LOST, "--withdraw", "--execute", status=1)
    assert "nothing was accepted of it" in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--thread", THREAD), "it is archived"),
        (("--thread", "19:nobody"), "nobody knows such a thread"),
        (("--user", ALICE), "their threads were listed"),
        (("--user", BOB), "nobody knows such a user"),
        (("--user", GONE, "--thread", "19:nobody"), "nobody knows such a thread"),
    ],
)
def test_there_is_nothing_to_accept(estate, run, options, said):
    out = accept(run, estate, *options, "--execute", status=1)
    assert f"NOT ACCEPTED {options[-1]}: {said}" in out
    assert not (estate / "archive-input").exists()


def test_the_same_twice_is_said(estate, run):
    accept(run, estate, "--thread", LOST, "--execute")
    out = accept(run, estate, "--thread", LOST, "--execute", status=1)
    assert "it is accepted on" in out


def test_something_has_to_be_named_and_a_reason_given(estate, run):
    assert "--thread or --user" in accept(run, estate, status=2)
    assert "--reason" in run("accept", "--thread", LOST, estate, status=2)


# The forms of a report


@pytest.mark.parametrize(
    ("name", "begins"),
    [("r.html", "<!doctype html>"), ("r.HTM", "<!doctype html>"), ("r.json", "{"),
     ("r.csv", '"thread_id"'), ("r.txt", "3 threads found")],
)  # fmt: skip
def test_the_ending_of_a_file_chooses_its_format(estate, run, tmp_path, name, begins):
    run("report", estate, "--output", tmp_path / name, status=1)
    assert (tmp_path / name).read_text("utf-8").startswith(begins)


def test_a_format_wins_over_an_ending_and_an_unknown_ending_is_refused(
    estate, run, tmp_path
):
    days = tmp_path / "days.csv"
    run("report", estate, "--output", days, "--format", "days", status=1)
    assert days.read_text("utf-8").startswith('"author","name","day"')
    out = run("report", estate, "--output", tmp_path / "report.pdf", status=2)
    assert "does not say in which format" in out


def test_a_report_says_when_it_was_written_and_of_what(estate, run):
    table = run("report", estate, status=1)
    second, third = table.splitlines()[1:3]
    assert second.startswith("Written 20")
    assert str(estate) in second
    assert "ACS resource 11111111-1111-1111-1111-111111111111" in second
    assert third.startswith("Backfill “estate”: begun 2026-11-22")


MAP = f"""acs_user_id,entra_object_id,target_tenant_id,status,decision_owner
{ALICE},aaaaaaaa-0000-0000-0000-000000000001,,mapped,Dana
"""


def test_the_inventory_has_the_fields_of_the_guide(estate, run, tmp_path):
    (tmp_path / "map.csv").write_text(MAP)
    out = run(
        "report", estate, "--format", "inventory", "--identities", "map.csv", status=1
    )
    rows = {row["sourceThreadId"]: row for row in json.loads(out)}
    assert [*rows[THREAD]][:11] == [
        "sourceThreadId", "topic", "createdAt", "retentionPolicy", "participants",
        "messageCount", "oldestMessageAt", "newestMessageAt", "containsAttachments",
        "containsUnmappedAuthors", "targetStrategy",
    ]  # fmt: skip
    row = rows[THREAD]
    assert row["messageCount"] == 4
    assert row["targetStrategy"] == "archive"
    alice = next(who for who in row["participants"] if who["acsUserId"] == ALICE)
    assert (alice["mappingStatus"], alice["displayName"]) == ("mapped", "Alice")
    assert alice["targetEntraObjectId"].endswith("1")
    others = [who for who in row["participants"] if who["acsUserId"] != ALICE]
    assert {who["mappingStatus"] for who in others} == {"unresolved"}
    lost = rows[LOST]
    assert lost["status"] == "unreachable"
    assert lost["messageCount"] is None
    assert lost["containsUnmappedAuthors"] is None

    plain = json.loads(run("report", estate, "--format", "inventory", status=1))
    assert {row["targetStrategy"] for row in plain} == {"undecided", None}
    assert all(row["containsUnmappedAuthors"] is not False for row in plain)


def test_reports_show_the_names_of_the_directory(estate, run, tmp_path):
    staff = tmp_path / "staff.csv"
    staff.write_text(f"raw_id,name\n{ALICE},Ann Archer\n{GONE},Gus Gone\n")
    run("people", "import", staff, estate)

    table = run("report", estate, status=1)
    assert "[Gus Gone]" in table
    page = run("report", estate, "--format", "html", status=1)
    assert "Alice [Ann Archer]" in page
    days = csv.DictReader(
        io.StringIO(run("report", estate, "--format", "days", status=1))
    )
    assert "Alice [Ann Archer]" in {row["name"] for row in days}


# A report that rests on what the archive kept


def keep(folder):
    async def keep():
        async with open_archive(ArchiveAddress(text=str(folder), env={})) as archive:
            inventory = await archive.run("estate").load()
            return await keep_inventory(archive_input(archive), "estate", inventory)

    return asyncio.run(keep())


def state_file(folder):
    beside = folder.with_name(folder.name + "-control")
    (path,) = beside.rglob("state.jsonl")
    return path


def test_a_report_rests_on_the_archive_once_the_runs_own_state_is_gone(
    estate, run, tmp_path
):
    assert keep(estate) == 9
    assert keep(estate) == 0
    before = report(run, estate, status=1)
    beside = estate.with_name(estate.name + "-control")
    beside.rename(tmp_path / "elsewhere")

    after = report(run, estate, status=1)
    assert after["kept_in_archive"]
    assert not before["kept_in_archive"]
    for name in ("written_on", "kept_in_archive"):
        del before[name], after[name]
    assert after == before
    assert "as the archive keeps it" in run("report", estate, status=1)
    assert not report(run, estate, "--run", "other", status=1)["run"]


def test_damage_beside_threads_makes_a_report_incomplete(estate, run):
    accept(run, estate, "--thread", LOST, "--user", GONE, "--execute")
    path = estate / "archive-input/decisions/000001.jsonl"
    path.write_bytes(b"{}\n")
    found = report(run, estate, status=1)
    assert "what is kept beside threads cannot be read" in found["doubts"][-1]


def test_a_user_who_was_never_asked_is_closed_by_an_acceptance_in_every_form(
    estate, run
):
    accept(run, estate, "--thread", LOST, "--user", GONE, "--execute")
    met = GONE.replace("_gone", "_met")
    asyncio.run(record(estate, Began(NOW), UserMet(met, "users.txt"), Ended(NOW)))
    before = report(run, estate, status=1)
    assert before["doubts"] == ["not asked: 1 user"]

    assert "(met)" in accept(run, estate, "--user", met, "--execute")
    after = report(run, estate, status=0)
    assert (after["doubts"], after["next"]) == ([], [])
    assert [user["id"] for user in after["users"]["accepted"]] == [GONE, met]
    for form in ("table", "html"):
        said = run("report", estate, "--format", form)
        assert said.count("by ") >= 3, form
        assert met in said
        assert GONE in said


def test_a_state_that_began_anew_forgets_nothing_that_was_kept(estate, run):
    keep(estate)
    state_file(estate).unlink()
    asyncio.run(
        record(
            estate,
            Began(NOW),
            UserMet(ALICE, "users.txt"),
            UserListed(ALICE, UserState.LISTED, threads=2),
            Ended(NOW),
        )
    )
    found = report(run, estate, status=1)
    assert (found["found"], found["missing"]) == (3, 1)
    assert found["doubts"] == ["no token for 1 user"]
    assert not found["kept_in_archive"]
    assert keep(estate) == 0
    accept(run, estate, "--thread", LOST, "--user", GONE, "--execute")
    report(run, estate, status=0)


def test_a_state_whose_beginning_is_damaged_is_not_taken_for_none(estate, run):
    path = state_file(estate)
    lines = path.read_bytes().splitlines(keepends=True)
    assert b'"began"' in lines[0]
    damaged = b"{torn\n" + b"".join(lines[1:])
    path.write_bytes(b"".join(lines[:3]) + lines[-1])
    keep(estate)  # before the thread was lost
    path.write_bytes(damaged)

    found = report(run, estate, status=1)
    assert (found["found"], found["missing"]) == (3, 1)
    assert "the run's state holds 1 line that cannot be read" in found["doubts"]
    path.write_bytes(b"{torn\n")
    found = report(run, estate, status=1)
    assert "run estate has not come to its end" in found["doubts"]


def test_what_is_so_again_is_kept_again(estate, run):
    """A user who was refused, then listed, then refused: the last one counts."""
    keep(estate)
    for listed in (
        UserListed(GONE, UserState.LISTED, threads=1),
        UserListed(GONE, UserState.REFUSED, reason="no token for this user"),
    ):
        asyncio.run(record(estate, listed))
        assert keep(estate) == 1
        assert keep(estate) == 0
    state_file(estate).unlink()
    assert "no token for 1 user" in report(run, estate, status=1)["doubts"]


@pytest.mark.parametrize("form", ["table", "json", "csv", "days", "html", "inventory"])
def test_text_that_utf_8_cannot_hold_stops_no_report(estate, run, tmp_path, form):
    odd = "19:\ud83d@thread.v2"
    asyncio.run(record(estate, ThreadFound(odd, ALICE), Ended(NOW)))
    run("report", estate, "--format", form, status=1)
    file = tmp_path / "written"
    run("report", estate, "--format", form, "--output", file, status=1)
    assert file.read_text(encoding="utf-8")


def test_nobody_accepts_an_archive_that_is_damaged(estate, run):
    """A thread that failed, was accepted, and was archived after all: then damage."""
    failed = Thread(THREAD).done(ThreadState.FAILED, on=NOW, reason="answered 500")
    asyncio.run(record(estate, failed, Ended(NOW)))
    accept(run, estate, "--thread", LOST, "--user", GONE, "--execute")
    (manifest,) = estate.glob("thread=*made-up*/rev=0002/manifest.json")
    hidden = estate.with_name("hidden")
    manifest.parent.parent.rename(hidden)
    assert "(failed)" in accept(run, estate, "--thread", THREAD, "--execute")
    report(run, estate, status=0)

    hidden.rename(manifest.parent.parent)
    report(run, estate, status=0)
    manifest.write_bytes(b"{}")
    found = report(run, estate, status=1)
    assert not found["complete"]
    out = accept(run, estate, "--thread", THREAD, "--execute", status=1)
    assert "an archive that cannot be read" in out
