"""`graph-import.jsonl` and its companions: the requests to import a thread into Teams.

The requests of Microsoft Graph's import: create a group chat, start its migration,
post each message with its own time, complete the migration. Nothing is sent.

Rule 1: nobody is impersonated: a message whose author has no identity is left out, and
        is listed with its author.
Rule 2: who has left is no member of the new chat, and would read what was said since;
        what they wrote is imported all the same.
Rule 3: what is not sent, or not as it was, is in the reconciliation.
Rule 4: each message of the source has one line in the ledger, by which a sender can
        see that it was sent, and that says what becomes of it.

Sources: learn.microsoft.com/graph/api/chat-startmigration, chat-completemigration,
chat-post-messages, chat-post and chat-patch, version 1.0.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from shared.domain import json_line
from shared.domain.people import PeopleDirectory
from shared.domain.thread.transcript import Transcript
from shared.formats import csv_format
from shared.formats.graph_ledger import ledger
from shared.formats.graph_plan import ImportPlan, planned
from shared.formats.graph_reconciliation import reconciliation
from shared.formats.graph_times import milliseconds, written
from shared.formats.one_line import one_line
from shared.formats.part import Options, RenderedFile

ROOT = "https://graph.microsoft.com/v1.0"
CHAT = "{chat-id}"
"""A placeholder for the id in the answer to creating the chat."""
UNMAPPED = [
    "acs_user_id",
    "entra_object_id",
    "target_tenant_id",
    "status",
    "decision_owner",
    "acs_name",
]
KNOWN = ("known_as", "known_user_id", "known_mail")
"""The columns more where there is a directory of people."""


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    plan = planned(transcript, options)
    yield "graph-import.jsonl", iter([jsonl(sending(transcript, plan))])
    yield "graph-ledger.jsonl", iter([jsonl(ledger(transcript, plan))])
    document = reconciliation(transcript, plan, options)
    yield "graph-reconciliation.json", iter([pretty(document)])
    yield "graph-unmapped.csv", iter([unmapped(plan, options.people)])


def sending(transcript: Transcript, plan: ImportPlan) -> Iterator[dict[str, Any]]:
    """Yield the requests in order."""
    start = {"conversationCreationDateTime": beginning(transcript, plan)}
    yield create_chat(plan)
    yield request("POST", f"/chats/{CHAT}/startMigration", start)
    for each in plan.posts:
        created_on = written(plan.effective[each.message_id])
        body = {"createdDateTime": created_on} | each.body
        yield request("POST", f"/chats/{CHAT}/messages", body)
    yield request("POST", f"/chats/{CHAT}/completeMigration", None)


def request(method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    line: dict[str, Any] = {"method": method, "url": f"{ROOT}{path}"}
    return line if body is None else line | {"body": body}


def create_chat(plan: ImportPlan) -> dict[str, Any]:
    return request("POST", "/chats", chat_body(plan))


def chat_body(plan: ImportPlan) -> dict[str, Any]:
    """Return the chat to create; one without a topic is called by its members."""
    topic = {"topic": plan.topic} if plan.topic else {}
    return {
        "chatType": "group",
        **topic,
        "members": [
            {
                "@odata.type": "#microsoft.graph.aadUserConversationMember",
                "roles": ["owner"],
                "user@odata.bind": f"{ROOT}/users('{member}')",
            }
            for member in plan.members.values()
        ],
    }


def beginning(transcript: Transcript, plan: ImportPlan) -> str:
    """Return a time before the first message, since nothing older can be imported."""
    created = milliseconds(transcript.created_on)
    times = [each.wanted for each in plan.posts[:1]] + ([created] if created else [])
    return written(min(times) - 1) if times else "1970-01-01T00:00:00.000Z"


def jsonl(values: Iterable[Any]) -> bytes:
    text = "".join(json_line.compact(value) + "\n" for value in values)
    return json_line.encode(text)


def pretty(document: dict[str, Any]) -> bytes:
    return json_line.encode(json_line.pretty(document))


def unmapped(plan: ImportPlan, people: PeopleDirectory) -> bytes:
    """Return a table to fill in and give back, in the form of Microsoft's guide.

    The name stands in a column more, and who that is by the directory, where there is
    one: nobody can tell a person by the id.
    """
    columns = [*UNMAPPED, *KNOWN] if people else UNMAPPED
    rows = (
        dict.fromkeys(columns, "")
        | {"acs_user_id": who, "status": "unresolved", "acs_name": one_line(name)}
        | known(who, people)
        for who, name in sorted(plan.unmapped.items())
    )
    return b"".join(csv_format.table(columns, rows))


def known(who: str, people: PeopleDirectory) -> dict[str, str]:
    """Return who somebody is by the directory, the newest entry; {} where none is."""
    entries = people.by_id.get(who, ())
    if not entries:
        return {}
    newest = max(entries, key=lambda entry: entry.since)
    said = (people.name(who), newest.user_id, newest.mail)
    return dict(zip(KNOWN, map(one_line, said), strict=True))
