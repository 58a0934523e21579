"""An index says what its archive says, however it came about, and nothing that went."""

import asyncio
import os
import sqlite3
import stat
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    received,
    thread_created,
    thread_event,
    who,
)
from indexes import build, reader, scan
from product_archives import erase
from shared.adapters.index import write_index
from shared.domain.errors import Transient, Unreachable
from shared.domain.search.query import parse_query
from shared.domain.times import parse_time
from shared.ports.archive_index import Filter, IndexBusy, NoIndex
from shared.usecases.reading.index_age import Age, age_of, from_json
from world import World

OTHER, THIRD = "19:acsV1_other@thread.v2", "19:acsV1_third@thread.v2"
NAMES = {ALICE: "Alice Example", BOB: "Bób 田中"}


def by(person):
    return {
        "senderCommunicationIdentifier": who(person),
        "senderDisplayName": NAMES[person],
    }


def spoken(number, body, person=ALICE, thread=THREAD):
    return received(number, body, threadId=thread, **by(person))


async def two_threads():
    world = World()
    await world.receive(
        thread_created(properties={"topic": "Order 4711"}),
        spoken(0, "A full refund by Friday"),
        spoken(1, "東京都へ行く", BOB),
        spoken(2, "my number is 0420", BOB),
        edited(0, "No refund", **by(ALICE)),
        deleted(2, **by(BOB)),
        thread_created(threadId=OTHER, properties={"topic": "Loan"}),
        spoken(0, "a refund of the loan", thread=OTHER),
    )
    await world.finalize(THREAD)
    await world.finalize(OTHER)
    return world


def ids(hits):
    return [(hit.thread_id, int(hit.message.message_id) - FIRST_ID) for hit in hits]


def asked(path, text="", **chosen):
    index = reader(path)
    query = parse_query(text) if text else None
    found = ids(index.search(query, Filter(**chosen), 100))
    assert index.count(query, Filter(**chosen), 100) == len(found)
    index.close()
    return found


async def test_a_message_is_found_by_every_version_and_by_its_sender(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)

    assert asked(path, "refund") == [(OTHER, 0), (THREAD, 0)]
    assert asked(path, '"full refund"') == [(THREAD, 0)]  # before it was edited
    assert asked(path, "friday no") == [(THREAD, 0)]  # in two versions
    assert asked(path, '"friday no"') == []  # which no phrase spans
    assert asked(path, "0420") == [(THREAD, 2)]  # before it was deleted
    assert asked(path, "京都") == [(THREAD, 1)]
    assert asked(path, "bob") == [(THREAD, 2), (THREAD, 1)]
    assert asked(path, "refund NOT loan") == [(THREAD, 0)]


async def test_options_narrow_a_search(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)

    assert asked(path, is_edited=True) == [(THREAD, 0)]
    assert asked(path, is_deleted=True) == [(THREAD, 2)]
    assert asked(path, has_files=True) == []
    assert asked(path, "refund", topic="LOAN") == [(OTHER, 0)]
    assert asked(path, "refund", participant="bob") == [(OTHER, 0), (THREAD, 0)]
    assert asked(path, "refund", participant=BOB, threads=(THREAD,)) == [(THREAD, 0)]
    assert asked(path, "refund", participant="nobody") == []
    assert asked(path, after=FIRST_ID + 1) == [(THREAD, 2)]
    assert asked(path, before=FIRST_ID + 1) == [(OTHER, 0), (THREAD, 0)]
    assert asked(path, "refund", only_threads=(OTHER,)) == [(OTHER, 0)]
    assert asked(path, "refund", only_threads=()) == []


