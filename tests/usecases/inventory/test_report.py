"""The report says what is missing before it says what is there."""

import csv
import io
import itertools
import json
from datetime import timedelta

import pytest

from builders import (
    ALICE,
    BOB,
    THREAD,
    listed,
    listed_deleted,
    received,
    thread_created,
)
from shared.cli.report import FORMS
from shared.domain import layout
from shared.domain.errors import Transient
from shared.domain.inventory.facts import (
    Began,
    Ended,
    ThreadFound,
    ThreadState,
    UserListed,
    UserMet,
    UserState,
)
from shared.domain.inventory.state import Inventory, Thread
from shared.usecases.inventory.next_steps import next_steps
from shared.usecases.inventory.report import InventoryReport, MakeReport
from shared.usecases.inventory.settle import Settle
from shared.usecases.inventory.sweep_log import FailedLine, UnreachableLine
from shared.usecases.inventory.thread_rows import ThreadStatus
from world import World

NOW = "2026-11-22T12:00:00Z"
LOST, STUCK, WAITING = "19:lost", "19:stuck", "19:<b>waiting</b>"


def estate_of(*lines):
    inventory = Inventory()
    for line in (Began(NOW), *lines):
        inventory.apply(line)
    return inventory


def ended(*lines):
    return estate_of(*lines, Ended(NOW))


@pytest.fixture
async def world():
    world = World()
    await world.receive(thread_created(), received())
    world.chat.shows(THREAD, ALICE, listed(), listed(1), listed_deleted(2))
    await world.finalize(THREAD)
    return world


async def apply(world, inventory, mapped=None, run="estate"):
    report = InventoryReport(run=run, inventory=inventory, written_on=NOW)
    return await MakeReport(archive=world.archive)(report, mapped)


ALL_WELL = (
    UserMet(ALICE, "users.txt"),
    UserListed(ALICE, UserState.LISTED, threads=1),
    ThreadFound(THREAD, ALICE),
    Thread(THREAD).done(ThreadState.ARCHIVED, on=NOW, revision=1),
)


async def test_an_estate_that_is_archived_is_complete(world):
    report = await apply(world, ended(*ALL_WELL))

    assert report.is_complete
    assert report.doubts == []
    assert report.statuses == {ThreadStatus.ARCHIVED: 1}
    assert (report.total.messages, report.total.deleted) == (3, 1)
    assert report.total.by_author_and_day == {ALICE: {"2026-11-22": 3}}


@pytest.mark.parametrize(
    ("line", "doubt"),
    [
        (UserListed(BOB, UserState.FAILED, reason="503"), "could not be asked"),
        (UserListed(BOB, UserState.REFUSED, reason="404"), "no token for 1 user"),
        (UserMet(BOB, "users.txt"), "not asked: 1 user"),
    ],
)
async def test_whoever_could_not_be_asked_may_hide_threads(world, line, doubt):
    report = await apply(world, ended(*ALL_WELL, line))

    assert doubt in report.doubts[0]
    assert not report.is_complete


async def test_a_run_that_did_not_end_and_none_at_all_are_doubts(world):
    assert "not come to its end" in (await apply(world, estate_of(*ALL_WELL))).doubts[0]
    assert "no backfill" in (await apply(world, Inventory(), run="")).doubts[0]


async def test_a_torn_line_of_the_runs_state_is_a_doubt(world):
    inventory = ended(*ALL_WELL)
    inventory.unreadable = 1

    report = await apply(world, inventory)

    assert "cannot be read" in report.doubts[0]
    assert not report.is_complete


SETTLED = {ThreadState.ARCHIVED, ThreadState.DELETED}


@pytest.mark.parametrize("state", sorted(set(ThreadState) - SETTLED))
async def test_an_estate_with_a_thread_that_has_no_archive_is_not_complete(
    world, state
):
    waiting = Thread(WAITING).done(state, on=NOW, reason="why")

    report = await apply(world, ended(*ALL_WELL, ThreadFound(WAITING, ALICE), waiting))

    assert report.doubts == []
    assert not report.is_complete


async def test_a_thread_that_the_service_deleted_is_named_and_asks_for_nothing(world):
    found = ThreadFound(WAITING, ALICE, "", "2026-11-20T00:00:00Z")
    lost = Thread(WAITING, deleted_on=found.deleted_on).done(
        ThreadState.UNREACHABLE, on=NOW, reason="status 404"
    )

    report = await apply(world, ended(*ALL_WELL, found, lost))

    (row,) = (row for row in report.rows if row.thread_id == WAITING)
    assert row.status == "deleted"
    assert row.reason == "deleted in the service on 2026-11-20T00:00:00Z"
    assert report.is_complete


