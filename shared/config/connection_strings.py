"""Connection strings, checked before an SDK refuses them late and less clearly."""

import base64

from shared.config.reader import is_address


def parse_acs(connection_string: str) -> str:
    """Return the endpoint of an ACS connection string.

    Raises:
        ValueError: it is not of that form.
        KeyError: it lacks the endpoint or the key.

    """
    pairs = {k.lower(): v for k, v in parse_pairs(connection_string).items()}
    check_key(pairs["accesskey"])
    if not is_address(pairs["endpoint"]):
        raise ValueError("the endpoint is no address")
    return pairs["endpoint"]


def check_storage(connection_string: str) -> None:
    """Check what names an account and may open it; the SDK's own refusal comes late.

    Raises:
        ValueError: it is not of that form, or holds no usable key.
        KeyError: it lacks the account's name or its key.

    """
    pairs = {k.lower(): v for k, v in parse_pairs(connection_string).items()}
    if pairs.get("sharedaccesssignature") or pairs.get("usedevelopmentstorage"):
        return
    check_key(pairs["accountkey"])
    if not pairs["accountname"]:
        raise ValueError("no account is named")


def check_key(key: str) -> None:
    if not base64.b64decode(key, validate=True):
        raise ValueError("the key is empty")


def parse_pairs(connection_string: str) -> dict[str, str]:
    """Read `Name=value;…`.

    Raises:
        ValueError: it is not of that form.

    """
    pairs = [part.split("=", 1) for part in connection_string.rstrip(";").split(";")]
    return dict((name, value) for name, value in pairs)  # noqa: C402 - checks the arity
