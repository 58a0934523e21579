"""TLS for this machine: a test CA that nobody else trusts."""

import ssl
from pathlib import Path

import trustme


def serve_with_own_ca(ca_file: Path) -> ssl.SSLContext:
    """Return a TLS context with a new certificate for loopback; write its CA's.

    Clients trust it with `SSL_CERT_FILE` set to `ca_file`, without any other change.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context
