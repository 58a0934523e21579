"""`chat-archive insights`: what a model says of threads, and what becomes of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient, generate_container_sas
from viewing import ask, served

from assistants import ask as ask_tool
from assistants import over_stdio
from builders import FIRST_ID, THREAD, received
from evidence_archives import OTHER
from insight_worlds import BY_BOB, MAIL, PAID, conversation
from local.language_model.misbehaviour import INVENTED, Misbehaviour
from local.language_model.server import language_model
from shared.domain.layout import thread_folder
from verifying import write

ROOT = Path(__file__).parents[2]
WHY = ("--reason", "request 7", "--execute")
LABELS = ("--label", "invoice", "--label", "complaint")


@pytest.fixture(scope="module")
def files():
    return asyncio.run(conversation()).archive.files


@pytest.fixture
def server():
    with language_model() as running:
        yield running


@pytest.fixture
def model(server):
    return ("--endpoint", server.address, "--deployment", "extractive")


@pytest.fixture
def kept(folder):
    return folder.with_name(folder.name + "-insights")


@pytest.fixture
def made(run, folder, model):
    return answer(run, "insights", "run", folder, *LABELS, *model)


def insights_of(kept, thread=THREAD):
    return kept / thread_folder(thread) / "insights.json"


def said_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def answer(run, *arguments, **more):
    """Return what a command answers as JSON, whatever else it said."""
    said = run(*arguments, "--json", **more).splitlines()
    return json.loads(next(line for line in reversed(said) if line.startswith("{")))


def keys_of(folder):
    """Return the folders of threads in a site."""
    return sorted(path.name for path in (folder / "threads").iterdir())


# Made, and checked


def test_each_thread_gets_a_file_beside_the_archive(run, folder, kept, made, server):
    before = said_in(folder)

    assert made["insights"] == str(kept)
    assert (made["made"], made["failures"], made["requests"]) == (2, [], 2)
    assert made["citations"] == made["statements"] > 5
    assert said_in(folder) == before
    value = json.loads(insights_of(kept).read_bytes())
    assert value["thread_id"] == THREAD
    assert value["model"] == {"deployment": "extractive", "name": "extractive-1"}
    assert value["summary"][0]["citations"][0]["quote"] == PAID
    assert value["made_by"].startswith("a model")
    assert kept.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept.rglob("*"))
    run("verify", folder)


def test_what_is_current_is_not_asked_about_again(run, folder, made, model, server):
    again = answer(run, "insights", "run", folder, *LABELS, *model)

    assert (again["made"], again["current"], len(server.asked)) == (0, 2, 2)
    more = answer(run, "insights", "run", folder, *model)
    assert more["made"] == 2  # other labels are another question
    run("insights", "run", folder, *model, "--again", "--thread", OTHER)
    assert len(server.asked) == 5


def test_a_limit_is_kept_although_threads_are_asked_about_side_by_side(
    run, folder, server, model
):
    done = answer(run, "insights", "run", folder, *model, "--limit", 1)
    assert (done["made"], len(server.asked)) == (1, 1)
    assert answer(run, "insights", "plan", folder, "--limit", 1)["threads"] == 1
    sent = answer(run, "insights", "submit", folder, *model, "--limit", 1)
    assert (sent["threads"], sent["current"]) == (1, 1)


def test_a_run_over_some_threads_is_not_the_last_over_all(run, folder, model):
    run("insights", "run", folder, *model, "--thread", OTHER)

    done = answer(run, "insights", "run", folder, *model, "--since-last")

    assert (done["made"], done["current"]) == (1, 1)


def test_since_the_last_run_means_one_that_asked_the_same(
    run, folder, made, model, server
):
    done = answer(run, "insights", "run", folder, *model, "--since-last")

    assert done["made"] == 2  # without labels it is another question


def test_a_run_over_what_changed_looks_at_nothing_else(
    run, folder, made, model, server, tmp_path
):
    last = ("insights", "run", folder, *LABELS, *model, "--since-last")
    assert answer(run, *last)["current"] == 0

    write(folder, asyncio.run(went_on()))
    done = answer(run, *last)

    assert (done["made"], done["current"]) == (1, 0)
    assert len(server.asked) == 3


async def went_on():
    world = await conversation()
    world.clock.pass_time(days=1, hours=1)
    await world.receive(received(20, "It is paid now, thank you.", **BY_BOB))
    await world.finalize(THREAD)
    return world.archive.files


def test_every_claim_checks_out_offline(run, folder, made, kept):
    checked = answer(run, "insights", "check", folder)

    assert checked["share"] == 1.0
    assert checked["holding"] == checked["citations"] == made["citations"]
    assert (checked["stale"], checked["problems"]) == ([], [])
    assert "proves that these words were said" in run("insights", "check", folder)


def test_a_claim_that_somebody_changed_is_found_and_shown_nowhere(
    run, folder, made, kept, tmp_path
):
    path = insights_of(kept)
    changed = path.read_text().replace(f'"quote": "{PAID}"', f'"quote": "{INVENTED}"')
    path.write_text(changed)

    said = run("insights", "check", folder, status=1)

    assert "FAILED" in said
    assert "its quote does not stand in the version that it cites" in said
    run("site", folder, "--output", "site")
    assert INVENTED.encode() not in b"".join(said_in(tmp_path / "site").values())


@pytest.mark.parametrize("data", [b"", b"{}", b'{"format": 2}', b"\xff"])
def test_a_damaged_file_is_named_and_made_anew(run, folder, made, kept, model, data):
    insights_of(kept).write_bytes(data)

    assert f"FAILED {THREAD}: " in run("insights", "check", folder, status=1)
    run("site", folder, "--output", "site")
    again = answer(run, "insights", "run", folder, *LABELS, *model)
    assert again["made"] == 1
    run("insights", "check", folder)


def test_a_file_of_another_thread_is_not_believed(run, folder, made, kept):
    insights_of(kept, OTHER).write_bytes(insights_of(kept).read_bytes())

    said = run("insights", "check", folder, status=1)

    assert f"FAILED {OTHER}: it is of another thread" in said


def test_insights_of_a_thread_that_went_on_are_stale(run, folder, made, kept, tmp_path):
    write(folder, asyncio.run(went_on()))

    said = run("insights", "check", folder)

    assert f"STALE {THREAD}" in said
    assert OTHER not in said
    run("site", folder, "--output", "site")
    pages = said_in(tmp_path / "site")
    assert sum(name.endswith("/insights.html") for name in pages) == 1


def test_insights_of_a_thread_that_is_gone_are_removed(run, folder, made, kept, model):
    strange = kept / thread_folder("19:gone@thread.v2") / "insights.json"
    strange.parent.mkdir()
    strange.write_bytes(insights_of(kept).read_bytes())

    said = answer(run, "insights", "run", folder, *LABELS, *model)

    assert said["removed"] == 1
    assert not strange.exists()


# Every misbehaviour


@pytest.mark.parametrize("kind", [*Misbehaviour])
def test_no_misbehaviour_is_ever_shown(
    run, folder, server, model, kept, kind, tmp_path
):
    server.always = kind
    is_refused = kind in (Misbehaviour.NOT_ALLOWED, Misbehaviour.NO_DEPLOYMENT)
    is_away = kind in (Misbehaviour.THROTTLED, Misbehaviour.FAILING)
    if is_away:
        server.coming.extend([kind] * 3)
        server.always = None

    said = run(
        "insights", "run", folder, *LABELS, *model, status=2 if is_refused else 0
    )

    run("site", folder, "--output", "site")
    everywhere = b"".join(said_in(tmp_path / "site").values())
    everywhere += b"".join(said_in(kept).values() if kept.exists() else ())
    for text in (INVENTED, "obeyed", '"delete"', "999v9"):
        assert text.encode() not in everywhere
    run("insights", "check", folder)
    if is_refused:
        assert not list(kept.glob("thread=*"))
    elif not is_away and kind is not Misbehaviour.OBEYS:
        assert "NOT ALL" in said or "that did not hold" in said


def test_a_service_that_stays_away_costs_nothing_that_was_made(
    run, folder, server, model, kept
):
    run("insights", "run", folder, *LABELS, *model, "--thread", OTHER)
    server.always = Misbehaviour.NO_DEPLOYMENT

    said = run("insights", "run", folder, *LABELS, *model, status=2)

    assert "404" in said
    assert insights_of(kept, OTHER).exists()


def test_a_run_that_is_killed_goes_on(run, folder, server, model, kept):
    many = folder
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "shared.cli.main", "insights", "run", str(many)]
    server.coming.extend([None, Misbehaviour.THROTTLED] + [Misbehaviour.FAILING] * 50)
    with subprocess.Popen(
        [*command, *model, *LABELS], cwd=ROOT, env=environment,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 30
        while not list(kept.glob("thread=*/insights.json")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    server.coming.clear()

    done = answer(run, "insights", "run", folder, *LABELS, *model)

    assert done["made"] + done["current"] == 2
    assert done["current"] >= 1
    run("insights", "check", folder)


# Said plainly


def test_a_plan_sends_nothing_and_says_that_it_is_an_estimate(run, folder, server):
    run("index", folder)

    said = run("insights", "plan", folder)
    priced = answer(
        run, "insights", "plan", folder, "--input-price", 2, "--output-price", 10
    )

    assert "An estimate, by a rule of thumb" in said
    assert "Nothing was sent." in said
    assert priced["is_estimate"] is True
    assert priced["threads"] == priced["requests"] == 2
    tokens = priced["input_tokens"] * 2 + priced["output_tokens"] * 10
    assert priced["cost"] == pytest.approx(tokens / 1e6)
    assert priced["cost_of_batches"] == pytest.approx(tokens / 2e6)
    assert server.asked == []


def test_a_plan_is_not_far_from_what_is_used(run, folder, server, model):
    run("index", folder)
    planned = answer(run, "insights", "plan", folder)

    made = answer(run, "insights", "run", folder, *model)

    # The server counts four bytes as a token, and not the schema.
    assert 0.8 < planned["input_tokens"] / made["input_tokens"] < 3


def test_a_plan_without_an_index_says_what_to_do(run, folder):
    assert "chat-archive index" in run("insights", "plan", folder, status=2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "--endpoint"),
        (("--endpoint", "http://example.com/v1", "--deployment", "x"), "https://"),
        (("--endpoint", "https://a:b@x.test/v1", "--deployment", "x"), "no user"),
        (
            ("--endpoint", "https://n.openai.azure.com", "--deployment", "x"),
            "/openai/v1/",
        ),
        (("--endpoint", "https://x.test/v1"), "--deployment"),
    ],
)
def test_a_model_that_is_not_named_well_is_refused(run, folder, options, says):
    said = run("insights", "run", folder, *options, status=2)

    assert says in " ".join(said.split())


def test_a_key_is_sent_and_never_shown(run, folder, server, model, kept):
    server.key = "a-secret-key-0420"

    said = run("insights", "run", folder, *model, status=2)
    assert "401" in said
    done = run("insights", "run", folder, *model, INSIGHTS_API_KEY=server.key)

    stored = b"".join(said_in(kept).values()).decode()
    assert server.key not in said + done + stored
    assert "127.0.0.1" not in stored


@pytest.mark.parametrize("label", ["", " ", "x" * 101, "two\nlines"])
def test_a_label_that_is_none_is_refused(run, folder, model, label):
    run("insights", "run", folder, *model, "--label", label, status=2)


def test_a_thread_that_does_not_exist_is_named(run, folder, model):
    said = run("insights", "run", folder, *model, "--thread", "19:no", status=2)

    assert "no thread 19:no" in said


def test_insights_are_kept_in_no_archive(run, folder, model, tmp_path):
    for place in (folder, folder / "thread=x", folder / "insights"):
        run("insights", "run", folder, *model, "--insights", place, status=2)
    other = tmp_path / "other"
    write(other, asyncio.run(conversation()).archive.files)
    run("insights", "run", folder, *model, "--insights", other, status=2)
    for name in ("chat-log", "chat-archive", "chat-control"):
        place = f"https://acme.blob.core.windows.net/{name}"
        run("insights", "run", folder, *model, "--insights", place, status=2)


def test_a_folder_of_ones_own_is_used(run, folder, model, tmp_path, kept):
    place = ("--insights", tmp_path / "mine")

    run("insights", "run", folder, *model, *place)

    assert insights_of(tmp_path / "mine").exists()
    assert not kept.exists()
    run("insights", "check", folder, *place)


# Erased


def test_an_erasure_removes_what_a_model_said_of_the_thread(
    run, folder, made, kept, tmp_path
):
    run("site", folder, "--output", "site")
    stood = b"".join([*said_in(kept).values(), *said_in(tmp_path / "site").values()])
    assert MAIL.encode() in stood
    message = str(FIRST_ID + 3)

    said = run("erase", folder, "--thread", THREAD, "--message", message, *WHY)

    assert "removed the insights of 1 thread" in said
    assert not insights_of(kept).exists()
    assert insights_of(kept, OTHER).exists()
    run("site", folder, "--output", "site")
    left = b"".join([*said_in(kept).values(), *said_in(tmp_path / "site").values()])
    assert MAIL.encode() not in left


def test_insights_that_an_erasure_does_not_reach_are_shown_nowhere(
    run, folder, made, kept, tmp_path
):
    """Whoever puts them back, as from a backup, gets nothing shown."""
    saved = insights_of(kept).read_bytes()
    run("erase", folder, "--thread", THREAD, "--message", str(FIRST_ID + 3), *WHY)
    insights_of(kept).parent.mkdir(exist_ok=True)
    insights_of(kept).write_bytes(saved)

    run("site", folder, "--output", "site")
    said = run("insights", "check", folder, status=1)

    assert MAIL.encode() not in b"".join(said_in(tmp_path / "site").values())
    assert "it cites what was erased" in said
    assert MAIL not in said


def test_an_erasure_names_batches_that_hold_what_was_erased(run, folder, server, model):
    run("insights", "submit", folder, *model)

    said = run("erase", folder, "--thread", THREAD, "--message", FIRST_ID + 3, *WHY)

    assert "NOT REACHED 127.0.0.1" in said
    assert any(MAIL.encode() in data for data in server.files.values())
    run("insights", "collect", folder, *model)
    done = answer(run, "insights", "collect", folder, *model)
    assert done["changed"] == 1  # what it answers is of what was erased
    assert done["made"] == 1
    assert server.files == {}


def test_a_damaged_note_of_a_batch_keeps_no_insights(run, folder, made, kept):
    (kept / "batches").mkdir()
    (kept / "batches" / "x.json").write_bytes(b"{")

    said = run("erase", folder, "--thread", THREAD, "--message", FIRST_ID + 3, *WHY)

    assert "NOT REACHED what a batch holds" in said
    assert not insights_of(kept).exists()


def test_strange_folders_where_insights_stand_cost_nothing(run, folder, made, kept):
    file = insights_of(kept)
    file.unlink()
    (file / "strange").mkdir(parents=True)
    insights_of(kept, OTHER).unlink()
    insights_of(kept, OTHER).mkdir()
    (insights_of(kept, OTHER) / "x").write_bytes(b"")

    run("erase", folder, "--thread", THREAD, "--message", FIRST_ID + 3, *WHY)
    run("site", folder, "--output", "site")
    assert "No citation to check" in run("insights", "check", folder)


# Batches


def test_batches_give_the_same_as_now(run, folder, server, model, kept):
    run("insights", "run", folder, *model, *LABELS)
    now = json.loads(insights_of(kept).read_bytes())
    again = (*model, *LABELS, "--again")
    sent = answer(run, "insights", "submit", folder, *again)
    assert (sent["threads"], len(sent["batches"])) == (2, 1)
    first = answer(run, "insights", "collect", folder, *model)
    assert (first["waiting_batches"], first["waiting_requests"]) == (1, 2)

    collected = answer(run, "insights", "collect", folder, *model)

    assert (collected["made"], collected["batches"]) == (2, 1)
    later = json.loads(insights_of(kept).read_bytes())
    assert {**later, "made_on": ""} == {**now, "made_on": ""}
    assert server.files == {}  # the service has nothing of it any more
    assert list((kept / "batches").glob("*")) == []
    assert "No batch is on its way." in run("insights", "collect", folder, *model)


def test_what_is_on_its_way_is_not_sent_twice(run, folder, server, model):
    run("insights", "submit", folder, *model)

    again = answer(run, "insights", "submit", folder, *model)

    assert (again["threads"], again["waiting"]) == (0, 2)
    assert len(server.batches) == 1


def test_a_batch_that_was_half_sent_is_found(run, folder, server, model, kept):
    run("insights", "submit", folder, *model)
    (note,) = (kept / "batches").glob("*.json")
    value = json.loads(note.read_bytes())
    note.write_text(json.dumps({**value, "batch_id": ""}))

    run("insights", "collect", folder, *model)
    done = answer(run, "insights", "collect", folder, *model)

    assert done["made"] == 2
    assert len(server.batches) == 1


def test_a_batch_that_was_never_sent_is_named_and_forgotten(
    run, folder, server, model, kept
):
    run("insights", "submit", folder, *model)
    (note,) = (kept / "batches").glob("*.json")
    value = json.loads(note.read_bytes())
    note.write_text(json.dumps({**value, "batch_id": "", "name": "other"}))
    note.rename(note.with_name("other.json"))

    said = run("insights", "collect", folder, *model, status=1)

    assert "never reached the service" in said
    assert answer(run, "insights", "submit", folder, *model)["threads"] == 2


def test_requests_of_a_batch_that_fail_cost_no_other_thread(
    run, folder, server, model, kept
):
    run("insights", "submit", folder, *model)
    run("insights", "collect", folder, *model)
    server.misbehave(Misbehaviour.FAILING)

    done = answer(run, "insights", "collect", folder, *model, status=1)

    assert done["made"] == 1
    assert "submit it again" in done["failures"][0]
    assert answer(run, "insights", "submit", folder, *model)["threads"] == 1


@pytest.mark.parametrize(
    "kind", [Misbehaviour.BROKEN_JSON, Misbehaviour.MORE_MEMBERS, Misbehaviour.NO_TEXT]
)
def test_an_answer_in_a_batch_that_has_not_the_form_is_none(
    run, folder, server, model, kept, kind
):
    run("insights", "submit", folder, *model)
    run("insights", "collect", folder, *model)
    server.always = kind

    done = answer(run, "insights", "collect", folder, *model, status=1)

    assert done["made"] == 0
    assert len(done["failures"]) == 2
    assert not list(kept.glob("thread=*/insights.json"))


def test_what_a_filter_holds_back_in_a_batch_is_missing(run, folder, server, model):
    run("insights", "submit", folder, *model)
    run("insights", "collect", folder, *model)
    server.always = Misbehaviour.FILTERED

    done = answer(run, "insights", "collect", folder, *model)

    assert done["made"] == 2
    assert len(done["missing"]) == 2
    run("insights", "check", folder)


def test_a_long_thread_takes_a_second_batch(run, folder, server, model, kept):
    long = ("--part-tokens", 500, "--thread", THREAD)
    write(folder, asyncio.run(long_conversation()))
    sent = answer(run, "insights", "submit", folder, *model, *long)
    assert (sent["threads"], sent["requests"] > 2) == (1, True)
    run("insights", "collect", folder, *model)
    first = answer(run, "insights", "collect", folder, *model)
    assert (first["made"], len(first["submitted"])) == (0, 1)

    made = 0
    for _ in range(12):
        done = answer(run, "insights", "collect", folder, *model)
        made += done["made"]
        if not done["waiting_batches"] and not done["submitted"]:
            break

    assert made == 1
    value = json.loads(insights_of(kept).read_bytes())
    assert value["is_together"] is True
    assert value["missing"] == []
    assert len(value["summary"]) <= 5
    run("insights", "check", folder)


class Undeleted(dict):
    """Files that stay, as long as nobody came to delete them."""

    def pop(self, key, default=None):
        return self.get(key, default)


@pytest.fixture
def half(run, folder, server, model):
    """A long thread whose parts are collected, while its summary is on the way."""
    long = ("--part-tokens", 500, "--thread", THREAD)
    write(folder, asyncio.run(long_conversation()))
    run("insights", "submit", folder, *model, *long)
    run("insights", "collect", folder, *model)
    server.files = Undeleted(server.files)
    notes = folder.with_name(folder.name + "-insights") / "batches"
    (first,) = notes.iterdir()
    saved = first.name, first.read_bytes()
    run("insights", "collect", folder, *model)
    return long, saved


def test_a_summary_that_was_never_made_one_is_not_current(
    run, folder, model, kept, half
):
    assert json.loads(insights_of(kept).read_bytes())["is_together"] is False

    done = answer(run, "insights", "run", folder, *model, *half[0])

    assert done["made"] == 1
    assert json.loads(insights_of(kept).read_bytes())["is_together"] is True


def test_a_batch_that_is_collected_once_more_sends_no_second_one_twice(
    run, folder, server, model, kept, half
):
    """As after a kill between the second batch and the end of the first."""
    _, (name, note) = half
    assert len(server.batches) == 2
    (kept / "batches" / name).write_bytes(note)

    run("insights", "collect", folder, *model)

    assert len(server.batches) == 2
    for _ in range(4):
        run("insights", "collect", folder, *model)
    assert json.loads(insights_of(kept).read_bytes())["is_together"] is True


async def long_conversation():
    world = await conversation()
    world.clock.pass_time(days=1, hours=1)
    await world.receive(
        *(received(100 + n, f"Item {n} of the order is there.") for n in range(60))
    )
    await world.finalize(THREAD)
    return world.archive.files


def test_a_batch_of_another_deployment_is_left_to_whoever_has_it(
    run, folder, server, model
):
    run("insights", "submit", folder, *model)
    other = ("--endpoint", server.address, "--deployment", "another")

    said = run("insights", "collect", folder, *other, status=1)

    assert "of the deployment extractive" in said


# Shown


def test_the_site_shows_them_with_links_to_messages(run, folder, made, tmp_path):
    run("site", folder, "--output", "site")

    pages = said_in(tmp_path / "site")
    page = next(
        data.decode() for name, data in pages.items()
        if name.endswith("/insights.html") and b"4711" in data
    )  # fmt: skip
    assert "Made by a model" in page
    assert "Nobody has checked" in page
    assert "Invoice &lt;b&gt;4711&lt;/b&gt;" in page
    assert f'href="transcript.html#m-{FIRST_ID}"' in page
    assert "<bdi>Bob &lt;i&gt;Bauer&lt;/i&gt;</bdi>" in page
    assert "<script" not in page
    key = next(name.split("/")[1] for name in pages if pages[name] == page.encode())
    thread = pages[f"threads/{key}/transcript.html"].decode()
    assert '<a href="insights.html">' in thread


def test_the_archive_s_own_pages_say_nothing_of_them(run, folder, made):
    assert b"insights" not in b"".join(said_in(folder).values())


def test_a_site_is_brought_up_to_date_when_insights_come_and_go(
    run, folder, model, kept, tmp_path
):
    run("site", folder, "--output", "site")
    assert not list((tmp_path / "site").rglob("insights.html"))
    run("insights", "run", folder, *model)

    came = answer(run, "site", folder, "--output", "site")
    same = answer(run, "site", folder, "--output", "site")
    insights_of(kept).unlink()
    went = answer(run, "site", folder, "--output", "site")

    assert [each["threads_rendered"] for each in (came, same, went)] == [2, 0, 1]
    assert len(list((tmp_path / "site").rglob("insights.html"))) == 1
    assert len([path for path in (tmp_path / "site").rglob("transcript.html")
                if b"insights.html" in path.read_bytes()]) == 1  # fmt: skip


def test_a_package_holds_no_insights(run, folder, made, tmp_path):
    run("export", folder, "--package", "package", "--all", "--reason", "why")

    names = said_in(tmp_path / "package")
    assert not [name for name in names if "insights" in name]


def test_a_view_shows_what_the_site_shows(run, folder, made, tmp_path, kept):
    run("site", folder, "--output", "site")
    with served(folder) as url:
        for key in keys_of(tmp_path / "site"):
            path = f"threads/{key}/insights.html"
            status, _, body = ask(url, path)
            assert status == 200
            assert body == (tmp_path / "site" / path).read_bytes()
        insights_of(kept).unlink()
        answers = {ask(url, f"threads/{key}/insights.html")[0]
                   for key in keys_of(tmp_path / "site")}  # fmt: skip
        assert answers == {200, 404}


async def test_an_assistant_gets_them_with_citations(files, tmp_path):
    folder = tmp_path / "archive"
    write(folder, files)
    with language_model() as server:
        command = [sys.executable, "-m", "shared.cli.main", "insights", "run"]
        subprocess.run(  # noqa: ASYNC221 - nothing else runs here
            [*command, str(folder), "--endpoint", server.address, "--deployment", "x"],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
    kept = folder.with_name("archive-insights")
    async with over_stdio(folder, "--thread", THREAD) as client:
        shown = await ask_tool(client, "thread_insights", thread_id=THREAD, limit=2)
        outside = await ask_tool(client, "thread_insights", thread_id=OTHER)
        nowhere = await ask_tool(client, "thread_insights", thread_id="19:no")
        insights_of(kept).write_text(
            insights_of(kept).read_text().replace(PAID, "I have paid everything.")
        )
        changed = await ask_tool(client, "thread_insights", thread_id=THREAD)
        insights_of(kept).unlink()
        gone = await ask_tool(client, "thread_insights", thread_id=THREAD)

    first = shown["statements"][0]
    assert (shown["has_insights"], shown["truncated"], shown["next"]) == (True, True, 2)
    assert "no evidence" not in shown["caution"]
    assert "A model made these statements" in shown["caution"]
    assert first["section"] == "summary"
    assert first["untrusted"]["text"] == PAID
    citation = first["citations"][0]["citation"]
    assert citation["message_id"] == str(FIRST_ID)
    assert len(citation["commitment"]) == 64
    assert outside == nowhere  # what may not be shown does not exist
    assert PAID not in json.dumps(changed)
    assert "paid everything" not in json.dumps(changed)
    assert gone["has_insights"] is False


async def test_an_assistant_gets_nothing_of_what_was_erased(files, tmp_path):
    folder = tmp_path / "archive"
    write(folder, files)
    command = [sys.executable, "-m", "shared.cli.main"]

    def run(*words):
        subprocess.run([*command, *map(str, words)], cwd=ROOT, check=True)

    with language_model() as server:
        model = ("--endpoint", server.address, "--deployment", "x")
        run("insights", "run", folder, *model)
    async with over_stdio(folder) as client:
        before = await ask_tool(client, "thread_insights", thread_id=THREAD, limit=50)
        message = str(FIRST_ID + 3)
        run("erase", folder, "--thread", THREAD, "--message", message, *WHY)
        after = await ask_tool(client, "thread_insights", thread_id=THREAD, limit=50)

    assert MAIL in json.dumps(before)
    assert MAIL not in json.dumps(after)
    assert after["has_insights"] is False


# In a container


@pytest.mark.azurite
def test_in_a_storage_account_they_have_a_container_of_their_own(
    run, running_azurite, model, files, server, tmp_path
):
    service = BlobServiceClient.from_connection_string(
        running_azurite.connection_string
    )
    for each in service.list_containers():  # of other tests
        service.delete_container(each.name)
    container = service.create_container("chat-archive")
    for path, data in files.items():
        container.upload_blob(path, data)
    account = ("--connection-string", running_azurite.connection_string)
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    run("insights", "check", *account, **env)
    run("insights", "run", *account, *model, **env)
    run("insights", "check", *account, **env)
    run("insights", "submit", *account, *model, "--again", **env)
    run("insights", "collect", *account, *model, **env)
    run("insights", "collect", *account, *model, **env)

    insights = service.get_container_client("chat-insights")
    names = {*insights.list_blob_names()}
    assert names == {
        thread_folder(THREAD) + "insights.json",
        thread_folder(OTHER) + "insights.json",
        "state.json",
    }
    assert {*container.list_blob_names()} == {*files}
    message = str(FIRST_ID + 3)
    said = run("erase", *account, "--thread", THREAD, "--message", message, *WHY, **env)
    assert "removed the insights of 1 thread" in said
    assert thread_folder(THREAD) + "insights.json" not in {*insights.list_blob_names()}


@pytest.mark.azurite
def test_who_may_read_the_archive_alone_gets_its_site_without_insights(
    run, running_azurite, model, files, server, tmp_path
):
    service = BlobServiceClient.from_connection_string(
        running_azurite.connection_string
    )
    for each in service.list_containers():  # of other tests
        service.delete_container(each.name)
    container = service.create_container("chat-archive")
    for path, data in files.items():
        container.upload_blob(path, data)
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    account = ("--connection-string", running_azurite.connection_string)
    run("insights", "run", *account, *model, **env)
    may = generate_container_sas(
        container.account_name,
        container.container_name,
        account_key=container.credential.account_key,
        permission="rl",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    address = f"{container.url}?{may}"

    run("site", address, "--output", "site", **env)
    said = run("insights", "check", address, status=2, **env)

    assert (tmp_path / "site" / "index.html").exists()
    assert not list((tmp_path / "site").rglob("insights.html"))
    assert "not allowed" in said
    assert may not in said
