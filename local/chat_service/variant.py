"""Which of the forms that the contract allows the service answers in.

An answer is built once, in the form that both API versions have in common and with all
that a client may have set; `Variant.form` adds and takes away what a version, or this
service, has or has not.
"""

from dataclasses import dataclass, fields
from typing import Any

OLD, NEW = "2024-03-07", "2025-03-15"
API_VERSIONS = (OLD, NEW)

OF_ITEMS = frozenset(("topic", "lastMessageReceivedOn"))
"""Fields that only the items of a list of threads may lack."""
OMITTABLE = OF_ITEMS | {"displayName", "senderDisplayName", "shareHistoryTime"}
"""Fields that answers of the real service do not always have."""
KINDS = frozenset(
    (
        "communicationUser",
        "phoneNumber",
        "microsoftTeamsUser",
        "microsoftTeamsApp",
        "teamsExtensionUser",
    )
)
ONLY_NEW = {
    "rawId": frozenset(("kind", "teamsExtensionUser")),
    "communicationIdentifier": frozenset(("metadata",)),
    "createdByCommunicationIdentifier": frozenset(("metadata", "retentionPolicy")),
}
"""What only the new version has, in an object that has the field before the colon: an
identifier, a participant, a thread's properties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What this service knows, lists and omits."""

    api_versions: tuple[str, ...] = API_VERSIONS
    """The versions that it answers; 400 to any other."""
    lists_deleted: bool = True
    """Whether a deleted thread stays in the lists of its members, with `deletedOn`."""
    omits: frozenset[str] = frozenset()
    """Names from `OMITTABLE` that are left out of answers."""

    def __post_init__(self) -> None:
        if not self.api_versions or {*self.api_versions} - {*API_VERSIONS}:
            raise ValueError(f"api_versions is some of {', '.join(API_VERSIONS)}")
        if not self.omits <= OMITTABLE:
            raise ValueError(f"omits is some of {', '.join(sorted(OMITTABLE))}")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Variant":
        """Return the variant that a request asks for.

        Raises:
            TypeError, ValueError: a name or a version is unknown.

        """
        known = {option.name for option in fields(cls)}
        if unknown := value.keys() - known:
            raise TypeError(f"unknown: {', '.join(sorted(unknown))}")
        options = dict(value)
        if "api_versions" in options:
            options["api_versions"] = tuple(options["api_versions"])
        if "omits" in options:
            options["omits"] = frozenset(options["omits"])
        return cls(**options)

    def form(self, body: Any, version: str) -> Any:
        """Return an answer's body as this service writes it in an API version."""
        if isinstance(body, list):
            return [self.form(part, version) for part in body]
        if not isinstance(body, dict):
            return body
        dropped = set(self.omits - OF_ITEMS)
        if version == OLD:
            dropped |= {
                name
                for mark, names in ONLY_NEW.items()
                if mark in body
                for name in names
            }
        formed = {
            # Metadata is the client's: whatever its keys are called, they stay.
            key: value if key == "metadata" else self.form(value, version)
            for key, value in body.items()
            if key not in dropped
        }
        if version == NEW and "rawId" in body:
            formed["kind"] = next(iter(KINDS & body.keys()), "unknown")
        if version == NEW and "sequenceId" in body:
            formed["content"] = {"attachments": [], **formed["content"]}
        return formed

    def item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return an item of a list of threads without what this service omits."""
        return {key: item[key] for key in item if key not in self.omits}
