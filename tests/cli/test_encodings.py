"""What the command reads and writes, on systems whose code page is not UTF-8."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builders import ALICE, THREAD, received
from shared.cli.identity_map import read_identities
from shared.cli.options import Unreadable
from verifying import write
from world import World


@pytest.mark.parametrize("code_page", ["cp1252", "ascii", "utf-8"])
@pytest.mark.parametrize(
    "command",
    [
        ("cat", THREAD),
        ("cat", THREAD, "--format", "md"),
        ("cat", THREAD, "--format", "json"),
        ("show", THREAD),
        ("list",),
        ("list", "--json"),
        ("list", "--text", "łódź"),
        ("verify",),
        ("verify", "--json"),
        ("formats",),
        ("--help",),
    ],
)
def test_output_is_utf_8_in_a_pipe_too(tmp_path, code_page, command):
    async def archive():
        world = World()
        await world.receive(received(body="Łódź 🙂", senderDisplayName="Ęwa"))
        await world.finalize(THREAD)
        return dict(world.archive.files)

    write(tmp_path / "archive", asyncio.run(archive()))
    where = () if command[0] in ("formats", "--help") else ("archive",)

    done = subprocess.run(
        [sys.executable, "-m", "shared.cli.main", *command, *where],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": code_page, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    text = done.stdout.decode("utf-8")
    assert command[0] != "cat" or "Łódź 🙂" in text
    assert command[0] != "list" or THREAD in text


IDENTITIES = "acs_id;acs_name;entra_id;entra_name\r\n8:acs:a;Ann;e1;\r\n8:acs:b;Bo\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_identities_are_read_as_a_spreadsheet_writes_them(tmp_path, encoding):
    file = tmp_path / "people.csv"
    file.write_bytes(IDENTITIES.encode(encoding))

    (entra,) = read_identities(file).mapped.values()

    assert (entra.id, entra.display_name) == ("e1", "Ann")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("acs_id,entra_id\n8:acs:a,René\n".encode("cp1252"), "is not UTF-8"),
        (f"id,entra\n{ALICE},e1\n".encode(), "lacks the columns"),
    ],
)
def test_identities_that_cannot_be_read_say_what_to_do(tmp_path, data, reason):
    file = tmp_path / "people.csv"
    file.write_bytes(data)

    with pytest.raises(Unreadable, match=reason):
        read_identities(file)
