"""TLS for this machine: a test CA that nobody else trusts."""

import ssl
from pathlib import Path

import trustme


def serve_with_own_ca(ca_file: Path) -> ssl.SSLContext:
    """Make a CA and a certificate for loopback; write the CA's certificate.

    Give `ca_file` to clients as `SSL_CERT_FILE`, and they need no special case.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context
