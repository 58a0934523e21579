"""Put: a file of an export, where an earlier export may have left one."""

from collections.abc import AsyncIterator
from enum import StrEnum

from shared.ports.export_folder import ExportFolder


class IfThere(StrEnum):
    """What becomes of a file that stands where one is to be written."""

    REFUSE = "refuse"
    REPLACE = "replace"
    LEAVE = "leave"


async def put(
    target: ExportFolder,
    path: str,
    data: bytes | AsyncIterator[bytes],
    if_there: IfThere,
) -> bool:
    """Write a file; return False where it stands there already and is left.

    Nothing is asked of `data` then: what is not written is not rendered.

    Raises:
        AlreadyExists: such a file exists, and was neither to be replaced nor left.
        Immutable: the file there may not be changed.

    """
    if if_there is IfThere.LEAVE and await target.holds(path):
        return False
    write = target.replace if if_there is IfThere.REPLACE else target.create
    await write(path, data)
    return True
