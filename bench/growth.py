"""`python -m bench.growth`: what a thread's archive takes after a year of revisions.

400 new messages a week, a revision each week, on Azurite: the bytes that were received,
those of all revisions once superseded renderings went, the pages that the service was
asked for, and the CPU of the last finalization beside that of the same messages in one
revision. A whole pass comes every fifth week.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.render import START, THREAD, events, item, who
from local.azurite_process import azurite
from shared.bootstrap.identity import new_salt
from shared.bootstrap.storage import Storage
from shared.config.settings import StorageSettings
from shared.domain import layout
from shared.domain.log.record import encode_record
from shared.domain.thread.listing import Page, PageKind
from shared.ports.announcer import Announcement
from shared.ports.chat_service import IsKnown, ServiceListing
from shared.usecases.archive.archive_readme import ArchiveReadme
from shared.usecases.archive.attachments import FetchAttachments, Limits
from shared.usecases.archive.close import CloseRevision
from shared.usecases.archive.collect import Collect
from shared.usecases.archive.finalize import Finalize
from shared.usecases.archive.listing import ListService
from shared.usecases.evidence.beside import Beside
from shared.usecases.evidence.carry_out import CarryOut
from shared.usecases.evidence.finish_orders import FinishOrders
from shared.usecases.evidence.superseded import remove_all_superseded

RESULTS = Path(__file__).parent / "results" / "growth.json"
WEEKLY = 400
WEEKS = (1, 13, 52)
WHOLE_PASS_EVERY = timedelta(weeks=5)
PAGE = 200
FORMATS = ("json", "csv", "jsonl", "html")
HEAD = (
    "| weeks | messages | received MB | archive MB | × received | rendered MB "
    "| pages asked | pages of the last snapshot | last finalize, CPU s "
    "| all in one, CPU s | × |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


class Chat:
    """The service's side: every message so far, newest first, in pages."""

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.asked: list[int] = []
        """How many pages of messages each listing took."""
        self.now = START

    def grow(self, count: int, now: datetime) -> None:
        self.now = now
        items = [item(number) for number in range(count)][::-1]
        people = [
            {"communicationIdentifier": who(number), "displayName": f"Person {number}"}
            for number in range(3)
        ]
        told = {"id": THREAD, "topic": "A topic", "createdOn": START.isoformat()}
        self.pages = [
            Page(kind=PageKind.PROPERTIES, body=json.dumps(told)),
            *(
                Page(
                    kind=PageKind.MESSAGES,
                    body=json.dumps({"value": items[at : at + PAGE]}),
                )
                for at in range(0, count, PAGE)
            ),
            Page(kind=PageKind.PARTICIPANTS, body=json.dumps({"value": people})),
        ]

    async def list_thread(
        self, thread_id: str, reader: str, is_known: IsKnown | None = None
    ) -> ServiceListing:
        """Return everything, or all down to a page that is known."""
        told, *messages, people = self.pages
        read: list[Page] = []
        for page in messages:
            read.append(page)
            if is_known and is_known(page):
                break
        self.asked.append(len(read))
        return ServiceListing(
            pages=(told, *read, people),
            settled=True,
            is_whole=len(read) == len(messages),
        )


class Nobody:
    async def announce(self, announcement: Announcement) -> None:
        """Tell nobody."""


def finalizer(storage: Storage, chat: Chat) -> Finalize:
    beside = Beside()
    return Finalize(
        log=storage.log,
        archive=storage.archive,
        leases=storage.leases,
        collect=Collect(
            archive=storage.archive,
            list_service=ListService(
                chat=chat,
                clock=lambda: chat.now,
                reader_ids=[who(0)["rawId"]],
                beside=beside,
            ),
            fetch_attachments=FetchAttachments(
                limits=Limits(files=1000, bytes=2**30),
                archive=storage.archive,
                fetchers={},
                clock=lambda: chat.now,
                draw=new_salt,
            ),
            draw=new_salt,
            beside=beside,
        ),
        finish_orders=FinishOrders(
            archive=storage.archive,
            ledger=storage.ledger,
            carry_out=CarryOut(archive=storage.archive, log=storage.log),
        ),
        close=CloseRevision(ledger=storage.ledger, announcer=Nobody(), log=storage.log),
        readme=ArchiveReadme(storage.archive),
        clock=lambda: chat.now,
        draw=new_salt,
        formats=FORMATS,
        keep_superseded=timedelta(days=30),
        whole_pass_every=WHOLE_PASS_EVERY,
        beside=beside,
    )


async def receive(storage: Storage, texts: Sequence[str], week: int) -> int:
    """Append the events of a week; return their bytes."""
    day = (START + timedelta(weeks=week)).date()
    lines = [encode_record(text, START, new_salt()) for text in texts]
    for at in range(0, len(lines), 100):
        stem = layout.segment_stem(THREAD, day)
        await storage.log.append(stem, b"".join(lines[at : at + 100]))
    return sum(map(len, texts))


async def weekly(
    connection_string: str, weeks: int, *, at_once: bool
) -> dict[str, Any]:
    """Archive so many weeks, with a revision each week or one for all."""
    storage = Storage(StorageSettings(connection_string=connection_string))
    chat = Chat()
    finalize = finalizer(storage, chat)
    texts = list(events(WEEKLY * weeks))
    share = len(texts) // weeks
    received, cpu = 0, 0.0
    try:
        for week in range(weeks):
            received += await receive(
                storage, texts[week * share : (week + 1) * share], week
            )
            if at_once and week < weeks - 1:
                continue
            chat.grow(WEEKLY * (week + 1), START + timedelta(weeks=week + 1))
            started = time.process_time()
            await finalize(THREAD)
            cpu = time.process_time() - started
        received += sum(len(json.dumps(item(n))) for n in range(WEEKLY * weeks))
        await remove_all_superseded(storage.archive, THREAD)
        sizes = {
            file.path: file.size
            async for file in storage.archive.walk(layout.thread_folder(THREAD))
        }
    finally:
        await storage.close()
    kept = (".jsonl", "manifest.json", "thread.json")
    rendered = sum(
        size
        for path, size in sizes.items()
        if not path.endswith(kept) or path.endswith(("messages.jsonl", "history.jsonl"))
    )
    return {
        "received": received,
        "stored": sum(sizes.values()),
        "rendered": rendered,
        "cpu": cpu,
        "asked": chat.asked,
    }


async def run(weeks: Sequence[int]) -> list[dict[str, Any]]:
    rows = []
    print(HEAD)
    for count in weeks:
        with azurite() as storage:
            grown = await weekly(storage.connection_string, count, at_once=False)
        with azurite() as storage:
            whole = await weekly(storage.connection_string, count, at_once=True)
        row = {
            "weeks": count,
            "messages": count * WEEKLY,
            "received_mb": round(grown["received"] / 1e6, 1),
            "archive_mb": round(grown["stored"] / 1e6, 1),
            "times_received": round(grown["stored"] / grown["received"], 2),
            "rendered_mb": round(grown["rendered"] / 1e6, 1),
            "pages_asked": sum(grown["asked"]),
            "last_pages": min(grown["asked"][-3:]),
            "last_cpu_s": round(grown["cpu"], 2),
            "at_once_cpu_s": round(whole["cpu"], 2),
            "times_at_once": round(grown["cpu"] / whole["cpu"], 2),
        }
        rows.append(row)
        print(f"| {' | '.join(map(str, row.values()))} |", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--weeks", type=int, nargs="*", default=WEEKS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    rows = asyncio.run(run(arguments.weeks))
    arguments.output.write_text(json.dumps({"growth": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
