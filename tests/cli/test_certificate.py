"""A certificate is signed by a person: every number follows from the archive alone."""

import asyncio
import copy
import json

import pytest

from builders import ALICE, FIRST_ID, THREAD
from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.archive_input import archive_input
from shared.cli.seeds import read_chat_log
from shared.domain.imports import (
    ChatLine,
    ChatStep,
    ImportState,
    ImportStatus,
    MessageLine,
)
from shared.domain.inventory.facts import (
    Began,
    Ended,
    ThreadFound,
    ThreadState,
    UserListed,
    UserMet,
    UserState,
)
from shared.domain.inventory.state import Inventory, Thread
from shared.usecases.inventory.chat_logs import keep_chat_log
from shared.usecases.inventory.kept_inventory import keep_inventory
from shared.usecases.teams.import_log import ImportLog, keep_ledger

NOW = "2026-11-22T12:00:00Z"
LOST = "19:lost@thread.v2"


@pytest.fixture
def estate(folder, tmp_path):
    """An archive that keeps what a run found, and a chat log."""
    inventory = Inventory()
    for fact in (
        Began(NOW), UserMet(ALICE, "users.txt"),
        UserListed(ALICE, UserState.LISTED, threads=2), ThreadFound(THREAD, ALICE),
        ThreadFound(LOST, ALICE),
        Thread(LOST).done(ThreadState.UNREACHABLE, on=NOW, reason="no token"),
        Ended(NOW),
    ):  # fmt: skip
        inventory.apply(fact)
    log = tmp_path / "log.csv"
    log.write_text(
        f"UserId,ChatThreadId\n{ALICE},{THREAD}\n{ALICE},19:never@thread.v2\n"
    )

    async def keep():
        async with open_archive(ArchiveAddress(text=str(folder), env={})) as archive:
            kept = archive_input(archive)
            await keep_inventory(kept, "estate", inventory)
            with log.open("rb") as file:
                await keep_chat_log(kept, read_chat_log(file))

    asyncio.run(keep())
    return folder


def issued(run, folder, status=0):
    return run("certificate", folder, "--by", "Dana Reed", status=status)


def test_it_says_what_is_open(estate, run, tmp_path):
    out = issued(run, estate, status=1)
    assert "INCOMPLETE" in out
    page = (tmp_path / "certificate.html").read_text("utf-8")
    assert "Certificate of a chat archive: incomplete" in page
    assert "threads that are missing, and not closed: 1" in page
    value = json.loads((tmp_path / "certificate.json").read_bytes())
    numbers = value["certified"]
    assert not numbers["complete"]
    assert numbers["threads"]["found"] == 3
    assert numbers["threads"]["missing"] == numbers["threads"]["open"] == 1
    (log,) = numbers["chat_logs"]
    assert (log["rows"], log["threads"], log["threads_not_found"]) == (2, 2, 1)
    run("verify", "--certificate", "certificate.json", estate)


def accepted(run, folder):
    # The run's own state is not there: the archive's is what counts.
    run("accept", "--thread", LOST, "--reason", "case 12", "--by", "Dana", "--execute",
        folder)  # fmt: skip


def test_a_complete_one_names_who_decided(estate, run, tmp_path):
    accepted(run, estate)
    out = issued(run, estate)
    assert "Wrote certificate.html and certificate.json." in out
    value = json.loads((tmp_path / "certificate.json").read_bytes())
    numbers = value["certified"]
    assert numbers["complete"]
    assert set(numbers["sums"].values()) == {True}
    (decision,) = numbers["decisions"]
    assert (decision["id"], decision["by"], decision["reason"]) == (
        LOST, "Dana", "case 12",
    )  # fmt: skip
    page = (tmp_path / "certificate.html").read_text("utf-8")
    assert "Name: Dana Reed" in page
    assert "http" not in page.replace("http-equiv", "")
    out = run("verify", "--certificate", "certificate.json", estate)
    assert "VERIFIED" in out


def changes(value, path=()):
    """Yield copies of a document, each with one number or word changed."""
    inner = value
    for key in path:
        inner = inner[key]
    if isinstance(inner, dict | list):
        keys = inner if isinstance(inner, dict) else range(len(inner))
        for key in keys:
            yield from changes(value, (*path, key))
        return
    changed = copy.deepcopy(value)
    where = changed
    for key in path[:-1]:
        where = where[key]
    where[path[-1]] = (
        (not inner) if isinstance(inner, bool)
        else inner + 1 if isinstance(inner, int) else f"{inner}x"
    )  # fmt: skip
    yield path, changed


