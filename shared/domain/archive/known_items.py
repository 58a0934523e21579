"""What listings have shown of a thread so far: items, by content and by version."""

from dataclasses import dataclass, field

from shared.domain import json_line
from shared.domain.archive.chain import ChainFile
from shared.domain.evidence.lines import Facts, InputLine, make_line
from shared.domain.evidence.pages import split_page
from shared.domain.thread.listing import Page, PageKind


@dataclass(slots=True)
class KnownItems:
    """The items in the lines of `listing.jsonl`."""

    lines: ChainFile
    places: dict[tuple[str, bytes], int] = field(default_factory=dict)
    """Where an item stands, by what is listed and its content."""
    erased: dict[bytes, int] = field(default_factory=dict)
    """Where an erased item stands, by its facts."""
    versions: set[tuple[str, str]] = field(default_factory=set)
    """The versions of messages that a listing has shown."""

    def __post_init__(self) -> None:
        for place, line in enumerate(self.lines):
            self.note(place, line)

    def note(self, place: int, line: InputLine) -> None:
        """Remember where an item stands."""
        facts = line.facts
        if "page" in facts or "outcome" in facts:
            return
        if not line.is_erased:
            self.places.setdefault((facts["origin"], line.content), place)
        else:
            self.erased.setdefault(erased_key(facts), place)
        if "version" in facts:
            self.versions.add((facts["message"], facts["version"]))

    def hold_page(self, page: Page) -> bool:
        """Return whether a page of messages has items, and none of them is new.

        New is a version that no listing has shown, also where an event told it: so
        whatever has changed since the last listing is on the pages before this one.
        """
        answer = split_page(json_line.encode(page.body), is_list=True)
        return bool(answer.items) and all(map(self.hold_message, answer.items))

    def hold_message(self, item: bytes) -> bool:
        """Return whether a listed message is known, as it is or by its version."""
        if (str(PageKind.MESSAGES), item) in self.places:
            return True
        given = {"file": "listing", "origin": str(PageKind.MESSAGES)}
        facts = make_line(given, item, bytes(16)).facts
        return (facts.get("message"), facts.get("version")) in self.versions


def erased_key(facts: Facts) -> bytes:
    """Return what tells an erased item again: its facts, but for the order."""
    named = {name: value for name, value in facts.items() if name != "order"}
    return json_line.canonical(named)
