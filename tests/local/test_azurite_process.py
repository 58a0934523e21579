"""Azurite as a command: it says how to reach it, and ends with what it has begun."""

import os
import shlex
import signal
import subprocess
import sys

from azure.storage.blob import BlobServiceClient


def test_it_prints_how_to_reach_it_and_keeps_its_data(tmp_path):
    folder = tmp_path / "not" / "there yet"
    for expected, ending in (([], signal.SIGINT), (["kept"], signal.SIGTERM)):
        process = subprocess.Popen(
            [sys.executable, "-m", "local.azurite_process", "--folder", folder],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        try:
            export, line = shlex.split(process.stdout.readline())
            name, _, connection_string = line.partition("=")
            assert (export, name) == ("export", "CHAT_STORAGE")
            powershell = process.stdout.readline()
            assert powershell.startswith(f"$env:{name} = '{connection_string}'")
            with BlobServiceClient.from_connection_string(connection_string) as service:
                assert [one.name for one in service.list_containers()] == expected
                if not expected:
                    service.create_container("kept")
        finally:
            process.send_signal(ending)
            assert process.wait(30) == 0
