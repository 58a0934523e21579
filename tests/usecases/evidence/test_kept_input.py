"""Archive-level input as the product keeps and erases it: both verifiers agree."""

import asyncio
from dataclasses import replace

import pytest
from erasing import eraser

from builders import ALICE, BOB
from evidence_verifiers import MemoryFiles, failures
from fakes.archive_store import MemoryArchiveStore
from shared.domain.errors import IntegrityError, Transient
from shared.domain.evidence.paths import INPUT_ORDERS, input_blob
from shared.ports.archive_store import Immutable
from shared.usecases.evidence.archive_input import ArchiveInput
from shared.usecases.evidence.erase import Refused, Unfinished
from shared.usecases.evidence.erase_input import EraseInput
from shared.usecases.evidence.ledger import Ledger
from shared.usecases.evidence.verify_archive import ArchiveVerification
from world import World

PEOPLE = "archive-input/people/000001.jsonl"


class Killed(BaseException):
    """A process that ends at this moment: no handler of errors sees it."""


class Mortal:
    """Something whose writes end the process, before or after the one of a number."""

    def __init__(self, inner, life):
        self.inner, self.life = inner, life

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if name not in ("create", "replace", "remove", "append", "append_first"):
            return found

        async def write(*arguments):
            self.life.step()
            result = await found(*arguments)
            self.life.step()
            return result

        return write


class Life:
    def __init__(self, steps):
        self.left = steps

    def step(self):
        self.left -= 1
        if self.left == 0:
            raise Killed


def keeper(world, life=None):
    archive, ledger = parts(world, life)
    return ArchiveInput(
        archive=archive, ledger=ledger, leases=world.leases, draw=world.salts
    )


def input_eraser(world, life=None):
    archive, ledger = parts(world, life)
    return EraseInput(
        archive=archive,
        ledger=ledger,
        holds=eraser(world).holds,
        leases=world.leases,
        draw=world.salts,
    )


def parts(world, life):
    if life is None:
        return world.archive, world.ledger
    ledger = Ledger(blobs=Mortal(world.blobs, life), clock=world.clock)
    return Mortal(world.archive, life), ledger


def about(person, **more):
    return {"people": [person], **more}


def names(world):
    async def read():
        there = await keeper(world).read("people")
        return [
            (kept.value["people"], kept.value["name"])
            for kept in there.values("people")
        ]

    return asyncio.run(read())


async def two_people():
    world = World()
    keep = keeper(world)
    assert (
        await keep.add("people", [about(ALICE, name="Ann"), about(BOB, name="Bo")]) == 1
    )
    assert await keep.add("decisions", [{"people": [], "decision": "accepted"}]) == 2
    assert await keep.add("people", [about(ALICE, name="Ann B")]) == 3
    return world


def erase(world, person, life=None):
    return input_eraser(world, life)(person, by="dpo", reason="request 12")


def test_what_is_kept_verifies_and_is_read_back():
    world = asyncio.run(two_people())

    assert failures(world.archive.files) == []
    assert names(world) == [([ALICE], "Ann"), ([BOB], "Bo"), ([ALICE], "Ann B")]
    assert len(world.ledger_lines("input")) == 3


def test_nothing_to_keep_makes_no_file():
    world = World()

    assert asyncio.run(keeper(world).add("people", [])) == 0
    assert world.archive.files == {}


def test_a_person_is_erased_and_everything_else_stays():
    world = asyncio.run(two_people())

    assert asyncio.run(erase(world, ALICE)) == 2

    assert failures(world.archive.files) == []
    assert names(world) == [([BOB], "Bo")]
    assert b"Ann" not in b"".join(world.archive.files.values())
    assert asyncio.run(erase(world, ALICE)) == 0
    plan = asyncio.run(input_eraser(world).plan(ALICE))
    assert plan.is_done
    assert not plan.lines


def test_who_comes_back_is_kept_and_can_be_erased_again():
    async def run():
        world = await two_people()
        await erase(world, ALICE)
        world.clock.pass_time(days=1)
        await keeper(world).add("people", [about(ALICE, name="Ann again")])
        assert failures(world.archive.files) == []
        assert await erase(world, ALICE) == 1
        return world

    world = asyncio.run(run())
    assert failures(world.archive.files) == []
    assert names(world) == [([BOB], "Bo")]


def test_a_writer_whose_clock_is_late_writes_an_erased_line():
    async def run():
        world = await two_people()
        await erase(world, ALICE)
        world.clock.pass_time(days=-3)
        await keeper(world).add("people", [about(ALICE, name="Ann again")])
        return world

    world = asyncio.run(run())
    assert failures(world.archive.files) == []
    assert names(world) == [([BOB], "Bo")]


