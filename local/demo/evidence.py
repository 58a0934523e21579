"""What an auditor does with the demo's archive, with the commands they would type."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SHOWN_LINES = 12


def examine(
    archive: Path, evidence: Path, scratch: Path, transcript: Mapping[str, Any]
) -> bool:
    """Verify the archive, find a tampered copy, prove a message; return success."""
    evidence.mkdir()
    checkpoint = evidence / "ledger.checkpoint"
    proof = evidence / "proof.json"
    message = next(
        message for message in transcript["messages"] if message["type"] == "text"
    )
    good = run("checkpoint", archive, "--output", checkpoint) == 0
    good &= run("verify", archive, "--checkpoint", checkpoint) == 0

    tampered = scratch / "tampered-copy"
    shutil.copytree(archive, tampered)
    file = next(tampered.rglob("transcript.json"))
    file.write_bytes(file.read_bytes().replace(b'"content"', b'"c0ntent"', 1))
    print("\n    One letter of one transcript in a copy is changed:")
    good &= run("verify", tampered) == 1

    print("\n    One message is proven, without revealing the others:")
    thread = transcript["thread_id"]
    good &= run("prove", thread, message["id"], archive, "--output", proof) == 0
    return good and run("verify", proof, "--checkpoint", checkpoint) == 0


def convert(archive: Path, export: Path, transcript: Mapping[str, Any]) -> bool:
    """Export formats that no archive holds, without reading the service again."""
    people = transcript["participants"]
    names = {person["display_name"]: person["id"] for person in people}
    identities = export.with_name("identities.csv")
    rows = [
        f"{person['id']},{person['display_name']},entra-{i},"
        for i, person in enumerate(people)
    ]
    identities.write_text(
        "\n".join(["acs_id,acs_name,entra_id,entra_name", *rows]), "utf-8"
    )
    formats = ("parquet", "xlsx", "finetune", "graph-import")
    words = [word for name in formats for word in ("--format", name)]
    words += [
        "--role",
        f"{names['Ben']}=assistant",
        "--thread",
        transcript["thread_id"],
    ]
    options = ("--identities", identities, "--output", export)
    return run("export", archive, *words, *options) == 0


def find(archive: Path) -> bool:
    """Build an index, and find what a message said before it was edited."""
    good = run("index", archive) == 0
    return good and run("search", "warehouse fird*", archive) == 0


def publish(archive: Path, site: Path) -> bool:
    """Make the archive a site, and say how to open both."""
    if run("site", archive, "--output", site) != 0:
        return False
    print(f"\n    Open {site / 'index.html'}, or see the same from a server:")
    print(f"    $ chat-archive view {archive}")
    return True


def erase(archive: Path, evidence: Path, transcript: Mapping[str, Any]) -> bool:
    """Erase a message from the copy, verify what is left, prove that it was erased."""
    checkpoint, proof = evidence / "ledger.checkpoint", evidence / "erased.json"
    message = next(
        message for message in transcript["messages"] if message["type"] == "text"
    )
    thread, text = transcript["thread_id"], message["versions"][0]["content"]["message"]
    told = str(text).encode()
    index = archive.with_name(f"{archive.name}-index.sqlite")
    insights = archive.with_name(f"{archive.name}-insights")
    before = files_with(told, archive, insights, index)
    chosen = ("--thread", thread, "--message", message["id"])
    words = ("--reason", "request 12", "--execute")
    good = bool(before) and run("erase", archive, *chosen, *words) == 0
    left = files_with(told, archive, insights, index)
    print(
        f"\n    Its text stood in {len(before)} files, and stands in {len(left)} now."
    )
    good &= not left
    good &= run("verify", archive, "--checkpoint", checkpoint) == 0
    good &= run("prove", thread, message["id"], archive, "--output", proof) == 0
    return good and run("verify", proof) == 0


def files_with(text: bytes, *places: Path) -> list[Path]:
    """Return the files that hold a text: of an archive, and of what is beside it."""
    return [
        file
        for place in places
        for file in (place, *place.rglob("*"))
        if file.is_file() and text in file.read_bytes()
    ]


def run(*arguments: object) -> int:
    """Run `chat-archive`, print the beginning of its output, return its exit status."""
    words = [str(argument) for argument in arguments]
    print(f"\n    $ chat-archive {shlex.join(words)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "shared.cli.main", *words],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    lines = (done.stdout + done.stderr).splitlines()
    for line in lines[:SHOWN_LINES]:
        print(f"    {line}")
    if len(lines) > SHOWN_LINES:
        print(f"    … and {len(lines) - SHOWN_LINES} lines more")
    return done.returncode