async def test_a_thread_is_found_by_its_topic_and_its_people(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)
    index = reader(path)

    def called(text, **chosen):
        found = index.threads_called(parse_query(text), Filter(**chosen), 10)
        return [facts.thread_id for facts in found]

    assert called("order") == [THREAD]
    assert called("loan alice") == [OTHER]
    assert called("example", only_threads=(OTHER,)) == [OTHER]
    assert index.thread_ids("19:acsV1_o", 10) == [OTHER]
    assert [facts.thread_id for facts in index.threads(Filter())] == [THREAD, OTHER]
    found = index.threads(Filter(), query=parse_query("full"))
    assert [facts.topic for facts in found] == ["Order 4711"]
    ((alice, threads),) = index.people("ali ex", Filter(), 10)
    assert (alice.raw_id, threads) == (ALICE, 2)


async def test_a_message_comes_with_all_its_versions(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)
    index = reader(path)

    message = index.message(THREAD, str(FIRST_ID))

    assert [version.text for version in message.versions] == [
        "A full refund by Friday",
        "No refund",
    ]
    assert message.commitment == message.versions[-1].commitment
    assert message.text == "No refund"
    assert index.message(THREAD, "1") is None
    assert index.message(OTHER, str(FIRST_ID + 1)) is None
    _, second = index.messages(THREAD, 2)
    assert index.messages(THREAD, 9, second.message_id)[0].is_deleted
    plain = index.message(OTHER, str(FIRST_ID))
    assert [version.kind for version in plain.versions] == ["received"]


async def test_only_threads_with_news_are_read_again(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)
    read = []
    world.archive.read = noting(world.archive.read, read)

    again = await build(world, path)
    assert (again.threads, read) == (0, [])

    await world.receive(spoken(5, "news", thread=OTHER))
    await world.finalize(OTHER)
    read.clear()
    later = await build(world, path)

    assert later.threads == 1
    assert not [name for name in read if "acsV1_other" not in name]
    assert asked(path, "news") == [(OTHER, 5)]


def noting(read, names):
    async def noted(name):
        names.append(name)
        return await read(name)

    return noted


async def test_an_index_is_as_old_as_its_archive_or_is_refused(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)

    async def age(of):
        index = reader(path)
        position = from_json(index.about.position)
        index.close()
        return await age_of(of.blobs, position)

    assert await age(world) is Age.CURRENT
    await world.receive(spoken(5, "news"))
    await world.finalize(THREAD)
    assert await age(world) is Age.OLDER
    await build(world, path)
    assert await age(world) is Age.CURRENT
    world.clock.pass_time(days=2)
    await world.receive(spoken(6, "more"))
    await world.finalize(THREAD)
    assert await age(world) is Age.OLDER  # in the next blob
    other = await two_threads()
    other.archive.files.update(
        {k: v for k, v in (await scattered()).archive.files.items() if "ledger" in k}
    )
    assert await age(other) is Age.OTHER
    assert await age(World()) is Age.NO_LEDGER


async def scattered():
    """As many lines of a ledger, of the same length, in other words."""
    world = World(salts=None)
    world.salts.number = 5000
    for thread in (OTHER, THREAD):
        await world.receive(spoken(0, "else", thread=thread))
        await world.finalize(thread)
    return world


async def test_an_index_of_another_archive_is_built_from_nothing(tmp_path):
    path = tmp_path / "index"
    await build(await two_threads(), path)

    built = await build(await scattered(), path)

    assert built.is_new
    assert asked(path, "refund") == []
    assert (
        asked(path, "else") == [(THREAD, 0), (OTHER, 0)]
        or len(asked(path, "else")) == 2
    )


async def test_what_was_erased_is_in_no_byte_of_it(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)
    assert b"0420" in path.read_bytes()
    world.clock.pass_time(minutes=5)
    await erase(world, messages=frozenset([str(FIRST_ID + 2)]))
    await erase(world, participant=BOB)

    await build(world, path)

    assert asked(path, "0420") == []
    data = path.read_bytes()
    for gone in ("0420", "東京", "Bób", "田中"):
        assert gone.encode() not in data
    assert [file.name for file in tmp_path.iterdir()] == ["index"]
    assert asked(path, "refund") == [(OTHER, 0), (THREAD, 0)]


