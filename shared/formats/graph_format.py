"""`graph-import.jsonl` and its companions: the requests to import a thread into Teams.

The requests of Microsoft Graph's import: create a group chat, start its migration,
post each message with its own time, complete the migration. Nothing is sent.

Rule 1: nobody is impersonated: a message whose author has no identity is left out, and
        is listed with its author.
Rule 2: who has left is no member of the new chat, and would read what was said since;
        what they wrote is imported all the same.
Rule 3: what is not sent, or not as it was, is in the reconciliation.
Rule 4: each message has a unique key, by which a sender can see that it was sent.

Sources: learn.microsoft.com/graph/api/chat-startmigration, chat-completemigration,
chat-post-messages, chat-post and chat-patch, version 1.0.
"""

from collections.abc import Iterator
from typing import Any

from shared.domain import json_line
from shared.domain.log.commitment import sha256
from shared.domain.thread.transcript import Transcript
from shared.formats import csv_format
from shared.formats.graph_plan import ImportPlan, planned
from shared.formats.graph_times import apart, milliseconds, written
from shared.formats.one_line import one_line
from shared.formats.part import Options, RenderedFile

ROOT = "https://graph.microsoft.com/v1.0"
CHAT = "{chat-id}"
"""A placeholder for the id in the answer to creating the chat."""
MEETING = "19:meeting_"
"""How the id of a meeting's chat begins."""
FEWEST_MEMBERS = 2
UNMAPPED = [
    "acs_user_id",
    "entra_object_id",
    "target_tenant_id",
    "status",
    "decision_owner",
    "acs_name",
]


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    plan = planned(transcript, options)
    requests, ledger = sending(transcript, plan)
    yield "graph-import.jsonl", iter([jsonl(requests)])
    yield "graph-ledger.jsonl", iter([jsonl(ledger)])
    yield "graph-reconciliation.json", iter([reconciliation(transcript, plan)])
    yield "graph-unmapped.csv", iter([unmapped(plan)])


def sending(
    transcript: Transcript, plan: ImportPlan
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return the requests in order, and a line to keep account of each message."""
    start = {"conversationCreationDateTime": beginning(transcript, plan)}
    requests = [
        create_chat(plan),
        request("POST", f"/chats/{CHAT}/startMigration", start),
    ]
    ledger = []
    times = apart(each.wanted for each in plan.posts)
    for each, time in zip(plan.posts, times, strict=True):
        created_on = written(time)
        if time != each.wanted:
            moved = {"original": written(each.wanted), "effective": created_on}
            plan.moved.append({"message_id": each.message_id} | moved)
        body = {"createdDateTime": created_on} | each.body
        requests.append(request("POST", f"/chats/{CHAT}/messages", body))
        ledger.append(
            {
                "key": key_of(transcript.thread_id, each.message_id),
                "message_id": each.message_id,
                "created_on": created_on,
                "commitment": each.commitment,
                "status": "to send",
            }
        )
    requests.append(request("POST", f"/chats/{CHAT}/completeMigration", None))
    return requests, ledger


def key_of(thread_id: str, message_id: str) -> str:
    return sha256(f"{thread_id}\n{message_id}".encode("utf-8", "surrogatepass"))


def request(method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    line: dict[str, Any] = {"method": method, "url": f"{ROOT}{path}"}
    return line if body is None else line | {"body": body}


def create_chat(plan: ImportPlan) -> dict[str, Any]:
    body = {
        "chatType": "group",
        "topic": plan.topic,
        "members": [
            {
                "@odata.type": "#microsoft.graph.aadUserConversationMember",
                "roles": ["owner"],
                "user@odata.bind": f"{ROOT}/users('{member}')",
            }
            for member in plan.members.values()
        ],
    }
    return request("POST", "/chats", body)


def beginning(transcript: Transcript, plan: ImportPlan) -> str:
    """Return a time before the first message, since nothing older can be imported."""
    created = milliseconds(transcript.created_on)
    times = [each.wanted for each in plan.posts[:1]] + ([created] if created else [])
    return written(min(times) - 1) if times else "1970-01-01T00:00:00.000Z"


def jsonl(values: list[Any]) -> bytes:
    text = "".join(json_line.compact(value) + "\n" for value in values)
    return json_line.encode(text)


def refusals(transcript: Transcript, plan: ImportPlan) -> list[str]:
    """Return why Graph may refuse the whole thread, in sentences."""
    found = []
    if transcript.thread_id.startswith(MEETING):
        found.append("The chat of a meeting cannot be imported.")
    if len(plan.members) < FEWEST_MEMBERS:
        found.append(
            f"A chat needs {FEWEST_MEMBERS} members: of those who are in the thread, "
            f"{len(plan.members)} can be one."
        )
    return found


def reconciliation(transcript: Transcript, plan: ImportPlan) -> bytes:
    document = {
        "thread_id": transcript.thread_id,
        "refusals": refusals(transcript, plan),
        "topic": {"original": transcript.topic, "effective": plan.topic},
        "messages": len(transcript.messages),
        "to_send": len(plan.posts),
        "left_out": {reason: len(ids) for reason, ids in plan.left_out.items()},
        "left_out_ids": plan.left_out,
        "not_sent": plan.not_sent,
        "moved": plan.moved,
        "dated_by_id": plan.dated_by_id,
        "members": [*plan.members.values()],
        "not_members": plan.not_members,
        "unmapped": sorted(plan.unmapped),
    }
    return json_line.encode(json_line.pretty(document))


def unmapped(plan: ImportPlan) -> bytes:
    """Return a table to fill in and give back, in the form of Microsoft's guide.

    The name stands in a column more: nobody can tell a person by the id.
    """
    blank = dict.fromkeys(UNMAPPED, "")
    rows = (
        blank | {"acs_user_id": who, "status": "unresolved", "acs_name": one_line(name)}
        for who, name in sorted(plan.unmapped.items())
    )
    return b"".join(csv_format.table(UNMAPPED, rows))
