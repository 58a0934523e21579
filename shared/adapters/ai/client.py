"""The client of a language model's service, and what its failures mean to us.

Rule 1: no text of an answer that failed is kept: it may repeat what was asked (P9).
Rule 2: a token or a key goes over https, or to this machine.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.domain.errors import ArchiverError, Transient
from shared.ports.language_model import ModelRefused

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

AZURE = ".azure.com"
AZURE_SCOPE = "https://ai.azure.com/.default"
"""Of the token for a resource of Azure OpenAI or Foundry."""
RETRIES = 6
"""After an answer that says to try again: the SDK waits as `Retry-After` says."""
TIMEOUT = 600.0
"""Seconds: a model that thinks first takes its time."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
NO_SERVICE = "what answered is not a model's service"
LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)


class NoModel(ArchiverError):
    """The service of a model is not named as it has to be. The text says what to do."""


def check_address(endpoint: str) -> str:
    """Return the address of a service as the SDK wants it.

    Raises:
        NoModel: it is none that a token may be sent to.

    """
    parts = urlsplit(endpoint.strip())
    is_here = parts.hostname in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise NoModel(
            "the address of the model's service begins with https:// (http:// only on "
            "this machine): a key and chats go over nothing else"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise NoModel("the address of the model's service holds no user and no query")
    if is_azure(endpoint) and not parts.path.rstrip("/").endswith("/v1"):
        raise NoModel(
            "the address of a resource of Azure ends with /openai/v1/, as in "
            "https://NAME.openai.azure.com/openai/v1/"
        )
    return endpoint.strip().rstrip("/") + "/"


def is_azure(endpoint: str) -> bool:
    return (urlsplit(endpoint.strip()).hostname or "").endswith(AZURE)


def make_client(
    endpoint: str, key: str | Callable[[], Awaitable[str]], *, retries: int = RETRIES
) -> "AsyncOpenAI":
    """Return a client; `key` is a key, or returns a token.

    Raises:
        NoModel: the SDK is not installed, or the address is none.

    """
    try:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient
    except ImportError:
        raise NoModel(
            "the package `openai` is missing: install the extra `ai`, as in "
            '`pip install "acs-chat-archiver[ai]"`'
        ) from None
    return AsyncOpenAI(
        base_url=check_address(endpoint),
        api_key=key,
        max_retries=retries,
        timeout=TIMEOUT,
        # A redirect would take chats and the key to wherever it leads.
        http_client=DefaultAsyncHttpxClient(follow_redirects=False, timeout=TIMEOUT),
    )


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the SDK raises as what it means.

    Raises:
        Transient: the service cannot be reached, or wants to be asked later.
        ModelRefused: it will never answer this.

    """
    from openai import APIConnectionError, APIStatusError, OpenAIError

    try:
        yield
    except APIStatusError as error:
        raise meaning(error) from None
    except APIConnectionError as error:
        raise Transient(f"the model's service gave {type(error).__name__}") from None
    except OpenAIError as error:
        raise Transient(f"the model's answer was {type(error).__name__}") from None
    except (AttributeError, TypeError, ValueError):
        # The SDK hands on what is not of its models, such as a page of a proxy.
        raise Transient(NO_SERVICE) from None


def meaning(error: "APIStatusError") -> ArchiverError:
    status = error.status_code
    if status in LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Transient(f"the model's service answered {status}")
    if status == HTTPStatus.UNAUTHORIZED:
        return ModelRefused(
            "the model's service knows us not (401): run `az login`, or set "
            "INSIGHTS_API_KEY"
        )
    if status == HTTPStatus.FORBIDDEN:
        return ModelRefused(
            "the model's service does not let us in (403): on Azure the role "
            "`Cognitive Services OpenAI User` is missing, or its network is closed"
        )
    if status == HTTPStatus.NOT_FOUND:
        return ModelRefused(
            "the model's service has no such deployment (404): check the endpoint and "
            "the deployment's name"
        )
    return ModelRefused(f"the model's service takes no such request ({told(error)})")


def told(error: "APIStatusError") -> str:
    """Return status and code of a failure: short words of the service's own."""
    code = code_of(error)
    return f"{error.status_code} {code}" if code else str(error.status_code)


def code_of(error: "APIStatusError") -> str:
    code = error.code if isinstance(error.code, str) else ""
    return code if code.replace("_", "").isalnum() and code.isascii() else ""