async def test_an_erasure_that_is_not_finished_is_not_indexed(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)
    world.clock.pass_time(minutes=5)
    before = {
        name: data for name, data in world.archive.files.items() if "events" in name
    }
    await erase(world, messages=frozenset([str(FIRST_ID + 2)]))
    after = dict(world.archive.files)
    world.archive.files.update(before)  # it died before it blanked the lines

    built = await build(world, path)

    assert built.failures == [
        f"{THREAD}: an erasure is not finished: run `chat-archive erase` again"
    ]
    assert asked(path, "0420") == asked(path, "order") == []
    assert b"0420" not in path.read_bytes()
    world.archive.files = after
    assert (await build(world, path)).failures == []
    assert asked(path, "full") == [(THREAD, 0)]
    assert asked(path, "0420") == []


async def test_a_thread_that_cannot_be_read_is_named_and_tried_again(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    (events,) = [
        name
        for name in world.archive.files
        if "other" in name and name.endswith("events.jsonl")
    ]
    good = world.archive.files[events]
    world.archive.files[events] = good.replace(b"loan", b"LOAN")

    built = await build(world, path)

    assert len(built.failures) == 1
    assert built.failures[0].startswith(OTHER)
    index = reader(path)
    assert [each.thread_id for each in index.unread()] == [OTHER]
    index.close()
    assert asked(path, "refund") == [(THREAD, 0)]
    world.archive.files[events] = good
    assert (await build(world, path)).failures == []
    assert asked(path, "refund") == [(OTHER, 0), (THREAD, 0)]


async def test_two_threads_with_one_key_are_not_mixed(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    copied = {
        name.replace("acsV1_other", "acsV1_copy"): data
        for name, data in world.archive.files.items()
        if "acsV1_other" in name
    }
    world.archive.files.update(copied)

    await build(world, path)

    assert asked(path, "loan") == [(OTHER, 0)]


async def test_a_build_that_was_killed_is_not_believed_and_goes_on(tmp_path):
    world, path = await two_threads(), tmp_path / "index"

    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await build(world, path, on_thread=stop)
    with pytest.raises(NoIndex, match="not finished"):
        reader(path)

    assert (await build(world, path)).threads == 2
    assert asked(path, "refund") == [(OTHER, 0), (THREAD, 0)]


async def test_one_process_builds_at_a_time(tmp_path, monkeypatch):
    world, path = await two_threads(), tmp_path / "index"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE x (y)")
    db.execute("BEGIN EXCLUSIVE")

    monkeypatch.setattr(write_index, "PATIENCE", 0)
    with pytest.raises(IndexBusy, match="another process"):
        await build(world, path)
    with pytest.raises(NoIndex, match="built just now"):
        reader(path)
    db.close()


async def test_only_the_user_may_read_it(tmp_path):
    os.umask(0o022)
    path = tmp_path / "new" / "index"
    await build(await two_threads(), path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "data", [b"", b"no database at all" * 100, b"SQLite format 3\0"]
)
async def test_what_is_no_index_is_not_believed(tmp_path, data):
    path = tmp_path / "index"
    path.write_bytes(data)

    with pytest.raises(NoIndex):
        reader(path)
    await build(await two_threads(), path)
    assert asked(path, "refund") == [(OTHER, 0), (THREAD, 0)]


def test_there_is_none(tmp_path):
    with pytest.raises(NoIndex, match="no index"):
        reader(tmp_path / "index")


WORDS = ("refund", "Café", "no", "東京都", "京都", "re", "order", "مُحَمَّد", "x-y")
BODY = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
STEP = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 5), BODY, st.sampled_from((ALICE, BOB))),
    st.tuples(st.just("edit"), st.integers(0, 5), BODY, st.integers(1, 9)),
    st.tuples(st.just("delete"), st.integers(0, 5)),
    st.tuples(st.just("topic"), BODY),
    st.tuples(st.just("finalize")),
    st.tuples(st.just("erase"), st.integers(0, 5)),
    st.tuples(st.just("build")),
    st.tuples(st.just("killed")),
)
STEPS = st.lists(st.tuples(st.sampled_from((THREAD, OTHER, THIRD)), STEP), max_size=25)
QUERIES = st.lists(
    st.sampled_from(
        (*WORDS, "re*", "caf*", '"no refund"', "refund OR no", "refund NOT no",
         "東*", "alice", "bób", "(re OR no) order", "x-y -re")
    ),
    min_size=1, max_size=2,
).map(" ".join)  # fmt: skip
FILTERS = st.builds(
    Filter,
    threads=st.sampled_from(((), (THREAD,), (OTHER, THIRD))),
    participant=st.sampled_from(("", ALICE, "bob", "ex", "田")),
    topic=st.sampled_from(("", "re", "京", "CAFE")),
    after=st.sampled_from((None, FIRST_ID + 1, parse_time("2026-11-22T12:00:00.001Z"))),
    before=st.sampled_from((None, FIRST_ID + 4)),
    is_edited=st.booleans(),
    is_deleted=st.booleans(),
    only_threads=st.sampled_from((None, (THREAD, THIRD))),
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    steps=STEPS,
    queries=st.lists(QUERIES, max_size=6),
    filters=st.lists(FILTERS, max_size=6),
)
def test_an_index_that_grew_says_what_a_new_one_and_the_archive_say(
    tmp_path_factory, steps, queries, filters
):
    folder = tmp_path_factory.mktemp("index")
    asyncio.run(compare(folder, steps, queries, filters))