async def test_of_a_queued_thread_it_says_what_the_function_app_has_found_out(world):
    queued = [
        (ThreadFound(name, ALICE), Thread(name).done(ThreadState.QUEUED, on=NOW))
        for name in (LOST, STUCK, WAITING)
    ]
    later = world.clock() + timedelta(minutes=1)
    await world.sweep_log.record_queued("backfill", [LOST, STUCK, WAITING])
    await world.sweep_log.record(
        UnreachableLine(on=later, thread_id=LOST, reason="no token")
    )
    await world.sweep_log.record(
        FailedLine(on=later, thread_id=STUCK, failures=1, reason="503")
    )
    report = InventoryReport(
        run="estate",
        inventory=ended(*ALL_WELL, *itertools.chain(*queued)),
        written_on=NOW,
    )
    settle = Settle(
        archive=world.archive,
        queue=world.queue,
        sweep_log=world.sweep_log,
        clock=world.clock,
    )

    await MakeReport(archive=world.archive, settle=settle)(report)

    rows = {row.thread_id: (row.status, row.reason) for row in report.rows}
    assert rows[LOST] == (ThreadStatus.UNREACHABLE, "no token")
    assert rows[STUCK] == (ThreadStatus.FAILED, "503")
    assert rows[WAITING] == (ThreadStatus.QUEUED, "")


async def test_what_to_do_next_names_the_run_where_it_has_a_name_of_its_own(world):
    lost = Thread(LOST).done(ThreadState.UNREACHABLE, on=NOW, reason="no token")
    facts = [*ALL_WELL, ThreadFound(LOST, BOB), lost]

    (usual,) = next_steps(await apply(world, ended(*facts)))
    (own,) = next_steps(await apply(world, ended(*facts), run="rehearsal"))

    assert "`chat-archive accept --thread … --reason … --execute` closes it" in usual
    assert "`chat-archive accept --run rehearsal --thread" in own
    assert "`chat-archive backfill --run rehearsal --threads" in own


async def test_what_was_only_found_is_not_tried_again_but_not_tried_yet(world):
    report = await apply(world, ended(*ALL_WELL, ThreadFound(WAITING, BOB)))

    table = FORMS["table"](report)
    assert "INCOMPLETE: 1 thread not tried yet" in table
    assert "NEXT: Have 1 thread archived: " in table
    assert "tried again" not in table


async def test_who_may_not_look_at_the_queue_sees_a_thread_as_queued(world):
    async def refuse(*arguments, **options):
        raise Transient("status 403")

    world.queue.oldest = refuse
    waiting = Thread(WAITING).done(ThreadState.QUEUED, on=NOW)
    report = InventoryReport(
        run="estate",
        inventory=ended(*ALL_WELL, ThreadFound(WAITING, ALICE), waiting),
        written_on=NOW,
    )
    settle = Settle(
        archive=world.archive,
        queue=world.queue,
        sweep_log=world.sweep_log,
        clock=world.clock,
    )

    await MakeReport(archive=world.archive, settle=settle)(report)

    assert report.statuses[ThreadStatus.QUEUED] == 1


async def test_who_is_not_of_this_resource_is_no_doubt(world):
    stranger = "8:acs:22222222-2222-2222-2222-222222222222_x"
    people = [
        UserListed(stranger, UserState.REFUSED, reason="no token for this user"),
        UserListed("8:orgid:somebody", UserState.OUTSIDE),
        UserListed("4:+15550100", UserState.OUTSIDE),
    ]

    report = await apply(world, ended(*ALL_WELL, *people))

    assert report.doubts == []
    assert report.is_complete
    assert len(report.inventory.outside) == 3
    ours = UserListed(BOB, UserState.REFUSED, reason="no token for this user")
    assert not (await apply(world, ended(*ALL_WELL, ours))).is_complete


async def test_a_thread_has_its_topic_its_metadata_and_its_retention_by_name(world):
    policy = {"kind": "threadCreationDate", "deleteThreadAfterDays": 30}
    told = {"topic": "Loan", "metadata": {"case": "7"}, "retentionPolicy": policy}
    world.chat.shows(THREAD, ALICE, listed(), properties=told)
    await world.finalize(THREAD, readers=(ALICE,), relist=True)

    report = await apply(world, ended(*ALL_WELL))

    (row,) = (row for row in report.rows if row.thread_id == THREAD)
    assert (row.topic, row.metadata) == ("Loan", {"case": "7"})
    assert row.retention_policy["deleteThreadAfterDays"] == 30
    assert row.deletion_due_on.startswith("2026-12-22T")


