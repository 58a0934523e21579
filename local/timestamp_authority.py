"""A time stamp authority of this machine (RFC 3161), for tests: nobody trusts it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from aiohttp import web
from asn1crypto import algos, cms, core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.served import served

DER = serialization.Encoding.DER
REPLY = "application/timestamp-reply"
GRANTED_WITH_MODS = 1
POLICY = "1.3.6.1.4.1.99999.1"


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(slots=True)
class Authority:
    """A root, and a certificate that may give time stamps.

    `status` refuses with 2, and grants with modifications with 1. `more_certificates`
    stand before its own in an answer.
    """

    root_key: ec.EllipticCurvePrivateKey = field(init=False)
    key: ec.EllipticCurvePrivateKey = field(init=False)
    root: x509.Certificate = field(init=False)
    certificate: x509.Certificate = field(init=False)
    status: int = 0
    other_bytes: bool = False
    other_nonce: bool = False
    more_certificates: list[x509.Certificate] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    address: str = ""
    days: tuple[int, int] = (-1, 30)
    """From when until when its certificate is valid, from today."""
    use: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING

    def __post_init__(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self.signed(name("Local root"), self.root_key, is_root=True)
        self.certificate = self.signed(name("Local authority"), self.key, is_root=False)

    @property
    def root_pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_root: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        since, until = (-1, 30) if is_root else self.days
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name("Local root"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=since))
            .not_valid_after(now + timedelta(days=until))
            .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        )
        if not is_root:
            usage = x509.ExtendedKeyUsage([self.use])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self.root_key, hashes.SHA256())

    def answer(self, query: bytes) -> bytes:
        """Return the reply to a query."""
        request = tsp.TimeStampReq.load(query)
        if self.status > GRANTED_WITH_MODS:
            return bytes([0x30, 5, 0x30, 3, 2, 1, self.status])  # no token beside it
        imprint = request["message_imprint"]
        if self.other_bytes:
            imprint["hashed_message"] = hashlib.sha256(b"other").digest()
        info = {
            "version": 1,
            "policy": POLICY,
            "message_imprint": imprint,
            "serial_number": next(self.numbers),
            "gen_time": datetime.now(UTC).replace(microsecond=0),
        }
        if request["nonce"].native is not None:
            info["nonce"] = request["nonce"].native + self.other_nonce
        content = tsp.TSTInfo(info).dump()
        token = cms.ContentInfo(
            {"content_type": "signed_data", "content": self.signed_data(content)}
        )
        status = {"status": self.status}
        reply = tsp.TimeStampResp({"status": status, "time_stamp_token": token})
        return bytes(reply.dump())

    def signed_data(self, content: bytes) -> cms.SignedData:
        der = self.certificate.public_bytes(DER)
        certificate = cms.Certificate.load(der)
        more = [
            cms.Certificate.load(each.public_bytes(DER))
            for each in self.more_certificates
        ]
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        ess = tsp.SigningCertificateV2(
            {"certs": [tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(der).digest()})]}
        )
        attributes = cms.CMSAttributes(
            [
                attribute("content_type", "tst_info"),
                attribute("message_digest", hashlib.sha256(content).digest()),
                attribute("signing_certificate_v2", ess),
            ]
        )
        signature = self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber(
                    {
                        "issuer": certificate.issuer,
                        "serial_number": certificate.serial_number,
                    }
                ),
            ),
            "digest_algorithm": sha256,
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm(
                {"algorithm": "sha256_ecdsa"}
            ),
            "signature": signature,
        }
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [sha256],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [*more, certificate],
                "signer_infos": [signer],
            }
        )

    async def reply(self, request: web.Request) -> web.Response:
        body = self.answer(await request.read())
        return web.Response(body=body, content_type=REPLY)


def attribute(kind: str, value: Any) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


@contextmanager
def timestamp_authority() -> Iterator[Authority]:
    """Run an authority until the block ends."""
    authority = Authority()
    app = web.Application()
    app.router.add_post("/", authority.reply)
    with served(app) as address:
        authority.address = f"{address}/"
        yield authority