async def compare(folder, steps, queries, filters):
    world, grown = World(), folder / "grown"
    for thread, step in steps:
        await take(world, grown, thread, *step)
    for thread in (THREAD, OTHER, THIRD):
        await finalized(world, thread)
    await build(world, grown)
    await build(world, folder / "new")
    assert contents(grown) == contents(folder / "new")
    index, archive = reader(grown), scan(world)
    for query in [None, *map(parse_query, queries)]:
        for chosen in [Filter(), *filters]:
            found = await archive.search(query, chosen, 1000)
            hits = index.search(query, chosen, 1000)
            assert sorted(ids(hits)) == sorted(ids(found.hits))
            assert len(hits) == found.count
            listed = list(index.threads(chosen, query=query))
            assert listed == await archive.facts(chosen, query)
    index.close()


async def take(world, path, thread, what, *more):
    world.clock.pass_time(seconds=1)
    match what:
        case "say":
            number, body, person = more
            await world.receive(spoken(number, body, person, thread))
        case "edit":
            number, body, after = more
            await world.receive(
                edited(number, body, after=after, threadId=thread, **by(ALICE))
            )
        case "delete":
            await world.receive(deleted(more[0], threadId=thread, **by(ALICE)))
        case "topic":
            await world.receive(
                thread_event(
                    "ChatThreadPropertiesUpdated",
                    threadId=thread,
                    properties={"topic": more[0]},
                )
            )
        case "finalize":
            await finalized(world, thread)
        case "erase":
            if any(thread_in(name, thread) for name in world.archive.files):
                message = str(FIRST_ID + more[0])
                await erase(world, thread, messages=frozenset([message]))
        case "build":
            await build(world, path)
        case "killed":
            with pytest.raises(Transient):
                await build(world, path, on_thread=dying)


async def finalized(world, thread):
    with suppress(Unreachable):  # nobody spoke there yet
        await world.finalize(thread)


def dying(done, total):
    raise Transient("killed")


def thread_in(name, thread):
    return thread.split("_")[1].split("@")[0] in name and "manifest" in name


