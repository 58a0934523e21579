"""Where a text stands in bytes, in whatever coding: raw, base64, zipped, in a mail.

A text is a token of letters and digits, which no escape changes; so each coding that
is tried here either shows it or is none that a file of ours has.
"""

import base64
import binascii
import email
import email.header
import email.policy
import io
import quopri
import re
import zipfile
import zlib

BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}")
HEX = re.compile(b"[0-9a-f]+")
MOST_LAYERS = 4


def found_in(files, tokens):
    """Return where any of these texts stands, as `path: text`.

    `files` are bytes by path; a path is searched too.
    """
    found = []
    for path, data in files.items():
        views = [path.encode("utf-8", "surrogatepass"), *views_of(data)]
        found += [f"{path}: {token}" for token in tokens if stands(token, views)]
    return found


def stands(token, views):
    forms = forms_of(token)
    return any(form in view for view in views for form in forms)


def forms_of(token):
    """Return a text in the codings that keep its place: three shifts of base64 too."""
    plain = token.encode()
    forms = [
        plain,
        token.encode("utf-16-le"),
        token.encode("utf-16-be"),
        plain.hex().encode(),
    ]
    for text in (plain, token.encode("utf-16-le")):
        for shift in range(3):
            whole = base64.b64encode(b"\0" * shift + text)
            # Without the characters that depend on what stands before and after.
            forms.append(whole[(0, 2, 3)[shift] : (shift + len(text)) // 3 * 4])
    return forms


def views_of(data, layers=MOST_LAYERS):
    """Yield bytes, and whatever they are a coding of."""
    yield data
    if not layers or not data:
        return
    for inner in {bytes(view) for view in decoded(data)}:
        if inner and inner != data:
            yield from views_of(inner, layers - 1)


def decoded(data):
    yield from zipped(data)
    yield from mailed(data)
    if b"=" in data:
        yield quopri.decodestring(data)
    for match in BASE64.finditer(data):
        if not HEX.fullmatch(match[0]):
            yield from base64_of(match[0])
    if b"\\u" in data or b"\\" in data:
        yield re.sub(
            rb"\\u00([0-7][0-9a-f])", lambda m: bytes([int(m[1], 16)]), data
        ).replace(b"\\/", b"/")


def base64_of(text):
    text = b"".join(text.split()).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        inner = base64.b64decode(
            text[: len(text) // 4 * 4 + 4] + b"=" * (-len(text) % 4)
        )
    except binascii.Error:
        return
    yield inner
    yield from inflated(inner)


def inflated(data):
    for bits in (15, 31, -15):
        reader = zlib.decompressobj(bits)
        try:
            yield reader.decompress(data)
        except zlib.error:
            continue


def zipped(data):
    """Yield the members of a zip, and what stands between them."""
    if b"PK\x03\x04" not in data:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return


def mailed(data):
    """Yield the parts of a mail, decoded, and its headers."""
    if not re.match(rb"[A-Za-z-]+: ", data):
        return
    mail = email.message_from_bytes(data)
    for part in mail.walk():
        for name, value in part.items():
            words = email.header.decode_header(str(value))
            text = b"".join(
                word if isinstance(word, bytes) else word.encode("utf-8", "replace")
                for word, _ in words
            )
            yield name.encode() + b" " + text
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield payload
