"""What a model says of the demo's threads, with the commands somebody would type.

The model is the local server, which picks sentences; what is shown is how its claims
are checked.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.demo.evidence import run
from local.language_model.server import language_model
from shared.domain.layout import thread_folder

LABELS = ("order", "loan", "appointment")
SHOWN = 4
NAMES = {"summary": "said", "actions": "to do", "labels": "label"}


def describe(archive: Path, thread_id: str) -> bool:
    """Ask a model about all threads, check it, and show what it says of one."""
    labels = [word for label in LABELS for word in ("--label", label)]
    run("index", archive)
    good = run("insights", "plan", archive) == 0
    with language_model() as server:
        model = ("--endpoint", server.address, "--deployment", "extractive")
        good &= run("insights", "run", archive, *labels, *model) == 0
    good &= run("insights", "check", archive) == 0
    path = archive.with_name(f"{archive.name}-insights") / thread_folder(thread_id)
    show(json.loads((path / "insights.json").read_bytes()))
    return good


def show(insights: Mapping[str, Any]) -> None:
    """Print what a model said of one thread, with what each sentence cites."""
    print("\n    Of one thread, with what each sentence rests on:")
    for section, name in NAMES.items():
        for statement in insights[section][:SHOWN]:
            print(f"    {name:<8}{statement['text']}")
            for citation in statement["citations"]:
                where = f"#{citation['message_id']}, version {citation['version']}"
                print(f"    {'':<8}  “{citation['quote']}” ({where})")