def contents(path):
    """Return what an index holds, whatever numbers its rows have."""
    index = reader(path)
    db = index.db
    names = {
        number: (thread, message)
        for number, thread, message in db.execute(
            "SELECT message, thread_id, message_id FROM messages JOIN threads "
            "USING (thread)"
        )
    }
    db.execute(
        "CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, message_search, instance)"
    )
    found = sorted(
        (term, *names[doc], column, offset)
        for term, doc, column, offset in db.execute("SELECT * FROM words")
    )
    threads = [
        (
            facts,
            index.messages(facts.thread_id, 1000),
            index.files(facts.thread_id),
            index.revisions(facts.thread_id),
        )
        for facts in index.threads(Filter())
    ]
    people = sorted(db.execute("SELECT raw_id, name, name_folded FROM people"))
    views = [
        sorted((row[first:] for row in db.execute(view)), key=repr)
        for first, view in (
            (1, "SELECT * FROM conversation"),  # after the number of the row
            (0, "SELECT * FROM all_versions"),
        )
    ]
    index.close()
    return found, threads, people, views


async def test_it_is_brought_up_to_date_over_closed_blobs_of_the_ledger(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    for day in range(4):
        built = await build(world, path)
        head = await world.ledger.head("test")
        assert (built.lines, built.root) == (head.size, head.root)
        world.clock.pass_time(days=1, hours=1)
        await world.receive(spoken(10 + day, f"day{day}"))
        await world.finalize(THREAD)
    await build(world, path)

    assert asked(path, "day0 OR day3") == [(THREAD, 13), (THREAD, 10)]


async def test_a_line_that_was_written_twice_leaves_it_current(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)
    name = "ledger/000001.jsonl"
    ledger = world.archive.files[name]
    last = ledger.splitlines(keepends=True)[-1]
    world.archive.files[name] = ledger + last  # a retry of an append that had worked

    await build(world, path)

    index = reader(path)
    position = from_json(index.about.position)
    assert index.about.size == 2
    assert await age_of(world.blobs, position) is Age.CURRENT


async def test_a_torn_line_at_the_end_leaves_it_current(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    await build(world, path)
    world.archive.files["ledger/000001.jsonl"] += b'{"kind":"rev'

    index = reader(path)
    position = from_json(index.about.position)
    assert await age_of(world.blobs, position) is Age.CURRENT


async def test_threads_without_a_line_in_the_ledger_are_found_all_the_same(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    name = "ledger/000001.jsonl"
    lines = world.archive.files[name].splitlines(keepends=True)
    world.archive.files[name] = lines[0]  # a finalizer that died before its line

    for _ in range(2):
        assert (await build(world, path)).failures == []
        assert asked(path, "refund") == [(OTHER, 0), (THREAD, 0)]


async def test_without_a_ledger_an_index_is_not_relied_on(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    del world.archive.files["ledger/000001.jsonl"]

    built = await build(world, path)

    assert built.failures == [
        "the archive has no ledger, so no index of it can be relied on"
    ]
    index = reader(path)
    assert await age_of(world.blobs, from_json(index.about.position)) is Age.NO_LEDGER


async def test_what_is_wrong_with_the_ledger_is_said_by_every_build(tmp_path):
    world, path = await two_threads(), tmp_path / "index"
    world.archive.files["ledger/000001.jsonl"] += b"{}\n"

    for _ in range(2):
        (said,) = (await build(world, path)).failures
        assert "ledger/000001.jsonl, line 3" in said


async def test_the_newest_come_first_also_where_many_share_a_millisecond(tmp_path):
    world, path = World(), tmp_path / "index"
    threads = [f"19:acsV1_{number}@thread.v2" for number in range(4)]
    for thread in threads:
        await world.receive(spoken(0, "hello", thread=thread))
    await world.receive(spoken(1, "hello", thread=threads[0]))
    for thread in threads:
        await world.finalize(thread)

    await build(world, path)

    assert asked(path, "hello")[0] == (threads[0], 1)
    assert len(asked(path, "hello")) == 5
