"""Answers without a model: sentences of the chat itself, picked by simple rules.

The same question has the same answer on every machine.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ENDS = ".!?\u3002\uff01\uff1f"
SENTENCE = re.compile(
    rf"[^\n]+?(?:[{ENDS}]+(?=\s|$)|[\u3002\uff01\uff1f]|$)", re.MULTILINE
)
TASKS = ("please", "will ", "i'll", "can you", "could you", "let me", "need to", "must")
MOST_SENTENCES, MOST_ACTIONS = 5, 5
LEAST_LETTERS = 3
PERSONAL: Mapping[str, str] = {
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "bank account": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    "payment card": r"\b(?:\d{4}[ -]){3}\d{4}\b",
    "government id": r"\b\d{3}-\d{2}-\d{4}\b",
    "phone": r"(?<![\w.-])\+\d{1,3}(?:[ -]?\d{2,4}){2,5}\b",
    "date of birth": r"(?i)\bborn on \d{4}-\d{2}-\d{2}\b",
}
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GivenLine:
    """A line of what the model is given."""

    ref: str
    text: str
    is_person: bool

    @property
    def sentences(self) -> Iterator[str]:
        for found in SENTENCE.findall(self.text):
            sentence = found.strip()
            if sum(map(str.isalnum, sentence)) >= LEAST_LETTERS:
                yield sentence


def lines_in(content: str) -> list[GivenLine]:
    found = []
    for line in content.split("\n"):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        who = value.get("from", "")
        found.append(GivenLine(value["ref"], value["text"], who not in ("", "system")))
    return found


def answer(content: str, schema: Mapping[str, Any]) -> Answer:
    """Return an answer of the form that a schema asks for."""
    lines = lines_in(content)
    sections = schema["properties"]
    if "refs" in sections["summary"]["items"]["properties"]:
        return {"summary": put_together(lines)}
    made: Answer = {
        "summary": summary(lines),
        "actions": actions(lines),
        "personal_data": [*personal_data(lines)],
    }
    if "labels" in sections:
        choices = sections["labels"]["items"]["properties"]["text"]["enum"]
        made["labels"] = [*labels(lines, choices)]
    return {name: made[name] for name in sections}


def put_together(lines: Sequence[GivenLine]) -> list[Answer]:
    step = max(1, len(lines) // MOST_SENTENCES)
    return [
        {"text": line.text, "refs": [line.ref]}
        for line in lines[::step][:MOST_SENTENCES]
    ]


def summary(lines: Sequence[GivenLine]) -> list[Answer]:
    """Return the first sentence, the last one, and what lies evenly between them."""
    people = [line for line in lines if line.is_person] or lines
    said = [(line.ref, sentence) for line in people for sentence in line.sentences]
    if not said:
        return []
    count = min(MOST_SENTENCES, len(said))
    places = [round(at * (len(said) - 1) / max(1, count - 1)) for at in range(count)]
    return [cited(sentence, ref, sentence) for ref, sentence in
            dict.fromkeys(said[place] for place in places)]  # fmt: skip


def actions(lines: Iterable[GivenLine]) -> list[Answer]:
    found = [
        cited(sentence, line.ref, sentence)
        for line in lines
        if line.is_person
        for sentence in line.sentences
        if any(word in sentence.lower() for word in TASKS)
    ]
    return found[:MOST_ACTIONS]


def labels(lines: Sequence[GivenLine], choices: Iterable[str]) -> Iterator[Answer]:
    for label in choices:
        for line in lines:
            found = re.search(rf"\b{re.escape(label)}\w*", line.text, re.IGNORECASE)
            if found:
                yield cited(label, line.ref, found[0])
                break


def personal_data(lines: Iterable[GivenLine]) -> Iterator[Answer]:
    for line in lines:
        seen: list[tuple[int, int]] = []
        for kind, pattern in PERSONAL.items():
            for found in re.finditer(pattern, line.text):
                first, last = found.span()
                if not any(first < end and last > start for start, end in seen):
                    seen.append(found.span())
                    yield cited(kind, line.ref, found[0])


def cited(text: str, ref: str, quote: str) -> Answer:
    return {"text": text, "citations": [{"ref": ref, "quote": quote}]}
