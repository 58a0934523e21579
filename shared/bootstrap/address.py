"""Addresses as they may be shown: without passwords, keys and signatures."""

CONTAINER_BEFORE_HOST = ("abfs", "abfss", "wasb", "wasbs")
"""Schemes in which the name of a container stands where others have that of a user."""

ENDING = "-index.sqlite"
"""What the name of an archive's index ends with; it begins with the archive's own."""


def without_secrets(address: str) -> str:
    """Return an address, or a chain of them, without user, password and query.

    What stands before the last `@` of the host is left out, and everything from the
    first `?` or `#` on. A path of a folder stays as it is.
    """
    return "::".join(map(shown_link, address.split("::")))


def shown_link(address: str) -> str:
    scheme, separator, rest = address.partition(":/")
    if not separator:
        return address
    slashes = rest[: len(rest) - len(rest.lstrip("/"))]
    host, slash, path = rest.lstrip("/").partition("/")
    user, at, name = host.rpartition("@")
    if not at and ":" in host and "@" in path:
        # A key may hold a slash: s3://id:ke/y@bucket.
        user, _, name = f"{host}/{path}".rpartition("@")
        name, slash, path = name.partition("/")
    if at and ":" not in user and scheme in CONTAINER_BEFORE_HOST:
        name = host
    shown = f"{scheme}:/{slashes}{name}{slash}{path}"
    return shown.partition("?")[0].partition("#")[0]
