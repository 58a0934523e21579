"""The event subscription, as Azure's management interface describes it.

Of several on one topic the product's own counts: the one that delivers to its function
or to its queue.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from shared.domain import layout
from shared.domain.log.event import PREFIX, THREAD_LEVEL, USER_LEVEL
from shared.domain.words import plural
from shared.ports.management import Management, Resources
from shared.usecases.capture.doctor.examine import (
    Found,
    Once,
    Step,
    failure,
    not_checked,
    ok,
    warning,
)

SUBSCRIPTION = "event subscription"
TYPES = "event types"
DEAD_LETTERING = "dead-lettering"
TOPIC = re.compile(
    r"/subscriptions/[\w-]+/resourceGroups/[\w.()-]+/providers/"
    r"Microsoft\.EventGrid/systemTopics/[\w-]+",
    re.IGNORECASE | re.ASCII,
)
"""The id of a system topic."""
OWN_FUNCTION = "/functions/archive_chat_event"
SUBSCRIBE = "azd hooks run postdeploy"
NAME_IT = 'chat-archive doctor --event-topic-id "$(azd env get-value EVENT_TOPIC_ID)"'
READ_IT = 'az role assignment create --role Reader --assignee <you> --scope "{}"'
AGAIN = "wait, then: chat-archive doctor"
UNREADABLE = "Azure's answer cannot be read"


@dataclass(slots=True, kw_only=True)
class EventSubscription:
    """Looks at a topic's subscription; `account` is the archive's, "" if unknown."""

    management: Management
    topic_id: str
    account: str
    listed: Once[Resources] = field(init=False)

    def __post_init__(self) -> None:
        self.listed = Once(lambda: self.management.event_subscriptions(self.topic_id))

    def steps(self, needs: tuple[str, ...]) -> list[Step]:
        late = not_checked("Azure did not answer in time", AGAIN)
        names = {
            SUBSCRIPTION: (self.there, needs),
            TYPES: (self.types, (SUBSCRIPTION,)),
            DEAD_LETTERING: (self.dead_lettering, (SUBSCRIPTION,)),
        }
        return [
            Step(name=name, look=look, needs=needed, late=late)
            for name, (look, needed) in names.items()
        ]

    async def there(self) -> Found:
        """See whether events are delivered to the app, and for how long."""
        listed = await self.listed()
        if listed.status != HTTPStatus.OK:
            return self.refused(listed.status)
        if listed.items is None:
            return not_checked(UNREADABLE, AGAIN)
        own = own_of(listed.items)
        if own is None:
            there = plural(len(listed.items), "subscription")
            return failure(f"the topic has {there}, none to the app", SUBSCRIBE)
        return self.delivery(own)

    def delivery(self, own: Mapping[str, Any]) -> Found:
        state = str(own.get("provisioningState", ""))
        if state not in ("", "Succeeded"):
            return failure(f"its state is {state[:40]}", SUBSCRIBE)
        queue = destination_of(own)
        if queue.get("queueName") and self.is_elsewhere(queue):
            return failure("it puts events into another storage account", SUBSCRIBE)
        if ends := str(own.get("expirationTimeUtc") or ""):
            text = f"it ends on {ends[:40]}, and no event comes from then on"
            return failure(text, SUBSCRIBE)
        way = "by queue" if queue.get("queueName") else "directly"
        return ok(f"it delivers {way}")

    def refused(self, status: int) -> Found:
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return not_checked(
                f"you may not look at the topic ({status})",
                READ_IT.format(self.topic_id),
            )
        if status == HTTPStatus.NOT_FOUND:
            return failure("there is no such topic (404)", "azd provision")
        said = f"answers {status}" if status else "does not answer"
        return not_checked(f"Azure's management interface {said}", AGAIN)

    async def types(self) -> Found:
        """See whether every type is subscribed to that the code knows."""
        wanted = member(await self.own(), "filter")
        if is_filtered(wanted):
            return warning("filters hold some of them back", SUBSCRIBE)
        included = wanted.get("includedEventTypes")
        if included is None:
            return ok("all")
        if not isinstance(included, list):
            return not_checked(UNREADABLE, AGAIN)
        return self.subscribed(included)

    def subscribed(self, included: Sequence[Any]) -> Found:
        names = {str(name).removeprefix(PREFIX) for name in included}
        missing = [name for name in THREAD_LEVEL if name not in names]
        if not missing:
            return ok(f"all {len(THREAD_LEVEL)} that a thread's events have")
        by_user = {kind for name, kind in USER_LEVEL.items() if name in names}
        lost = [name for name in missing if THREAD_LEVEL[name] not in by_user]
        if lost:
            return failure(f"not subscribed to: {', '.join(lost)}", SUBSCRIBE)
        return warning(
            "some come once per user, and never for a thread of one: not subscribed to "
            f"{', '.join(missing)}",
            SUBSCRIBE,
        )

    async def dead_lettering(self) -> Found:
        """See whether Event Grid keeps what it cannot deliver, and where."""
        own = await self.own()
        with_identity = member(own, "deadLetterWithResourceIdentity")
        place = member(own, "deadLetterDestination") or member(
            with_identity, "deadLetterDestination"
        )
        properties = member(place, "properties")
        container = properties.get("blobContainerName")
        if not container:
            return failure("off: Event Grid drops what it cannot deliver", SUBSCRIBE)
        if container != layout.DEAD_LETTER or self.is_elsewhere(properties):
            return warning(
                f"on, but not into the container {layout.DEAD_LETTER} of this account, "
                "where redeliver looks",
                SUBSCRIBE,
            )
        return ok(f"on, into {layout.DEAD_LETTER}")

    async def own(self) -> Mapping[str, Any]:
        return own_of((await self.listed()).items or ()) or {}

    def is_elsewhere(self, properties: Mapping[str, Any]) -> bool:
        """Return whether something is in another account than the archive."""
        named = str(properties.get("resourceId", "")).rstrip("/").rpartition("/")[2]
        return bool(self.account and named) and named.lower() != self.account.lower()


def own_of(items: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the properties of the product's own subscription; None for none."""
    every = [member(item, "properties") for item in items]
    return next(filter(is_own, every), None)


def is_own(properties: Mapping[str, Any]) -> bool:
    where = destination_of(properties)
    function = str(where.get("resourceId", "")).lower()
    hook = str(where.get("endpointBaseUrl", "")).lower()
    return (
        function.endswith(OWN_FUNCTION)
        or hook.rstrip("/").endswith("/runtime/webhooks/eventgrid")
        or where.get("queueName") == layout.EVENTS_QUEUE
    )


def destination_of(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of a subscription's destination."""
    with_identity = member(properties, "deliveryWithResourceIdentity")
    place = member(properties, "destination") or member(with_identity, "destination")
    return member(place, "properties")


def is_filtered(wanted: Mapping[str, Any]) -> bool:
    """Return whether a filter holds back more than types."""
    names = ("subjectBeginsWith", "subjectEndsWith", "advancedFilters")
    return any(wanted.get(name) for name in names)


def member(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object in an object; {} where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}
