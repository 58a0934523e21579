"""The varied estate has some of everything, and its truth is what a reader sees."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.chat_service.estate import seed_estate
from local.chat_service.model import Member, World
from local.chat_service.truth import (
    ARCHIVED,
    DELETED,
    PARTIAL,
    READABLE,
    SUMS,
    UNREACHABLE,
    Truth,
    thread_truth,
)
from local.chat_service.varied_estate import (
    FEWEST_THREADS,
    FEWEST_USERS,
    POLICIES,
    seed_varied_estate,
)
from shared.domain.times import parse_time

ROOT = Path(__file__).parents[2]


@pytest.fixture(
    scope="module", params=[(FEWEST_USERS, FEWEST_THREADS), (20, 60), (100, 1000)]
)
def estate(request):
    users, threads = request.param
    world = World(origin="https://127.0.0.1:1")
    return world, seed_varied_estate(world, users=users, threads=threads)


def test_even_a_small_estate_has_some_of_everything(estate):
    _, truth = estate
    rows = truth.threads

    assert all(truth.statuses[status] > 1 for status in (ARCHIVED, PARTIAL))
    assert all(truth.statuses[status] > 1 for status in (UNREACHABLE, DELETED))
    assert all(truth.total(name) > 0 for name in SUMS)
    assert {row.kept_days for row in rows} >= {0, *POLICIES}
    assert any("meeting_" in row.id for row in rows)
    assert any(not row.topic for row in rows if row.status == ARCHIVED)
    assert any(not row.messages for row in rows if row.status == ARCHIVED)
    assert any(row.messages > 200 for row in rows)
    assert any(row.status == PARTIAL and not row.participants for row in rows)
    left = {who for row in rows for who in row.left}
    assert left & set(truth.gone)
    assert left & set(truth.living)
    met = {who for row in rows for who in row.participants}
    kinds = {who.split("_")[0].split(":")[1] for who in met & set(truth.guests)}
    assert {"orgid", "teamsvisitor"} <= kinds
    assert any(who.startswith("4:") for who in met)
    assert set(truth.guests) & truth.by_author_and_day.keys()
    assert truth.idle
    assert [len(people) for people in truth.people_by_name.values()].count(2) == 1


def test_the_busiest_of_many_is_in_more_threads_than_a_page_lists():
    truth = seed_varied_estate(World(), users=300, threads=3000)

    mine = [row for row in truth.threads if truth.users[0] in row.participants]

    assert len(mine) > 200


def test_some_threads_are_due_soon_and_some_late_and_none_is_overdue(estate):
    _, truth = estate
    now = max(parse_time(row.last_on) for row in truth.threads if row.last_on)
    days = [(parse_time(on) - now).days for on in truth.deletions_due.values()]

    assert min(days) >= 1
    assert max(days) - min(days) > 5


def test_the_service_holds_the_estate_and_goes_on_today(estate):
    world, truth = estate

    assert {row.id for row in truth.threads} == world.threads.keys()
    assert world.identities == set(truth.living)
    times = [int(m.id) for t in world.threads.values() for m in t.messages.values()]
    assert max(times) < world.tick()


def test_the_sums_are_those_of_what_the_readable_threads_show(estate):
    world, truth = estate
    seen = [
        message
        for row in truth.threads
        if row.status in READABLE
        for message in world.threads[row.id].visible_to(
            best_of(world.threads[row.id].members.values())
        )
    ]

    assert truth.total("messages") == len(seen)
    by_author = truth.by_author_and_day
    spoken = sum(count for days in by_author.values() for count in days.values())
    assert spoken == len([message for message in seen if message.sender_id])
    assert truth.total("deleted") == len([m for m in seen if m.deleted_ms])


def best_of(members):
    return min(members, key=lambda each: (bool(each.left_ms), each.share_history_ms))


def test_a_map_decides_which_threads_have_unmapped_authors(estate):
    _, truth = estate
    authors = truth.by_author_and_day.keys()
    (first, *_) = sorted(authors)

    assert truth.unmapped(authors) == {}
    found = truth.unmapped(authors - {first})
    assert set(found) == {
        row.id for row in truth.threads if first in row.by_author_and_day
    }
    assert list(found.values()) == [[first]] * len(found)


def test_a_truth_is_read_as_it_was_written(estate):
    _, truth = estate

    assert Truth.from_json(truth.to_json()) == truth


def test_a_seed_determines_the_estate():
    def of(seed):
        truth = seed_varied_estate(World(), users=20, threads=60, seed=seed)
        return [(row.status, row.topic, row.messages) for row in truth.threads]

    assert of(1) == of(1) != of(2)


def test_a_plain_estate_has_readable_lost_and_partial_threads_alone():
    truth = seed_estate(World(), users=10, threads=30)

    assert set(truth.statuses) == {ARCHIVED, PARTIAL, UNREACHABLE}
    assert truth.names == {}
    assert len(truth.lost) == 1


def test_a_deleted_message_counts_as_nothing_else():
    world = World()
    thread = world.create_thread("T", "8:acs:a")
    thread.members = {"8:acs:a": Member("8:acs:a")}
    message = world.add_image(thread, thread.members["8:acs:a"], "a.png", b"a")
    message.edited_ms = message.deleted_ms = world.touch(thread, message)

    truth = thread_truth(thread, ARCHIVED)

    assert (truth.messages, truth.deleted, truth.html) == (1, 1, 1)
    assert (truth.edited, truth.images, truth.attachments) == (0, 0, 0)


@pytest.mark.parametrize("options", [(), ("--estate", "9x100"), ("--estate", "10x29")])
def test_a_varied_estate_that_is_too_small_is_refused(options):
    done = subprocess.run(
        [sys.executable, "-m", "local.chat_service", "--varied", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "--varied needs --estate 10x30 at least" in done.stderr
