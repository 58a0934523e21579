"""A thread is found by a half-remembered word and a first name."""

import asyncio
import json
import sqlite3

import pytest

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    received,
    thread_created,
    who,
)
from evidence_archives import OTHER
from world import World

WHY = ("--reason", "request 7", "--execute")
ANN = "8:acs:res_ann"
SECRET = "zebra0420"


async def conversations():
    world = World(formats=("json",))
    by_bob = {
        "senderCommunicationIdentifier": who(BOB),
        "senderDisplayName": "Bob \x1b[31mred",
    }
    await world.receive(
        thread_created(properties={"topic": "Order 4711"}),
        received(0, "We promise a full refund by Friday"),
        edited(0, "We promise nothing"),
        received(1, f"The code is {SECRET}", **by_bob),
        deleted(1, **by_bob),
        received(2, "line one\nline two \x1b[2J", **by_bob),
        thread_created(
            threadId=OTHER, properties={"topic": "Order 4712"}, participants=[]
        ),
        received(
            3,
            "a refund for Ann",
            threadId=OTHER,
            senderCommunicationIdentifier=who(ANN),
            senderDisplayName="Alice",
        ),
    )
    await world.finalize(THREAD)
    await world.finalize(OTHER)
    return world.archive.files


@pytest.fixture(scope="module")
def files():
    return asyncio.run(conversations())


@pytest.fixture(params=["index", "none"])
def archive(request, run, folder):
    """An archive with an index and without: commands say the same of both."""
    if request.param == "index":
        run("index", folder)
    return folder


def index_of(folder):
    return folder.with_name(folder.name + "-index.sqlite")


def test_words_find_messages_in_every_version(run, archive):
    head, *lines = run("search", "refund", archive).splitlines()

    assert "UTC" in head
    assert len(lines) == 2
    assert "a [refund] for Ann" in lines[0]
    assert "full [refund] by Friday (earlier version) (edited)" in lines[1]
    assert str(FIRST_ID) in lines[1]


def test_people_with_one_name_are_told_apart(run, archive):
    lines = run("search", "refund OR promise", archive).splitlines()

    assert len({line[18:34] for line in lines[1:]}) == 2


def test_no_text_moves_the_cursor(run, archive):
    text = run("search", "line OR zebra*", archive)

    assert "\x1b" not in text
    assert "[line] one [line] two" in text


def test_options_choose_without_words(run, archive):
    text = run("search", "", archive, "--deleted")

    assert SECRET in text
    assert len(text.splitlines()) == 2
    assert "Say what to search for" in run("search", "", archive, status=2)


def test_rows_for_programs_hold_what_a_message_is_cited_by(run, archive):
    (row,) = run("search", "nothing", archive, "--json").splitlines()
    row = json.loads(row)

    assert row["thread_id"] == THREAD
    assert row["message_id"] == str(FIRST_ID)
    assert row["version"] == FIRST_ID + 500
    assert row["earlier_texts"] == ["We promise a full refund by Friday"]
    assert len(row["commitment"]) == 64
    table = run("search", "nothing", archive, "--csv")
    assert table.startswith('"created_on","sender_name"')
    assert len(table.splitlines()) == 2


def test_nothing_found_says_what_may_help(run, archive):
    text = run("search", "refun", archive, status=1)

    assert "No message matches." in text
    assert "In the topic or a name of a thread: Order 4711" in run(
        "search", "4711", archive, status=1
    )


def test_an_index_says_that_a_beginning_would_be_found(run, folder):
    run("index", folder)

    text = run("search", "refun", folder, status=1)

    assert "2 messages with words that begin like that: put * after a word." in text


def test_more_than_the_limit_is_said(run, archive):
    text = run("search", "refund", archive, "--limit", "1")

    assert "The newest 1 of 2; --limit shows more." in text


@pytest.mark.parametrize(
    ("words", "reason"),
    [('"open', "left open"), ("NOT a", "what to leave out"), ("!!!", "no letter")],
)
def test_a_query_that_cannot_be_read_says_why(run, archive, words, reason):
    assert reason in run("search", words, archive, status=2)


def test_a_thread_is_named_by_its_beginning_or_its_topic(run, archive):
    for name in (THREAD, "19:acsV1_made", "19:acsV1_made…", "4711", "ORDER 4711"):
        assert run("show", name, archive).splitlines()[1].endswith(THREAD)
        assert "We promise nothing" in run("cat", name, archive)
    assert set(run("list", archive, "--thread", "4712", "-q").split()) == {OTHER}
    hits = run("search", "refund", archive, "--thread", "4711").splitlines()
    assert len(hits) == 2


