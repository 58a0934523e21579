"""A socket that this machine alone can reach."""

import socket

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Return a socket on loopback; port 0 is any that is free.

    Raises:
        OSError: the port is taken, or may not be used.

    """
    listening = socket.create_server((HOST, port))
    listening.setblocking(False)
    return listening


def hosts_of(listening: socket.socket) -> list[str]:
    """Return what a request for it may name as its host."""
    port = listening.getsockname()[1]
    return [f"{host}:{port}" for host in (HOST, "localhost")]
