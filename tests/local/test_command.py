"""The options of `python -m local.chat_service`."""

import os

import pytest
from azure.communication.chat import ChatClient, CommunicationTokenCredential
from azure.core.exceptions import HttpResponseError

from local.chat_service import __main__ as command
from local.chat_service.dead_letters import Container, Folder
from local.chat_service.variant import API_VERSIONS, NEW, OLD, Variant
from local.demo.people import invite
from local.stack import call, chat_service, tls_of


@pytest.fixture
def parsed(monkeypatch):
    monkeypatch.delenv("CHAT_STORAGE", raising=False)

    def parse(*words):
        monkeypatch.setattr("sys.argv", ["chat_service", *words])
        return command.parse_arguments()

    return parse


def test_by_default_the_service_knows_and_tells_everything(parsed):
    arguments = parsed()

    assert arguments.variant == Variant()
    assert command.dead_letters_of(arguments) is None


def test_what_it_knows_lists_and_omits_is_chosen(parsed):
    words = "--api-versions 2024-03-07 --forget-deleted --omit topic displayName"

    assert parsed(*words.split()).variant == Variant(
        api_versions=(OLD,),
        lists_deleted=False,
        omits=frozenset(("topic", "displayName")),
    )


def test_dead_letters_go_to_a_folder_or_to_a_container(
    parsed, monkeypatch, running_azurite, tmp_path
):
    folder = parsed("--dead-letters", str(tmp_path))
    assert command.dead_letters_of(folder) == Folder(tmp_path)

    monkeypatch.setitem(os.environ, "CHAT_STORAGE", running_azurite.connection_string)
    container = parsed("--dead-letter-container", "dead-letter")
    assert isinstance(command.dead_letters_of(container), Container)


@pytest.mark.parametrize(
    "words",
    [
        "--queue q",
        "--dead-letter-container c",
        "--most-events 2",
        "--api-versions 2099-01-01",
        "--omit id",
        "--dead-letters a --dead-letter-container b",
    ],
)
def test_options_that_cannot_work_are_usage_errors(parsed, words, capsys):
    with pytest.raises(SystemExit) as raised:
        parsed(*words.split())

    assert raised.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.e2e
def test_a_running_service_is_what_its_options_say(tmp_path):
    def threads():
        credential = CommunicationTokenCredential(person.token)
        trust = {"connection_verify": str(chat.ca_file)}
        client = ChatClient(chat.url, credential, api_version=NEW, **trust)
        return list(client.list_chat_threads())

    with chat_service(tmp_path, ["--api-versions", OLD]) as chat:
        (person,) = invite(
            ["Amina"],
            connection_string=chat.environment["ACS_CONNECTION_STRING"],
            endpoint=chat.url,
            ca_file=chat.ca_file,
        )
        with pytest.raises(HttpResponseError) as raised:
            threads()
        both = {"api_versions": API_VERSIONS}
        call("PUT", f"{chat.url}/local/variant", both, tls=tls_of(chat))

        assert threads() == []

    assert raised.value.status_code == 400
