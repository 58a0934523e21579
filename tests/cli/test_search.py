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
from verifying import write
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
    first, second = row["versions"]
    assert first["text"] == "We promise a full refund by Friday"
    assert first["commitment"] != second["commitment"] == row["commitment"]
    (gone,) = run("search", SECRET, archive, "--json").splitlines()
    gone = json.loads(gone)  # was deleted; what it said is cited by that version
    assert gone["commitment"] == gone["versions"][0]["commitment"]
    assert gone["version"] == gone["versions"][0]["version"] == FIRST_ID + 1
    table = run("search", "nothing", archive, "--csv")
    assert table.startswith('"created_on","sender_name"')
    assert len(table.splitlines()) == 2


def test_nothing_found_says_what_may_help(run, archive):
    text = run("search", "refun", archive, status=1)

    assert "No message matches." in text
    assert "Also in the topic or among the people of: Order 4711" in run(
        "search", "4711", archive, status=1
    )
    assert "No thread has such a person" in run(
        "search", "refund", archive, "--participant", "zoe", status=1
    )
    assert "written in capitals" in run("search", "refund or x", archive, status=1)


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
    said = run("list", archive, "--thread", "19:acsV1_another", "-q").splitlines()
    assert said[-1] == OTHER or said[0] == OTHER
    hits = run("search", "refund", archive, "--thread", "19:acsV1_made").splitlines()
    assert f"19:acsV1_made means {THREAD}." in hits
    assert len(hits) == 3


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


def test_words_without_quotation_marks_say_so(run, archive):
    assert "quotation marks" in run("search", "full", "refund", archive, status=2)
    assert "put WORDS before it" in run("search", archive, status=2)


def test_what_is_no_text_is_refused(run, archive):
    for words in (["search", "\udcff"], ["list", "--topic", "\udcff"]):
        said = run(*words[:1], *words[1:], archive, status=2)
        assert "not UTF-8" in said


def test_numbers_beyond_any_id_are_no_error(run, archive):
    text = run("search", "refund", archive, "--before", "9" * 16)

    assert len(text.splitlines()) == 3


def test_a_long_query_is_searched_for_or_refused(run, archive):
    many = " ".join(f"word{number}" for number in range(128))
    for joined in (many, many.replace(" ", " OR "), many.replace(" ", " NOT ")):
        assert "No message matches" in run("search", joined, archive, status=1)
    assert "longer" in run("search", f"{many} more", archive, status=2)
    nested = "(" * 16 + "refund" + ")" * 16
    assert len(run("search", nested, archive).splitlines()) == 3
    assert "brackets" in run("search", f"({nested})", archive, status=2)
    assert "No thread has" in run(
        "search", "refund", archive, "--participant", "a " * 1200, status=1
    )


def test_a_topic_that_looks_like_an_id_names_no_thread(run, tmp_path):
    async def talk():
        world = World(formats=("json",))
        await world.receive(
            thread_created(properties={"topic": "see 19:gone@thread.v2"}), received(0)
        )
        await world.finalize(THREAD)
        return world.archive.files

    write(tmp_path / "archive", asyncio.run(talk()))
    for words in (
        ["cat", "19:gone@thread.v2", "archive"],
        ["show", "19:gone@thread.v2", "archive"],
        ["search", "hello", "archive", "--thread", "19:gone@thread.v2"],
        ["export", "archive", "--package", "p", "--thread", "19:gone@thread.v2",
         "--reason", "x"],
        ["export", "archive", "--package", "p", "--thread", "", "--reason", "x"],
    ):  # fmt: skip
        assert THREAD not in run(*words, status=None)
    assert not (tmp_path / "p").exists()
    assert THREAD in run("show", "see", "archive")


def test_a_thread_that_cannot_be_read_leaves_a_name_open(run, archive):
    path = next(archive.glob("thread=*another*/rev=*/events.jsonl"))
    path.write_bytes(path.read_bytes() + b"x")
    if index_of(archive).exists():
        index_of(archive).unlink()
        run("index", archive, status=1)

    for name in ("4711", "Order"):
        said = run("cat", name, archive, status=2)
        assert "cannot be read" in said
        assert OTHER in said
    assert "may mean 2 threads" in run("cat", "19:acsV1_", archive, status=2)
    assert run("list", archive, "-q", "--thread", THREAD).split() == [THREAD]