def test_any_number_that_was_changed_is_refused(estate, run, tmp_path):
    accepted(run, estate)
    issued(run, estate)
    value = json.loads((tmp_path / "certificate.json").read_bytes())
    found = [
        (path, changed) for path, changed in changes(value) if path[0] == "certified"
    ]
    assert len(found) > 50
    for path, changed in found:
        forged = tmp_path / "forged.json"
        forged.write_text(json.dumps(changed))
        out = run("verify", "--certificate", forged, estate, status=None)
        assert "VERIFIED" not in out, path


def test_a_page_that_was_changed_is_refused(estate, run, tmp_path):
    issued(run, estate, status=1)
    page = tmp_path / "certificate.html"
    page.write_text(page.read_text("utf-8").replace("incomplete", "complete"), "utf-8")
    out = run("verify", "--certificate", "certificate.json", estate, status=1)
    assert "certificate.html does not say its numbers" in out


@pytest.mark.parametrize("gone", ["decisions", "chat_logs", "imports", "open", "sums"])
def test_a_part_that_was_left_out_is_refused(estate, run, tmp_path, gone):
    issued(run, estate, status=1)
    value = json.loads((tmp_path / "certificate.json").read_bytes())
    del value["certified"][gone]
    (tmp_path / "forged.json").write_text(json.dumps(value))
    out = run("verify", "--certificate", "forged.json", estate, status=1)
    assert f"{gone} is missing from it" in out


def test_an_archive_that_went_on_cannot_give_its_numbers_again(estate, run, tmp_path):
    issued(run, estate, status=1)
    accepted(run, estate)
    out = run("verify", "--certificate", "certificate.json", estate, status=1)
    assert "1 line came to the ledger since" in out


def test_a_package_of_it_does_not_make_it_another_archive(estate, run, tmp_path):
    issued(run, estate, status=1)
    run("export", "--package", tmp_path / "p", "--all", "--reason", "audit", estate)
    run("verify", "--certificate", "certificate.json", estate)


def test_an_archive_that_fails_is_not_certified(estate, run, tmp_path):
    path = next(estate.rglob("transcript.json"))
    path.write_bytes(path.read_bytes().replace(b"{", b"{ ", 1))
    out = issued(run, estate, status=1)
    assert "NOT CERTIFIED" in out
    assert not (tmp_path / "certificate.html").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"certified": 1}',
                                  '{"certified": {"checkpoint": {"lines": "1"}}}'])  # fmt: skip
def test_what_is_no_certificate_is_refused(estate, run, tmp_path, text):
    (tmp_path / "odd.json").write_text(text)
    out = run("verify", "--certificate", "odd.json", estate, status=2)
    assert "certificate" in out


def test_it_is_never_written_over_and_ends_as_a_page_does(estate, run):
    issued(run, estate, status=1)
    assert "exists already" in issued(run, estate, status=2)
    out = run("certificate", estate, "--output", "c.pdf", status=2)
    assert "end it in .html" in out


def forged(text, **more):
    return json.dumps({**json.loads(text), **more})


@pytest.mark.parametrize("page", ["certificate.html", "none.html"])
def test_a_member_that_stands_twice_is_refused(estate, run, tmp_path, page):
    """Who reads it by eye may read the first one."""
    issued(run, estate, status=1)
    file = tmp_path / "certificate.json"
    text = file.read_text()
    (tmp_path / "certificate.html").rename(tmp_path / page)
    bad = text.replace('"format": 1', '"format": 1, "format": 1')
    both = '{"certified": {"complete": true},' + text.lstrip()[1:]
    for changed in (bad, both):
        file.write_text(changed)
        out = run("verify", "--certificate", file, estate, status=2)
        assert "is no certificate" in out


