"""People who chat, each with their own identity and the real SDK clients."""

from dataclasses import dataclass
from pathlib import Path

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
