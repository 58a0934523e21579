"""Packages hold what was asked for: no thread more, and none that is left out quietly."""

import asyncio
import json

import pytest

from builders import ALICE, BOB, received, thread_created, thread_event, who
from world import World

LOAN, HOUSE, UNNAMED = (f"19:{name}@thread.v2" for name in ("loan", "house", "none"))
WHY = ("--reason", "case 7")


async def three_threads():
    world = World()
    for thread, topic, sender in (
        (LOAN, "Loan 4711", ALICE),
        (HOUSE, "House", BOB),
        (UNNAMED, "", ALICE),
    ):
        properties = {"topic": topic} if topic else {}
        await world.receive(
            thread_created(threadId=thread, properties=properties),
            received(
                0,
                f"about {topic}",
                threadId=thread,
                senderCommunicationIdentifier=who(sender),
            ),
        )
        await world.finalize(thread)
    await world.receive(
        thread_event(
            "ChatThreadPropertiesUpdated",
            threadId=LOAN,
            properties={"topic": "Loan 4711, closed"},
        )
    )
    await world.finalize(LOAN)
    return world.archive.files


@pytest.fixture(scope="module")
def files():
    return asyncio.run(three_threads())


@pytest.mark.parametrize(
    "words",
    [
        ["hold", "add", "--thread", LOAN, *WHY],
        ["hold", "remove", "0" * 12, *WHY],
        ["erase", "--thread", LOAN, "--topic", "--execute", *WHY],
    ],
)
def test_a_package_is_not_changed(run, folder, tmp_path, words):
    run("export", folder, "--package", "given", "--all", *WHY)
    given = tmp_path / "given"
    before = {file: file.read_bytes() for file in given.rglob("*") if file.is_file()}

    said = run(*words, "given", status=2)

    assert "This is a package" in said
    after = {file: file.read_bytes() for file in given.rglob("*") if file.is_file()}
    assert after == before


def packed(tmp_path, name="given"):
    folders = (tmp_path / name / "archive").glob("thread=*")
    return {
        folder.name.replace("%3A", ":").replace("%40", "@")[7:] for folder in folders
    }


@pytest.mark.parametrize(
    ("filters", "threads"),
    [
        (["--all"], {LOAN, HOUSE, UNNAMED}),
        (["--topic", "loan"], {LOAN}),
        (["--text", "About House"], {HOUSE}),
        (["--thread", LOAN, "--thread", HOUSE], {LOAN, HOUSE}),
        (["--thread", LOAN, "--thread", LOAN], {LOAN}),
        (["--thread", LOAN, "--thread", HOUSE, "--topic", "House"], {HOUSE}),
        (["--topic", "4711", "--text", "about"], {LOAN}),
    ],
    ids=lambda words: " ".join(sorted(words)),
)
def test_filters_choose_the_threads_of_a_package(
    run, folder, tmp_path, filters, threads
):
    text = run("export", folder, "--package", "given", *filters, *WHY)

    assert packed(tmp_path) == threads
    assert f"{len(threads)} thread" in text
    request = json.loads((tmp_path / "given" / "request.json").read_text())
    names = {name.removeprefix("--") for name in filters if name.startswith("--")}
    assert {text.partition(":")[0] for text in request["filters"]} == names
    assert request["threads"] == sorted(threads)
    assert request["recorded"] is True
    assert "VERIFIED" in run("verify", "given")


def test_all_revisions_of_a_thread_are_packed(run, folder, tmp_path):
    run("export", folder, "--package", "given", "--topic", "closed", *WHY)

    assert len(list((tmp_path / "given").rglob("manifest.json"))) == 2


def test_a_participant_chooses_threads(run, folder, tmp_path):
    run("export", folder, "--package", "given", "--participant", BOB, *WHY)

    assert HOUSE in packed(tmp_path)


@pytest.mark.parametrize(
    "filters",
    [
        ["--topic", "Lone"],
        ["--thread", "19:nowhere@thread.v2"],
        ["--thread", LOAN, "--thread", "19:nowhere@thread.v2"],
        ["--thread", LOAN, "--topic", "House"],
        ["--participant", "8:acs:nobody"],
    ],
    ids=" ".join,
)
def test_what_matches_nothing_is_an_error_and_leaves_nothing(
    run, folder, tmp_path, filters
):
    text = run("export", folder, "--package", "given", *filters, *WHY, status=1)

    assert "Nothing was packed: " in text
    assert "chat-archive list" in text
    assert {one.name for one in tmp_path.iterdir()} == {folder.name}


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ([], "Give either --all, or which threads"),
        (["--all", "--topic", "Loan"], "Give either --all, or which threads"),
        (["--topic", "Loan", "--after", "2026-01-01"], "would cut messages out"),
        (["--all", "--before", "2026-01-01"], "would cut messages out"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_meant_is_refused(run, folder, tmp_path, filters, says):
    text = run("export", folder, "--package", "given", *filters, *WHY, status=2)

    assert says in " ".join(text.replace("│", " ").split())
    assert not (tmp_path / "given").exists()


def test_all_is_for_packages(run, folder):
    text = run("export", folder, "--format", "md", "--output", "o", "--all", status=2)

    assert "--all goes with --package" in text


def test_a_thread_that_cannot_be_read_is_named_and_counted(run, folder, tmp_path):
    broken = next(folder.glob("thread=*house*/rev=0001/events.jsonl"))
    broken.write_bytes(b"")

    text = run(
        "export", folder, "--package", "given", "--topic", "Loan", *WHY, status=1
    )

    assert f"NOT PACKED {HOUSE}: " in text
    assert packed(tmp_path) == {LOAN}
    given = tmp_path / "given"
    assert "1 thread that may have been meant" in (given / "README.txt").read_text()
    assert HOUSE not in (given / "request.json").read_text()


def test_a_thread_that_cannot_be_read_is_counted_where_none_matches(run, folder):
    next(folder.glob("thread=*house*/rev=0001/events.jsonl")).write_bytes(b"")

    text = run("export", folder, "--package", "given", "--topic", "x", *WHY, status=1)

    assert "no thread matches, and 1 thread could not be read" in text


def test_a_package_that_is_there_stays_and_is_named_as_it_is(run, folder):
    run("export", folder, "--package", "p", "--all", *WHY)

    said = run("export", folder, "--package", "p", "--all", *WHY, status=2)

    assert said == (
        "Error: p exists already, and is left as it is. Choose another name.\n"
    )


def test_a_package_holds_a_site_of_its_threads_that_both_verifiers_check(
    run, folder, tmp_path
):
    run("export", folder, "--package", "case", "--thread", LOAN, *WHY)

    package = tmp_path / "case"
    page = (package / "site" / "index.html").read_text()
    assert "1 thread, " in page
    assert "site/index.html" in (package / "README.txt").read_text()
    asked = json.loads((package / "request.json").read_text())["files"]
    there = {
        path.relative_to(package).as_posix()
        for path in (package / "site").rglob("*")
        if path.is_file()
    }
    assert there == {name for name in asked if name.startswith("site/")}
    assert not list(tmp_path.rglob("*.sqlite"))
    assert "VERIFIED" in run("verify", package, status=None)
    (package / "site" / "index.html").write_text(page + "changed")
    said = run("verify", package, status=1)
    assert "site/index.html" in said
