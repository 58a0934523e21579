"""Histories of an archive, drawn by chance: what a service, people and accidents do.

A history is a list of steps; each is the name of a method here and its arguments. After
each the archive has to verify. The storage's clock only goes on; the writer's is off by
days at times.
"""

from datetime import timedelta

from hypothesis import strategies as st

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    listed_edited,
    received,
    thread_created,
    thread_event,
    who,
)
from evidence_archives import OTHER
from evidence_writer import EvidenceWriter, Killed

PEOPLE = (ALICE, BOB)
THREADS = (THREAD, OTHER)
TEXTS = (
    "hello", "", "\ud800 alone", "\u2028\u2029\x85\x7f", "👩🏽‍💼", '"},"salt":"', "a\r\nb", "[" * 80, "0420",
    '{"facts":{}}', "topic", "\x00",
)  # fmt: skip


class History:
    """An archive with the steps that change it."""

    def __init__(self, seed):
        self.writer = EvidenceWriter(seed)
        self.erasures = 0
        self.kills = 0

    def say(self, thread, number, person, text):
        event = received(
            number, text, threadId=thread, senderCommunicationIdentifier=who(person)
        )
        self.writer.receive(event, thread)

    def edit(self, thread, number, person, text):
        event = edited(
            number, text, threadId=thread, senderCommunicationIdentifier=who(person)
        )
        self.writer.receive(event, thread)

    def delete(self, thread, number, *_):
        event = deleted(number, threadId=thread)
        del event["data"]["senderCommunicationIdentifier"]
        self.writer.receive(event, thread)

    def change(self, thread, _number, person, text):
        event = thread_event(
            "ChatThreadPropertiesUpdated",
            threadId=thread,
            properties={"topic": text},
            editedByCommunicationIdentifier=who(person),
            editTime=self.writer.now.isoformat(),
        )
        self.writer.receive(event, thread)
        self.writer.world(thread).topic = text

    def come(self, thread, _number, person, text):
        """Have a person join, perhaps again, with a new share-history time."""
        self.writer.receive(thread_created(threadId=thread), thread)
        people = self.writer.world(thread).participants
        people[:] = [
            one for one in people if one["communicationIdentifier"]["rawId"] != person
        ]
        now = self.writer.now.isoformat()
        entry = {"communicationIdentifier": who(person), "displayName": text}
        people.append(entry | {"shareHistoryTime": now})

    def show(self, thread, number, person, text):
        item = listed(number, text, senderCommunicationIdentifier=who(person))
        self.writer.show(item, thread)

    def show_edited(self, thread, number, _, text):
        self.writer.show(listed_edited(number, text), thread)

    def list_service(self, thread, *_):
        self.writer.world(thread).is_listed = True

    def repeat_event(self, thread, *_):
        self.writer.receive_twice(thread)

    def quarantine(self, thread, _number, _person, text):
        self.writer.quarantine(text.encode("utf-8", "surrogatepass"), thread)

    def odd_event(self, thread, number, _person, text):
        """Receive what ingest takes and whose facts cannot be had."""
        event = received(number, text, threadId=thread)
        event["data"]["messageId"] = ["x", "1" * 17, 12, True, 1.5][number % 5]
        self.writer.receive(event, thread)

    def attach(self, thread, number, _person, text):
        number = number + 1
        data = text.encode("utf-8", "surrogatepass")
        self.writer.fetch(FIRST_ID + number, data, thread, number)

    def finalize(self, thread, *_):
        self.writer.finalize(thread)

    def erase_message(self, thread, number, *_):
        self.erase("message", str(FIRST_ID + number), thread=thread)

    def erase_person(self, thread, _number, person, _text):
        self.erase("participant", person, thread=thread)

    def erase_topic(self, thread, *_):
        self.erase("topic", thread=thread)

    def erase(self, *what, thread):
        self.erasures += self.writer.erase(*what, thread=thread) is not None

    def hold(self, thread, _number, person, _text):
        self.writer.hold(thread=thread, participant=person)

    def repeat_append(self, *_):
        self.writer.repeats = True

    def pass_time(self, _thread, number, *_):
        self.writer.now += timedelta(hours=11 * number + 1)

    def lose_clock(self, _thread, number, *_):
        self.writer.skew = timedelta(days=(-9, 0, 0, 400)[number % 4])

    def remove_superseded(self, thread, *_):
        self.writer.remove_superseded(thread)

    def kill(self, thread, number, *_):
        """Kill the next writer after so many writes; the one after it goes on."""
        self.writer.fuse = number * 2
        try:
            self.writer.finalize(thread)
            self.writer.erase("message", str(FIRST_ID + number), thread=thread)
        except Killed:
            self.kills += 1
        finally:
            self.writer.fuse = None


STEPS = (
    "say", "say", "edit", "delete", "change", "come", "show", "show_edited", "list_service", "repeat_event",
    "quarantine", "odd_event", "attach", "finalize", "finalize", "finalize", "erase_message", "erase_message",
    "erase_person", "erase_topic", "hold", "repeat_append", "pass_time", "lose_clock", "remove_superseded",
    "kill",
)  # fmt: skip


def steps(most, names=STEPS):
    """Return a strategy for the steps of a history."""
    step = st.tuples(
        st.sampled_from(names),
        st.sampled_from(THREADS),
        st.integers(0, 6),
        st.sampled_from(PEOPLE),
        st.sampled_from(TEXTS),
    )
    return st.lists(step, min_size=1, max_size=most)
