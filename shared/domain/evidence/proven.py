"""What a proof proves, in words. They hold only where nothing is wrong with it."""

from collections.abc import Callable, Iterator
from typing import Any

from shared.domain.evidence.content import parse
from shared.domain.evidence.lines import Facts
from shared.domain.evidence.proof import Proof, ProvenLine, is_erased_by

SOURCES = {"events": "event, ", "listing": "listed, "}
"""By file: who tells a line, the event or the service when it was asked."""
LISTED_TIMES = "of what is listed, the service gives times in whole seconds"


def statements_of(proof: Proof) -> list[str]:
    """Return what is proven, in words: the message, and each version of it."""
    is_listed = any(proven.file == "listing" for proven in proof.lines)
    return [
        f"thread {proof.manifest.thread_id}",
        f"message {proof.message}",
        *told(proof, lambda proven: statement(proof, proven)),
        *([LISTED_TIMES] if is_listed else []),
        f"as of revision {proof.manifest.revision}",
        "other lines about this message may exist",
    ]


def commitments_of(proof: Proof) -> list[str]:
    """Return by which commitments a message can be cited, without what it says."""
    return list(told(proof, lambda proven: about(proven.line.facts)))


def told(proof: Proof, said: Callable[[ProvenLine], str]) -> Iterator[str]:
    """Yield what each line says, and after it the line's commitment.

    An event that was delivered twice is said once, with both commitments.
    """
    commitments = dict[str, list[str]]()
    for proven in sorted(proof.lines, key=version_order):
        same = commitments.setdefault(said(proven), [])
        same.append(proven.line.commitment.hex())
    for text, same in commitments.items():
        yield text
        yield f"commitment{'s' * (len(same) > 1)} {', '.join(same)}"


def version_order(proven: ProvenLine) -> tuple[bool, int]:
    """Return a sort key: by version, and what has none at the end."""
    version = proven.line.facts.get("version", "")
    return version == "", int(version or 0)


def statement(proof: Proof, proven: ProvenLine) -> str:
    return ": ".join(filter(None, (about(proven.line.facts), said_in(proof, proven))))


def about(facts: Facts) -> str:
    """Return which version a line tells and from where, when, and who did it."""
    name = facts["kind"]
    if "version" in facts:
        name = f"version {facts['version']}, {facts.get('change', name)}"
    elif "number" in facts:
        name = f"{name} {facts['number']}"
    when = f" on {facts['time']}" if "time" in facts else ""
    people = (f"{word} {facts[word]}" for word in ("sender", "actor") if word in facts)
    return SOURCES.get(facts["file"], "") + ", ".join([name + when, *people])


def said_in(proof: Proof, proven: ProvenLine) -> str:
    """Return what a line says, or why that is not shown."""
    if not proven.line.is_erased:
        return text_of(proven.line.facts, proven.line.content)
    for order, _ in proof.orders:
        if is_erased_by(proven, order):
            return (
                f"erased by order {order.number} of {order.when} "
                f"by {order.who}: {order.why}"
            )
    return "text not shown"


def text_of(facts: Facts, content: bytes) -> str:
    """Return the text of a message; of anything else all that was received."""
    if facts["kind"] != "message":
        return content.decode()
    found = next(texts_in(facts["file"], parse(content)), "")
    if found or facts.get("change") == "deleted":
        return found
    return content.decode()


def texts_in(file: str, value: dict[str, Any]) -> Iterator[str]:
    inner = value.get("data" if file == "events" else "content")
    for name in ("messageBody",) if file == "events" else ("message", "topic"):
        found = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(found, str) and found:
            yield found
