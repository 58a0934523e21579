"""Holds and erasures for people who may not err: an id covers what it says, or nothing."""

import pytest
from azure.storage.blob import BlobServiceClient

from builders import ALICE, BOB, FIRST_ID, THREAD
from verifying import OTHER

MESSAGE = str(FIRST_ID)
WHY = ("--reason", "case 7")
LATER = ("8:acs:22222222-2222-2222-2222-222222222222_new", "19:later@thread.v2")


def content(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("option", "id", "covers"),
    [
        ("--thread", THREAD, "1 thread, 4 messages, 2 people"),
        ("--thread", OTHER, "1 thread, 1 message, "),
        ("--participant", ALICE, "2 threads, 5 messages, 1 person"),
        ("--participant", BOB, "1 thread, 1 message, 1 person"),
    ],
)
def test_a_hold_says_what_it_covers(run, folder, option, id, covers):
    assert f"It covers {covers}" in run("hold", "add", folder, option, id, *WHY)
    assert id in run("hold", "list", folder)


@pytest.mark.parametrize("option", ["--thread", "--participant"])
@pytest.mark.parametrize(
    "text",
    ["Alice", "alice ", f" {ALICE}", f"{ALICE}x", f" {THREAD}", THREAD[:-1], "A topic",
     "8:", "nobody", "\x1b[31m", *LATER],
)  # fmt: skip
def test_what_names_nobody_holds_nothing(run, folder, option, text):
    before = content(folder)

    said = run("hold", "add", folder, option, text, *WHY, status=1)

    assert said.startswith("Nothing is held: the archive knows no id")
    assert "\x1b" not in said
    assert content(folder) == before


@pytest.mark.parametrize("command", [("hold", "add"), ("erase", "--execute")])
@pytest.mark.parametrize("text", ["Alice", "alice ", f" {ALICE}", ALICE.upper()])
def test_a_display_name_gives_the_ids_it_stands_for(run, folder, command, text):
    before = content(folder)

    said = run(*command, folder, "--participant", text, *WHY, status=1)

    assert f"  {ALICE}  Alice\n" in said
    assert BOB not in said
    assert "Give the id" in said
    assert content(folder) == before


def test_a_topic_gives_the_ids_it_stands_for(run, folder):
    said = run("hold", "add", folder, "--thread", "a topic", *WHY, status=1)

    assert f"  {THREAD}  A topic\n" in said


@pytest.mark.parametrize(
    ("option", "id"), [("--participant", LATER[0]), ("--thread", LATER[1])]
)
def test_what_will_be_archived_later_is_held_on_demand(run, folder, option, id):
    said = run("hold", "add", folder, option, id, *WHY, status=1)
    assert "--not-yet-archived" in said

    said = run("hold", "add", folder, option, id, "--not-yet-archived", *WHY)

    assert "It covers nothing that is archived yet" in said
    assert id in run("hold", "list", folder)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--participant", "Carol"),
        ("--participant", LATER[1]),
        ("--participant", f" {LATER[0]}"),
        ("--thread", LATER[0]),
        ("--thread", "19:"),
        ("--thread", f"{LATER[1]}\n"),
        ("--thread", "19:" + "x" * 198),
    ],
)
def test_what_can_never_be_an_id_is_held_by_no_flag(run, folder, option, text):
    said = run(
        "hold", "add", folder, option, text, "--not-yet-archived", *WHY, status=1
    )

    assert "has not the form of an id" in said
    assert "No hold is in force" in run("hold", "list", folder)


@pytest.mark.parametrize("hold", ["0123456789ab", "", "\x1b[31m", "Alice"])
def test_what_is_not_held_cannot_be_released(run, folder, hold):
    before = content(folder)

    said = run("hold", "remove", hold, folder, *WHY, status=1)

    assert "Nothing was released" in said
    assert content(folder) == before


def test_a_hold_is_released_once(run, folder):
    run("hold", "add", folder, "--thread", THREAD, *WHY)
    hold = run("hold", "list", folder).split()[0]
    run("hold", "remove", hold, folder, *WHY)

    assert "Nothing was released" in run("hold", "remove", hold, folder, *WHY, status=1)


