"""Identifiers: a raw id says by its beginning who it is; a typed object says it too."""

from typing import Any

CLOUDS = {"orgid": "public", "dod": "dod", "gcch": "gcch"}
"""The cloud of a Teams user or app, by the part of the raw id that names it."""
EXTENDED = 3
"""Parts of the id of a Teams user behind a resource: resource, tenant, user."""


def identifier(raw_id: str) -> dict[str, Any]:
    """Return an identifier with its typed object; one of an unknown kind has none."""
    return {"rawId": raw_id, **typed(raw_id)}


def typed(raw_id: str) -> dict[str, Any]:
    head, _, rest = raw_id.partition(":")
    scope, _, user = rest.partition(":")
    if head == "4":
        return {"phoneNumber": {"value": rest}}
    if head == "28" and scope in CLOUDS:
        return {"microsoftTeamsApp": {"appId": user, "cloud": CLOUDS[scope]}}
    if head == "8" and (scope in CLOUDS or scope == "teamsvisitor"):
        body = {
            "userId": user,
            "isAnonymous": scope == "teamsvisitor",
            "cloud": CLOUDS.get(scope, "public"),
        }
        return {"microsoftTeamsUser": body}
    if head == "8" and (scope == "spool" or scope.endswith("acs")):
        ids = user.split("_")
        if len(ids) == EXTENDED:
            cloud = scope.removesuffix("acs").removesuffix("-") or "public"
            names = ("resourceId", "tenantId", "userId")
            body = {**dict(zip(names, ids, strict=True)), "cloud": cloud}
            return {"teamsExtensionUser": body}
        return {"communicationUser": {"id": raw_id}}
    return {}


def read_identifier(value: dict[str, Any]) -> str:
    """Return the raw id of an identifier in a request, where it is optional."""
    if raw_id := value.get("rawId"):
        return str(raw_id)
    if user := value.get("communicationUser"):
        return str(user["id"])
    if phone := value.get("phoneNumber"):
        return f"4:{phone['value']}"
    if app := value.get("microsoftTeamsApp"):
        return f"28:{scope_of(app)}:{app['appId']}"
    if user := value.get("teamsExtensionUser"):
        scope = scope_of(user)
        acs = "acs" if scope == "orgid" else f"{scope}-acs"
        return f"8:{acs}:{user['resourceId']}_{user['tenantId']}_{user['userId']}"
    user = value["microsoftTeamsUser"]
    scope = "teamsvisitor" if user.get("isAnonymous") else scope_of(user)
    return f"8:{scope}:{user['userId']}"


def scope_of(typed: dict[str, Any]) -> str:
    """Return the part of a raw id that names the cloud."""
    cloud = str(typed.get("cloud") or "public").lower()  # the SDK writes capitals
    return next(scope for scope, name in CLOUDS.items() if name == cloud)
