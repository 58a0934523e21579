"""`ChatThreadArchived` on a custom topic, so that nobody has to poll the archive."""

from typing import Any

from azure.core.exceptions import AzureError
from azure.eventgrid import EventGridEvent
from azure.eventgrid.aio import EventGridPublisherClient

from shared.domain.errors import Transient
from shared.domain.layout import encode_id
from shared.ports.announcer import Announcement

EVENT_TYPE = "ChatArchiver.ChatThreadArchived"


class TopicAnnouncer:
    """Publishes to one topic."""

    def __init__(
        self, client: EventGridPublisherClient, credential: Any = None
    ) -> None:
        """Publish through `client`; `close` closes `credential` too, as no SDK does."""
        self.client = client
        self.credential = credential

    async def announce(self, announcement: Announcement) -> None:
        """Publish the event to the topic."""
        event = EventGridEvent(
            subject=f"thread/{encode_id(announcement.thread_id)}",
            event_type=EVENT_TYPE,
            data_version="1.0",
            data={
                "threadId": announcement.thread_id,
                "revision": announcement.revision,
                "path": announcement.path,
                "manifestSha256": announcement.manifest_sha256,
            },
        )
        try:
            await self.client.send(event)
        except AzureError as error:
            raise Transient(f"announce: {type(error).__name__}") from None

    async def close(self) -> None:
        await self.client.close()
        if self.credential is not None:
            await self.credential.close()


class SilentAnnouncer:
    """Publishes nothing, for when no topic is configured."""

    async def announce(self, announcement: Announcement) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""
