"""Who may be in a thread, as answers and requests name them."""

import pytest
from azure.communication.chat import (
    CommunicationUserIdentifier,
    identifier_from_raw_id,
)
from azure.core.exceptions import HttpResponseError

from local.chat_service.identifiers import identifier, read_identifier
from local.chat_service.model import Member
from local.chat_service.variant import NEW, OLD
from serving import served
from shared.domain.identity import raw_id, typed_id

KINDS = {
    "8:acs:resource_user": "communicationUser",
    "8:gcch-acs:resource_user": "communicationUser",
    "8:dod-acs:resource_user": "communicationUser",
    "8:spool:user": "communicationUser",
    "8:acs:resource_tenant_user": "teamsExtensionUser",
    "8:gcch-acs:resource_tenant_user": "teamsExtensionUser",
    "8:orgid:user": "microsoftTeamsUser",
    "8:dod:user": "microsoftTeamsUser",
    "8:gcch:user": "microsoftTeamsUser",
    "8:teamsvisitor:user": "microsoftTeamsUser",
    "4:+4915112345678": "phoneNumber",
    "28:orgid:app": "microsoftTeamsApp",
    "28:dod:app": "microsoftTeamsApp",
    "28:old-bot": "unknown",
    "48:something": "unknown",
}
"""Raw ids, each with the kind that it has."""


def without_raw(value):
    return {name: value[name] for name in value if name != "rawId"}


@pytest.mark.parametrize(("user", "kind"), KINDS.items())
def test_a_typed_identifier_says_what_its_raw_id_says(user, kind):
    made = identifier(user)

    assert [*made] == ["rawId"] + [kind] * (kind != "unknown")
    assert raw_id(made) == user
    if kind != "unknown":
        assert read_identifier(without_raw(made)) == user
        assert typed_id(without_raw(made)) == user


@pytest.mark.parametrize(("user", "kind"), KINDS.items())
def test_kinds_are_those_of_the_sdk(user, kind):
    theirs = identifier_from_raw_id(user)
    # The chat SDK is older than users of Teams Phone: to it they are users.
    known = "communicationUser" if kind == "teamsExtensionUser" else kind

    name = theirs.kind.value.replace("_", " ").title().replace(" ", "")
    assert name[0].lower() + name[1:] == known


@pytest.fixture
async def here(tmp_path):
    async with served(tmp_path) as running:
        yield running


def everybody(here):
    """Return a thread in which one of each kind is, and one who may read it."""
    thread, (alice,) = here.thread("Alice")
    for user in KINDS:
        member = Member(user, f"N {user}")
        thread.members[user] = member
        here.say(thread, member, "x")
    return thread, here.caller(alice.id)


async def test_the_new_version_names_the_kind_of_each(here):
    thread, caller = everybody(here)
    path = f"/chat/threads/{thread.id}"

    _, people = await caller.request("GET", f"{path}/participants", NEW)
    _, messages = await caller.request("GET", f"{path}/messages", NEW)

    found = {
        one["communicationIdentifier"]["rawId"]: one["communicationIdentifier"]["kind"]
        for one in people["value"][1:]
    }
    assert found == KINDS
    senders = [one.get("senderCommunicationIdentifier") for one in messages["value"]]
    assert {one["rawId"]: one["kind"] for one in senders if one} == KINDS


async def test_the_old_version_knows_no_users_of_teams_phone(here):
    thread, caller = everybody(here)

    _, people = await caller.request(
        "GET", f"/chat/threads/{thread.id}/participants", OLD
    )

    for person in people["value"]:
        named = person["communicationIdentifier"]
        kind = KINDS.get(named["rawId"], "communicationUser")
        typed = set() if kind in {"unknown", "teamsExtensionUser"} else {kind}
        assert set(named) == {"rawId", *typed}


@pytest.mark.parametrize("version", [OLD, NEW])
async def test_the_sdk_reads_them_all_by_raw_id(here, version):
    thread, caller = everybody(here)

    async with caller.thread(thread.id, api_version=version) as client:
        people = [person async for person in client.list_participants()]

    assert [person.identifier.raw_id for person in people[1:]] == [*KINDS]


@pytest.mark.parametrize("user", KINDS)
async def test_a_request_may_name_somebody_with_or_without_raw_id(here, user):
    thread, (alice,) = here.thread("Alice")
    path = f"/chat/threads/{thread.id}/participants"
    caller = here.caller(alice.id)
    named = identifier(user)
    added = {"participants": [{"communicationIdentifier": named}]}

    assert (await caller.request("POST", f"{path}/:add", NEW, json=added))[0] == 201
    named = without_raw(named) or named
    assert (await caller.request("POST", f"{path}/:remove", NEW, json=named))[0] == 204
    assert thread.members[user].left_ms


@pytest.mark.parametrize("user", KINDS)
async def test_only_users_of_the_resource_have_tokens(here, user):
    everybody(here)

    with pytest.raises(HttpResponseError) as raised:
        await here.tokens.client.get_token(CommunicationUserIdentifier(user), ["chat"])

    assert raised.value.status_code == 404
