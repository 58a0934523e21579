"""Transcript to bytes: one writer a format, each a pure function (P5).

A format is one entry in `WRITERS`; nothing else knows how many there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.domain.transcript import Transcript
from shared.formats import csv_writer, json_writer, reconciliation_writer


@dataclass(frozen=True, slots=True)
class Format:
    """A format by the name it has in `ARCHIVE_FORMATS`."""

    file: str
    write: Callable[[Transcript], bytes]


WRITERS: Mapping[str, Format] = {
    "json": Format("transcript.json", json_writer.write),
    "csv": Format("messages.csv", csv_writer.write),
}

ALWAYS = (Format("reconciliation.json", reconciliation_writer.write),)
"""What no setting leaves out: the evidence is made of it."""

BY_FILE: Mapping[str, Format] = {one.file: one for one in (*WRITERS.values(), *ALWAYS)}
