"""How much an answer holds: pages, parts of long texts, and a proof that is too large."""

import asyncio
from dataclasses import replace

import pytest

from builders import FIRST_ID, THREAD, edited, received
from evidence_verifiers import write
from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.assistant import ask_of
from shared.bootstrap.index import build_index
from shared.ports.assistant import Refused
from shared.ports.question_log import LogFailed
from shared.usecases.assistant.ask import TOOLS
from shared.usecases.assistant.limits import Limits
from world import World

LONG = "a long text " * 1000
MANY = 120
VERSIONS = 25


async def long_world():
    """Return a world of many long messages, of which one has many versions."""
    world = World()
    await world.receive(
        *(received(number, f"{number} {'b' * 3000}") for number in range(MANY)),
        received(200, f"{LONG} needle {LONG}"),
        *(
            edited(200, f"{LONG} needle {number}", after=number + 1)
            for number in range(VERSIONS - 1)
        ),
    )
    await world.finalize(THREAD)
    return world


@pytest.fixture(scope="module")
def files():
    return dict(asyncio.run(long_world()).archive.files)


@pytest.fixture
async def ask(files, tmp_path):
    write(tmp_path / "archive", files)
    address = ArchiveAddress(text=str(tmp_path / "archive"), env={})
    async with open_archive(address) as archive:
        await build_index(archive, lambda *_: None)
        yield ask_of(archive, Limits(), is_stale_ok=False)


LAST = str(FIRST_ID + 200)


async def test_a_page_holds_so_much_text_and_says_where_it_goes_on(ask):
    seen, after, pages = [], "", 0
    while True:
        page = await ask(
            "read_thread",
            {"thread_id": THREAD, "limit": 100, "after_message_id": after},
        )
        pages += 1
        texts = [each["untrusted"]["text"] for each in page["messages"]]
        assert sum(map(len, texts)) <= 20_000
        assert all(len(text) <= 2_000 for text in texts)
        seen += [each["citation"]["message_id"] for each in page["messages"]]
        if not page["truncated"]:
            break
        after = page["next"]

    assert seen == [str(FIRST_ID + number) for number in (*range(MANY), 200)]
    assert pages > 10
    first = page["messages"][0]
    assert first["text_length"] > 2_000


async def test_what_was_found_in_a_long_text_is_in_the_part_that_is_shown(ask):
    page = await ask("search_messages", {"query": "needle", "limit": 50})

    (found,) = page["messages"]
    assert "needle" in found["untrusted"]["text"]
    assert len(found["untrusted"]["text"]) == 500
    assert found["text_from"] > 10_000


async def test_a_long_text_can_be_read_to_its_end(ask):
    text, at = "", 0
    while True:
        page = await ask(
            "message_history",
            {
                "thread_id": THREAD, "message_id": LAST, "limit": 1,
                "from_character": at,
            },
        )  # fmt: skip
        (version,) = page["versions"]
        part = version["untrusted"].get("text", "")
        text, at = text + part, at + len(part)
        if not part or at == version["text_length"]:
            break

    assert text.split() == f"{LONG} needle {LONG}".split()


async def test_versions_come_in_pages_too(ask):
    given = {"thread_id": THREAD, "message_id": LAST, "limit": 20}
    first = await ask("message_history", given)
    second = await ask("message_history", {**given, "offset": first["next"]})

    assert first["version_count"] == VERSIONS
    assert len(first["versions"]) + len(second["versions"]) == VERSIONS
    assert not second["truncated"]


async def test_a_proof_that_is_too_large_names_the_command(ask):
    small = await ask(
        "prove_message", {"thread_id": THREAD, "message_id": str(FIRST_ID)}
    )
    large = await ask("prove_message", {"thread_id": THREAD, "message_id": LAST})

    assert small["untrusted"]["proof"]
    assert large["proof_bytes"] > 24_000
    assert "untrusted" not in large
    assert "too large" in large["why"]
    assert large["command"].startswith("chat-archive prove ")


@pytest.mark.parametrize("tool", [tool for tool in TOOLS.values() if tool.parameters])
async def test_no_call_gets_more_than_its_cap(ask, tool):
    for parameter in tool.parameters:
        if parameter.most:
            for number in (parameter.most + 1, parameter.least - 1):
                needed = {each.name: "x" for each in tool.parameters if each.is_needed}
                with pytest.raises(Refused, match=f"`{parameter.name}` has to be"):
                    await ask(tool.name, {**needed, parameter.name: number})


async def test_an_error_that_nobody_foresaw_shows_its_kind_and_is_logged(ask, tmp_path):
    async def prove(*_):
        raise RuntimeError("the text of a message")

    with pytest.raises(Refused, match="unexpected RuntimeError") as raised:
        await replace(ask, prove=prove)(
            "prove_message", {"thread_id": THREAD, "message_id": LAST}
        )

    assert "message" not in str(raised.value)
    assert '"outcome": "failed"' in (tmp_path / "archive-mcp.jsonl").read_text()


async def test_a_disk_that_is_full_lets_nothing_out(ask):
    class Full:
        def append(self, question):
            raise LogFailed("/secret/place: no space left")

    with pytest.raises(Refused, match="log of questions") as raised:
        await replace(ask, log=Full())("list_threads", {})

    assert "secret" not in str(raised.value)
