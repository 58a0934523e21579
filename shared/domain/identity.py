"""Identity: who somebody is, as the service writes it.

A raw id is the stable key. It is optional in events and listings, where the typed
identifier beside it says the same; the prefixes are those that the service's SDKs know.
"""

import re
from collections.abc import Mapping
from typing import Any

OWN_USERS = ("8:acs:", "8:gcch-acs:", "8:dod-acs:")
"""Prefixes of the ids that a resource can mint tokens for, in all Azure clouds."""
KINDS = {
    "8:acs:": "acs_user",
    "8:gcch-acs:": "acs_user",
    "8:dod-acs:": "acs_user",
    "8:spool:": "acs_user",
    "8:orgid:": "teams_user",
    "8:gcch:": "teams_user",
    "8:dod:": "teams_user",
    "8:teamsvisitor:": "teams_visitor",
    "28:": "bot",
    "4:": "phone",
}
"""Kinds of identity by prefix of the raw id."""
CLOUDS = {"dod": "dod", "gcch": "gcch"}
"""The clouds that have a prefix of their own; "orgid" stands for the public one."""
TYPED = frozenset(
    (
        "communicationUser",
        "phoneNumber",
        "microsoftTeamsUser",
        "microsoftTeamsApp",
        "teamsExtensionUser",
    )
)
"""The members of which an identifier has one, by its kind."""
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EXTENDED = 3
"""Parts of the id of a Teams user behind a resource: resource, tenant, user."""


def raw_id(identifier: Any) -> str:
    """Return the raw id of a communication identifier; "" where it has none."""
    if not isinstance(identifier, dict):
        return ""
    raw = identifier.get("rawId")
    if isinstance(raw, str) and raw:
        return raw
    # Most objects of a message are no identifier at all.
    return "" if TYPED.isdisjoint(identifier) else typed_id(identifier)


def typed_id(identifier: Mapping[str, Any]) -> str:
    """Return the raw id that a typed identifier stands for; "" where there is none."""
    user = part(identifier, "communicationUser", "id")
    if user:
        return user
    phone = part(identifier, "phoneNumber", "value")
    if phone:
        return f"4:{phone}"
    member = part(identifier, "microsoftTeamsUser", "userId")
    if member:
        if identifier["microsoftTeamsUser"].get("isAnonymous") is True:
            return f"8:teamsvisitor:{member}"
        return f"8:{cloud_of(identifier, 'microsoftTeamsUser')}:{member}"
    app = part(identifier, "microsoftTeamsApp", "appId")
    if app:
        return f"28:{cloud_of(identifier, 'microsoftTeamsApp')}:{app}"
    return extension_id(identifier)


def extension_id(identifier: Mapping[str, Any]) -> str:
    name = "teamsExtensionUser"
    ids = [part(identifier, name, key) for key in ("resourceId", "tenantId", "userId")]
    if not all(ids):
        return ""
    cloud = cloud_of(identifier, name)
    return f"8:{'acs' if cloud == 'orgid' else f'{cloud}-acs'}:{'_'.join(ids)}"


def part(identifier: Mapping[str, Any], name: str, key: str) -> str:
    typed = identifier.get(name)
    value = typed.get(key) if isinstance(typed, dict) else None
    return value if isinstance(value, str) else ""


def cloud_of(identifier: Mapping[str, Any], name: str) -> str:
    return CLOUDS.get(part(identifier, name, "cloud").lower(), "orgid")


def is_own_user(user_id: str) -> bool:
    """Return whether the id is a user of the resource, not a phone, Teams user or bot.

    Tokens can be minted for these users only, and only by their resource, which
    `resource_of` tells apart. Behind a Teams extension user stands a user of Teams.
    """
    return user_id.startswith(OWN_USERS) and kind_of(user_id) == "acs_user"


def resource_of(user_id: str) -> str:
    """Return the id of the resource that a user belongs to; "" where it is not told.

    It is a GUID, and stands between the prefix and the first underscore.
    """
    resource = user_id.rpartition(":")[2].partition("_")[0].lower()
    return resource if is_own_user(user_id) and GUID.fullmatch(resource) else ""


def kind_of(raw_id: str) -> str:
    """Return the kind of identity that a raw id has; "" if unknown."""
    kind = next((kind for head, kind in KINDS.items() if raw_id.startswith(head)), "")
    is_extended = raw_id.startswith(OWN_USERS) and raw_id.count("_") == EXTENDED - 1
    return "teams_extension_user" if is_extended else kind
