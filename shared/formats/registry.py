"""All formats. A new one needs an entry in `FORMATS` and a name in `shared.formats`.

No other module lists them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from shared.domain.thread.transcript import Transcript
from shared.formats import (
    ARCHIVED,
    chunks_format,
    csv_format,
    eml_format,
    finetune_format,
    graph_format,
    html_format,
    json_format,
    jsonl_format,
    markdown_format,
    parquet_format,
    reconciliation_format,
    rsmf_format,
    text_format,
    xlsx_format,
)
from shared.formats.part import (
    PLAIN,
    Joined,
    NewTable,
    Options,
    RenderedFile,
    Writer,
)

DAY = r"(?:\d{4}-\d\d-\d\d|undated)"


@dataclass(frozen=True, slots=True)
class Format:
    """A format; `files` is a pattern that matches the names of its files.

    `version` changes with the bytes that the same thread gives. `joined` returns what
    makes one file of all threads of an export, where a format has one.
    """

    about: str
    files: str
    write: Writer
    version: int = 1
    joined: Callable[[Options], Joined] | None = None
    single: NewTable | None = None
    """Begins one file with the messages of many threads, where a format can."""
    brings_files: bool = False
    """Whether an export brings the files along to which its pages lead."""

    def is_mine(self, name: str) -> bool:
        return re.fullmatch(self.files, name) is not None


FORMATS: Mapping[str, Format] = {
    "json": Format(
        "one document with everything that is known, for programs",
        r"transcript\.json",
        json_format.write,
    ),
    "jsonl": Format(
        "flat rows per message and per version, for DuckDB, pandas, Spark, AI Search",
        r"(?:messages|history|receipts)\.jsonl|schema\.sql",
        jsonl_format.write,
        version=2,
        single=jsonl_format.single,
    ),
    "csv": Format(
        "a row per message and per version, for Excel and eDiscovery load files",
        r"(?:messages|history)\.csv",
        csv_format.write,
        version=2,
        single=csv_format.single,
    ),
    "html": Format(
        "self-contained pages of up to 1,000 messages, for people",
        r"transcript(?:\.\d{4,})?\.html",
        html_format.write,
        version=2,
        brings_files=True,
    ),
    "md": Format(
        "Markdown with an anchor per message, for people and models",
        r"transcript\.md",
        markdown_format.write,
    ),
    "txt": Format(
        "plain text, for people and models",
        r"transcript\.txt",
        text_format.write,
    ),
    "rsmf": Format(
        "RSMF 2.0, a file per day, for Relativity and other eDiscovery",
        rf"{DAY}(?:\.part\d+)?\.rsmf",
        rsmf_format.write,
    ),
    "eml": Format(
        "a mail per day, for mail archives and journaling",
        rf"{DAY}\.eml",
        eml_format.write,
    ),
    "chunks": Format(
        "pieces to retrieve, with citations, for AI Search and Foundry",
        r"chunks\.jsonl|search-deletes\.json",
        chunks_format.write,
    ),
    "parquet": Format(
        "the rows of jsonl, for analytics (needs the extra `parquet`)",
        r"messages\.parquet",
        parquet_format.write,
        version=2,
        single=parquet_format.single,
    ),
    "xlsx": Format(
        "the messages as an Excel workbook (needs the extra `xlsx`)",
        r"messages\.xlsx",
        xlsx_format.write,
        version=2,
        single=xlsx_format.single,
    ),
    "finetune": Format(
        "one file of all threads for Azure OpenAI fine-tuning (needs --role)",
        r"finetune\.jsonl",
        finetune_format.write,
        joined=finetune_format.examples,
    ),
    "graph-import": Format(
        "the requests that import a thread into Teams (needs --identities)",
        r"graph-.*",
        graph_format.write,
    ),
}
RECONCILIATION = Format(
    "what was compared with what",
    r"reconciliation\.json",
    reconciliation_format.write,
    version=2,
)
"""Written whatever the settings say, because it is part of the evidence."""


def renderer_of(name: str) -> str:
    """Return what renders a file of an archive, and in which version; "" if unknown."""
    known = {
        **{name: FORMATS[name] for name in ARCHIVED},
        "reconciliation": RECONCILIATION,
    }
    return next(
        (f"{key} {known[key].version}" for key in known if known[key].is_mine(name)), ""
    )


def streamed(
    formats: Iterable[Format], transcript: Transcript, options: Options = PLAIN
) -> Iterator[RenderedFile]:
    """Yield the files of some formats, one after the other, each in parts."""
    for format_ in formats:
        yield from format_.write(transcript, options)


def written(
    formats: Iterable[Format], transcript: Transcript, options: Options = PLAIN
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of some formats, each as a whole."""
    for name, parts in streamed(formats, transcript, options):
        yield name, b"".join(parts)


def formats_of(names: Iterable[str]) -> list[Format]:
    """Return the archived formats that the files of a revision belong to."""
    names = list(names)
    archived = [FORMATS[name] for name in ARCHIVED]
    return [
        candidate
        for candidate in [*archived, RECONCILIATION]
        if any(map(candidate.is_mine, names))
    ]