async def test_every_thread_stands_as_it_is_and_says_why(world):
    world.chat.pages.clear()
    await world.receive(received(threadId="19:events"))
    await world.finalize("19:events")
    world.chat.shows("19:part", BOB, listed(), since="2026-11-22T10:00:00Z")
    await world.finalize("19:part", readers=[BOB])
    inventory = ended(
        *ALL_WELL,
        ThreadFound(LOST, BOB),
        Thread(LOST).done(ThreadState.UNREACHABLE, on=NOW, reason="no token"),
        ThreadFound(STUCK, BOB),
        Thread(STUCK).done(ThreadState.FAILED, on=NOW, reason="503"),
        ThreadFound(WAITING, BOB),
        Thread(WAITING).done(ThreadState.QUEUED, on=NOW),
        ThreadFound("19:vanished", BOB),
        Thread("19:vanished").done(ThreadState.ARCHIVED, on=NOW, revision=1),
    )

    report = await apply(world, inventory)

    rows = {row.thread_id: (row.status, row.reason) for row in report.rows}
    assert rows[LOST] == (ThreadStatus.UNREACHABLE, "no token")
    assert rows[STUCK] == (ThreadStatus.FAILED, "503")
    assert rows[WAITING][0] is ThreadStatus.QUEUED
    assert rows["19:part"][0] is ThreadStatus.PARTIAL
    assert rows["19:events"][0] is ThreadStatus.EVENTS_ONLY
    assert rows["19:vanished"][0] is ThreadStatus.FAILED
    assert "3 archived (2 of them in part)" in FORMS["table"](report).splitlines()[0]
    assert "<dt>archived (2 of them in part)</dt>" in FORMS["html"](report)
    assert "is not there" in rows["19:vanished"][1]
    assert all(
        reason for one, (_, reason) in rows.items() if one not in (THREAD, WAITING)
    )
    assert not report.is_complete


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ("1970-01-01T00:00:00Z", ThreadStatus.ARCHIVED),
        ("2026-11-22T12:00:00Z", ThreadStatus.PARTIAL),
    ],
)
async def test_after_a_snapshot_a_thread_stands_as_the_whole_pass_left_it(
    world, since, status
):
    world.chat.page_size = 1
    seen = [listed(), listed(-1)]
    world.chat.shows("19:long", BOB, *seen, since=since)
    await world.finalize("19:long", readers=[BOB])
    await world.receive(received(1, threadId="19:long"))
    world.chat.shows("19:long", BOB, listed(1), *seen, since=since)
    finalized = await world.finalize("19:long", readers=[BOB])

    report = await apply(world, ended(*ALL_WELL))

    assert finalized.visibility == "snapshot"
    assert {row.thread_id: row.status for row in report.rows}["19:long"] is status


@pytest.mark.parametrize("file", ["manifest.json", "reconciliation.json"])
async def test_an_archive_that_cannot_be_read_has_failed(world, file):
    path = layout.revision_path(THREAD, 1, file)
    world.archive.files[path] = b"{"

    for known in (ALL_WELL, [ThreadFound(THREAD, ALICE)]):
        report = await apply(world, ended(*known))
        assert report.statuses == {ThreadStatus.FAILED: 1}


async def test_authors_without_an_identity_are_named_where_a_map_is_given(world):
    inventory = ended(*ALL_WELL)

    assert (await apply(world, inventory)).unmapped == []
    assert (await apply(world, inventory, mapped={ALICE})).unmapped == []
    assert (await apply(world, inventory, mapped={BOB})).unmapped == [ALICE]


async def test_what_event_and_listing_tell_differently_is_counted(world):
    assert (await apply(world, ended(*ALL_WELL))).differing == 0
    world.clock.pass_time(days=8)
    await world.receive(received(3, "I owe you 100"))
    items = (listed(), listed(1), listed_deleted(2), listed(3, "I owe you 900"))
    world.chat.shows(THREAD, ALICE, *items)
    await world.finalize(THREAD)

    report = await apply(world, ended(*ALL_WELL))

    (row,) = report.rows
    assert (row.differing, row.grade_reason, report.differing) == (1, "differs", 1)
    forms = {name: form(report) for name, form in FORMS.items()}
    assert json.loads(forms["json"])["differing"] == 1
    assert "1  message that event and listing tell differently\n" in forms["table"]
    (flat,) = csv.DictReader(io.StringIO(forms["csv"]))
    assert flat["differing"] == "1"


async def test_the_forms_tell_the_same(world):
    inventory = ended(
        *ALL_WELL,
        UserListed(BOB, UserState.LISTED, threads=0),
        ThreadFound(WAITING, BOB),
        Thread(WAITING).done(ThreadState.FAILED, on=NOW, reason="<script>"),
    )

    forms = {name: form(await apply(world, inventory)) for name, form in FORMS.items()}

    document = json.loads(forms["json"])
    assert document["statuses"]["failed"] == 1
    assert document["users"]["in_no_thread"] == [BOB]
    rows = list(csv.DictReader(io.StringIO(forms["csv"])))
    assert {row["thread_id"]: row["status"] for row in rows} == {
        THREAD: "archived",
        WAITING: "failed",
    }
    days = list(csv.DictReader(io.StringIO(forms["days"])))
    day = {"author": ALICE, "name": "Alice", "day": "2026-11-22", "messages": "3"}
    assert days == [day]
    first, *rest = forms["table"].splitlines()
    assert first == "2 threads found, 1 archived, 1 missing, 3 messages"
    assert "  failed  (no topic)  19:<b>waiting</b>  <script>" in rest
    assert any(line.startswith("  ") and line.endswith(BOB) for line in rest)
    page = forms["html"]
    assert "<script>" not in page
    assert "<b>waiting" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")
