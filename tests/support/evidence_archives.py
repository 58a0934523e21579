"""Small archives, to be attacked."""

from datetime import timedelta

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    received,
    thread_created,
    who,
)
from evidence_writer import EvidenceWriter
from shared.domain.layout import thread_folder

OTHER = "19:acsV1_another@thread.v2"
FOLDER = thread_folder(THREAD)
OTHER_FOLDER = thread_folder(OTHER)
SECRET = "my number is 0420"
BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}


def small(seed=0, writer=None):
    """Two threads, one of them with two revisions, attachments and a closed blob."""
    writer = writer or EvidenceWriter(seed)
    writer.receive(thread_created())
    writer.receive(received(0, "hello"))
    writer.receive(received(1, SECRET, **BY_BOB))
    writer.receive(received(2, "goodbye"))
    writer.quarantine(b"\xff no event")
    writer.fetch(FIRST_ID + 1, b"PNG of Bob")
    writer.fetch(FIRST_ID, b"PNG of Alice")
    writer.show(listed(0))
    writer.show(listed(1, SECRET, **BY_BOB))
    world = writer.world(THREAD)
    world.participants = [
        {"communicationIdentifier": who(user), "displayName": name}
        for user, name in ((ALICE, "Alice"), (BOB, "Bob"))
    ]
    world.is_listed = True
    writer.finalize()
    writer.receive(received(9, "elsewhere"), OTHER)
    writer.finalize(OTHER)
    writer.now += timedelta(days=1, hours=1)
    writer.receive(edited(1, SECRET + "!", **BY_BOB))
    writer.receive(deleted(2))
    writer.finalize()
    return writer


def erased(writer=None):
    """The same after an erasure of one message."""
    writer = small(writer=writer)
    writer.erase("message", str(FIRST_ID + 1))
    return writer


def path_of(writer, name, revision=1, folder=FOLDER):
    return f"{folder}rev={revision:04d}/{name}"
