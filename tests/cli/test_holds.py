"""Holds and erasures for people who may not err: an id covers what it says, or nothing."""

import pytest
from azure.storage.blob import BlobServiceClient, RetentionPolicy

from builders import ALICE, BOB, FIRST_ID, THREAD
from evidence_verifiers import failures
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


@pytest.mark.parametrize("hold", ["0123456789ab", "\x1b[31m", "Alice"])
def test_what_is_not_held_cannot_be_released(run, folder, hold):
    before = content(folder)

    said = run("hold", "remove", hold, folder, *WHY, status=1)

    assert "Nothing was released" in said
    assert content(folder) == before


@pytest.mark.parametrize("hold", ["", " "])
def test_which_hold_is_released_has_to_be_said(run, folder, hold):
    assert "Give the id of a hold" in run(
        "hold", "remove", hold, folder, *WHY, status=2
    )


def test_a_hold_is_released_once(run, folder):
    run("hold", "add", folder, "--thread", THREAD, *WHY)
    hold = run("hold", "list", folder).split()[0]
    run("hold", "remove", hold, folder, *WHY)

    assert "Nothing was released" in run("hold", "remove", hold, folder, *WHY, status=1)


def test_one_message_of_a_thread_is_held(run, folder):
    chosen = ("--thread", THREAD, "--message", MESSAGE)

    said = run("hold", "add", folder, *chosen, *WHY)

    assert "It covers 1 thread, 1 message, 1 person" in said
    assert f"{THREAD}, message {MESSAGE}  since" in run("hold", "list", folder)


def test_a_message_is_held_in_its_thread_alone(run, folder):
    run("hold", "add", folder, "--message", MESSAGE, *WHY, status=2)
    said = run(
        "hold", "add", folder, "--participant", ALICE, "--message", MESSAGE, *WHY,
        status=2,
    )  # fmt: skip

    assert "a message is held in its thread" in said
    both = ("--thread", THREAD, "--participant", ALICE, "--message", MESSAGE)
    assert "or hold both" in run("hold", "add", folder, *both, *WHY, status=2)
    assert "or both" in run("hold", "add", folder, *WHY, status=2)


def test_a_participant_is_held_in_one_thread(run, folder):
    chosen = ("--participant", ALICE, "--thread", OTHER)

    said = run("hold", "add", folder, *chosen, *WHY)

    assert "It covers 1 thread, 1 message, 1 person" in said
    assert f"{OTHER}, {ALICE}  since" in run("hold", "list", folder)
    everywhere = ("erase", folder, "--participant", ALICE, *WHY)
    said = run(*everywhere, "--execute", status=1)
    assert said.count("REFUSED") == 1
    run(*everywhere, "--thread", THREAD, "--execute")


@pytest.mark.parametrize(
    ("chosen", "unknown"),
    [
        (("--participant", BOB, "--thread", OTHER), BOB),
        (("--participant", ALICE, "--thread", LATER[1]), LATER[1]),
    ],
)
def test_who_is_not_in_a_thread_is_not_held_in_it(run, folder, chosen, unknown):
    said = run("hold", "add", folder, *chosen, *WHY, status=1)
    assert f"the archive knows no id {unknown!r}" in said

    said = run("hold", "add", folder, *chosen, "--not-yet-archived", *WHY)
    assert "It covers nothing that is archived yet" in said


def test_a_refusal_names_every_hold(run, folder):
    run("hold", "add", folder, "--thread", THREAD, "--reason", "case 7")
    run("hold", "add", folder, "--participant", ALICE, "--reason", "case 8")

    choice = ("--participant", ALICE, "--thread", THREAD)
    said = run("erase", folder, *choice, *WHY, status=1)

    assert "(case 7), hold " in said
    assert "(case 8)" in said
    assert "Not reached" not in said


def test_a_package_says_that_holds_are_withheld(run, folder):
    run("hold", "add", folder, "--thread", THREAD, *WHY)
    run("hold", "add", folder, "--participant", ALICE, *WHY)
    run("export", folder, "--package", "p", "--thread", OTHER, *WHY)

    said = run("hold", "list", "p")

    assert said == "This package withholds 2 lines about other holds.\n"


