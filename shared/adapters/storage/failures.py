"""What a failure of Azure Storage means to us.

The SDK's exception classes say little: if the answer to a successful request is lost,
the class says "safe to retry". Status and error code are what counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
)

from shared.domain.errors import Transient

NOT_ALLOWED = (
    " (not allowed: a role is missing, or the account's firewall blocks this address; "
    "see docs/operations.md)"
)


NOT_SIGNED_IN = (
    "nobody is signed in to Azure: run `az login`, or give the app an identity"
)


def code(error: AzureError) -> str:
    """Return the service's error code, a str or an enum in the SDK; "" for none."""
    value = getattr(error, "error_code", None)
    return str(getattr(value, "value", value) or "")


def status(error: AzureError) -> int:
    """Return the HTTP status; 0 if no answer came."""
    number = error.status_code if isinstance(error, HttpResponseError) else None
    return int(number or 0)


def describe(error: AzureError) -> str:
    """Return what went wrong, without any text from outside (P9)."""
    kind, number = type(error).__name__, status(error)
    if isinstance(error, ClientAuthenticationError) and not number:
        return NOT_SIGNED_IN
    said = f"{kind} {number or 'no answer'} {code(error)}".strip()
    return said + NOT_ALLOWED if number == HTTPStatus.FORBIDDEN else said


def is_container_missing(error: AzureError) -> bool:
    return code(error) == "ContainerNotFound"


def is_missing(error: AzureError) -> bool:
    return status(error) == HTTPStatus.NOT_FOUND


def is_immutable(error: AzureError) -> bool:
    """Return whether a policy or a legal hold of the storage forbids it."""
    return "Immutab" in code(error) or "LegalHold" in code(error)


@contextmanager
def as_transient(what: str) -> Iterator[None]:
    """Convert any failure of the SDK into `Transient`; `what` names the operation."""
    try:
        yield
    except AzureError as error:
        raise Transient(f"{what}: {describe(error)}") from None
