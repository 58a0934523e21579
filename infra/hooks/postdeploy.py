# ruff: noqa: INP001, S603, T201 - a command of its own: it prints, and runs az
"""Asks the deployed app for its functions, then subscribes it to the chat's events.

azd runs this after each deployment, with the outputs of main.bicep in the environment;
running it again changes nothing. A deployment may succeed with an app that has no
function: here it does not.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

FUNCTIONS = (
    "archive_chat_event",
    "archive_queued_event",
    "finalize_thread",
    "sweep_inactive_threads",
)
EVENTS = Path(__file__).resolve().parents[1] / "events.bicep"
TRIES = 30
SECONDS_BETWEEN = 10
AGAIN = "then run: azd hooks run postdeploy"
NOT_THE_NETWORK = ("AADSTS", "AuthorizationFailed", "NotFound", "not found")
"""In an error of az: why a closed app was not asked is another reason than that."""


def told(name: str) -> str:
    """Return what the deployment told, or exit."""
    value = os.environ.get(name, "")
    if not value:
        sys.exit(
            f"{name} is not set. azd sets it, as an output of main.bicep: run azd "
            f"provision, {AGAIN}. Without azd, set it yourself (docs/operations.md)."
        )
    return value


def find_az() -> str:
    """Return where the Azure CLI is, signed in to the subscription, or exit."""
    # By its full path: on Windows it is a script, which is not found by its bare name.
    az = shutil.which("az")
    if not az:
        sys.exit(
            "The Azure CLI (az) is not installed or not on the PATH; it asks the app "
            "for its functions and subscribes it to events. Install it "
            f"(https://learn.microsoft.com/cli/azure/install-azure-cli), {AGAIN}."
        )
    if run(az, "account", "show").returncode:
        sys.exit(f"az is not signed in: run az login, {AGAIN}.")
    subscription = os.environ.get("AZURE_SUBSCRIPTION_ID", "")
    if subscription and run(az, "account", "show", *of(subscription)).returncode:
        sys.exit(
            f"az is signed in, but may not see the subscription {subscription}: run az "
            f"login as somebody who may, {AGAIN}."
        )
    return az


def of(subscription: str) -> tuple:
    """Return the option that names the subscription, where azd told it."""
    return ("--subscription", subscription) if subscription else ()


def run(az: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run az and return what came of it, with its output as text."""
    return subprocess.run(
        [az, *arguments, "--output", "json"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def last_line(text: str) -> str:
    """Return the line in which az says what was wrong."""
    return next(
        (line for line in reversed(text.splitlines()) if line.strip()), "nothing"
    )


def missing(listed: str) -> list:
    """Return the names of functions that are not in what az printed: a list in JSON.

    What cannot be read as one lists nothing.
    """
    # An extension of az may print a line of its own before it.
    try:
        entries = json.loads(listed[max(listed.find("["), 0) :])
    except ValueError:
        entries = None
    there = {
        # They are called <app>/<function>.
        str(entry.get("name")).rsplit("/", 1)[-1]
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
    }
    return [name for name in FUNCTIONS if name not in there]


def check_functions(az: str, app: str, *where: str) -> None:
    """Wait until the app has every function; exit and name what is missing.

    Code is indexed some time after it was deployed, and Event Grid refuses a function
    before.
    """
    is_reachable = os.environ.get("APP_IS_REACHABLE", "yes") != "no"
    for tries in range(TRIES):
        if tries:
            time.sleep(SECONDS_BETWEEN)
        done = run(az, "functionapp", "function", "list", "--name", app, *where)
        if not done.returncode:
            if not missing(done.stdout):
                print(f"{app} has its {len(FUNCTIONS)} functions.")
                return
            continue
        if "az login" in done.stderr:
            sys.exit(f"az is not signed in any more: run az login, {AGAIN}.")
        if is_reachable or any(word in done.stderr for word in NOT_THE_NETWORK):
            continue
        print(
            f"{app} is closed to the network and was not asked for its functions "
            f"({last_line(done.stderr)}): see chat-archive status after a sweep."
        )
        return
    if done.returncode:
        sys.exit(
            f"{app} could not be asked for its functions: {last_line(done.stderr)} "
            f"Put that right, {AGAIN}."
        )
    sys.exit(
        f"{app} was deployed without {', '.join(missing(done.stdout))}, so it does not "
        "archive. Its packages or its settings are wrong; its log stream says which. "
        "Put that right, then run: azd deploy"
    )


def subscribe(az: str, app: str, topic: str, *where: str) -> None:
    """Deploy the event subscription, or exit."""
    # Without `run`: az says at once and in its own words what is wrong.
    done = subprocess.run(
        [
            *(az, "deployment", "group", "create", *where),
            *("--resource-group", told("ACS_RESOURCE_GROUP")),
            *("--name", "chat-archiver-events", "--template-file", str(EVENTS)),
            *("--output", "none", "--parameters", f"topicName={topic}"),
            f"functionAppId={told('AZURE_FUNCTION_ID')}",
            f"storageId={told('STORAGE_ID')}",
            f"eventDelivery={told('DELIVER_EVENTS_BY')}",
        ],
        check=False,
    )
    if done.returncode:
        sys.exit(
            f"{app} is deployed, but its subscription to the events of {topic} was "
            f"refused, so no event arrives: az says why above. Put that right, {AGAIN}."
        )
    print(f"Subscribed {app} to the events of {topic}.")


def main() -> None:
    """Check, then subscribe, or exit with a sentence."""
    app, group = told("AZURE_FUNCTION_NAME"), told("AZURE_RESOURCE_GROUP")
    az = find_az()
    subscription = of(os.environ.get("AZURE_SUBSCRIPTION_ID", ""))
    check_functions(az, app, "--resource-group", group, *subscription)
    topic = os.environ.get("EVENT_TOPIC_NAME", "")
    if not topic:
        print("No events: the sweep finds threads by asking the readers.")
        return
    subscribe(az, app, topic, *subscription)


if __name__ == "__main__":
    # A line for each step as it happens, and in the order of what az prints.
    sys.stdout.reconfigure(line_buffering=True)
    main()
