"""What is made of what the app has left behind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import NOON
from shared.domain.errors import Transient
from shared.usecases.capture.doctor.app import DeployedApp, Lock
from shared.usecases.capture.doctor.examine import Step, Verdict, examine, ok
from shared.usecases.capture.status import Status
from shared.usecases.inventory.sweep_log import SweepLine

SWEEP = SweepLine(
    on=NOON,
    threads=9,
    queued=3,
    closed_blobs=0,
    pruned_segments=0,
    failures=0,
    next_due_on=NOON + timedelta(minutes=15),
    python="3.13.2",
    lock="ab12",
)
LOCK = Lock(digest="ab12", first=(3, 11), next=(3, 15))
NEEDED = ("container chat-log", "container dead-letter", "container chat-control")


class Read:
    """Reads what it is told, as `ReadStatus` does."""

    def __init__(self, **facts):
        self.facts = {
            "newest_activity": "2026-01-01T12:00:00Z",
            "ingest_lag": 1.2,
            "threads": 1,
            "last_sweep": SWEEP,
            **facts,
        }
        self.sweeps_read = 0

    def note(self, status, *names):
        for name in names:
            if isinstance(self.facts.get(name), Exception):
                raise self.facts[name]
            if name in self.facts:
                setattr(status, name, self.facts[name])

    async def look_at_log(self, status: Status):
        self.note(status, "newest_activity", "ingest_lag", "threads")

    async def look_at_quarantine(self, status: Status):
        self.note(status, "quarantined")

    async def look_at_dead_letters(self, status: Status):
        self.note(status, "dead_letters")

    async def look_at_sweeps(self, status: Status):
        self.sweeps_read += 1
        self.note(status, "last_sweep", "overdue")


async def seen(read, lock=LOCK):
    async def look():
        return ok("there")

    there = [Step(name=name, look=look) for name in NEEDED]
    steps = [*there, *DeployedApp(read=read, lock=lock).steps()]
    return {c.name: c async for c in examine(steps) if c.name not in NEEDED}


async def test_all_is_well_and_sweeps_are_read_once():
    read = Read()
    checks = await seen(read)

    assert {check.verdict for check in checks.values()} == {Verdict.OK}
    assert read.sweeps_read == 1
    assert "it came 1.2 s after" in checks["newest event"].text
    assert checks["packages"].text == "the app runs Python 3.13.2, packages as locked"
    assert "due 2026" in checks["sweep"].text


@pytest.mark.parametrize(
    ("facts", "name", "verdict", "fix"),
    [
        ({"newest_activity": ""}, "newest event", Verdict.WARNING, "postdeploy"),
        ({"ingest_lag": 601.0}, "newest event", Verdict.WARNING, "MAXIMUM_INSTANCE_COUNT"),
        ({"ingest_lag": None}, "newest event", Verdict.OK, ""),
        ({"ingest_lag": -3.0}, "newest event", Verdict.OK, ""),
        ({"quarantined": 2}, "quarantine", Verdict.WARNING, "redeliver"),
        ({"dead_letters": 1}, "dead letters", Verdict.WARNING, "redeliver"),
        ({"last_sweep": None}, "sweep", Verdict.WARNING, "restart"),
        ({"overdue": True}, "sweep", Verdict.FAILURE, "restart"),
        ({"last_sweep": replace(SWEEP, failures=2)}, "sweep", Verdict.WARNING, "provision"),
        ({"last_sweep": replace(SWEEP, next_due_on=None)}, "sweep", Verdict.OK, ""),
        ({"last_sweep": None}, "packages", Verdict.NOT_CHECKED, ""),
        ({"last_sweep": replace(SWEEP, python="")}, "packages", Verdict.NOT_CHECKED, ""),
        ({"last_sweep": replace(SWEEP, lock="")}, "packages", Verdict.NOT_CHECKED, ""),
        ({"last_sweep": replace(SWEEP, lock="cd")}, "packages", Verdict.WARNING, "azd deploy"),
        ({"last_sweep": replace(SWEEP, python="3.15.0")}, "packages", Verdict.FAILURE, "azd deploy"),
        ({"last_sweep": replace(SWEEP, python="3.10.9")}, "packages", Verdict.FAILURE, "azd deploy"),
        ({"last_sweep": replace(SWEEP, python="?")}, "packages", Verdict.OK, ""),
    ],
)  # fmt: skip
async def test_each_thing_that_is_not_well(facts, name, verdict, fix):
    checks = await seen(Read(**facts))

    assert checks[name].verdict is verdict
    assert fix in checks[name].fix


async def test_an_installed_command_has_no_lock_to_compare_with():
    check = (await seen(Read(), Lock()))["packages"]

    assert check.verdict is Verdict.NOT_CHECKED
    assert "3.13.2" in check.text
    assert "clone" in check.fix


async def test_a_log_that_cannot_be_read_hides_nothing_else():
    checks = await seen(Read(newest_activity=Transient("list the log: 500")))

    assert checks["newest event"].verdict is Verdict.FAILURE
    assert checks["newest event"].text == "list the log: 500"
    assert checks["sweep"].verdict is Verdict.OK


def test_what_takes_too_long_to_read_is_no_failure():
    for step in DeployedApp(read=Read(), lock=LOCK).steps():
        assert step.late.verdict is Verdict.NOT_CHECKED
        assert step.late.fix == "chat-archive status"
