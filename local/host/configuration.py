"""What the host reads: host.json, local.settings.json and the environment."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DISABLED = ("AzureWebJobs.{}.Disabled", "AzureWebJobs_{}_Disabled")
"""App settings that switch a function off. Linux has no dots in environment variables,
so the second is what the first becomes there."""
OVERRIDE = "AzureFunctionsJobHost__extensions__queues__"
"""An app setting with this prefix overrides host.json, as in Azure."""


class MissingSetting(KeyError):
    """A `%NAME%` in a binding has no setting, so the function is not loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """`extensions.queues` of host.json, with the extension's defaults; seconds."""

    batch_size: int
    max_dequeue_count: int
    max_polling_interval: float
    visibility_timeout: float


def load_local_settings(folder: Path) -> None:
    """Set the values of local.settings.json that the environment does not set."""
    file = folder / "local.settings.json"
    if file.exists():
        for name, value in json.loads(file.read_text())["Values"].items():
            os.environ.setdefault(name, str(value))


def read_queue_options(folder: Path) -> QueueOptions:
    host = json.loads((folder / "host.json").read_text())
    queues: dict[str, Any] = host.get("extensions", {}).get("queues", {})
    for name, value in os.environ.items():
        if name.startswith(OVERRIDE):
            queues[name.removeprefix(OVERRIDE)] = value
    return QueueOptions(
        batch_size=int(queues.get("batchSize", 16)),
        max_dequeue_count=int(queues.get("maxDequeueCount", 5)),
        max_polling_interval=seconds(queues.get("maxPollingInterval", "00:01:00")),
        visibility_timeout=seconds(queues.get("visibilityTimeout", "00:00:00")),
    )


def is_disabled(function: str) -> bool:
    """Return whether an app setting switches a function off."""
    values = (os.environ.get(name.format(function), "") for name in DISABLED)
    return any(value.lower() in ("1", "true") for value in values)


def seconds(timespan: str) -> float:
    """Read a .NET time span of the form `hh:mm:ss[.fff]`."""
    hours, minutes, rest = timespan.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def resolve(text: str) -> str:
    """Return text with each `%NAME%` replaced by the app setting of that name.

    Raises:
        MissingSetting: there is no such setting.

    """

    def setting(match: re.Match[str]) -> str:
        try:
            return os.environ[match[1]]
        except KeyError:
            raise MissingSetting(f"%{match[1]}% resolves to no setting") from None

    return re.sub(r"%([^%]+)%", setting, text)
