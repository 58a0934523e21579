"""What `chat-archive verify` prints: for people, or one JSON object a line."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from shared.cli.text import readable, say
from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.proof import Proof, problems_of
from shared.domain.evidence.proven import statements_of
from shared.domain.evidence.words import GRADES
from shared.domain.words import plural
from shared.usecases.evidence.findings import (
    ComparedCheckpoint,
    ErasedLines,
    Finding,
    Verified,
    failure,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofVerdict:
    """What a proof proves, where nothing is wrong with it."""

    statements: list[str]
    failures: list[Finding]
    checkpoint: Checkpoint | None
    """The one from elsewhere that it was compared with."""


def proof_verdict(
    file: Path,
    proof: Proof,
    saved: Checkpoint | None,
    more: Sequence[Finding] = (),
) -> ProofVerdict:
    """Return what is to say of a proof; `more` failures are of what is beside it."""
    problems = [failure(str(file), problem) for problem in problems_of(proof, saved)]
    failures = [*problems, *more]
    return ProofVerdict(
        statements=[] if failures else statements_of(proof),
        failures=failures,
        checkpoint=saved,
    )


@dataclass(slots=True)
class Output:
    """Takes what is found, in another thread, and shows it at once."""

    failures: int = 0
    bytes: int = 0
    verified: Verified = field(default_factory=Verified)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found that could be an archive."""
        looked_at = self.verified.threads or self.verified.ledger_lines
        return not looked_at and not self.failures

    def add(self, finding: Finding) -> None:
        """Show a finding."""
        self.failures += finding.is_failure
        self.show(finding)

    def show(self, finding: Finding) -> None:
        raise NotImplementedError

    def show_verdict(self) -> None:
        raise NotImplementedError

    def show_proof(self, verdict: ProofVerdict) -> None:
        raise NotImplementedError


class TextOutput(Output):
    """For people."""

    def show(self, finding: Finding) -> None:
        """Print a line."""
        say(text_of(finding))

    def show_verdict(self) -> None:
        """Print what was looked at."""
        found = self.verified
        counts = [
            plural(found.threads, "thread"),
            plural(found.revisions, "revision"),
            plural(found.lines, "line"),
            readable(self.bytes),
        ]
        if self.failures:
            counts.append(plural(self.failures, "failure"))
        say(f"{'FAILED' if self.failures else 'VERIFIED'} {', '.join(counts)}")
        for grade in GRADES:
            reasons = {
                reason: count
                for (name, reason), count in sorted(found.grades.items())
                if name == grade
            }
            if reasons:
                named = ", ".join(
                    f"{reason.replace('_', ' ')}: {count}"
                    for reason, count in reasons.items()
                    if reason
                )
                total = plural(sum(reasons.values()), "thread")
                say(f"  {grade.replace('_', ' ')}: {total}{named and f' ({named})'}")
        if found.archive_input:
            kinds = [
                f"{kind} {count}" for kind, count in sorted(found.archive_input.items())
            ]
            say(f"  lines that concern no single thread: {', '.join(kinds)}")
        if found.ledger_lines:
            lines = plural(found.ledger_lines, "line")
            say(f"  ledger: {lines}, root {found.root[:16]}…")
        say(f"  {compared_with(found.checkpoint)}")

    def show_proof(self, verdict: ProofVerdict) -> None:
        """Print what is proven."""
        for finding in verdict.failures:
            say(text_of(finding))
        if verdict.failures:
            say("FAILED: nothing is proven")
        else:
            say("VERIFIED the archive holds this:")
        for statement in verdict.statements:
            say(f"  {statement}")
        if verdict.checkpoint is None:
            say("  against the checkpoint in the proof itself; bring your own")
        elif not verdict.failures:
            size = plural(verdict.checkpoint.size, "line")
            say(f"  against your checkpoint: {size} of {verdict.checkpoint.origin}")


def compared_with(checkpoint: ComparedCheckpoint | None) -> str:
    """Return which checkpoint the ledger was compared with."""
    if checkpoint is None:
        return (
            "no checkpoint was compared: this says that the archive agrees with itself"
        )
    text = f"{plural(checkpoint.size, 'line')} of {checkpoint.origin}"
    if checkpoint.is_own:
        return f"checkpoint of the package itself: {text}; bring your own"
    return f"your checkpoint: {text}"


def text_of(finding: Finding) -> str:
    if isinstance(finding, ErasedLines):
        where = finding.thread_id or "archive-input"
        return (
            f"ERASED {plural(finding.lines, 'line')} of {where} by order "
            f"{finding.number} of {finding.when} by {finding.who}: {finding.why}"
        )
    head = "FAILED " if finding.is_failure else "note: "
    return f"{head}{finding.path}: {finding.reason}"


class JsonOutput(Output):
    """For programs: an object with `failure`, `erased` or `note`, then the verdict."""

    def show(self, finding: Finding) -> None:
        """Print an object."""
        if isinstance(finding, ErasedLines):
            facts = asdict(finding)
            del facts["is_failure"], facts["reason"]
            say_json({"erased": facts})
        else:
            name = "failure" if finding.is_failure else "note"
            say_json({name: {"path": finding.path, "reason": finding.reason}})

    def show_verdict(self) -> None:
        """Print an object."""
        found = self.verified
        grades = [
            {"grade": grade, "reason": reason, "threads": count}
            for (grade, reason), count in sorted(found.grades.items())
        ]
        facts = asdict(found) | {"grades": grades, "bytes": self.bytes}
        say_json(self.verdict(self.failures) | facts)

    def show_proof(self, verdict: ProofVerdict) -> None:
        """Print an object."""
        for finding in verdict.failures:
            self.show(finding)
        said = {
            "proven": verdict.statements,
            "checkpoint": verdict.checkpoint and asdict(verdict.checkpoint),
        }
        say_json(self.verdict(len(verdict.failures)) | said)

    def verdict(self, failures: int) -> dict[str, Any]:
        return {"verified": not failures, "failures": failures}


def say_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value))
