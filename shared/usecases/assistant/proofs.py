"""The tool that proves what a message said: what `chat-archive prove` writes."""

import shlex
from typing import Any

from shared.domain.errors import IntegrityError
from shared.ports.assistant import Refused
from shared.usecases.assistant.messages import NO_MESSAGE
from shared.usecases.assistant.texts import UNTRUSTED, id_of
from shared.usecases.assistant.tool import (
    BOOLEAN,
    INTEGER,
    MESSAGE_ID,
    STRING,
    THREAD_ID,
    Question,
    Tool,
    untrusted,
)

MOST_BYTES = 24_000
"""Of a proof in an answer."""
PROVES = (
    "The archive holds every version of this message that the proof shows, as it was "
    "received and archived, and its ledger has recorded that. Nobody can change a "
    "version later without breaking the proof against a checkpoint that somebody else "
    "has kept. It does not prove who really wrote the message, nor that no other "
    "version was ever there."
)
CHECK = (
    "Write `proof`, byte for byte, into a file and run `chat-archive verify FILE`, or "
    "`python verify.py --proof FILE` without this program, with `--checkpoint FILE` "
    "where somebody has kept one."
)
NOT_NOW = (
    "no proof can be made now: the archive says something else than its index, or "
    "than its manifests. `chat-archive verify` says what is wrong, `chat-archive "
    "index` brings the index up to date"
)
TOO_LARGE = "The proof is too large to be shown here: run the command."
COUNTS_ALL = (
    "This server is limited to some threads, and a proof counts the lines of the whole "
    "archive's ledger: run the command."
)


async def prove_message(question: Question) -> dict[str, Any]:
    """Return the proof of a message, where it may be shown and is not too large."""
    scope, arguments = question.scope, question.arguments
    thread = scope.thread(arguments["thread_id"])
    message = question.index.message(thread.thread_id, arguments["message_id"])
    if message is None:
        raise Refused(NO_MESSAGE)
    question.shown.message(thread.thread_id, message.message_id)
    answer = {
        "thread_id": id_of(thread.thread_id),
        "message_id": id_of(message.message_id),
        "what_it_proves": PROVES,
        "how_to_check": CHECK,
        "command": shlex.join(
            ["chat-archive", "prove", thread.thread_id, message.message_id]
            + ([question.archive] if question.archive else [])
        ),
        "truncated": False,
    }
    if scope.only_threads is not None:
        return {**answer, "truncated": True, "why": COUNTS_ALL}
    try:
        proof = await question.prove(thread.thread_id, message.message_id)
    except IntegrityError:
        raise Refused(NOT_NOW) from None
    answer["proof_bytes"] = len(proof)
    if len(proof) > MOST_BYTES:
        return {**answer, "truncated": True, "why": TOO_LARGE}
    return {**answer, UNTRUSTED: {"proof": proof.decode("ascii")}}


PROVE_MESSAGE = Tool(
    name="prove_message",
    title="Prove a message",
    about="Return the proof of what the archive holds of one message, with what it "
    "proves and how to check it; where it cannot be shown, the command that writes it.",
    parameters=(THREAD_ID, MESSAGE_ID),
    fields={
        "thread_id": STRING,
        "message_id": STRING,
        "what_it_proves": STRING,
        "how_to_check": STRING,
        "command": STRING,
        "proof_bytes": INTEGER,
        "truncated": {**BOOLEAN, "description": "Whether the proof is left out."},
        "why": STRING,
        **untrusted({"proof": STRING}),
    },
    needed=("what_it_proves", "how_to_check", "command", "truncated"),
    answer=prove_message,
)