@pytest.mark.parametrize("message", ["7", "x", "1" * 17])
def test_a_message_that_is_not_there_is_not_held(run, folder, message):
    chosen = ("hold", "add", folder, "--thread", THREAD, "--message", message, *WHY)
    said = run(*chosen, status=1)
    assert f"the archive knows no id {message!r}" in said

    said = run(*chosen, "--not-yet-archived", status=0 if message == "7" else 1)

    assert ("It covers nothing that" in said) == (message == "7")


def test_ids_are_shown_and_given_shortened(run, folder):
    run("hold", "add", folder, "--thread", THREAD, *WHY)
    hold = run("hold", "list", folder).split()[0]
    assert len(hold) == 12

    said = run("hold", "remove", hold, folder, *WHY)

    assert f"Hold {hold} is released" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [("x" * 257, "256 at most"), ("", "blank"), (" \n", "blank"), ("\udcff", "UTF-8")],
)
@pytest.mark.parametrize("option", ["--reason", "--by"])
@pytest.mark.parametrize(
    "command",
    [
        ("hold", "add", "--thread", THREAD),
        ("erase", "--message", MESSAGE, "--thread", THREAD, "--execute"),
        ("export", "--package", "p", "--all"),
    ],
    ids=" ".join,
)
def test_what_the_record_cannot_hold_is_a_usage_error(
    run, folder, command, option, text, says
):
    before = content(folder)
    given = {"--reason": "case 7", "--by": "Dana", option: text}
    words = [word for pair in given.items() for word in pair]

    said = run(*command, folder, *words, status=2)

    assert option in said
    assert says in said
    assert content(folder) == before


def test_holds_stand_in_a_ledger_that_both_verifiers_read(run, folder):
    run("hold", "add", folder, "--participant", ALICE, *WHY)
    hold = run("hold", "list", folder).split()[0]
    run("hold", "remove", hold, folder, *WHY)

    ledger = {
        f"ledger/{file.name}": file.read_bytes() for file in folder.glob("ledger/*")
    }
    about_ledger = [path for path, _ in failures(ledger) if path.startswith("ledger/")]
    assert about_ledger == []
    assert b"".join(ledger.values()).count(b'"kind":"hold"') == 2


def test_an_unreadable_line_may_be_a_hold(run, folder):
    last = max(folder.glob("ledger/*"))
    last.write_bytes(last.read_bytes() + b"{}\n")

    said = run("hold", "list", folder, status=1)

    assert f"UNREADABLE ledger/{last.name}, line " in said
    assert "it may be a hold" in said


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
    choice = ("erase", folder, "--participant", ALICE, *WHY)
    run(*choice, "--execute")

    again = run(*choice, "--execute")
    planned = run(*choice)

    assert "erased already" in again
    assert "0 files" not in again
    assert "Nothing is left to erase" in planned
    assert "cannot be undone" not in planned
    run("verify", folder)


def test_an_unknown_thread_is_named_before_its_messages(run, folder):
    choice = ("--thread", "19:nope@thread.v2", "--message", MESSAGE)

    said = run("erase", folder, *choice, *WHY, status=1)

    assert said.startswith("Nothing was erased: the archive knows no id '19:nope")
    assert "Not reached" not in said


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
    assert "Not reached: exports, tables, sites and packages" in text


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
        kept = RetentionPolicy(enabled=True, days=7)
        service.set_service_properties(delete_retention_policy=kept)
        env = {"CHAT_STORAGE": account}

        text = run("erase", "--participant", ALICE, *WHY, "--execute", status=1, **env)

        assert torn not in {blob.name for blob in archive.list_blobs()}
        service.set_service_properties(delete_retention_policy=RetentionPolicy())
    assert f"erased {THREAD}" in text
    assert "NOT REACHED 19:only-a-log: only a log so far" in text
    assert "NOT REACHED 1 file of quarantine" in text
    assert "NOT REACHED 1 file of dead letters" in text
    assert "NOT REACHED what soft delete keeps of files that are erased now" in text
    assert "VERIFIED" in run("verify", **env)
