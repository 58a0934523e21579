"""What the ACS resource answers to who only looks: it makes no user and no thread."""

from typing import Protocol


class ChatLook(Protocol):
    """Each call returns an HTTP status; 0 where no answer came."""

    async def token(self, user_id: str) -> int:
        """Ask for a token of a user, which changes nothing.

        Raises:
            NotSignedIn: nobody may ask.

        """
        ...

    async def threads(self, user_id: str) -> int:
        """List a user's first thread, in the version that is asked for.

        Raises:
            NotSignedIn: nobody may ask.

        """
        ...
