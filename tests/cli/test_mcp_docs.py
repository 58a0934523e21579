"""The example of docs/assistants.md: its calls, and what they really answer."""

import asyncio
import json
import re

import pytest

from assistants import ROOT, ask, folder_of, index, over_stdio, story_world
from shared.bootstrap.assistant import TOOL_NAMES
from shared.cli.mcp import PORT
from shared.cli.mcp_config import CLIENTS

PAGE = ROOT / "docs" / "assistants.md"
DAY = "2026-12-01T08:00:00+00:00"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = folder_of(asyncio.run(story_world()), tmp_path_factory.mktemp("story") / "a")
    assert index(made).returncode == 0
    return made


def example():
    """Return the calls of the page, each with its answer."""
    section = PAGE.read_text().partition("\n## An example")[2].partition("\n## ")[0]
    blocks = [
        json.loads(block)
        for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    ]
    return list(zip(blocks[::2], blocks[1::2], strict=True))


def as_shown(value, folder):
    """Return an answer as the page shows it: without what differs or is long."""
    if isinstance(value, dict):
        return {key: shown_at(key, each, folder) for key, each in value.items()}
    if isinstance(value, list):
        return [as_shown(each, folder) for each in value]
    return value


def shown_at(key, value, folder):
    if key == "index_built_on":
        return DAY
    if key == "commitment":
        return value[:8] + "…"
    if key in ("proof", "what_it_proves", "how_to_check"):
        return value[:20] + "…"
    if key == "command":
        return value.replace(str(folder), "archive")
    return as_shown(value, folder)


async def answers(folder, calls):
    async with over_stdio(folder) as client:
        return [
            as_shown(await ask(client, call["tool"], **call["arguments"]), folder)
            for call in calls
        ]


async def test_the_example_of_the_docs_is_what_the_tools_answer(folder):
    pairs = example()

    real = await answers(folder, [call for call, _ in pairs])

    assert len(pairs) == 5
    for (call, shown), answer in zip(pairs, real, strict=True):
        assert shown == answer, call


async def test_the_words_of_the_example_cite_both_versions(folder):
    section = PAGE.read_text().partition("\n## An example")[2].partition("\n## ")[0]
    answer = section.rpartition("```")[2]
    (history,) = [each for call, each in example() if call["tool"] == "message_history"]

    assert len(history["versions"]) == 2
    for version in history["versions"]:
        cited = version["citation"]
        assert version["untrusted"]["text"] in answer
        assert str(cited["version"]) in answer
        assert cited["message_id"] in answer
        assert cited["commitment"] in answer


def test_the_page_names_every_tool_client_and_the_port():
    page = PAGE.read_text()

    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(TOOL_NAMES)
    assert all(f"--print-config {client}" in page for client in CLIENTS)
    assert str(PORT) in page
