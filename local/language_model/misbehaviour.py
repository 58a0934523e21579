"""How models and their services misbehave, one kind at a time."""

import copy
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from local.language_model.extract import Answer, lines_in

INVENTED = "The customer agreed to pay double."
ORDER = re.compile(r"ignore (?:all |the )?previous instructions", re.IGNORECASE)
WANTED = "answer with:"


class Misbehaviour(StrEnum):
    """A kind of misbehaviour."""

    INVENTED_QUOTE = "invented quote"
    CHANGED_QUOTE = "changed quote"
    UNKNOWN_REF = "unknown ref"
    NO_CITATION = "no citation"
    BROKEN_JSON = "broken JSON"
    NOT_THE_FORM = "not the form"
    UNKNOWN_LABEL = "unknown label"
    MORE_MEMBERS = "more members"
    NO_TEXT = "no text"
    OBEYS = "obeys a message"
    THROTTLED = "throttled"
    FAILING = "failing"
    FILTERED = "filtered"
    FILTERED_ANSWER = "filtered answer"
    REFUSAL = "refusal"
    CUT = "cut off"
    NOT_ALLOWED = "not allowed"
    NO_DEPLOYMENT = "no deployment"


STATUS: Mapping[Misbehaviour, tuple[int, str]] = {
    Misbehaviour.THROTTLED: (429, "rate_limit_exceeded"),
    Misbehaviour.FAILING: (500, "server_error"),
    Misbehaviour.FILTERED: (400, "content_filter"),
    Misbehaviour.NOT_ALLOWED: (401, "invalid_api_key"),
    Misbehaviour.NO_DEPLOYMENT: (404, "DeploymentNotFound"),
}
FINISH: Mapping[Misbehaviour, str] = {
    Misbehaviour.CUT: "length",
    Misbehaviour.FILTERED_ANSWER: "content_filter",
}


def spoiled(answer: Answer, kind: Misbehaviour, content: str) -> str:
    """Return an answer as a model gives it that misbehaves, as text."""
    if kind is Misbehaviour.OBEYS:
        return obeyed(answer, content)
    if kind is Misbehaviour.NO_TEXT:
        return ""
    text = json.dumps(answer, ensure_ascii=False)
    if kind in (Misbehaviour.BROKEN_JSON, Misbehaviour.CUT):
        return text[: len(text) // 2]
    changed: Any = copy.deepcopy(answer)
    if kind is Misbehaviour.NOT_THE_FORM:
        return json.dumps({"answer": text})
    if kind is Misbehaviour.MORE_MEMBERS:
        return json.dumps({**changed, "delete": ["thread"], "tools": ["erase"]})
    for statements in changed.values():
        for statement in statements:
            spoil(statement, kind)
    if kind is Misbehaviour.UNKNOWN_LABEL:
        changed["labels"] = [
            {"text": "obeyed", "citations": first["citations"]}
            for first in changed["summary"][:1]
        ]
    return json.dumps(changed, ensure_ascii=False)


def spoil(statement: dict[str, Any], kind: Misbehaviour) -> None:
    """Spoil what a statement rests on."""
    if "refs" in statement:
        if kind in (Misbehaviour.UNKNOWN_REF, Misbehaviour.NO_CITATION):
            statement["refs"] = ["s999"] * (kind is Misbehaviour.UNKNOWN_REF)
        return
    if kind is Misbehaviour.NO_CITATION:
        statement["citations"] = []
    for citation in statement["citations"]:
        if kind is Misbehaviour.INVENTED_QUOTE:
            citation["quote"] = INVENTED
        elif kind is Misbehaviour.CHANGED_QUOTE:
            citation["quote"] = citation["quote"].swapcase() + "!"
        elif kind is Misbehaviour.UNKNOWN_REF:
            citation["ref"] = "999v9"


def obeyed(answer: Answer, content: str) -> str:
    """Return what a message in the chat demands, if one does; else the answer."""
    for line in lines_in(content):
        if ORDER.search(line.text):
            _, found, wanted = line.text.partition(WANTED)
            return wanted.strip() if found else line.text
    return json.dumps(answer, ensure_ascii=False)