def test_nobody_is_erased_where_nobody_is_named():
    world = asyncio.run(two_people())
    before = dict(world.archive.files)

    assert asyncio.run(erase(world, "8:acs:nobody")) == 0
    assert world.archive.files == before


def test_a_hold_on_the_person_forbids_it():
    async def run():
        world = await two_people()
        holds = eraser(world).holds
        await holds.add(participant=ALICE, why="case 7", who="counsel")
        assert "case 7" in (await input_eraser(world).plan(ALICE)).refused
        assert not (await input_eraser(world).plan(BOB)).refused
        with pytest.raises(Refused, match="case 7"):
            await erase(world, ALICE)
        return world

    world = asyncio.run(run())
    assert INPUT_ORDERS not in world.archive.files
    assert len(names(world)) == 3


def test_a_policy_of_the_storage_forbids_it():
    world = asyncio.run(two_people())
    world.archive.immutable = True
    with pytest.raises(Immutable):
        asyncio.run(erase(world, ALICE))


def test_a_line_that_cannot_be_read_goes_with_every_order():
    async def run():
        world = World()
        odd = {"people": ["8:acs:" + "x" * 300], "name": "Odd"}
        await keeper(world).add("people", [about(ALICE, name="Ann"), odd])
        await erase(world, ALICE)
        return world

    world = asyncio.run(run())
    assert failures(world.archive.files) == []
    assert b"Odd" not in world.archive.files[PEOPLE]


def test_damage_is_named_and_nothing_is_written_over_it():
    world = asyncio.run(two_people())
    good = world.archive.files[PEOPLE]
    for broken in (good[:-1], good + b"{}\n", good.replace(b'"salt"', b'"sale"', 1)):
        world.archive.files[PEOPLE] = broken
        before = dict(world.archive.files)
        with pytest.raises(IntegrityError, match="people/000001"):
            asyncio.run(keeper(world).add("people", [about(BOB, name="Bo")]))
        assert world.archive.files == before


def test_one_writer_at_a_time():
    async def run():
        world = World()
        async with world.leases.hold("leases/archive-input"):
            await keeper(world).add("people", [about(BOB, name="Bo")])

    with pytest.raises(Transient, match="another process"):
        asyncio.run(run())


class Counting(MemoryArchiveStore):
    """An archive that notes which files were read whole."""

    def __init__(self, files):
        super().__init__()
        self.files, self.was_read = files, []

    async def read(self, path):
        self.was_read.append(path)
        return await super().read(path)


def test_what_was_kept_of_another_kind_is_not_read_again():
    async def run():
        world = await two_people()
        await keeper(world).add("decisions", [{"people": [], "decision": "one"}])
        counting = Counting(world.archive.files)
        keep = replace(keeper(world), archive=counting)
        await keep.add("decisions", [{"people": [], "decision": "two"}])
        return world, counting.was_read

    world, was_read = asyncio.run(run())
    assert was_read
    assert not [path for path in was_read if "/people/" in path]
    assert failures(world.archive.files) == []


@pytest.mark.parametrize("steps", range(1, 5))
@pytest.mark.parametrize("then", ["people", "decisions", "imports"])
def test_a_writer_that_is_killed_leaves_nothing_unrecorded(steps, then):
    """Whatever the next writer keeps."""

    async def run():
        world = await two_people()
        with pytest.raises(Killed):
            await keeper(world, Life(steps)).add("people", [about(BOB, name="B")])
        world.ledger = Ledger(blobs=world.blobs, clock=world.clock)
        await keeper(world).add(then, [{"people": []}])
        await keeper(world).add(then, [{"people": []}])
        return world

    world = asyncio.run(run())
    assert failures(world.archive.files) == []
    numbers = [input_blob(path)[1] for path in world.archive.files if input_blob(path)]
    assert sorted(numbers) == list(range(1, 6 if steps == 1 else 7))
    assert len(world.ledger_lines("input")) == len(numbers)


@pytest.mark.parametrize("steps", range(1, 5))
def test_a_writer_that_is_killed_loses_nothing_but_its_own(steps):
    """Before and after each write; the next writer goes on."""

    async def run():
        world = await two_people()
        with pytest.raises(Killed):
            await keeper(world, Life(steps)).add("people", [about(BOB, name="B")])
        world.ledger = Ledger(blobs=world.blobs, clock=world.clock)
        assert failures(world.archive.files) == []
        await keeper(world).add("people", [about(BOB, name="the last")])
        return world

    world = asyncio.run(run())
    assert failures(world.archive.files) == []
    assert names(world)[-1] == ([BOB], "the last")
    numbers = [input_blob(path)[1] for path in world.archive.files if input_blob(path)]
    assert sorted(numbers) == list(range(1, 5 if steps == 1 else 6))