@pytest.mark.parametrize(
    "choice",
    [
        ("--participant", "8:acs:nobody"),
        ("--participant", f"{ALICE} "),
        ("--participant", BOB, "--thread", OTHER),
        ("--participant", ALICE, "--thread", "19:nowhere@thread.v2"),
        (
            "--participant",
            ALICE,
            "--thread",
            THREAD,
            "--thread",
            "19:nowhere@thread.v2",
        ),
        ("--message", "7"),
        ("--message", MESSAGE, "--message", "7"),
        ("--message", MESSAGE, "--thread", "19:nowhere@thread.v2"),
    ],
    ids=" ".join,
)
def test_what_names_nobody_and_nothing_erases_nothing(run, folder, choice):
    before = content(folder)

    said = run("erase", folder, *choice, *WHY, "--execute", status=1)

    assert "Nothing was erased" in said
    assert content(folder) == before


def test_an_erasure_that_is_run_again_is_done(run, folder):
    choice = ("erase", folder, "--participant", ALICE, *WHY, "--execute")
    run(*choice)

    run(*choice)
    run("verify", folder)


def test_a_thread_that_cannot_be_read_is_named_by_a_hold(run, folder):
    next(folder.glob("thread=*another*/rev=0001/events.jsonl")).write_bytes(b"x")

    said = run("hold", "add", folder, "--participant", ALICE, *WHY)

    assert f"UNREADABLE {OTHER}: " in said
    assert "It covers 1 thread, " in said


def test_an_erasure_removes_attempts_that_died(run, folder):
    revision = next(folder.glob("thread=*made-up*/rev=0001"))
    torn = revision.with_name("rev=0009")
    torn.mkdir()
    (torn / "events.jsonl").write_bytes((revision / "events.jsonl").read_bytes())

    run("erase", folder, "--participant", ALICE, *WHY, "--execute")

    assert not torn.exists()
    assert "VERIFIED" in run("verify", folder)


def test_a_thread_of_which_only_an_attempt_is_there_is_not_reached(run, folder):
    torn = folder / "thread=19%3Atorn" / "rev=0001"
    torn.mkdir(parents=True)
    (torn / "events.jsonl").write_bytes(b"x")

    text = run("erase", folder, "--participant", ALICE, *WHY, "--execute", status=1)

    assert "NOT REACHED 19:torn: the archive holds only an attempt that died" in text
    assert "Not reached: exports and packages" in text


@pytest.mark.azurite
def test_an_erasure_in_an_account_names_what_it_does_not_reach(
    run, files, running_azurite
):
    account = running_azurite.connection_string
    with BlobServiceClient.from_connection_string(account) as service:
        for container in service.list_containers():
            service.delete_container(container.name)
        archive = service.create_container("chat-archive")
        for path, data in files.items():
            archive.upload_blob(path, data)
        torn = "thread=19%3AacsV1_made-up%40thread.v2/rev=0009/events.jsonl"
        archive.upload_blob(torn, b"my secret")
        log = service.create_container("chat-log")
        for path in (
            "thread=19%3Aonly-a-log/2026-11-22.jsonl",
            "quarantine/2026-11-22.jsonl",
        ):
            blob = log.get_blob_client(path)
            blob.create_append_blob()
            blob.append_block(b"x\n")
        service.create_container("dead-letter").upload_blob("a.json", b"[]")
        env = {"CHAT_STORAGE": account}

        text = run("erase", "--participant", ALICE, *WHY, "--execute", status=1, **env)

        assert torn not in {blob.name for blob in archive.list_blobs()}
    assert f"erased {THREAD}" in text
    assert "NOT REACHED 19:only-a-log: only a log so far" in text
    assert "NOT REACHED 1 file of quarantine" in text
    assert "NOT REACHED 1 file of dead letters" in text
    assert "VERIFIED" in run("verify", **env)
