"""People who chat, each with their own identity and the real SDK clients."""

import json
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from azure.communication.chat import (
    ChatClient,
    ChatParticipant,
    ChatThreadClient,
    CommunicationTokenCredential,
)
from azure.communication.identity import (
    CommunicationIdentityClient,
    CommunicationUserIdentifier,
)

from local.stack import StackFailed, call

IMAGES_VERSION = "2025-03-15"
"""The first version with images of plain ACS chat; the Python SDK has none of them."""
TRIES = 20


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a token for the chat service."""

    name: str
    identifier: CommunicationUserIdentifier
    token: str
    endpoint: str
    ca_file: Path

    def as_participant(self) -> ChatParticipant:
        return ChatParticipant(identifier=self.identifier, display_name=self.name)

    def start(self, topic: str, *others: "Person") -> str:
        """Create a thread with others; return its id."""
        client = ChatClient(
            self.endpoint,
            CommunicationTokenCredential(self.token),
            connection_verify=str(self.ca_file),
        )
        people = [person.as_participant() for person in (self, *others)]
        created = client.create_chat_thread(topic, thread_participants=people)
        return str(created.chat_thread.id)

    def delete(self, thread_id: str) -> None:
        ChatClient(
            self.endpoint,
            CommunicationTokenCredential(self.token),
            connection_verify=str(self.ca_file),
        ).delete_chat_thread(thread_id)

    def thread(self, thread_id: str) -> ChatThreadClient:
        return ChatThreadClient(
            self.endpoint,
            CommunicationTokenCredential(self.token),
            thread_id,
            connection_verify=str(self.ca_file),
        )

    def say(self, thread_id: str, text: str, **options: object) -> str:
        """Send a message; return its id."""
        sent = self.thread(thread_id).send_message(
            text, sender_display_name=self.name, **options
        )
        return str(sent.id)

    def read(self, thread_id: str, message_id: str) -> None:
        """Say that a thread is read up to a message."""
        self.thread(thread_id).send_read_receipt(message_id)

    def show(self, thread_id: str, name: str, picture: bytes) -> str:
        """Add a PNG to a thread and send it in a message; return the message's id.

        Raises:
            StackFailed: the service does not take it.

        """
        image = self.upload(thread_id, name, picture)
        return self.say(
            thread_id,
            f'<p>A photo: <img id="{image}" alt="{name}"></p>',
            chat_message_type="html",
            metadata={"amsreferences": json.dumps([image])},
        )

    def upload(self, thread_id: str, name: str, picture: bytes) -> str:
        url = f"{self.endpoint}/chat/threads/{quote(thread_id)}/images"
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "image/png",
            "image-filename": name,
        }
        tls = ssl.create_default_context(cafile=self.ca_file)
        for _ in range(TRIES):  # the service may throttle, as it does to the SDK
            status, body = call(
                "POST",
                f"{url}?api-version={IMAGES_VERSION}",
                picture,
                headers=headers,
                tls=tls,
            )
            if status == 201:
                return str(json.loads(body)["id"])
            time.sleep(0.2)
        raise StackFailed(f"the image was not taken: status {status}")


def invite(
    names: list[str], *, connection_string: str, endpoint: str, ca_file: Path
) -> list[Person]:
    """Return a person with a new identity and token for each name."""
    client = CommunicationIdentityClient.from_connection_string(
        connection_string, connection_verify=str(ca_file)
    )
    people = []
    for name in names:
        identifier, token = client.create_user_and_token(["chat"])
        people.append(Person(name, identifier, token.token, endpoint, ca_file))
    return people
