"""`chat-archive teams` as its users run it, over the stand-in."""

import asyncio
import json

import pytest
from aiohttp import web

from builders import ALICE, BOB, THREAD
from evidence_verifiers import failures
from fake_az import fake_az
from local.graph.server import GraphServer, graph_server
from local.served import served
from shared.adapters.storage.folder_leases import FolderLeases

MAP = f"""acs_user_id,entra_object_id,target_tenant_id,status,decision_owner
{ALICE},aaaaaaaa-0000-0000-0000-000000000001,,mapped,Dana
{BOB},aaaaaaaa-0000-0000-0000-000000000002,,mapped,Dana
"""


@pytest.fixture
def map_file(tmp_path):
    file = tmp_path / "map.csv"
    file.write_text(MAP)
    return file


@pytest.fixture
def teams(run, folder, map_file, tmp_path, monkeypatch):
    """Run a command of the group, signed in by an `az` of our own."""
    calls = fake_az(tmp_path / "az")
    monkeypatch.setenv("PATH", str(calls.parent), prepend=":")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "dev")

    def teams(command, *options, status=0, members=("--former-members",)):
        given = ("--identities", map_file, "--thread", THREAD, *members)
        return run("teams", command, *given, *options, folder, status=status)

    return teams


def stored(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_plan_and_a_run_without_execute_ask_nobody(teams):
    assert "2 members" in teams("plan")
    out = teams("run")
    assert "Nothing was sent. Give --execute to do it." in out
    (line,) = teams("plan", "--json").splitlines()
    assert json.loads(line)["statuses"]["ready"] >= 1


def test_who_has_left_is_no_member_unless_that_is_wanted(teams):
    out = teams("plan", members=())
    assert "1 member, " in out
    assert "NOT A CHAT: A chat needs 2 members" in out


def test_from_the_plan_to_the_end(teams, folder, monkeypatch):
    with graph_server() as server:
        monkeypatch.setenv("GRAPH_ENDPOINT", server.address)
        out = teams("run", "--execute")
        assert "imported" in out
        (chat,) = server.graph.chats.values()
        assert chat.mode == "inProgress"
        assert "FITS" in teams("reconcile")
        assert "Nothing was completed" in teams("complete")
        assert chat.mode == "inProgress"
        assert "1 chat completed, 0 not" in teams("complete", "--execute")
        assert chat.mode == "completed"
        count = len(server.said(chat))
        teams("run", "--execute")
        assert len(server.said(chat)) == count
    assert failures(stored(folder)) == []
    assert (folder / "archive-input/imports").is_dir()


def test_what_failed_keeps_a_chat_from_being_completed(teams, monkeypatch):
    with graph_server() as server:
        monkeypatch.setenv("GRAPH_ENDPOINT", server.address)
        monkeypatch.setattr("local.graph.rules.LONGEST_BODY", 2)
        out = teams("run", "--execute", status=1)
        assert "FAILED" in out
        assert "413 RequestEntityTooLarge" in out
        out = teams("complete", "--execute", status=1)
        assert "failed: " in out
        assert "0 chats completed, 1 not" in out
        out = teams(
            "complete", "--execute", "--accept-failed", "case 7", "--by", "Dana"
        )
        assert "accepted as they are" in out
        assert "1 chat completed, 0 not" in out


def test_who_is_not_signed_in_is_told_so_in_one_sentence(teams, tmp_path, monkeypatch):
    from fake_az import NOT_LOGGED_IN

    calls = fake_az(tmp_path / "none", error=NOT_LOGGED_IN)
    monkeypatch.setenv("PATH", str(calls.parent), prepend=":")
    out = teams("run", "--execute", status=2)
    assert "az login" in out
    assert len(out.strip().splitlines()) == 1


def test_a_token_goes_to_no_other_address(teams, monkeypatch):
    monkeypatch.setenv("GRAPH_ENDPOINT", "https://graph.example.com/v1.0")
    assert "goes to Microsoft Graph alone" in teams("run", "--execute", status=2)


def test_a_map_is_needed_and_a_reason_says_something(run, folder, teams):
    assert "--identities" in run("teams", "plan", folder, status=2)
    assert "blank" in teams("complete", "--accept-failed", " ", status=2)


@pytest.mark.parametrize(
    "address",
    [
        "http://files.contoso.com",
        "files.contoso.com",
        "https://",
        "https://[",
        "https://me:secret@files.contoso.com",
        "https://a.blob.core.windows.net/x?sig=secret",
        "javascript:alert(1)",
    ],
)
def test_a_place_for_files_is_an_address_that_all_may_see(teams, address):
    out = teams("run", "--files-at", address, status=2)
    assert "--files-at" in out
    assert "secret" not in out


def test_what_is_no_answer_completes_nothing(teams, monkeypatch):
    """A page to sign in, say, as a proxy gives it with status 200."""

    class Proxy(GraphServer):
        is_in_the_way = False

        async def chat(self, request):
            if self.is_in_the_way:
                return web.Response(text="<html>sign in</html>")
            return await super().chat(request)

    server = Proxy()
    with served(server.app) as address:
        server.address = f"{address}/v1.0"
        monkeypatch.setenv("GRAPH_ENDPOINT", server.address)
        teams("run", "--execute")
        server.is_in_the_way = True
        out = teams("complete", "--execute", status=1)
        assert "cannot be read" in out
        assert "0 chats completed" in out
        server.is_in_the_way = False
        (chat,) = server.graph.chats.values()
        assert chat.mode == "inProgress"
        assert "1 chat completed" in teams("complete", "--execute")
        assert chat.mode == "completed"


@pytest.mark.parametrize("odd", ["dana@example.com", "{aaaa-1}", "a'b", "a/b", "a b"])
def test_who_is_named_by_an_address_is_refused(teams, map_file, odd):
    """Graph answers with object ids: nobody else is known again in its answers."""
    map_file.write_text(MAP.replace("aaaaaaaa-0000-0000-0000-000000000002", odd))
    out = teams("plan", status=2)
    assert "is no object id" in out
    assert odd not in out


def test_two_at_once_are_one_too_many(teams, folder, monkeypatch):
    with graph_server() as server:
        monkeypatch.setenv("GRAPH_ENDPOINT", server.address)
        leases = FolderLeases(folder.parent / f"{folder.name}-control")

        async def meanwhile():
            async with leases.hold("leases/imports/teams"):
                return await asyncio.to_thread(teams, "run", "--execute", status=2)

        out = asyncio.run(meanwhile())
        assert "is at work elsewhere" in out
        assert server.requests == []


def test_a_line_of_its_log_that_cannot_be_read_is_told(teams, folder, monkeypatch):
    with graph_server() as server:
        monkeypatch.setenv("GRAPH_ENDPOINT", server.address)
        assert "cannot be read" not in teams("run", "--execute")
        (log,) = folder.parent.glob(f"{folder.name}-control/imports/teams/*")
        log.write_bytes(log.read_bytes() + b'{"kind":"mess')
        assert "1 line of the import's own log cannot be read" in teams(
            "run", "--execute"
        )
        (chat,) = server.graph.chats.values()
        assert len(server.said(chat)) == 2
