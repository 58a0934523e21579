"""What the docs say is there."""

import json
import re
from pathlib import Path

import duckdb
import pytest
from inputs import logged

from builders import THREAD, received, to_log
from shared.domain.evidence.ledger_lines import decode_line
from shared.domain.evidence.lines import check_content, cut_line
from shared.domain.evidence.orders import order_of
from shared.domain.evidence.package import decode_request
from shared.domain.layout import FINALIZE_QUEUE, revision_path
from shared.domain.log.event import THREAD_LEVEL, Kind
from shared.domain.thread.message import Outcome
from shared.domain.thread.replay import replay
from shared.formats.registry import FORMATS, written
from world import World

ROOT = Path(__file__).parents[2]
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def text_of(name):
    return (ROOT / name).read_text()


def promises():
    return re.findall(
        r"^\| (P\d+) \| .* \| (`.*`|everywhere.*) \| `(\w+)` \|$",
        text_of("docs/architecture.md"),
        re.MULTILINE,
    )


def test_every_promise_is_listed():
    kept = range(1, 13)

    assert [number for number, _, _ in promises()] == [f"P{n}" for n in kept]


@pytest.mark.parametrize("promise", promises(), ids=lambda row: row[0])
def test_every_promise_has_a_place_in_the_code_and_a_test(promise):
    number, places, test = promise

    for place in re.findall(r"`([^`]+)`", places):
        files = [ROOT / "shared" / place]
        if place.endswith("/"):
            files = list(files[0].glob("*.py"))
        assert any(re.search(rf"\b{number}\b", file.read_text()) for file in files)
    tests = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    assert f"def {test}(" in tests


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.name)
def test_every_link_inside_the_docs_leads_somewhere(file):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", file.read_text()):
        if not target.startswith("http"):
            assert (file.parent / target).exists(), target


def test_every_make_verb_of_the_docs_exists():
    verbs = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))

    for file in DOCS:
        for line in re.findall(r"^make ([a-z]+)", file.read_text(), re.MULTILINE):
            assert line in verbs


def test_every_path_that_the_architecture_names_exists():
    for line in text_of("docs/architecture.md").splitlines():
        for path in re.findall(
            r"`((?:domain|adapters|usecases|formats|verifier|bootstrap|cli|ports|config)/[\w./]*)`",
            line,
        ):
            assert (ROOT / "shared" / path).exists(), path


def test_the_readme_subscribes_to_what_the_code_expects():
    assert {name for name in THREAD_LEVEL if name in text_of("README.md")} == set(
        THREAD_LEVEL
    )


def test_the_formats_name_every_outcome_and_kind():
    page = text_of("docs/archive-format.md")

    assert all(f"`{outcome}`" in page for outcome in Outcome)
    assert all(f"`{kind}`" in page for kind in (Kind.RECEIVED, Kind.EDITED))
    assert FINALIZE_QUEUE in text_of("docs/architecture.md")


def test_the_query_of_the_readme_gives_the_threads_real_id(tmp_path, monkeypatch):
    transcript = replay(THREAD, logged(to_log(received(body="=1+1"))), ())
    for number in (9999, 10000, 10001):
        path = revision_path(THREAD, number, "messages.csv")
        file = tmp_path / "demo-archive/archive" / path
        file.parent.mkdir(parents=True)
        file.write_bytes(dict(written([FORMATS["csv"]], transcript))["messages.csv"])
        if number != 10001:  # an attempt that was not finished
            file.with_name("manifest.json").touch()
    monkeypatch.chdir(tmp_path)
    (query,) = re.findall(r"```sql\n(.*?)```", text_of("README.md"), re.DOTALL)

    ((thread, message_id, sender, content),) = duckdb.sql(query).fetchall()

    assert (thread, content, sender) == (THREAD, "'=1+1", "Alice")
    assert message_id == str(transcript.messages[0].id)


@pytest.mark.parametrize("name", ["README.md", "docs/local.md"])
def test_what_only_a_posix_shell_understands_stands_beside_powershell(name):
    posix = re.compile(r"python3|\.venv/bin|\$\(|\$PWD|curl|\\\n|&&")
    blocks = re.findall(r"```(sh|powershell)\n(.*?)```", text_of(name), re.DOTALL)

    assert blocks
    for at, (language, lines) in enumerate(blocks):
        if language == "sh" and posix.search(lines):
            assert blocks[at + 1][0] == "powershell", lines


def test_json_in_the_docs_is_json():
    for file in DOCS:
        for block in re.findall(r"```json\n(.*?)```", file.read_text(), re.DOTALL):
            json.loads(block)


async def test_the_sample_event_of_the_docs_is_taken_in():
    world = World()
    ((sample,),) = map(
        json.loads,
        re.findall(r"-d '(\[\{.*?\}\])'", text_of("docs/local.md"), re.DOTALL),
    )

    ingested = await world.ingest(json.dumps(sample))

    assert (ingested.recorded, ingested.quarantined) == (1, ())


def test_the_examples_of_the_format_are_what_they_say():
    section = text_of("docs/archive-format.md").partition("## Examples")[2]
    blocks = re.findall(r"```\n(.*?)\n(.*?)\n```", section, re.DOTALL)[:3]
    (kept, gone), (order_text, erasure), (request_text, package) = blocks

    line = cut_line(kept.encode())
    check_content(line)
    assert line.erased().stored == gone.encode() + b"\n"
    order = order_of(json.loads(order_text))
    key = decode_line(erasure.encode()).thread_key
    assert order.ledger_line(key) == erasure.encode() + b"\n"
    request = decode_request(request_text.encode() + b"\n")
    assert request.ledger_line == package.encode() + b"\n"
