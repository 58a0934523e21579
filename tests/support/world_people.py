"""What people and their service do in a history, and what accidents happen to the log.

Each step is the name of a method here and its arguments, as in `evidence_histories`.
Whatever is said holds a token, and `model` knows of each line that may hold one.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    deleted,
    edited,
    listed,
    moment,
    received,
    thread_created,
    thread_event,
    who,
)
from fakes.service import page, pages_of
from shared.domain import layout
from shared.domain.errors import Transient
from shared.domain.log.record import encode_record
from shared.domain.thread.listing import Page, PageKind
from shared.ports.chat_service import ServiceListing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Said:
    """A message as its service has it."""

    number: int
    person: str
    body: str
    token: str
    version: int
    more: dict = field(default_factory=dict)

    @property
    def id(self):
        return str(FIRST_ID + self.number)

    @property
    def on(self):
        return EPOCH + timedelta(milliseconds=FIRST_ID + self.number)


@dataclass(slots=True)
class Service:
    """What the service has of a thread; `shown` numbers the occurrences it lists."""

    is_readable: bool = False
    items: dict = field(default_factory=dict)
    participants: dict = field(default_factory=dict)
    topic: str = "A topic"
    odd_page: str = ""
    shown: dict = field(default_factory=dict)


class People:
    """The steps of a history that happen outside of the archiver."""

    # What people say

    def stamp(self):
        return int(self.storage().timestamp() * 1000) - FIRST_ID

    async def deliver(self, thread, event, *, place="log", **about):
        event["eventTime"] = self.storage().isoformat()
        await self.world.ingest(json.dumps(event))
        self.delivered[thread].append((event, place, about))
        self.note(thread, place, about)

    def note(self, thread, place, about):
        """Note an occurrence; what is unreadable has the time of its receiver."""
        if about.get("unreadable"):
            about = about | {"time": self.writer_clock()}
        self.model.note(thread=thread, place=place, **about)

    def new_message(self, thread, person, text):
        token = self.model.token()
        number = self.stamp()
        said = Said(number, person, f"{text} {token} {text}", token, FIRST_ID + number)
        self.messages[thread].append(said)
        self.model.senders.setdefault((thread, said.id), set()).add(person)
        return said

    def pick(self, thread, number, person, text):
        """Return a message of the thread, a new one where there is none."""
        said = self.messages[thread]
        if said:
            return said[number % len(said)]
        return self.new_message(thread, person, text)

    def about(self, said):
        return {
            "tokens": (said.token,),
            "message": said.id,
            "people": frozenset([said.person]),
            "time": said.on,
        }

    def named(self, said):
        return {
            "senderCommunicationIdentifier": who(said.person),
            "senderDisplayName": f"Name {said.token}",
        }

    async def say(self, thread, number, person, text):
        said = self.new_message(thread, person, text)
        more = {"metadata": {"k": said.token}} if number % 3 else {"level": ""}
        if not number % 3:
            more["recipientCommunicationIdentifier"] = who(ALICE)
        event = received(
            said.number, said.body, threadId=thread, **self.named(said), **more
        )
        await self.deliver(thread, event, **self.about(said))

    async def edit(self, thread, number, person, text):
        said = self.pick(thread, number, person, text)
        said.token = self.model.token()
        said.body, said.version = f"{text} {said.token}", FIRST_ID + self.stamp()
        after = self.stamp() - said.number
        event = edited(
            said.number, said.body, after=after, threadId=thread, **self.named(said)
        )
        await self.deliver(thread, event, **self.about(said))

    async def delete(self, thread, number, person, text):
        said = self.pick(thread, number, person, text)
        event = deleted(said.number, after=self.stamp() - said.number, threadId=thread)
        del event["data"]["senderCommunicationIdentifier"]
        event["data"]["senderDisplayName"] = ""
        about = self.about(said) | {
            "tokens": (),
            "follows": True,
            "people": frozenset(),
        }
        await self.deliver(thread, event, **about)

    async def change(self, thread, _number, person, text):
        token = self.model.token()
        event = thread_event(
            "ChatThreadPropertiesUpdated",
            threadId=thread,
            properties={"topic": f"{text}{token}"},
            editedByCommunicationIdentifier=who(person),
            editTime=self.storage().isoformat(),
            version=FIRST_ID + self.stamp(),
        )
        await self.deliver(
            thread,
            event,
            tokens=(token,),
            topic=True,
            people=frozenset([person]),
            time=self.storage(),
        )
        service = self.services[thread]
        service.topic = f"{text}{token}"
        about = {"tokens": (token,), "topic": True, "time": EPOCH}
        self.show_as(thread, "properties", about)

    async def come(self, thread, number, person, text):
        """Have somebody join, perhaps again, with a new share-history time."""
        names = {user: self.model.token() for user in (ALICE, BOB)}
        now = self.storage()
        person_of = {
            user: {
                "displayName": f"{text}{names[user]}",
                "participantCommunicationIdentifier": who(user),
            }
            for user in names
        }
        if number % 2:
            event = thread_created(
                threadId=thread,
                participants=list(person_of.values()),
                createTime=now.isoformat(),
                version=FIRST_ID + self.stamp(),
            )
            people = frozenset(names)
            about = {"tokens": tuple(names.values()), "topic": True}
        else:
            event = thread_event(
                "ChatThreadParticipantAdded",
                threadId=thread,
                time=now.isoformat(),
                participantAdded=person_of[person],
                version=FIRST_ID + self.stamp(),
            )
            people, about = frozenset([person]), {"tokens": (names[person],)}
        await self.deliver(thread, event, people=people, time=now, **about)
        item = {
            "communicationIdentifier": who(person),
            "displayName": f"{text}{names[person]}",
            "shareHistoryTime": now.isoformat(),
        }
        self.services[thread].participants[person] = item
        about = {"tokens": (names[person],), "people": frozenset([person]), "time": now}
        self.show_as(thread, person, about)

    async def leave(self, thread, _number, person, text):
        token = self.model.token()
        event = thread_event(
            "ChatThreadParticipantRemoved",
            threadId=thread,
            time=self.storage().isoformat(),
            participantRemoved={
                "displayName": f"{text}{token}",
                "participantCommunicationIdentifier": who(person),
            },
            removedByCommunicationIdentifier=who(ALICE),
            version=FIRST_ID + self.stamp(),
        )
        people = frozenset([person, ALICE])
        about = {"tokens": (token,), "people": people, "time": self.storage()}
        await self.deliver(thread, event, **about)
        service = self.services[thread]
        service.participants.pop(person, None)
        service.shown.pop(person, None)

    async def other_event(self, thread, number, person, text):
        """Receive an event of a type that nobody knows, about several people."""
        token = self.model.token()
        people = (ALICE, BOB) if number % 2 else (person,)
        event = thread_event(
            "ChatSomethingNew",
            threadId=thread,
            note=f"{text}{token}",
            deep=[{"of": who(user)} for user in people],
            id=token,
        )
        about = {
            "tokens": (token,),
            "people": frozenset(people),
            "time": self.storage(),
        }
        await self.deliver(thread, event, **about)

    async def quarantine(self, thread, _number, _person, text):
        token = self.model.token()
        event = received(0, f"{text}{token}", threadId=thread, version="none")
        await self.deliver(
            thread, event, place="quarantine", tokens=(token,), unreadable=True
        )

    async def odd_event(self, thread, number, person, text):
        """Receive what ingest takes and whose facts cannot be had."""
        token = self.model.token()
        event = received(self.stamp(), f"{text}{token}", threadId=thread)
        event["data"] |= [
            {"messageId": "x"},
            {"messageId": "1" * 17},
            {"version": "9" * 17},
            {"senderCommunicationIdentifier": {"rawId": "\ud800"}},
            {"messageId": 1.5},
        ][number % 5]
        await self.deliver(thread, event, tokens=(token,), unreadable=True)

    # What happens on the way

    async def repeat_event(self, thread, number, *_):
        """Deliver an event again, lose an answer, or repeat an append."""
        events = self.delivered[thread]
        if not events:
            return
        event, place, about = events[number % len(events)]
        if number % 3 == 2:
            self.repeat_line(thread)
            return
        if number % 3 == 1:
            self.world.log.failing = 1
            try:
                await self.world.ingest(json.dumps(event))
            except Transient:
                self.note(thread, place, about)
            self.world.log.failing = 0
        await self.world.ingest(json.dumps(event))
        self.note(thread, place, about)

    def repeat_line(self, thread):
        """Append a line of the log once more: the same record, as after a lost answer."""
        folder = layout.thread_folder(thread)
        for path, blob in self.world.log.blobs.items():
            lines = blob.data.split(b"\n")
            if path.startswith(folder) and lines[-1] == b"" and lines[-2:-1]:
                blob.data += lines[-2] + b"\n"
                blob.modified_on = self.storage()
                return

    async def tear(self, thread, number, person, text):
        """Tear an append in the middle; the event comes again, mostly."""
        said = self.new_message(thread, person, text)
        event = received(said.number, said.body, threadId=thread, **self.named(said))
        record = encode_record(
            json.dumps(event), self.writer_clock(), self.world.salts()
        )
        end = record.rfind(said.token.encode()) + len(said.token)
        stem = layout.segment_stem(thread, self.storage().date())
        await self.world.log.append(stem, record[:end])
        self.model.note(thread=thread, place="torn", tokens=(said.token,))
        if number % 3:
            await self.deliver(thread, event, **self.about(said))

    # What the service lists

    def show_as(self, thread, key, about):
        self.model.note(thread=thread, place="listed", **about)
        self.services[thread].shown[key] = len(self.model.said) - 1

    async def show(self, thread, number, person, text):
        """Have the service list a message: one that events told, or a new one."""
        said = self.pick(thread, number, person, text)
        if number % 3 == 0:
            said = self.new_message(thread, person, text)
        self.list_message(thread, said)

    def list_message(self, thread, said):
        now = {"version": str(said.version)}
        if said.version != FIRST_ID + said.number:
            now["editedOn"] = moment(said.version)
        content = {"content": {"message": said.body} | said.more}
        item = listed(said.number, **now, **content, **self.named(said))
        self.services[thread].items[said.id] = item
        self.show_as(thread, said.id, self.about(said))

    async def show_edited(self, thread, number, person, text):
        if number % 2 and self.messages[thread]:
            await self.edit(thread, number, person, text)
        self.list_message(thread, self.pick(thread, number, person, text))

    async def attach(self, thread, number, person, text):
        """Have the service list a new message that names files, one of which is gone."""
        said = self.new_message(thread, person, text)
        name, data = self.model.token(), self.model.token()
        files = [
            {"id": name, "attachmentType": "image", "name": f"{name}.png",
             "url": f"https://files/{name}/{at}"}
            for at in range(1 + number % 2)
        ]  # fmt: skip
        said.more = {"attachments": files}
        self.list_message(thread, said)
        about = {"message": said.id, "time": said.on, "follows": True}
        self.show_as(thread, f"{said.id} name", about | {"tokens": (name,)})
        if number % 3:
            self.world.images.files[files[0]["url"]] = b"PNG " + data.encode()
            self.show_as(thread, f"{said.id} data", about | {"tokens": (data,)})

    async def show_system(self, thread, number, person, text):
        """Have the service list a message of its own: who came, or a new topic."""
        said = self.new_message(thread, person, text)
        self.model.senders.pop((thread, said.id))
        content = {"initiatorCommunicationIdentifier": who(ALICE)}
        people, is_topic = [person], number % 2 == 0
        if is_topic:
            content["topic"], people = said.body, []
        else:
            content["participants"] = [
                {"communicationIdentifier": who(user), "displayName": said.body}
                for user in people
            ]
        item = listed(
            said.number,
            type="topicUpdated" if is_topic else "participantAdded",
            content=content,
            senderCommunicationIdentifier=None,
            senderDisplayName="",
        )
        self.messages[thread].remove(said)
        self.services[thread].items[said.id] = item
        about = self.about(said) | {"people": frozenset([*people, ALICE])}
        self.show_as(thread, said.id, about | {"topic": is_topic})

    async def show_odd(self, thread, number, _person, text):
        """Have the service list what nobody can read, or a page that nobody can split."""
        token = self.model.token()
        if number % 2:
            self.services[thread].odd_page = token
            return
        item = listed(self.stamp(), f"{text} {token}", id=token)
        self.services[thread].items[token] = item
        about = {"tokens": (token,), "unreadable": True, "time": None}
        self.show_as(thread, token, about)

    async def list_service(self, thread, number, *_):
        self.services[thread].is_readable = number > 0

    def set_pages(self, thread):
        service = self.services[thread]
        key = (thread, ALICE)
        self.world.chat.pages.pop(key, None)
        if not service.is_readable:
            return
        created = {"topic": service.topic, "createdOn": "2026-11-22T08:00:00Z"}
        items = sorted(service.items.values(), key=lambda item: item["version"])
        people = list(service.participants.values())
        odd = ()
        if service.odd_page:
            body = {"value": [], "\x7f": service.odd_page}
            twice = json.dumps(body).replace("\\u007f", "value")
            odd = (Page(kind=PageKind.MESSAGES, body=twice),)
            about = {"tokens": (service.odd_page,), "unreadable": True}
            self.show_as(thread, "odd page", about | {"time": self.writer_clock()})
        self.world.chat.pages[key] = ServiceListing(
            pages=(
                page(PageKind.PROPERTIES, created),
                *odd,
                *pages_of(items[::-1], 2),
                page(PageKind.PARTICIPANTS, {"value": people}),
            ),
            settled=True,
        )
