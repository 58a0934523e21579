"""Insights: what a model said of one thread, with what each sentence rests on.

Nothing here is evidence: it is derived from an archive, kept apart from it, and made by
a model. What can be checked are the citations: each names a version of a message by the
commitment of the archive, and quotes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain import json_line
from shared.domain.errors import ArchiverError

FORMAT = 1
SECTIONS = ("summary", "actions", "labels", "personal_data")
"""What is said of a thread; each is a list of statements."""
PERSONAL_DATA = (
    "name",
    "email",
    "phone",
    "address",
    "date of birth",
    "government id",
    "bank account",
    "payment card",
    "health",
    "credential",
    "other",
)
"""Kinds of personal data."""
LONGEST_TEXT = 1_000
"""Characters of a statement."""
MOST_STATEMENTS = 200
MOST_CITATIONS = 20
NOT_TOGETHER = "the parts of this long thread were not put together"


class NotInsights(ArchiverError):
    """A file holds no insights that can be read. The text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Words of one version of one message; `commitment` is that of the version."""

    thread_id: str
    message_id: str
    version: int
    quote: str
    commitment: str

    @property
    def json(self) -> dict[str, object]:
        return {
            "thread_id": self.thread_id,
            "message_id": self.message_id,
            "version": self.version,
            "quote": self.quote,
            "commitment": self.commitment,
        }


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, a label, or a kind of personal data, and what it rests on."""

    text: str
    citations: tuple[Citation, ...] = ()

    @property
    def json(self) -> dict[str, object]:
        cited = [citation.json for citation in self.citations]
        return {"text": self.text, "citations": cited}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What a model said that does not hold, and is not kept."""

    statements: int = 0
    citations: int = 0

    def __add__(self, other: "Dropped") -> "Dropped":
        return Dropped(
            statements=self.statements + other.statements,
            citations=self.citations + other.citations,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a model took, as its service counts."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


Sections = Mapping[str, tuple[Statement, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Insights:
    """What was said of a thread.

    `given` is the digest of the messages that the model was given, `revision` the one
    that they are of, and `manifest` the SHA-256 of its manifest, which holds the roots
    of the input. `terms` digests what was asked: instructions, schema and labels.
    `missing` says in sentences what was not read. `is_together` is False while the
    summaries of a long thread's parts wait to be made one.
    """

    thread_id: str
    revision: int
    manifest: str
    given: str
    deployment: str
    model: str
    terms: str
    made_on: str
    messages: int
    parts: int
    sections: Sections = field(default_factory=dict)
    dropped: Dropped = field(default_factory=Dropped)
    usage: Usage = field(default_factory=Usage)
    missing: tuple[str, ...] = ()
    is_together: bool = True

    @property
    def stored(self) -> bytes:
        """The bytes of the file."""
        value = {
            "format": FORMAT,
            "made_by": "a model: each quote was found in the archive, and nothing else "
            "was checked",
            "thread_id": self.thread_id,
            "input": {
                "revision": self.revision,
                "manifest": self.manifest,
                "given": self.given,
                "messages": self.messages,
            },
            "model": {"deployment": self.deployment, "name": self.model},
            "terms": self.terms,
            "made_on": self.made_on,
            "parts": self.parts,
            "is_together": self.is_together,
            **{
                name: [statement.json for statement in self.sections.get(name, ())]
                for name in SECTIONS
            },
            "dropped": {
                "statements": self.dropped.statements,
                "citations": self.dropped.citations,
            },
            "missing": list(self.missing),
            "usage": {
                "requests": self.usage.requests,
                "input_tokens": self.usage.input_tokens,
                "output_tokens": self.usage.output_tokens,
            },
        }
        return json_line.encode(json_line.pretty(value))

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(
            citation
            for name in SECTIONS
            for statement in self.sections.get(name, ())
            for citation in statement.citations
        )


def read_insights(data: bytes) -> Insights:
    """Read a file of insights.

    Raises:
        NotInsights: it is of another format, or damaged.

    """
    try:
        value = json_line.parse(data)
        if count_in(value, "format") != FORMAT:
            raise NotInsights("it is of a format that this version does not know")
        return Insights(
            thread_id=text_in(value, "thread_id"),
            revision=count_in(value["input"], "revision"),
            manifest=text_in(value["input"], "manifest"),
            given=text_in(value["input"], "given"),
            messages=count_in(value["input"], "messages"),
            deployment=text_in(value["model"], "deployment"),
            model=text_in(value["model"], "name"),
            terms=text_in(value, "terms"),
            made_on=text_in(value, "made_on"),
            parts=count_in(value, "parts"),
            is_together=flag_in(value, "is_together"),
            sections={
                name: tuple(map(read_statement, list_in(value, name)))
                for name in SECTIONS
            },
            dropped=Dropped(
                statements=count_in(value["dropped"], "statements"),
                citations=count_in(value["dropped"], "citations"),
            ),
            usage=Usage(
                requests=count_in(value["usage"], "requests"),
                input_tokens=count_in(value["usage"], "input_tokens"),
                output_tokens=count_in(value["usage"], "output_tokens"),
            ),
            missing=tuple(text_of(entry) for entry in list_in(value, "missing")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise NotInsights("it holds no insights, or is damaged") from None


def read_statement(value: Any) -> Statement:
    cited = tuple(map(read_citation, list_in(value, "citations")))
    return Statement(text_in(value, "text"), cited)


def read_citation(value: Any) -> Citation:
    return Citation(
        thread_id=text_in(value, "thread_id"),
        message_id=text_in(value, "message_id"),
        version=count_in(value, "version"),
        quote=text_in(value, "quote"),
        commitment=text_in(value, "commitment"),
    )


def text_in(value: Any, name: str) -> str:
    return text_of(value[name])


def text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def count_in(value: Any, name: str) -> int:
    number = value[name]
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise TypeError
    return number


def flag_in(value: Any, name: str) -> bool:
    if not isinstance(value[name], bool):
        raise TypeError
    return bool(value[name])


def list_in(value: Any, name: str) -> list[Any]:
    found = value[name]
    if not isinstance(found, list):
        raise TypeError
    return found