def test_where_several_threads_may_be_meant_they_are_named(run, archive):
    text = run("cat", "order", archive, status=2)

    assert "may mean 2 threads" in text
    assert THREAD in text
    assert OTHER in text
    assert "no thread with such an id or topic" in run("cat", "x", archive, status=2)


def test_people_are_found_by_name_and_by_id(run, archive):
    def listed(participant):
        text = run("list", archive, "-q", "--participant", participant)
        return {line for line in text.splitlines() if line.startswith("19:")}

    assert listed("bob") == listed(BOB) == {THREAD}
    assert listed("alice") == {THREAD, OTHER}
    assert listed(ANN) == {OTHER}
    assert "No thread matches" in run(
        "list", archive, "--participant", "lice", status=1
    )


def test_a_name_of_several_people_says_whom_it_means(run, archive):
    text = run("list", archive, "--participant", "alice")

    assert "alice means 2 people" in text
    assert ALICE in text
    assert ANN in text


def test_a_stale_index_is_not_used_unless_asked_for(run, folder, files):
    run("index", folder)
    ledger = folder / "ledger" / "000001.jsonl"
    db = sqlite3.connect(index_of(folder))
    db.execute("UPDATE messages SET text = 'from the index'")
    db.commit()
    db.close()
    assert "from the index" in run("search", "refund", folder)
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines) + lines[0].replace(b"kind", b"kinD"))

    said = run("search", "refund", folder)

    assert "NOT USED: the index is of 20" in said
    assert "from the index" not in said
    stale = run("search", "refund", folder, "--stale-ok")
    assert "from the index" in stale
    assert "The index is of 20" in stale


def test_an_index_of_another_archive_is_not_believed(run, folder, tmp_path):
    run("index", folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "ledger").mkdir()
    index_of(folder).rename(index_of(other))

    assert "No message matches" in run("search", "refund", other, status=1)


def test_erasing_clears_the_index(run, folder):
    run("index", folder)
    assert SECRET.encode() in index_of(folder).read_bytes()

    said = run(
        "erase", folder, "--thread", THREAD, "--message", str(FIRST_ID + 1), *WHY
    )

    assert "cleared the index" in said
    assert "indexes on other machines" in said
    assert SECRET.encode() not in index_of(folder).read_bytes()
    assert "refund" in run("search", "refund", folder)
    assert "No message matches" in run("search", SECRET, folder, status=1)


def test_an_index_that_cannot_be_cleared_is_named(run, folder):
    run("index", folder)
    db = sqlite3.connect(index_of(folder))
    db.execute("BEGIN EXCLUSIVE")

    said = run(
        "erase", folder, "--thread", THREAD, "--message", str(FIRST_ID + 1), *WHY,
        status=1,
    )  # fmt: skip

    assert f"NOT CLEARED {index_of(folder)}" in said
    db.close()
    assert "NOT USED" in run("search", "refund", folder)
    again = run(
        "erase", folder, "--thread", THREAD, "--message", str(FIRST_ID + 1), *WHY
    )
    assert "cleared the index" in again
    assert SECRET.encode() not in index_of(folder).read_bytes()


def test_an_index_says_what_it_did(run, folder):
    assert "read 2 threads" in run("index", folder)
    assert "read 0 new or changed threads" in run("index", folder)
    told = json.loads(run("index", folder, "--json"))
    assert told["ledger_lines"] == 2
    assert told["index"] == str(index_of(folder))


def test_a_thread_that_cannot_be_indexed_is_named_by_every_command(run, folder):
    path = next(folder.glob("thread=*another*/rev=*/events.jsonl"))
    path.write_bytes(b"x")

    assert f"NOT INDEXED {OTHER}" in run("index", folder, status=1)
    assert f"UNREADABLE {OTHER}" in run("list", folder, status=1)
    assert f"UNREADABLE {OTHER}" in run("search", "refund", folder, status=1)


def test_the_index_of_a_read_only_place_is_in_the_cache(
    run, folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("os.access", lambda *_: False)

    run("index", folder)

    (made,) = (tmp_path / "cache" / "chat-archive").iterdir()
    assert not index_of(folder).exists()
    assert "refund" in run("search", "refund", folder)
    said = run(
        "erase", folder, "--thread", THREAD, "--message", str(FIRST_ID + 1), *WHY,
        status=None,
    )  # fmt: skip
    assert SECRET.encode() not in made.read_bytes() or "NOT ERASED" in said
