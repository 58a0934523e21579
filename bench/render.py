"""`python -m bench.render`: what a format costs compared with copying it.

Each cell is a process of its own, so that its peak memory, including replay, can be
measured. The floor parses the bytes that were written and writes them again with the
same JSON library; formats other than JSON are compared with the rows of `jsonl`.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.domain.archive.chain import Chain, ChainFile
from shared.domain.archive.new_lines import ListingLines, recorded_lines
from shared.domain.archive.read_chain import transcript_of
from shared.domain.log.record import encode_record, read_records
from shared.domain.thread.listing import ListingOutcome, Page, PageKind, Visibility
from shared.domain.times import format_time
from shared.formats import ARCHIVED
from shared.formats.registry import FORMATS, streamed

RESULTS = Path(__file__).parent / "results" / "render.json"
THREAD = "19:acsV1_bench@thread.v2"
START = datetime(2026, 1, 1, tzinfo=UTC)
SIZES = {10_000: ARCHIVED, 250_000: ("json", "jsonl", "csv", "html")}
PAGE = 200
EDITED = 10
"""One message in this many was edited."""
HEAD = (
    "| format | messages | messages/s | × floor | replay messages/s | peak MiB |\n"
    "|---|---|---|---|---|---|"
)


def who(number: int) -> dict[str, Any]:
    raw = f"8:acs:00000000-0000-0000-0000-00000000000{number % 3}_person"
    return {"rawId": raw, "communicationUser": {"id": raw}}


def write_input(folder: Path, count: int) -> None:
    """Write the input of one thread, of one revision; each message is in both files."""
    records = read_records(
        b"".join(
            encode_record(line, START, number.to_bytes(16, "big"))
            for number, line in enumerate(events(count))
        )
    ).records
    listing = ListingLines(
        known=ChainFile(), number=1, received_on=format_time(START), draw=Salts()
    )
    for index, start in enumerate(range(0, count, PAGE), start=1):
        items = [item(number) for number in range(start, min(start + PAGE, count))]
        body = json.dumps({"value": items[::-1]})
        listing.add_page(Page(kind=PageKind.MESSAGES, body=body), index)
    view = ListingOutcome(visibility=Visibility.FULL, reader=who(0)["rawId"])
    listing.add_outcome(view)
    for name, lines in (
        ("events", recorded_lines("events", records)),
        ("listing", listing.lines),
    ):
        with (folder / f"{name}.jsonl").open("wb") as out:
            out.writelines(line.stored for line in lines)


class Salts:
    """Salts that count up, so that a run can be had again."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(16, "little")


def message(number: int) -> tuple[str, str, str]:
    """Return id, time and text of a message."""
    moment = START + timedelta(seconds=40 * number)
    return (
        str(int(moment.timestamp() * 1000)),
        moment.isoformat(timespec="milliseconds"),
        f"Message {number} says about as much as people write in a chat.",
    )


def events(count: int) -> Iterator[str]:
    for number in range(count):
        name, time_, text = message(number)
        yield event("Received", number, name, name, time_, text)
        if number % EDITED == 0:
            version = str(int(name) + 5000)
            yield event("Edited", number, name, version, time_, text + " (edited)")


def event(
    what: str, number: int, name: str, version: str, time_: str, text: str
) -> str:
    data = {
        "messageBody": text,
        "messageId": name,
        "type": "Text",
        "version": version,
        "senderDisplayName": f"Person {number % 3}",
        "senderCommunicationIdentifier": who(number),
        "composeTime": time_,
        "threadId": THREAD,
        "transactionId": f"transaction.{number}",
    } | ({"editTime": time_} if what == "Edited" else {})
    return json.dumps(
        {
            "id": f"{what}-{number}",
            "topic": "/subscriptions/x/resourcegroups/y/communicationservices/z",
            "subject": f"thread/{THREAD}/sender/{who(number)['rawId']}",
            "eventType": f"Microsoft.Communication.ChatMessage{what}InThread",
            "eventTime": time_,
            "dataVersion": "1.0",
            "metadataVersion": "1",
            "data": data,
        }
    )


def item(number: int) -> dict[str, Any]:
    name, time_, text = message(number)
    is_edited = number % EDITED == 0
    return {
        "id": name,
        "type": "text",
        "sequenceId": str(number),
        "version": str(int(name) + 5000) if is_edited else name,
        "content": {"message": text + (" (edited)" if is_edited else "")},
        "senderDisplayName": f"Person {number % 3}",
        "createdOn": time_,
        "senderCommunicationIdentifier": who(number),
    } | ({"editedOn": time_} if is_edited else {})


def cell(folder: Path, name: str) -> dict[str, float]:
    """Write one format of the input in `folder`; return its costs in this process."""
    started = time.perf_counter()
    chain = Chain(thread_id=THREAD)
    chain.begin(1)
    for file in ("events", "listing"):
        chain.files[file].add_all((folder / f"{file}.jsonl").read_bytes())
    transcript = transcript_of(chain)
    replayed = time.perf_counter()
    with (folder / f"{name}.out").open("wb") as out:
        for _, parts in streamed([FORMATS[name]], transcript):
            out.writelines(parts)
    return {
        "replay": replayed - started,
        "seconds": time.perf_counter() - replayed,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def floor(folder: Path, name: str) -> float:
    """Return the seconds to parse what was written and write it again."""
    started = time.perf_counter()
    if name == "json":
        value = json.loads((folder / "json.out").read_bytes())
        (folder / "floor.out").write_text(
            json.dumps(value, ensure_ascii=False, indent=2)
        )
    else:
        with (
            (folder / "jsonl.out").open(encoding="utf-8") as lines,
            (folder / "floor.out").open("w", encoding="utf-8") as out,
        ):
            for line in lines:
                if line.startswith("{"):
                    out.write(json.dumps(json.loads(line), ensure_ascii=False) + "\n")
    return time.perf_counter() - started


def in_own_process(folder: Path, name: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.render", "--cell", name, "--input", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def run(sizes: dict[int, tuple[str, ...]]) -> list[dict[str, Any]]:
    """Return a row for each cell, with the floor of json for json, else of jsonl."""
    rows = []
    print(HEAD)
    for count, names in sizes.items():
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            folder = Path(scratch)
            write_input(folder, count)
            cells = {name: in_own_process(folder, name) for name in names}
            bounds = {name: floor(folder, name) for name in ("json", "jsonl")}
        for name, cost in cells.items():
            floored = bounds["json" if name == "json" else "jsonl"]
            row = {
                "format": name,
                "messages": count,
                "messages_per_s": round(count / cost["seconds"]),
                "times_floor": round(cost["seconds"] / floored, 2),
                "replay_messages_per_s": round(count / cost["replay"]),
                "peak_mib": round(cost["peak_mib"]),
            }
            rows.append(row)
            print(f"| {' | '.join(map(str, row.values()))} |", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.render", description=__doc__)
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    parser.add_argument("--input", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.cell:
        print(json.dumps(cell(arguments.input, arguments.cell)))
        return
    rows = run(SIZES)
    arguments.output.write_text(json.dumps({"render": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
