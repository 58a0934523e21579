"""`make demo`: exit 0 only if the archives hold every event that was published."""

import io
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.storage.blob import BlobServiceClient, ContainerClient

from local.azurite_process import AzuriteFailed
from local.demo import conversations
from local.demo.evidence import convert, erase, examine, find, publish
from local.demo.insights import describe
from local.demo.people import invite
from local.signals import end_as_ctrl_c_does
from local.stack import Stack, StackFailed, stack
from shared.domain.words import plural
from shared.formats import ARCHIVED

OUTPUT = Path("demo-archive")
ARCHIVE = OUTPUT / "archive"
ARCHIVED_WITHIN = 60.0
MISBEHAVIOUR = {
    "seed": 7,
    "duplicate": 0.4,
    "reorder": 0.4,
    "delay": 0.5,
    "throttle": 0.1,
    "fail": 0.05,
    "retry_after": 0.2,
}
STOPPED = 130
"""The status of a program that Ctrl-C ended."""
NAMES = ["Amina", "Ben", "Chloé", "Yael", "Omar", "Dana", "Eli", "Fay", "Gus", "Hana"]


@dataclass(frozen=True, slots=True)
class Archived:
    """The newest revision of one thread, and how log and listing compare in it."""

    folder: str
    manifest: Mapping[str, Any]
    reconciliation: Mapping[str, Any]

    @property
    def thread_id(self) -> str:
        return str(self.manifest["thread_id"])

    @property
    def counts(self) -> Mapping[str, Any]:
        return dict(self.reconciliation["counts"])


