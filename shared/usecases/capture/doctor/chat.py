"""The ACS resource: whether it answers, knows us, issues tokens, and speaks a version.

Nothing is made there: a token for a user who is there already changes nothing, and
neither does being refused one for a user who is nobody.
"""

from dataclasses import dataclass, field
from http import HTTPStatus

from shared.ports.chat_look import ChatLook
from shared.usecases.capture.doctor.examine import (
    Found,
    Once,
    Step,
    failure,
    not_checked,
    ok,
    warning,
)

SERVICE = "chat service"
TOKEN = "chat token"  # noqa: S105 - a name
VERSION = "chat version"
NO_ID = "00000000-0000-0000-0000-000000000000"
NOBODY = f"8:acs:{NO_ID}_{NO_ID}"
"""A user whom no resource has."""
OWNER = (
    'az role assignment create --role "Communication and Email Service Owner" '
    "--assignee <you> --scope <id of the ACS resource>"
)
KEY = (
    "az communication list-key --name <ACS resource> --resource-group <its group>, and "
    "set ACS_CONNECTION_STRING to one"
)
AGAIN = "wait, then: chat-archive doctor"


@dataclass(slots=True, kw_only=True)
class ChatResource:
    """Looks at the resource, as the first reader where one is given."""

    look: ChatLook
    host: str
    by_key: bool
    reader: str
    api_version: str
    asked: Once[int] = field(init=False)

    def __post_init__(self) -> None:
        self.asked = Once(lambda: self.look.token(self.reader or NOBODY))

    def steps(self, needs: tuple[str, ...]) -> list[Step]:
        return [
            Step(name=SERVICE, look=self.service, needs=needs),
            Step(name=TOKEN, look=self.token, needs=(SERVICE,)),
            Step(name=VERSION, look=self.version, needs=(TOKEN,)),
        ]

    async def service(self) -> Found:
        """See whether the resource answers, and knows us."""
        status = await self.asked()
        if not status:
            return failure(
                f"{self.host} does not answer",
                "look at the address (ACS_ENDPOINT, ACS_CONNECTION_STRING) and at the "
                "network, then: chat-archive doctor",
            )
        if status == HTTPStatus.UNAUTHORIZED:
            who = "key" if self.by_key else "identity"
            return failure(
                f"{self.host} refuses the {who} (401)", KEY if self.by_key else OWNER
            )
        if status == HTTPStatus.FORBIDDEN and not self.by_key:
            return failure(f"{self.host} forbids asking for tokens (403)", OWNER)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return warning(f"{self.host} throttles (429)", AGAIN)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return failure(f"{self.host} answers {status}", AGAIN)
        return ok(
            f"{self.host} answers, and knows the {'key' if self.by_key else 'identity'}"
        )

    async def token(self) -> Found:
        """See whether a token is issued for the first reader."""
        if not self.reader:
            return not_checked(
                "a token is issued for a user who is there, and no reader is given",
                "chat-archive doctor --reader-ids 8:acs:…",
            )
        status = await self.asked()
        if status == HTTPStatus.OK:
            return ok("issued for the first reader")
        return failure(
            f"none for the first reader ({status}): deleted, or of another resource",
            "chat-archive doctor --reader-ids <another user>",
        )

    async def version(self) -> Found:
        """See whether the service speaks the version that it is asked for."""
        status = await self.look.threads(self.reader)
        if status == HTTPStatus.OK:
            return ok(f"{self.api_version} is answered")
        if status == HTTPStatus.BAD_REQUEST:
            return warning(
                f"{self.api_version} is answered 400: listings fall back to the SDK's "
                "own version, which tells less",
                "set ACS_CHAT_API_VERSION to one that the resource speaks",
            )
        return failure(f"threads cannot be listed ({status or 'no answer'})", AGAIN)
