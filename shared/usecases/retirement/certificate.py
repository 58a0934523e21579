"""The certificate: what a resource held and what became of it, as numbers that add up.

Rule 1: every number follows from the archive alone: whoever has it computes them again.
        What only the run's own state knows is not in it.
Rule 2: what does not add up, or is open, is stated as such, never left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.imports import ChatStep, ImportState
from shared.domain.inventory.facts import UserState
from shared.domain.inventory.state import Inventory
from shared.domain.words import plural
from shared.usecases.evidence.read_input import ReadInput
from shared.usecases.inventory.chat_logs import CHAT_LOGS
from shared.usecases.inventory.report import InventoryReport
from shared.usecases.inventory.thread_rows import ThreadRow, ThreadStatus
from shared.usecases.teams.import_log import IMPORTS, state_kept

FORMAT = 1


def certified(
    report: InventoryReport, there: ReadInput, head: Checkpoint
) -> dict[str, Any]:
    """Return the numbers of a certificate.

    `report` rests on what the archive kept; `there` is all of its archive-level input.
    """
    inventory = report.inventory
    moved = imports(report, there)
    unfinished = [*unfinished_in(moved)]
    numbers: dict[str, Any] = {
        "format": FORMAT,
        "checkpoint": {"lines": head.size, "root": head.root},
        "run": report.run,
        "complete": report.is_complete and not unfinished,
        "open": [*report.doubts, *unfinished],
        "inventory": {
            "resources": sorted(inventory.resources),
            "began_on": inventory.began_on,
            "ended_on": inventory.ended_on,
            "threads": len(inventory.threads),
            "users": {
                "found": len(inventory.users),
                **{state: inventory.user_states[state] for state in UserState},
            },
        },
        "chat_logs": list(chat_logs(there, inventory)),
        "threads": {
            "found": report.found,
            "archived": report.archived,
            "missing": len(report.missing),
            "open": len(report.open),
            "by_status": {each: report.statuses[each] for each in ThreadStatus},
            "by_grade": dict(sorted(Counter(map(grade, report.rows)).items())),
        },
        "messages": report.total.to_json(),
        "files": {"held": report.files, "missing": report.files_missing},
        "decisions": decisions(report),
        "imports": moved,
    }
    numbers["sums"] = dict(sums(report, numbers))
    return numbers


def grade(row: ThreadRow) -> str:
    return row.grade or "none"


def chat_logs(there: ReadInput, inventory: Inventory) -> Iterator[dict[str, Any]]:
    """Yield each chat log that was kept, and how many of its threads are known."""
    logs: dict[int, dict[str, Any]] = {}
    named: dict[int, set[str]] = {}
    for kept in there.values(CHAT_LOGS):
        value = kept.value
        if "sha256" in value:
            logs[kept.number] = {
                "file": value.get("file"),
                "sha256": value["sha256"],
                "taken_on": value.get("taken_on"),
                "kept_on": kept.kept_on[:10],
                "rows": value.get("rows"),
            }
        elif thread := value.get("thread"):
            named.setdefault(kept.number, set()).add(str(thread))
    for number in sorted(logs.keys() | named.keys()):
        threads = named.get(number, set())
        known = threads & inventory.threads.keys()
        yield logs.get(number, {"file": None}) | {
            "threads": len(threads),
            "threads_not_found": len(threads - known),
        }


def decisions(report: InventoryReport) -> list[dict[str, str]]:
    """Return the decisions that close something as it stands."""
    closed = [
        decision.value | {"on": decision.on}
        for row in report.rows
        if row.accepted
        and (decision := report.decisions.of_thread(row.thread_id, row.status))
    ]
    closed += [
        decision.value | {"on": decision.on}
        for user in report.inventory.unasked
        if (decision := report.acceptance_of(user))
    ]
    return sorted(closed, key=lambda each: (each["about"], each["id"]))


def imports(report: InventoryReport, there: ReadInput) -> list[dict[str, Any]]:
    """Return what became of each import, by its name."""
    names = sorted({str(kept.value.get("import")) for kept in there.values(IMPORTS)})
    rows = {row.thread_id: row for row in report.rows}
    return [import_of(name, state_kept(there, name), rows) for name in names]


def unfinished_in(moved: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what of the imports is not at its end, in sentences."""
    for each in moved:
        if count := each["open"]:
            yield f"import {each['import']}: {plural(count, 'message')} without an end"
        if count := each["chats"] - each["chats_completed"]:
            yield f"import {each['import']}: {plural(count, 'chat')} not completed"


def import_of(
    name: str, state: ImportState, rows: Mapping[str, ThreadRow]
) -> dict[str, Any]:
    statuses = Counter(
        str(line.status)
        for thread in state.threads.values()
        for line in thread.messages.values()
    )
    chats = [thread for thread in state.threads.values() if thread.chat_id]
    return {
        "import": name,
        "threads": len(state.threads),
        "chats": len(chats),
        "chats_completed": sum(each.step is ChatStep.COMPLETED for each in chats),
        "statuses": dict(sorted(statuses.items())),
        "open": sum(len(thread.open) for thread in state.threads.values()),
        "messages": sum(statuses.values()),
        "messages_in_archive": sum(
            rows[thread_id].baseline.messages
            for thread_id in state.threads
            if thread_id in rows
        ),
        "accepted": sorted(
            {
                line.accepted_by
                for thread in state.threads.values()
                for line in thread.messages.values()
                if line.accepted_by
            }
        ),
    }


def sums(
    report: InventoryReport, numbers: Mapping[str, Any]
) -> Iterator[tuple[str, bool]]:
    """Yield what has to add up, and whether it does."""
    total = report.total
    said = sum(sum(days.values()) for days in total.by_author_and_day.values())
    yield (
        "found = archived + missing",
        report.found == (report.archived + len(report.missing)),
    )
    yield (
        "messages = by author and day + system",
        total.messages == (said + total.system),
    )
    known = report.inventory.threads.keys() - {row.thread_id for row in report.rows}
    yield "every thread of the inventory is reported", not known
    for each in numbers["imports"]:
        fits = each["messages"] == each["messages_in_archive"]
        yield f"import {each['import']}: every message has a status", fits


def differences(stated: Any, computed: Any, path: str = "") -> Iterator[str]:
    """Yield where a certificate says something else than the archive, in sentences."""
    if isinstance(stated, dict) and isinstance(computed, dict):
        for key in sorted({*stated, *computed}, key=str):
            where = f"{path}.{key}" if path else str(key)
            if key not in stated:
                yield f"{where} is missing from it"
            elif key not in computed:
                yield f"{where} is none of its numbers"
            else:
                yield from differences(stated[key], computed[key], where)
    elif isinstance(stated, list) and isinstance(computed, list):
        if len(stated) != len(computed):
            yield f"{path} has {len(stated)} entries, and the archive {len(computed)}"
            return
        for at, (one, other) in enumerate(zip(stated, computed, strict=True)):
            yield from differences(one, other, f"{path}[{at}]")
    elif type(stated) is not type(computed) or stated != computed:
        yield f"{path} is not what the archive gives"
