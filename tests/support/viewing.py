"""`chat-archive view` as a process of its own, and requests to it."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]


@contextmanager
def served(*arguments, **env):
    """Serve, and yield the address; Ctrl-C has to end it without a word."""
    command = [sys.executable, "-u", "-m", "shared.cli.main", "view", "--no-browser"]
    with subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **env},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            line = ""
            while "Serving" not in line:
                line = server.stderr.readline()
                assert line, "it ended"
            yield re.search(r"Serving (\S+),", line)[1]
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=20) == 130
            assert "Traceback" not in server.stderr.read()


def ask(url, path="", method="GET", **headers):
    """Return status, headers and body of a request, with headers as they are given."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.putrequest(method, parts.path + path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
