"""The search of a site: every message of an index, by time, and where its page is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from shared.domain.thread.messages import message_order
from shared.formats.site_search.writer import (
    SearchedMessage,
    SearchWriter,
    engine_files,
)
from shared.ports.archive_index import IndexReader
from shared.ports.indexed import IndexedTexts, Person
from shared.usecases.reading.site.pages import SiteThread

FOLDER = "search/"


def search_files(
    index: IndexReader,
    threads: Sequence[SiteThread],
    people: Sequence[Person],
) -> Iterator[tuple[str, bytes]]:
    """Yield the files, as they become full; messages of no other thread are in them."""
    for name, data in chain(engine_files(), texts(index, threads, people)):
        yield FOLDER + name, data


def texts(
    index: IndexReader,
    threads: Sequence[SiteThread],
    people: Sequence[Person],
) -> Iterator[tuple[str, bytes]]:
    writer = SearchWriter()
    numbers = {each.facts.thread_id: at for at, each in enumerate(threads)}
    senders = {person: at for at, person in enumerate(people)}
    ordinals = Ordinals(index)
    for message in index.texts():
        if message.thread_id not in numbers:
            continue  # its pages could not be made
        yield from writer.add(
            SearchedMessage(
                thread=numbers[message.thread_id],
                ordinal=ordinals.of(message),
                message_id=message.message_id,
                time=message.number,
                sender=senders.get(message.sender, -1),
                texts=message.texts,
                is_edited=message.is_edited,
                is_deleted=message.is_deleted,
                has_files=message.has_files,
            )
        )
    yield from writer.finish()


class Ordinals:
    """Where messages stand in the pages of their threads, which go by ids.

    That is the order in which they come, by time, but for ids that are no plain number:
    a thread that has any is looked at by itself.
    """

    def __init__(self, index: IndexReader) -> None:
        self.index = index
        self.next = Counter[str]()
        self.odd: dict[str, dict[str, int]] = {}

    def of(self, message: IndexedTexts) -> int:
        thread_id = message.thread_id
        if thread_id not in self.next:
            self.look_at(thread_id)
        place = self.next[thread_id]
        self.next[thread_id] += 1
        if thread_id in self.odd:
            return self.odd[thread_id][message.message_id]
        return place

    def look_at(self, thread_id: str) -> None:
        self.next[thread_id] = 0
        ids = self.index.message_ids(thread_id)
        if not all(map(is_plain, ids)):
            in_order = sorted(ids, key=message_order)
            self.odd[thread_id] = {each: at for at, each in enumerate(in_order)}


def is_plain(message_id: str) -> bool:
    return message_id.isascii() and message_id.isdecimal() and message_id[0] != "0"
