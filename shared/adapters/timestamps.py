"""Time stamps by rfc3161-client (the extra `timestamp`): asked for, and checked.

Only the SHA-256 of the bytes is sent. What is asked for is checked to be of them before
it is kept; by whom it is, is checked against roots that somebody names.
"""

import hashlib
from datetime import UTC
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import aiohttp

from shared.adapters.answers import whole_body
from shared.ports.timestamps import BadTimestamp, CheckedTimestamp, NoTimestamp

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

TIMEOUT = aiohttp.ClientTimeout(total=30)
MOST_BYTES = 1024 * 1024
QUERY = "application/timestamp-query"


def library() -> Any:
    """Return the library.

    Raises:
        NoTimestamp: the extra is not installed.

    """
    try:
        import rfc3161_client
    except ImportError:
        raise NoTimestamp("install the extra `timestamp`") from None
    return rfc3161_client


async def ask_timestamp(url: str, data: bytes) -> bytes:
    """Return a time stamp of some bytes, as the authority gives it (DER).

    Raises:
        NoTimestamp: there is none: it did not answer, or refuses, or the extra is not
            installed.
        BadTimestamp: its answer is not of these bytes.

    """
    rfc3161 = library()
    algorithm = rfc3161.HashAlgorithm.SHA256
    builder = rfc3161.TimestampRequestBuilder(data=data, hash_algorithm=algorithm)
    request = builder.build()
    query = request.as_bytes()
    try:
        async with (
            aiohttp.ClientSession(
                timeout=TIMEOUT, trust_env=bool(getproxies())
            ) as session,
            session.post(url, data=query, headers={"Content-Type": QUERY}) as answer,
        ):
            token = await whole_body(answer, MOST_BYTES)
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        raise NoTimestamp("the authority did not answer") from None
    if status != HTTPStatus.OK:
        raise NoTimestamp(f"the authority answered {status}")
    found = decoded(token)
    check_bytes(found, data)
    if found.tst_info.nonce != request.nonce:
        raise BadTimestamp("it is the answer to another request")
    return token


def decoded(token: bytes) -> "TimeStampResponse":
    """Return a time stamp; raise `BadTimestamp` where it is none, or none was given."""
    rfc3161 = library()
    try:
        found: TimeStampResponse = rfc3161.decode_timestamp_response(token)
        # With modifications it is of something else than was asked for.
        is_granted = found.status == rfc3161.PKIStatus.GRANTED
    except ValueError:
        raise BadTimestamp("it is no time stamp") from None
    if not is_granted:
        raise BadTimestamp("the authority refused it")
    return found


def check_bytes(found: "TimeStampResponse", data: bytes) -> None:
    """See that a time stamp is of some bytes."""
    try:
        said = found.tst_info.message_imprint.message
    except ValueError:
        raise BadTimestamp("it is no time stamp") from None
    if said != hashlib.sha256(data).digest():
        raise BadTimestamp("it is a time stamp of other bytes")


def check_timestamp(token: bytes, data: bytes, roots: Path) -> CheckedTimestamp:
    """Check a time stamp of some bytes against root certificates (PEM).

    Raises:
        BadTimestamp: it does not hold.
        NoTimestamp: the roots cannot be read, or the extra is not installed.

    """
    from cryptography import x509

    rfc3161 = library()
    found = decoded(token)
    check_bytes(found, data)
    try:
        trusted = x509.load_pem_x509_certificates(roots.read_bytes())
    except (OSError, ValueError):
        raise NoTimestamp(f"{roots} holds no certificate as PEM") from None
    builder = rfc3161.VerifierBuilder(roots=trusted)
    try:
        builder.build().verify_message(found, data)
    except (rfc3161.VerificationError, ValueError):
        raise BadTimestamp("no authority that is trusted has signed it") from None
    info = found.tst_info
    return CheckedTimestamp(on=info.gen_time.astimezone(UTC), by=issuer_of(found))


def issuer_of(found: "TimeStampResponse") -> str:
    """Return whose certificate has signed a time stamp.

    Anybody may add certificates to it: only the signature says which one counts.
    """
    from cryptography import x509

    data = found.signed_data
    signers = {(each.issuer, each.serial_number) for each in data.signer_infos}
    for der in data.certificates:
        certificate = x509.load_der_x509_certificate(der)
        if (certificate.issuer, certificate.serial_number) in signers:
            return certificate.subject.rfc4514_string()
    return "unknown"
