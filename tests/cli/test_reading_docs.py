"""What docs/reading.md and the README show works as it stands."""

import asyncio
import re
import shlex
import sqlite3
from pathlib import Path

import pytest

from builders import ALICE, BOB, THREAD, deleted, edited, received, thread_created, who
from local.language_model.server import language_model
from shared.adapters.index.schema import TABLES
from verifying import write
from world import World

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reading.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
# A view and a tail go on until they are stopped: they have tests of their own.
LINE = re.compile(r"^chat-archive (?!view|tail).*$", re.MULTILINE)
LINES = LINE.findall(PAGE)
FOUND = re.search(r"## Find and read\n(.*?)\n## ", README, re.DOTALL)[1]
LINES += LINE.findall(FOUND)


@pytest.fixture
def demo(tmp_path, run):
    async def talk():
        world = World()
        by_chloe = {
            "senderCommunicationIdentifier": who(BOB),
            "senderDisplayName": "Chloé",
        }
        await world.receive(
            thread_created(properties={"topic": "Order 4711"}),
            received(0, "It left our warehouse on Firday", senderDisplayName="Amina"),
            edited(0, "It left our warehouse on Friday", senderDisplayName="Amina"),
            received(1, "The parcel has a new date", **by_chloe),
            received(
                2, "gone, with a refund", senderCommunicationIdentifier=who(ALICE)
            ),
            deleted(2),
        )
        await world.finalize(THREAD)
        return world.archive.files

    folder = tmp_path / "demo-archive" / "archive"
    write(folder, asyncio.run(talk()))
    run("index", folder)
    return folder


@pytest.mark.parametrize("line", LINES)
def test_every_line_works(run, demo, line):
    words = shlex.split(line, comments=True)[1:]
    # The ids of threads are those of the demo.
    words = [THREAD[:14] if word == "19:acsV1_2015" else word for word in words]

    with language_model() as server:
        env = {"INSIGHTS_ENDPOINT": server.address, "INSIGHTS_DEPLOYMENT": "mini"}
        assert run(*words, **env)


@pytest.mark.parametrize(
    "query", re.findall(r"^(--.*?;)$", PAGE, re.DOTALL | re.MULTILINE)
)
def test_every_query_answers(demo, query):
    db = sqlite3.connect(demo.with_name("archive-index.sqlite"))
    for statement in query.split(";")[:-1]:
        assert db.execute(statement).fetchall() or "between midnight" in statement


def test_every_table_is_explained(demo):
    tables = re.findall(
        r"^CREATE (?:VIRTUAL )?(?:TABLE|VIEW)(?: IF NOT EXISTS)? (\w+)",
        TABLES,
        re.MULTILINE,
    )

    assert len(tables) == 15
    for table in tables:
        assert f"`{table}`" in PAGE