def test_names_of_any_length_are_looked_up(run, archive):
    for name in ("\u7684" * 28, "x" * 300):
        assert "no thread with such an id" in run("show", name, archive, status=2)


def test_an_index_of_somebody_else_is_not_used(run, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run("index", folder)
    db = sqlite3.connect(index_of(folder))
    db.execute("UPDATE messages SET text = 'we promise everything'")
    db.commit()
    db.close()
    index_of(folder).chmod(0o666)  # anybody may have written that

    assert "everything" not in run("search", "refund", folder)
    run("index", folder)
    assert len(list((tmp_path / "cache").rglob("*.sqlite"))) == 1
    said = run(
        "erase", folder, "--thread", THREAD, "--message", str(FIRST_ID + 1), *WHY
    )
    assert f"NOT CLEARED {index_of(folder)}: it is somebody else's" in said


def test_an_index_is_never_written_into_a_package(run, folder, tmp_path):
    run("export", folder, "--package", "pk", "--all", "--reason", "x")

    run("index", "pk/archive")

    assert (tmp_path / "pk-index.sqlite").exists()
    assert not list((tmp_path / "pk").glob("*.sqlite"))
    assert len(run("search", "refund", "pk").splitlines()) == 3


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE about SET value = '{' WHERE name = 'position'",
        "UPDATE about SET value = '[]' WHERE name = 'position'",
        "UPDATE about SET value = '{\"x\": 1}' WHERE name = 'position'",
        "DELETE FROM about WHERE name = 'built_on'",
        "DELETE FROM about WHERE name = 'archive'",
        "UPDATE about SET value = '0' WHERE name = 'format'",
        "DROP TABLE messages",
        "DROP TABLE message_search",
        "DROP VIEW conversation",
    ],
)
def test_a_damaged_index_is_not_used_and_is_built_again(run, folder, harm):
    run("index", folder)
    db = sqlite3.connect(index_of(folder))
    db.execute(harm)
    db.commit()
    db.close()

    text = run("search", "refund", folder)

    assert "NOT USED" in text
    assert "full [refund]" in text
    run("index", folder)
    assert "NOT USED" not in run("search", "refund", folder)


def test_what_a_killed_build_left_goes_with_an_erasure(run, folder):
    run("index", folder)
    left = index_of(folder).with_name(index_of(folder).name + "-journal")
    left.write_bytes(SECRET.encode())
    index_of(folder).unlink()

    run("erase", folder, "--thread", THREAD, "--message", str(FIRST_ID + 1), *WHY)

    assert not left.exists()


def test_json_obeys_no_terminal(run, tmp_path):
    async def talk():
        world = World(formats=("json",))
        thread = "19:a\u009b2J\u202eb@thread.v2"
        await world.receive(received(0, "x \u202e y \u009b", threadId=thread))
        await world.finalize(thread)
        return world.archive.files

    write(tmp_path / "archive", asyncio.run(talk()))
    for words in (["search", "x", "archive", "--json"], ["list", "archive", "--json"]):
        said = run(*words)
        assert not set(said) & set("\u009b\u202e")
        assert "a\u009b2J\u202eb" in json.loads(said)["thread_id"]


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

    text = run("search", "refund", other, status=1)

    assert "NOT USED: the index is not to be relied on" in text
    assert "No message matches" in text


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

    assert f"NOT CLEARED: {index_of(folder)} is in use by another process" in said
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


def test_a_thread_is_not_chosen_by_a_topic_where_there_is_an_option_for_that(
    run, archive
):
    said = run("search", "refund", archive, "--thread", "4711", status=1)

    assert "No such thread: --thread takes an id" in said
    assert "--thread is empty" in run(
        "search", "refund", archive, "--thread", "", status=2
    )
    assert "Write a time as" in run(
        "search", "refund", archive, "--after", "27.11.2026", status=2
    )
