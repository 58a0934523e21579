"""Who this process is, what time it is, and chance: what the domain must not know."""

import logging
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.domain.log.record import SALT_BYTES

if TYPE_CHECKING:
    from shared.adapters.azure.sign_in import SignedIn

STORAGE_SCOPE = "https://storage.azure.com/.default"
CHAT_SCOPE = "https://communication.azure.com//.default"
MANAGEMENT_SCOPE = "https://management.azure.com/.default"


def managed_identity(client_id: str) -> Any:
    """Return the credential of the deployed app, or of a developer on their machine."""
    from azure.identity.aio import DefaultAzureCredential

    return DefaultAzureCredential(managed_identity_client_id=client_id or None)


def signed_in(client_id: str) -> "SignedIn":
    """Return the credential of a command: as above, and one sentence for nobody."""
    from shared.adapters.azure.sign_in import SignedIn

    return SignedIn(lambda: managed_identity(client_id))


def quieten_sdk_logs() -> None:
    """Keep one line per HTTP request, with addresses in it, out of the log (P9)."""
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(
        logging.WARNING
    )


def silence_sdk_logs() -> None:
    """Keep what the SDK logs away from people: what it raises is told once, by us."""
    logging.getLogger("azure").addHandler(logging.NullHandler())
    logging.getLogger("azure").propagate = False


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)
