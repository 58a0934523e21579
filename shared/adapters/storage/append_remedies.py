"""What to do about an append that failed."""

from enum import Enum

from azure.core.exceptions import AzureError
from azure.storage.blob.aio import ContainerClient

from shared.adapters.storage import failures
from shared.adapters.storage.clients import create_container
from shared.domain.errors import Transient

FULL = {"BlockCountExceedsLimit", "BlobIsSealed", "MaxBlobSizeConditionNotMet"}
TRY_AGAIN = {408, 409, 429, 500, 502, 503, 504, 0}
"""409 is BlobModifiedWhileReading: the service refuses an append during a listing or a
read. 0 is no answer."""
SDK_ERRORS = (TypeError, ValueError, KeyError, AttributeError)
"""What the SDK raises by mistake on an error answer that is not the service's own: that
of a load balancer, for instance, which has no code or no message."""


class Remedy(Enum):
    """What to do about a failed append."""

    CREATE = "create"
    ROLL = "roll"
    WAIT = "wait"
    GIVE_UP = "give up"


def unreadable(error: Exception) -> str:
    """Return what may be said of a mistake of the SDK: its kind, not its text (P9)."""
    return f"an unreadable answer: {type(error).__name__}"


def wait_or_give_up(what: str, error: AzureError) -> str:
    """Return why to wait and try again; raise `Transient` where that is of no use."""
    if failures.status(error) not in TRY_AGAIN:
        raise Transient(f"{what}: {failures.describe(error)}") from None
    return failures.describe(error)


def find_remedy(error: AzureError) -> Remedy:
    if failures.is_missing(error):
        return Remedy.CREATE
    if failures.code(error) in FULL:
        return Remedy.ROLL
    # A deadline, a dropped connection and the like have no status.
    if failures.code(error) == "InvalidBlobType":
        return Remedy.GIVE_UP
    return Remedy.WAIT if failures.status(error) in TRY_AGAIN else Remedy.GIVE_UP


async def create_missing(container: ContainerClient) -> str:
    """Create a container; return "" if it may be there now, else why to wait."""
    try:
        await create_container(container)
    except AzureError as error:
        return wait_or_give_up("create the container", error)
    except SDK_ERRORS as error:
        return unreadable(error)
    return ""
