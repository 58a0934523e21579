"""The certificate as one page that needs nothing else, with a place to sign."""

import html
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from shared import __version__
from shared.cli.report_numbers import in_part_in_words
from shared.cli.report_page import POLICY, section, tiles
from shared.cli.text import printable
from shared.formats.about import GRADES
from shared.usecases.inventory.thread_rows import IN_PART

Numbers = Mapping[str, Any]
PRODUCT = f"chat-archive {__version__}"


def certificate_page(stated: Numbers, numbers: Numbers, digest: str) -> str:
    """Return the page; `digest` is the SHA-256 of its numbers' file."""
    style = files("shared.cli").joinpath("report.css").read_text(encoding="utf-8")
    is_whole = numbers["complete"] and all(numbers["sums"].values())
    verdict = "Complete" if is_whole else "Incomplete"
    parts = [
        "<!doctype html>\n<html lang=en><meta charset=utf-8>",
        POLICY,
        "<meta name=viewport content='width=device-width'>",
        f"<title>Certificate of a chat archive</title><style>{style}</style>",
        f"<main><h1>Certificate of a chat archive: {verdict.lower()}</h1>",
        *(f"<p>{escape(line)}</p>" for line in intro(stated, numbers)),
        tiles("first", first_numbers(numbers)),
        open_points(numbers),
        section("What the resource held", ("what", "number"), held(numbers)),
        section(
            "Chat logs that tell of it",
            ("file", "taken on", "rows", "threads", "not found", "SHA-256"),
            logs(numbers),
        ),
        section("What became of the threads", ("status", "threads"), statuses(numbers)),
        section("How far the archives can be relied on", ("grade", "threads"),
                grades(numbers)),
        section("The messages", ("what", "number"), messages(numbers)),
        section(
            "What was closed, and by whom",
            ("what", "id", "stood as", "by", "why", "on"),
            [
                (each["about"], each["id"], each["status"], each["by"],
                 each["reason"], each["on"][:10])
                for each in numbers["decisions"]
            ],
        ),
        section(
            "What was imported into Teams",
            ("import", "chats", "completed", "messages", "by status", "accepted"),
            moved(numbers),
        ),
        section(
            "What has to add up",
            ("sum", "does it"),
            [(name, "yes" if fits else "NO") for name, fits in numbers["sums"].items()],
        ),
        section("The evidence", ("what", "value"), evidence(numbers, digest)),
        sign(stated),
        "</main></html>\n",
    ]  # fmt: skip
    return "\n".join(part for part in parts if part)


def escape(text: object) -> str:
    return html.escape(printable(str(text)))


def intro(stated: Numbers, numbers: Numbers) -> list[str]:
    resources = ", ".join(numbers["inventory"]["resources"]) or "unknown"
    run = numbers["run"]
    return [
        f"Written {stated['written_on']} by {stated['by']} with {stated['product']}.",
        f"Archive {stated['archive']}. ACS resource {resources}."
        + (f" Found by backfill “{run}”." if run else " No backfill has looked."),
        "The archive was verified before: every line, every root, every file.",
    ]


def first_numbers(numbers: Numbers) -> list[tuple[str, str]]:
    threads = numbers["threads"]
    in_part = sum(threads["by_status"][each] for each in IN_PART)
    return [
        ("threads found", str(threads["found"])),
        (f"archived{in_part_in_words(in_part)}", str(threads["archived"])),
        (f"missing, {threads['open']} of them open", str(threads["missing"])),
        ("messages", str(numbers["messages"]["messages"])),
    ]


def open_points(numbers: Numbers) -> str:
    points = list(numbers["open"])
    if count := numbers["threads"]["open"]:
        points.append(f"threads that are missing, and not closed: {count}")
    points += [f"does not add up: {name}" for name, fits in numbers["sums"].items()
               if not fits]  # fmt: skip
    if not points:
        return ""
    items = "".join(f"<li>{escape(point)}</li>" for point in points)
    return f"<section class=doubts><h2>What is open</h2><ul>{items}</ul></section>"


def held(numbers: Numbers) -> Iterable[tuple[str, object]]:
    inventory = numbers["inventory"]
    yield "threads in the inventory", inventory["threads"]
    for name, count in inventory["users"].items():
        yield f"users {name}", count
    yield "looked from", inventory["began_on"] or "-"
    yield "until", inventory["ended_on"] or "-"


def logs(numbers: Numbers) -> Iterable[tuple[object, ...]]:
    for log in numbers["chat_logs"]:
        yield (
            log.get("file") or "(erased)", log.get("taken_on") or "-",
            log.get("rows", "-"), log["threads"], log["threads_not_found"],
            log.get("sha256", "-"),
        )  # fmt: skip


def statuses(numbers: Numbers) -> Iterable[tuple[str, int]]:
    for name, count in numbers["threads"]["by_status"].items():
        if count:
            yield name.replace("_", " "), count


def grades(numbers: Numbers) -> Iterable[tuple[str, int]]:
    counts = numbers["threads"]["by_grade"]
    for name, meaning in GRADES.items():
        if counts.get(name):
            yield meaning.partition(":")[0], counts[name]


def messages(numbers: Numbers) -> Iterable[tuple[str, object]]:
    for name, value in numbers["messages"].items():
        if name == "by_author_and_day":
            yield "authors", len(value)
        else:
            yield name.replace("_", " "), value or 0
    yield "files held", numbers["files"]["held"]
    yield "files not held", numbers["files"]["missing"]


def moved(numbers: Numbers) -> Iterable[tuple[object, ...]]:
    for each in numbers["imports"]:
        words = ", ".join(
            f"{count} {status}" for status, count in each["statuses"].items()
        )
        yield (
            each["import"], each["chats"], each["chats_completed"], each["messages"],
            words, "; ".join(each["accepted"]) or "-",
        )  # fmt: skip


def evidence(numbers: Numbers, digest: str) -> list[tuple[str, object]]:
    head = numbers["checkpoint"]
    return [
        ("lines of the ledger", head["lines"]),
        ("root over them", head["root"]),
        ("SHA-256 of the numbers (.json)", digest),
        (
            "to compute them again",
            "chat-archive verify --certificate FILE.json ARCHIVE",
        ),
    ]


def sign(stated: Numbers) -> str:
    return (
        "<section class=sign><p>I have read this page. What is open on it I know of."
        f"</p><p>Name: {escape(stated['by'])}</p>"
        "<p>Place and date: ______________________________</p>"
        "<p>Signature: ______________________________</p></section>"
    )
