"""What somebody looks for, decided without an index: an index gives the same answer."""

from collections.abc import Iterator

from shared.domain.log.event import parse_version
from shared.domain.search.fold import folded, words
from shared.domain.search.query import Query, is_meant, matches
from shared.domain.times import to_milliseconds
from shared.ports.archive_index import Filter
from shared.ports.indexed import IndexedMessage, Person, ThreadFacts


def is_thread_meant(facts: ThreadFacts, chosen: Filter) -> bool:
    """Return whether a thread has the topic and the person that are asked for."""
    return (
        (not chosen.threads or facts.thread_id in chosen.threads)
        and (chosen.only_threads is None or facts.thread_id in chosen.only_threads)
        and folded(chosen.topic) in folded(facts.topic)
        and (not chosen.participant or takes_part(facts, chosen.participant))
    )


def takes_part(facts: ThreadFacts, text: str) -> bool:
    return text in facts.participants or any(True for _ in people_meant(facts, text))


def people_meant(facts: ThreadFacts, text: str) -> Iterator[Person]:
    """Yield the people of a thread who are meant by a text; "" means nobody."""
    for person in facts.people if text else ():
        if is_meant(text, person.raw_id, person.shown):
            yield person


def is_message_meant(message: IndexedMessage, chosen: Filter) -> bool:
    """Return whether a message is of the time and the kind that are asked for."""
    return (
        is_between(message, chosen)
        and (message.is_edited or not chosen.is_edited)
        and (message.is_deleted or not chosen.is_deleted)
        and (message.file_count > 0 or not chosen.has_files)
        and (chosen.senders is None or message.sender in chosen.senders)
    )


def is_between(message: IndexedMessage, chosen: Filter) -> bool:
    for limit, sign in ((chosen.after, 1), (chosen.before, -1)):
        if isinstance(limit, int):
            number = parse_version(message.message_id) or 0
            if (number - limit) * sign <= 0:
                return False
        elif limit is not None:
            time, edge = message.created_on, to_milliseconds(limit)
            if not time or (time <= edge if sign > 0 else time >= edge):
                return False
    return True


def is_found(query: Query, message: IndexedMessage) -> bool:
    """Return whether a query finds a message: in a version of it, or by its sender."""
    texts = (message.text, *message.earlier_texts, message.sender.shown)
    return matches(query, [words(text) for text in texts])
