"""Starts the stack with a thread to chat into, and the live page beside it."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from local.azurite_process import AzuriteFailed, stop
from local.demo.people import Person, invite
from local.signals import end_as_ctrl_c_does
from local.stack import Stack, StackFailed, stack
from local.up.session import SESSION, Session

TOPIC = "Hello from make up"
SETTINGS = {"QUIET_FOR": "1m", "SWEEP_SCHEDULE": "*/15 * * * * *"}
"""A thread is archived a minute after its last event; the environment may say less."""
UP_ALREADY = "A stack is up in this folder: Ctrl-C stops it where it was started."
WHAT_TO_DO = """
Everything runs on this machine. The live page, where events arrive:

    {live}

In another terminal, in this folder, say something, edit it, delete it:

    {python} -m local.up.say "Where is my order?"
    {python} -m local.up.say --edit "Where is my order 4711?"
    {python} -m local.up.say --delete

A minute after the last event the thread is archived. Then find it and read it:

    {python} -m local.up.ask search order
    {python} -m local.up.ask list
    {python} -m local.up.ask tail --from-start --once

`ask` runs chat-archive on the storage of this stack. Ctrl-C here stops everything,
and nothing of it is kept.
"""


def main() -> int:
    end_as_ctrl_c_does()
    if Session.is_up():
        print(UP_ALREADY, file=sys.stderr)
        return 1
    print("Starting Azurite, the chat service and the Functions host …", flush=True)
    given = {name: os.environ.get(name) or usual for name, usual in SETTINGS.items()}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="up-") as scratch,
            stack(Path(scratch), settings=given) as parts,
            begun(parts) as session,
            live_page(parts, Path(scratch)) as live,
            suppress(KeyboardInterrupt),
        ):
            python = Path(sys.executable)
            with suppress(ValueError):
                python = python.relative_to(Path.cwd())
            print(WHAT_TO_DO.format(live=live, python=python), flush=True)
            session.wait()
    except (StackFailed, AzuriteFailed) as error:
        print(f"It could not start: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    with suppress(OSError):  # the terminal may be gone
        print("Stopped.", flush=True)
    return 0


@contextmanager
def begun(parts: Stack) -> Iterator[Session]:
    """Let two people begin a thread; what others need to talk there is in a file."""
    ann, ben = invite(
        ["Ann", "Ben"],
        connection_string=parts.acs_connection_string,
        endpoint=parts.chat_url,
        ca_file=parts.ca_file,
    )
    session = Session(
        storage=parts.azurite.connection_string,
        endpoint=parts.chat_url,
        ca_file=str(parts.ca_file),
        token=ann.token,
        thread=new_thread(ann, ben),
    )
    session.write()
    try:
        yield session
    finally:
        SESSION.unlink(missing_ok=True)


def new_thread(ann: Person, ben: Person) -> str:
    return ann.start(TOPIC, ben)


@contextmanager
def live_page(parts: Stack, scratch: Path) -> Iterator[str]:
    """Run `chat-archive view --log`; yield the address of its live page."""
    environment: Mapping[str, str] = {
        **os.environ,
        "CHAT_STORAGE": parts.azurite.connection_string,
        "XDG_CACHE_HOME": str(scratch / "cache"),
    }
    view = subprocess.Popen(
        [
            sys.executable,
            "-u",
            "-m",
            "shared.cli.main",
            "view",
            "--log",
            "--no-browser",
        ],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield address_in(view)
    finally:
        stop(view)


def address_in(view: subprocess.Popen[bytes]) -> str:
    """Return the address of the live page, as the server says it.

    Raises:
        StackFailed: the server did not start.

    """
    said = ""
    while view.stderr and (line := view.stderr.readline().decode(errors="replace")):
        said += line
        if found := re.search(r"Live page: (\S+)", line):
            return found[1]
    raise StackFailed(f"the live page did not start:\n{said}")


if __name__ == "__main__":
    sys.exit(main())