def main() -> int:
    end_as_ctrl_c_does()
    started = time.monotonic()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe on Windows has a code page
            stream.reconfigure(encoding="utf-8", errors="replace")
    if OUTPUT.exists():
        print(f"{OUTPUT} is of an earlier run: this one replaces it.")
    try:
        with tempfile.TemporaryDirectory(prefix="demo-") as scratch:
            status = demonstrate(Path(scratch))
    except (StackFailed, AzuriteFailed) as error:
        print(f"the demo could not run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        with suppress(OSError):  # the terminal may be gone
            print("\nStopped.", flush=True)
        return STOPPED
    print(f"\nDone in {time.monotonic() - started:.0f} s.")
    return status


def demonstrate(scratch: Path) -> int:
    step("Starting Azurite, the chat service and the Functions host")
    formats = {"ARCHIVE_FORMATS": ",".join(ARCHIVED)}
    with stack(scratch, settings=formats) as parts:
        threads = chat(parts)
        step("Waiting until Event Grid has nothing left to deliver")
        deliveries = parts.deliveries(flush=True)
        step("Sweeping for quiet threads; finalizing: log and listing become archives")
        blobs = BlobServiceClient.from_connection_string(
            parts.azurite.connection_string
        )
        archive = blobs.get_container_client("chat-archive")
        archived = finalize(parts, archive, threads.values())
        if missing := threads.values() - archived.keys():
            count = plural(len(missing), "thread")
            print(f"FAILED: {count} without archive", file=sys.stderr)
            return 1
        report(deliveries, archived)
        transcript = show(archive, archived[threads["support case"]])
        copy(archive, archived[threads["support case"]].folder)
        status = check(deliveries, archived)
    step("What people do: find a message by a half-remembered word")
    if not find(ARCHIVE):
        print("FAILED: the message was not found", file=sys.stderr)
        return 1
    step("What an auditor does: verify, find a tampered copy, prove one message")
    if not examine(ARCHIVE, OUTPUT / "evidence", scratch, transcript):
        print("FAILED: the archive did not pass the auditor's checks", file=sys.stderr)
        return 1
    step("What other systems read: the formats that only an export has")
    if not convert(ARCHIVE, OUTPUT / "export", transcript):
        print("FAILED: the archive could not be exported", file=sys.stderr)
        return 1
    step("What a model says of the threads: each sentence with words to check it by")
    if not describe(ARCHIVE, str(transcript["thread_id"])):
        print("FAILED: what the model says does not check out", file=sys.stderr)
        return 1
    step("Somebody asks for a message to be erased; everything else still verifies")
    if not erase(ARCHIVE, OUTPUT / "evidence", transcript):
        print("FAILED: the message was not erased as it should be", file=sys.stderr)
        return 1
    step("What anybody opens by double click: the archive as pages, with a search")
    if not publish(ARCHIVE, OUTPUT / "site"):
        print("FAILED: the archive could not be made a site", file=sys.stderr)
        return 1
    return status


def chat(parts: Stack) -> dict[str, str]:
    """Let people talk while the service misbehaves and the host dies once."""
    people = invite(
        NAMES,
        connection_string=parts.acs_connection_string,
        endpoint=parts.chat_url,
        ca_file=parts.ca_file,
    )
    amina, ben, chloe, yael, omar, dana, eli, fay, gus, hana = people
    parts.misbehave(**MISBEHAVIOUR)
    step(
        f"{len(people)} people chat; events arrive twice, late and out of order, "
        "the service throttles"
    )
    threads = {"support case": conversations.support_case(amina, ben, chloe)}
    threads["clinic"] = conversations.clinic(yael, omar)
    step("Killing the host in the middle (SIGKILL)")
    parts.host.kill()
    threads["bank"] = conversations.bank(dana, eli)
    parts.start_host()
    step("The host is back")
    threads["note to self"] = conversations.note_to_self(fay)
    threads["deleted thread"] = conversations.deleted_thread(gus, hana)
    return threads


def finalize(
    parts: Stack, archive: ContainerClient, threads: Any
) -> dict[str, Archived]:
    """Sweep until every thread has an archive; return the newest revision of each."""
    deadline = time.monotonic() + ARCHIVED_WITHIN
    archived: dict[str, Archived] = {}
    while time.monotonic() < deadline and not set(threads) <= archived.keys():
        time.sleep(1.5)
        parts.invoke("sweep_inactive_threads")
        time.sleep(1.0)
        archived = {
            revision.thread_id: revision for revision in newest_revisions(archive)
        }
        print(f"    {len(archived)} of {len(threads)} threads archived", flush=True)
    return archived


def newest_revisions(archive: ContainerClient) -> Iterator[Archived]:
    newest: dict[str, str] = {}
    if archive.exists():
        for name in archive.list_blob_names(name_starts_with="thread="):
            if name.endswith("/manifest.json"):
                newest[name.split("/")[0]] = name
    for name in newest.values():
        folder = name.removesuffix("/manifest.json")
        manifest, reconciliation = (
            json.loads(archive.download_blob(f"{folder}/{file}.json").readall())
            for file in ("manifest", "reconciliation")
        )
        yield Archived(folder, manifest, reconciliation)


def report(deliveries: Mapping[str, int], archived: Mapping[str, Archived]) -> None:
    counts: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for thread in archived.values():
        counts.update({k: v for k, v in thread.counts.items() if isinstance(v, int)})
        outcomes.update(thread.reconciliation["outcomes"])
    revisions = sum(thread.manifest["revision"] for thread in archived.values())
    step("What happened")
    rows = [
        ("events published", deliveries["published"]),
        ("deliveries acknowledged", deliveries["delivered"]),
        ("  of them duplicated by Event Grid", deliveries["duplicated"]),
        ("deliveries retried", deliveries["retried"]),
        ("events dead-lettered", deliveries["dead_lettered"]),
        ("records in the log", counts["records"]),
        ("  of them duplicates", counts["duplicate_records"]),
        ("threads archived", len(archived)),
        ("revisions", revisions),
        ("messages", counts["messages"]),
        ("versions of messages", counts["versions"]),
    ]
    rows += [(f"reconciled: {name}", number) for name, number in outcomes.items()]
    for name, number in rows:
        print(f"    {name:<38}{number:>6}")
    for thread in archived.values():
        listing = thread.reconciliation["listing"]
        why = f" ({listing['reason']})" if listing["reason"] else ""
        grade = thread.manifest["grade"].replace("_", " ")
        print(
            f"    {thread.thread_id[:24]}… {grade}; seen: {listing['visibility']}{why}"
        )


def show(archive: ContainerClient, archived: Archived) -> Mapping[str, Any]:
    """Print one transcript the way a person would read it; return it."""
    path = f"{archived.folder}/transcript.json"
    transcript: Mapping[str, Any] = json.loads(archive.download_blob(path).readall())
    step(f"One transcript: {transcript['topic']}")
    for message in transcript["messages"]:
        content = message["versions"][-1]["content"] or {}
        who = message["sender"]["display_name"] or message["type"]
        text = content.get("message") or content.get("topic") or names_in(content)
        marks = [name for name in ("edited", "deleted") if message[f"{name}_on"]]
        note = f"  ({', '.join(marks)})" if marks else ""
        print(f"    {message['created_on'][11:19]}  {who:<20} {text}{note}")
        for earlier in message["versions"][:-1]:
            print(f"    {'':<30} was: {(earlier['content'] or {}).get('message')}")
    return transcript


def names_in(content: Mapping[str, Any]) -> str:
    people = content.get("participants") or ()
    return ", ".join(person.get("displayName", "?") for person in people)


def copy(archive: ContainerClient, example: str) -> None:
    """Copy the whole archive container, replacing the copy of an earlier run."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    for name in archive.list_blob_names():
        file = ARCHIVE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(archive.download_blob(name).readall())
    step(f"Copied to {ARCHIVE}/ - look at:")
    for file in sorted((ARCHIVE / example).iterdir()):
        print(f"    {file}")


def check(deliveries: Mapping[str, int], archived: Mapping[str, Archived]) -> int:
    """Compare what was published with what is archived; return the exit status."""
    counts = [thread.counts for thread in archived.values()]
    unique = sum(thread["records"] - thread["duplicate_records"] for thread in counts)
    if deliveries["dead_lettered"] or unique != deliveries["published"]:
        print(
            f"FAILED: {deliveries['published']} events were published, "
            f"{unique} are archived",
            file=sys.stderr,
        )
        return 1
    step(f"All {unique} published events are in the archives, each counted once")
    return 0


def step(text: str) -> None:
    print(f"\n==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
