"""The directory of people, as archive-level input: read it, and add to it."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.people import KnownPerson, PeopleDirectory
from shared.ports.archive_store import ArchiveFiles
from shared.usecases.evidence.archive_input import ArchiveInput
from shared.usecases.evidence.read_input import ReadInput, read_input

PEOPLE = "people"
"""The kind of archive-level input that the directory is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPeople:
    """What an import did: raw ids that are new, that changed, that stayed as they were.

    `number` is that of the file that it made; 0 where nothing was to be written.
    """

    number: int
    new: int
    changed: int
    same: int


async def read_people(archive: ArchiveFiles) -> PeopleDirectory:
    """Return the directory of an archive; an empty one where it has none.

    Raises:
        IntegrityError: it cannot be read.
        Transient: the archive cannot be reached.

    """
    return directory_of(await read_input(archive, PEOPLE))


def directory_of(there: ReadInput) -> PeopleDirectory:
    """Return the directory that kept lines add up to."""
    newest: dict[str, tuple[int, list[KnownPerson]]] = {}
    for kept in there.values(PEOPLE):
        people = kept.value.get("people")
        who = people[0] if isinstance(people, list) and people else ""
        if not isinstance(who, str) or not who:
            continue
        number, found = newest.get(who, (0, []))
        if number != kept.number:
            newest[who] = (kept.number, found := [])
        try:
            found.append(KnownPerson.of(who, kept.value))
        except ValueError:  # another writer's line, which verifies: it says no more
            continue
    return PeopleDirectory.of(
        person for _, found in newest.values() for person in found
    )


async def import_people(
    kept: ArchiveInput, people: Iterable[KnownPerson]
) -> ImportedPeople:
    """Add people to the directory, each in the place of what was said of their raw id.

    Raises:
        IntegrityError: what is there cannot be read.
        Transient: it may be there all the same; or another process writes.

    """
    before = directory_of(await kept.read(PEOPLE)).by_id
    given = PeopleDirectory.of(people).by_id
    news = {who: found for who, found in given.items() if before.get(who) != found}
    number = await kept.add(
        PEOPLE, [person.json for found in news.values() for person in found]
    )
    return ImportedPeople(
        number=number,
        new=sum(who not in before for who in news),
        changed=sum(who in before for who in news),
        same=len(given) - len(news),
    )
