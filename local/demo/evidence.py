"""What an auditor does with the demo's archive, by the commands they would type."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EVIDENCE = Path("demo-evidence")
SHOWN_LINES = 6


def examine(archive: Path, scratch: Path, transcript: Mapping[str, Any]) -> bool:
    """Verify the archive, catch a tampered copy, prove one message; False if not so."""
    shutil.rmtree(EVIDENCE, ignore_errors=True)
    EVIDENCE.mkdir()
    kept = EVIDENCE / "ledger.checkpoint"
    proof = EVIDENCE / "proof.json"
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
