"""User tokens and the resource's own HMAC credential.

The SDK decodes a token's payload as plain base64, so it must hold neither `-` nor `_`;
the claims here are ASCII without the characters that would need them.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


@dataclass(slots=True)
class Tokens:
    """Issues and reads tokens; `access_key` is the resource's key."""

    access_key: str = field(
        default_factory=lambda: base64.b64encode(secrets.token_bytes(48)).decode()
    )
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    revoked_before: dict[str, float] = field(default_factory=dict)

    def issue(self, user_id: str, scopes: list[str], minutes: int) -> tuple[str, str]:
        """Return a token and its expiry time, in the service's own form."""
        now = time.time()
        until = int(now) + minutes * 60
        claims = {"sub": user_id, "scp": scopes, "iat": now, "exp": until}
        head = encode(b'{"alg":"HS256","typ":"JWT"}')
        body = encode(json.dumps(claims).encode())
        expires = datetime.fromtimestamp(until, UTC)
        text = f"{expires:%Y-%m-%dT%H:%M:%S}.0000000+00:00"
        return f"{head}.{body}.{self.sign(f'{head}.{body}')}", text

    def sign(self, text: str) -> str:
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def user_of(self, authorization: str) -> str | None:
        """Return the user of a request's token; None if the token is not valid."""
        signed, _, signature = authorization.removeprefix("Bearer ").rpartition(".")
        if not hmac.compare_digest(self.sign(signed), signature):
            return None
        body = signed.partition(".")[2]
        claims = json.loads(base64.b64decode(body + "=" * (-len(body) % 4)))
        user_id = str(claims["sub"])
        if claims["exp"] < time.time():
            return None
        if claims["iat"] < self.revoked_before.get(user_id, 0):
            return None
        return user_id

    def is_signed(
        self, method: str, raw_path: str, headers: dict[str, str], body: bytes
    ) -> bool:
        """Return whether the HMAC on a request to the identity service is valid."""
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if headers.get("x-ms-content-sha256") != digest:
            return False
        text = (
            f"{method}\n{unquote(raw_path)}\n"
            f"{headers.get('x-ms-date')};{headers.get('host')};{digest}"
        )
        key = base64.b64decode(self.access_key)
        expected = base64.b64encode(hmac.digest(key, text.encode(), "sha256")).decode()
        signature = headers.get("authorization", "").rpartition("&Signature=")[2]
        return hmac.compare_digest(expected, signature)
