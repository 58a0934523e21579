"""`docs/formats.md`: its excerpts are what is written, and its snippets run."""

import asyncio
import json
import re
from pathlib import Path

import duckdb
import pytest
from tables import build

from builders import ALICE, BOB, THREAD, edited, received, thread_created
from shared.domain.layout import thread_folder
from shared.formats.part import EntraIdentity
from shared.formats.registry import FORMATS, Options, written
from shared.formats.tables.columns import NAME as TABLES
from threads import short
from world import World

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
OPTIONS = Options(
    roles={BOB: "assistant"},
    identities={ALICE: EntraIdentity(id="e-1", display_name="Alice E.")},
)


def blocks(language):
    return [(name, text) for found, name, text in BLOCKS if found == language]


@pytest.fixture(scope="module")
def files():
    return dict(written(FORMATS.values(), short(), OPTIONS))


@pytest.fixture
def out(files, tmp_path, monkeypatch):
    folder = tmp_path / "out" / thread_folder(THREAD)
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    asyncio.run(write_tables(tmp_path / TABLES))
    monkeypatch.chdir(tmp_path)


async def write_tables(folder):
    world = World()
    await world.receive(thread_created(), received(), edited())
    await world.finalize(THREAD)
    await build(world, folder)


def test_the_page_has_a_part_for_every_format():
    headings = " ".join(re.findall(r"^## (.*)$", PAGE, re.MULTILINE))

    assert set(re.findall(r"`([\w-]+)`", headings)) == {*FORMATS, TABLES}


@pytest.mark.parametrize(("name", "text"), blocks("text"), ids=lambda one: one[:20])
def test_every_excerpt_is_what_is_written(files, name, text):
    data = files[name].decode().replace("\r\n", "\n")

    assert text.rstrip("\n") in data


def test_the_excerpt_of_json_is_a_version_of_the_document(files):
    ((_, text),) = [block for block in blocks("json") if block[0] == "transcript.json"]
    document = json.loads(files["transcript.json"])
    versions = [
        version for message in document["messages"] for version in message["versions"]
    ]

    assert any(json.loads(text).items() <= version.items() for version in versions)


@pytest.mark.parametrize("text", [text for _, text in blocks("sql")])
def test_every_query_runs_and_finds_something(out, text):
    assert duckdb.sql(text).fetchall()


@pytest.mark.parametrize("text", [text for _, text in blocks("python")])
def test_every_piece_of_python_runs_and_prints_something(out, text, capsys):
    exec(text, {})  # noqa: S102 - the documentation's own

    assert capsys.readouterr().out
