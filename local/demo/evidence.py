"""What an auditor does with the demo's archive, by the commands they would type."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SHOWN_LINES = 6


def examine(
    archive: Path, evidence: Path, scratch: Path, transcript: Mapping[str, Any]
) -> bool:
    """Verify the archive, catch a tampered copy, prove one message; False if not so."""
    evidence.mkdir()
    kept = evidence / "ledger.checkpoint"
    proof = evidence / "proof.json"
    message = next(one for one in transcript["messages"] if one["type"] == "text")
    good = run("checkpoint", archive, "--output", kept) == 0
    good &= run("verify", archive, "--checkpoint", kept) == 0

    tampered = scratch / "tampered-copy"
    shutil.copytree(archive, tampered)
    file = next(tampered.rglob("transcript.json"))
    file.write_bytes(file.read_bytes().replace(b'"content"', b'"c0ntent"', 1))
    print("\n    One letter of one transcript in a copy is changed:")
    good &= run("verify", tampered) == 1

    print("\n    One message is proven, without giving the others away:")
    thread = transcript["thread_id"]
    good &= run("prove", thread, message["id"], archive, "--output", proof) == 0
    return good and run("verify", proof, "--checkpoint", kept) == 0


def convert(archive: Path, export: Path, transcript: Mapping[str, Any]) -> bool:
    """Make of an archive what no archive holds, without asking the service again."""
    people = transcript["participants"]
    names = {one["display_name"]: one["id"] for one in people}
    identities = export.with_name("identities.csv")
    rows = [
        f"{one['id']},{one['display_name']},entra-{i}," for i, one in enumerate(people)
    ]
    identities.write_text("\n".join(["acs_id,acs_name,entra_id,entra_name", *rows]))
    formats = ("parquet", "finetune", "graph-import")
    words = [word for name in formats for word in ("--format", name)]
    words += [
        "--role",
        f"{names['Ben']}=assistant",
        "--thread",
        transcript["thread_id"],
    ]
    given = ("--identities", identities, "--output", export)
    return run("export", archive, *words, *given) == 0


def run(*arguments: object) -> int:
    """Run the command `chat-archive` and show what it says."""
    words = [str(one) for one in arguments]
    print(f"\n    $ chat-archive {' '.join(words)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "shared.cli.main", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in (done.stdout + done.stderr).splitlines()[:SHOWN_LINES]:
        print(f"    {line}")
    return done.returncode
