"""Time stamps, by the library that an extra brings."""

from pathlib import Path

from shared.ports.timestamps import CheckedTimestamp, NoTimestamp


async def ask_timestamp(url: str, data: bytes) -> bytes:
    """Return a time stamp of some bytes; raise as the adapter does."""
    from shared.adapters import timestamps

    return await timestamps.ask_timestamp(url, data)


def check_timestamp(token: bytes, data: bytes, roots: Path | None) -> CheckedTimestamp:
    """Check a time stamp of some bytes.

    Raises:
        BadTimestamp: it does not hold.
        NoTimestamp: it cannot be checked, as without roots or without the extra.

    """
    from shared.adapters import timestamps

    if roots is None:
        timestamps.check_bytes(timestamps.decoded(token), data)
        raise NoTimestamp("--timestamp-ca says whom to trust")
    return timestamps.check_timestamp(token, data, roots)
