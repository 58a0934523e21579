"""People who chat for as long as the run lasts, in bursts, in ever new threads."""

import random
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError

from local.demo.people import Person

MOST_AWAKE = 4
"""Threads in which people chat at the same time."""
BURST = (5, 25)
"""How many things happen in a thread before it falls silent."""
REVISITED = 0.4
"""How often people go on in an old thread instead of a new one."""
PAUSE = (0.1, 1.0)
DELETED = 0.05
"""How many threads are deleted after a burst."""


@dataclass(slots=True)
class Talk:
    """One thread as its people know it."""

    thread_id: str
    people: list[Person]
    messages: list[tuple[str, Person]] = field(default_factory=list)


@dataclass(slots=True)
class Crowd:
    """Everybody. `quiet` is set while nobody may speak."""

    people: list[Person]
    chance: random.Random
    stopped: threading.Event
    quiet: threading.Event = field(default_factory=threading.Event)
    at_work: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    old: list[Talk] = field(default_factory=list)

    def chat(self, name: str, seed: float) -> None:
        """Hold one burst after the other, until the run stops."""
        chance = random.Random(seed)
        while not self.stopped.wait(chance.uniform(*PAUSE)):
            if self.quiet.is_set():
                continue
            self.at_work[name] = 1
            # The service refuses often, as it does in life: people try something else.
            with suppress(AzureError):
                self.burst(chance)
            self.at_work[name] = 0

    @property
    def is_silent(self) -> bool:
        return self.quiet.is_set() and not any(self.at_work.values())

    def burst(self, chance: random.Random) -> None:
        talk = self.begin(chance)
        for _ in range(chance.randint(*BURST)):
            if self.stopped.wait(chance.uniform(*PAUSE)) or self.quiet.is_set():
                break
            with suppress(AzureError):
                self.act(talk, chance)
        if chance.random() < DELETED:
            talk.people[0].delete(talk.thread_id)
            self.done["threads deleted"] += 1
        else:
            self.old.append(talk)

    def begin(self, chance: random.Random) -> Talk:
        if self.old and chance.random() < REVISITED:
            with suppress(IndexError):  # somebody else may have taken the last one
                return self.old.pop(chance.randrange(len(self.old)))
        people = chance.sample(self.people, chance.randint(2, 4))
        thread_id = people[0].start(f"Case {chance.randrange(10_000)}", *people[1:])
        self.done["threads begun"] += 1
        return Talk(thread_id, people)

    def act(self, talk: Talk, chance: random.Random) -> None:
        person = chance.choice(talk.people)
        what = chance.choices(["say", "edit", "delete", "topic"], [12, 4, 2, 1])[0]
        if what == "topic":
            person.thread(talk.thread_id).update_topic(f"Case {chance.random()}")
        elif what == "say" or not talk.messages:
            said = person.say(talk.thread_id, f"Text {chance.random()}")
            talk.messages.append((said, person))
        elif what == "edit":
            message_id, author = chance.choice(talk.messages)
            author.thread(talk.thread_id).update_message(
                message_id, content=f"Text {chance.random()}"
            )
        else:
            message_id, author = talk.messages.pop()
            author.thread(talk.thread_id).delete_message(message_id)
        self.done["things said"] += 1
