"""Pictures made here: small, and valid PNG files."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUE_COLOUR = 2


def png(width: int, height: int, seed: int = 0) -> bytes:
    """Return a PNG of the given size in pixels: colours that run into each other."""
    header = struct.pack(">IIBBBBB", width, height, 8, TRUE_COLOUR, 0, 0, 0)
    rows = b"".join(
        b"\0"  # each row begins with its filter: none
        + bytes(
            value
            for x in range(width)
            for value in (255 * x // width, 255 * y // height, seed % 256)
        )
        for y in range(height)
    )
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return SIGNATURE + b"".join(chunk(kind, data) for kind, data in parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum
