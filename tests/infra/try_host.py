# ruff: noqa: T201 - a command: it says what it has seen
"""One event in, one blob, one sweep: on whatever host is named, with a real Azurite.

python tests/infra/try_host.py 7071 func start --python --port 7071
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from local.azurite_process import azurite
from local.stack import call

ROOT = Path(__file__).parents[2]
WITHIN = 180
EVENT = {
    "id": "5e3c6a52-0f0a-4f3e-9d2c-1f4b3c0a7e11",
    "topic": "/subscriptions/s/providers/Microsoft.Communication/communicationServices/a",
    "subject": "thread/19:acsV1_sample@thread.v2/sender/8:acs:sample",
    "eventType": "Microsoft.Communication.ChatMessageReceivedInThread",
    # An offset, and a zero at its end: an old extension would rewrite both.
    "eventTime": "2026-11-25T12:00:00.120+00:00",
    "dataVersion": "1.0",
    "metadataVersion": "1",
    "data": {
        "threadId": "19:acsV1_sample@thread.v2",
        "messageId": "1795608000000",
        "version": 1795608000000,
        "type": "Text",
        "messageBody": "2026-11-25T12:00:00.120Z",
        "composeTime": "2026-11-25T12:00:00.120+00:00",
        "senderDisplayName": "Ada",
        "senderCommunicationIdentifier": {
            "rawId": "8:acs:sample",
            "communicationUser": {"id": "8:acs:sample"},
        },
        "transactionId": "sample",
    },
}


def wait(what, answer):
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        if found := answer():
            print(f"{what}: {found if isinstance(found, str) else 'yes'}", flush=True)
            return found
        time.sleep(1)
    sys.exit(f"{what}: not within {WITHIN} seconds")


def is_ready(host):
    status, told = call("GET", f"{host}/admin/functions")
    names = {entry["name"] for entry in json.loads(told)} if status == 200 else set()
    return names >= {"archive_chat_event", "sweep_inactive_threads", "finalize_thread"}


def blob_in(storage, container, prefix):
    try:
        names = storage.get_container_client(container).list_blob_names(
            name_starts_with=prefix
        )
        return next(iter(names), "")
    except ResourceNotFoundError:
        return ""


def try_host(host, storage):
    wait("the host has its functions", lambda: is_ready(host))
    status, told = call(
        "POST",
        f"{host}/runtime/webhooks/eventgrid?functionName=archive_chat_event",
        [EVENT],
        headers={"aeg-event-type": "Notification"},
    )
    if status != 202:
        sys.exit(f"the event was answered {status}: {told}")
    name = wait("one blob", lambda: blob_in(storage, "chat-log", "thread="))
    line = storage.get_blob_client("chat-log", name).download_blob().readall()
    for kept in (EVENT["eventTime"], EVENT["data"]["messageBody"]):
        if kept.encode() not in line:
            sys.exit(f"{name} does not hold {kept} as it was sent: {line!r}")
    status, told = call(
        "POST", f"{host}/admin/functions/sweep_inactive_threads", {"input": ""}
    )
    if status != 202:
        sys.exit(f"the sweep was answered {status}: {told}")
    wait("one sweep", lambda: blob_in(storage, "chat-control", "sweeps/"))


def main(port, *command):
    sample = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
    with azurite() as running:
        address = running.connection_string
        settings = sample | {"AzureWebJobsStorage": address, "CHAT_STORAGE": address}
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings})
        try:
            with BlobServiceClient.from_connection_string(address) as storage:
                try_host(f"http://127.0.0.1:{port}", storage)
        finally:
            process.terminate()
            process.wait(timeout=60)
    print("One event, one blob, one sweep.")


if __name__ == "__main__":
    main(*sys.argv[1:])