@pytest.mark.parametrize(
    "more",
    [{"note": "complete"}, {"stated": None}, {"stated": {}}, {"stated": {"by": "x"}},
     {"stated": {"archive": "", "by": 1, "written_on": "", "product": ""}},
     {"stated": {"archive": "", "by": "", "written_on": "", "product": "", "x": ""}}],
)  # fmt: skip
def test_what_a_certificate_does_not_have_is_refused(estate, run, tmp_path, more):
    issued(run, estate, status=1)
    file = tmp_path / "certificate.json"
    file.write_text(forged(file.read_text(), **more))
    out = run("verify", "--certificate", file, estate, status=1)
    assert "VERIFIED" not in out
    assert "Unexpected" not in out


@pytest.mark.parametrize("gone", ["threads", "messages", "inventory", "checkpoint"])
def test_a_part_that_was_left_out_beside_its_page_is_refused(
    estate, run, tmp_path, gone
):
    issued(run, estate, status=1)
    file = tmp_path / "certificate.json"
    value = json.loads(file.read_text())
    del value["certified"][gone]
    file.write_text(json.dumps(value))
    out = run("verify", "--certificate", file, estate, status=None)
    assert "VERIFIED" not in out
    assert "Unexpected" not in out


def test_what_is_not_checked_is_said(estate, run, tmp_path):
    issued(run, estate, status=1)
    file, page = tmp_path / "certificate.json", tmp_path / "certificate.html"
    out = run("verify", "--certificate", file, estate)
    assert "are what its writer says, and were not checked" in out

    stated = json.loads(file.read_text())["stated"]
    text = file.read_text()
    file.write_text(forged(text, stated=stated | {"product": "chat-archive 9"}))
    out = run("verify", "--certificate", file, estate)
    assert "it was not compared" in out

    file.write_text(text)
    page.rename(tmp_path / "certificate.htm")
    assert "compared" not in run("verify", "--certificate", file, estate)
    (tmp_path / "certificate.htm").write_text("complete")
    run("verify", "--certificate", file, estate, status=1)
    (tmp_path / "certificate.htm").unlink()
    out = run("verify", "--certificate", file, estate)
    assert "no page stands beside it" in out


@pytest.mark.parametrize(
    ("lines", "said"),
    [([("chat", {"step": "started"})], "1 chat not completed"),
     ([("chat", {"step": "completed"}), ("message", {"status": "failed"})],
      "1 message without an end")],
)  # fmt: skip
def test_an_import_that_is_not_at_its_end_makes_it_incomplete(
    estate, run, tmp_path, lines, said
):
    accepted(run, estate)
    log = ImportState()
    for kind, value in lines:
        log.apply(
            ChatLine(thread_id=THREAD, chat_id="19:x", on=NOW,
                     step=ChatStep(value["step"]))
            if kind == "chat" else
            MessageLine(thread_id=THREAD, message_id="1",
                        status=ImportStatus(value["status"]))
        )  # fmt: skip

    async def keep():
        async with open_archive(ArchiveAddress(text=str(estate), env={})) as archive:
            nothing = ImportLog(name="teams", log=None, files=None, state=log)
            await keep_ledger(archive_input(archive), nothing)

    asyncio.run(keep())
    issued(run, estate, status=1)
    numbers = json.loads((tmp_path / "certificate.json").read_bytes())["certified"]
    assert not numbers["complete"]
    assert f"import teams: {said}" in numbers["open"]
    assert said in (tmp_path / "certificate.html").read_text("utf-8")


def test_a_proof_has_no_certificate(estate, run, tmp_path):
    issued(run, estate, status=1)
    run("prove", THREAD, FIRST_ID, estate, "--output", "p.json")
    out = run("verify", "p.json", "--certificate", "certificate.json", status=2)
    assert "give no proof" in out


@pytest.mark.parametrize("changed", [{"root": "0" * 64}, {"lines": 1}])
def test_its_checkpoint_is_checked_beside_one_from_elsewhere(
    estate, run, tmp_path, changed
):
    issued(run, estate, status=1)
    run("checkpoint", estate, "--output", "c.txt")
    file = tmp_path / "certificate.json"
    given = ("verify", "--checkpoint", "c.txt", "--certificate", file, estate)
    assert "VERIFIED" in run(*given)
    value = json.loads(file.read_text())
    value["certified"]["checkpoint"].update(changed)
    file.write_text(json.dumps(value))
    (tmp_path / "certificate.html").unlink()
    assert "its checkpoint is not of this archive" in run(*given, status=1)
