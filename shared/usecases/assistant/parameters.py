"""What a tool is given: which arguments there are, and what they may be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain.search.limits import NoTime
from shared.ports.assistant import Refused
from shared.usecases.assistant.texts import HIDDEN

LONGEST = 1000
"""Characters of an argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An argument of a tool; its type is that of its default.

    `least` and `most` are of a number. A text that is `needed` has to be given.
    """

    name: str
    about: str
    default: str | int | bool = ""
    is_needed: bool = False
    least: int = 0
    most: int = 0

    @property
    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        about = {"description": self.about}
        if isinstance(self.default, bool):
            return {"type": "boolean", "default": self.default, **about}
        if isinstance(self.default, int):
            return {
                "type": "integer",
                "minimum": self.least,
                "maximum": self.most,
                "default": self.default,
                **about,
            }
        return {"type": "string", "maxLength": LONGEST, **about}

    def read(self, value: Any) -> str | int | bool:
        """Return a value that was given.

        Raises:
            Refused: it is none that may be.

        """
        if type(value) is not type(self.default):
            raise Refused(f"`{self.name}` has to be a {self.schema['type']}")
        if isinstance(value, str):
            if len(value) > LONGEST:
                raise Refused(f"`{self.name}` is longer than {LONGEST} characters")
            if HIDDEN.search(value):
                raise Refused(f"`{self.name}` holds a character that nobody sees")
            if self.is_needed and not value.strip():
                raise Refused(f"`{self.name}` has to be given")
        elif type(value) is int and not self.least <= value <= self.most:
            raise Refused(f"`{self.name}` has to be {self.least} to {self.most}")
        return value


def input_schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the arguments of a tool as JSON Schema."""
    return {
        "type": "object",
        "properties": {each.name: each.schema for each in parameters},
        "required": [each.name for each in parameters if each.is_needed],
        "additionalProperties": False,
    }


def read_arguments(
    parameters: Sequence[Parameter], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the value of each parameter: the default where none is given.

    Raises:
        Refused: one is missing, unknown, or not what it may be.

    """
    names = [each.name for each in parameters]
    if not set(given) <= set(names):
        raise Refused(f"the arguments of this tool are: {', '.join(names)}")
    found: dict[str, Any] = {}
    for each in parameters:
        value = given.get(each.name)
        if value is None and each.is_needed:
            raise Refused(f"`{each.name}` has to be given")
        found[each.name] = each.default if value is None else each.read(value)
    return found


def read_limit(
    name: str, text: str, read: Callable[[str], datetime | int | None]
) -> datetime | int | None:
    """Return a time, or the id of a message; None for "".

    Raises:
        Refused: it is neither.

    """
    try:
        return read(text)
    except NoTime:
        raise Refused(
            f"`{name}` is neither a time (2026-11-22, 2026-11-22T12:00Z) nor the id "
            "of a message"
        ) from None