@pytest.mark.parametrize("steps", range(1, 14))
@pytest.mark.parametrize("then", ["erase", "keep"])
def test_an_erasure_that_is_killed_is_finished_or_taken_back(steps, then):
    """Before and after each write; by the same command again, or by a writer."""

    async def run():
        world = await two_people()
        is_killed = False
        try:
            await erase(world, ALICE, Life(steps))
        except Killed:
            is_killed = True
        world.ledger = Ledger(blobs=world.blobs, clock=world.clock)
        said = failures(world.archive.files)
        assert all("not finished" in str(failure) for failure in said), said
        if then == "keep":
            await keeper(world).add("decisions", [{"people": []}])
            assert failures(world.archive.files) == []
        await erase(world, ALICE)
        return world, is_killed

    world, is_killed = asyncio.run(run())
    assert failures(world.archive.files) == []
    assert names(world) == [([BOB], "Bo")]
    assert b"Ann" not in b"".join(world.archive.files.values())
    assert is_killed == (steps <= 8)


def test_an_error_after_the_ledger_has_the_order_says_that_it_has_begun():
    class Refusing(Mortal):
        def __getattr__(self, name):
            if name == "replace" and self.life.left:
                return self.refuse
            return getattr(self.inner, name)

        async def refuse(self, path, data):
            if path != INPUT_ORDERS:
                raise Transient("no answer")
            await self.inner.replace(path, data)

    async def run():
        world = await two_people()
        use = input_eraser(world)
        refusing = EraseInput(
            archive=Refusing(world.archive, Life(9)),
            ledger=use.ledger,
            holds=use.holds,
            leases=use.leases,
            draw=use.draw,
        )
        with pytest.raises(Unfinished, match="run this again"):
            await refusing(ALICE, by="dpo", reason="r")
        await erase(world, ALICE)
        return world

    world = asyncio.run(run())
    assert failures(world.archive.files) == []
    assert names(world) == [([BOB], "Bo")]


class StandsStill:
    """A ledger whose process stands still once, so that its lease goes to another."""

    def __init__(self, world):
        self.world, self.is_over = world, False

    def __getattr__(self, name):
        return getattr(self.world.ledger, name)

    async def now(self):
        if not self.is_over:
            self.is_over = True
            self.world.leases.holders.clear()
            await keeper(self.world).add("decisions", [{"people": [], "id": "x"}])
        return await self.world.ledger.now()


@pytest.mark.parametrize("does", ["add", "erase"])
def test_who_lost_the_lease_writes_nothing(does):
    """Two files of one number would make the archive fail for ever."""

    async def run():
        world = await two_people()
        late = StandsStill(world)
        if does == "add":
            use = replace(keeper(world), ledger=late)
            work = use.add("people", [about(BOB, name="late")])
        else:
            use = replace(input_eraser(world), ledger=late)
            work = use(ALICE, by="dpo", reason="r")
        with pytest.raises(Transient, match="lease was lost"):
            await work
        return world

    world = asyncio.run(run())
    assert failures(world.archive.files) == []
    assert len(names(world)) == 3


class Growing(MemoryFiles):
    """Files to which two more are added once the ledger was read."""

    def __init__(self, world, later):
        super().__init__(world)
        self.before, self.later = world, later

    def names(self, prefix=""):
        found = super().names(prefix)
        if prefix == "ledger/":
            self.files = self.later
            found = [name for name in found if name in self.before]
        return found

    def chunks(self, path):
        is_ledger = path.startswith("ledger/")
        yield self.before[path] if is_ledger else self.files[path]


def test_what_is_kept_while_an_archive_is_verified_is_no_failure():
    async def run():
        world = await two_people()
        before = dict(world.archive.files)
        await keeper(world).add("people", [about(BOB, name="Bo B")])
        await keeper(world).add("decisions", [{"people": []}])
        return before, dict(world.archive.files)

    files = Growing(*asyncio.run(run()))
    found = list(ArchiveVerification(files=files, today="2026-11-22").verify())
    assert not [finding for finding in found if finding.is_failure]
    assert [finding.path for finding in found] == [
        "archive-input/decisions/000005.jsonl",
        "archive-input/people/000004.jsonl",
    ]
