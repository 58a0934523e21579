"""Settings of the app that commands take too, as options that override them."""

import functools
from collections.abc import Callable
from typing import Any

import click

from shared.bootstrap.archive import environment
from shared.cli.options import Command
from shared.config.reader import DEFAULTS

SETTING_OPTIONS = {
    "ACS_CONNECTION_STRING": "The ACS resource; or --acs-endpoint.",
    "ACS_ENDPOINT": "Its address, used with the identity that is signed in.",
    "ACS_CLIENT_ID": "The managed identity to use there, if not the machine's own.",
    "ACS_READER_IDS": "Readers to try first, with commas between.",
    "ACS_CHAT_API_VERSION": "Version of the chat interface to ask for first.",
    "LIST_WITHIN": "How long to wait for each answer while a thread is listed.",
    "ARCHIVE_FORMATS": "Formats to write with --here, with commas between.",
    "FETCH_IMAGES": "Whether to fetch files sent from Teams, with --here: on or off.",
    "FETCH_LINKS_FROM": "Hosts whose linked files to fetch, with --here.",
    "FETCH_MOST_BYTES": "How large such a file may be.",
    "FETCH_THREAD_FILES": "How many files of a thread to fetch.",
    "FETCH_THREAD_BYTES": "How large these may be together.",
    "FETCH_WITHIN": "How long fetching one may take.",
    "QUIET_FOR": "When a thread is due, as the app has it.",
    "EVENT_TOPIC_ID": "Id of the event subscription's system topic, as azd has it.",
    "MAX_OPEN": "When a thread that never rests is due, as the app has it.",
}
"""Settings of the app that commands take too, as options that override them."""
OPTION_NAMES = {"ACS_READER_IDS": "--reader-ids", "ARCHIVE_FORMATS": "--formats"}
"""Where the option is not simply called as the setting."""


def setting_options(*names: str) -> Callable[[Command], Command]:
    """Add an option for each setting; the command is called with all as `settings`.

    An option overrides its environment variable; defaults stand in `config.reader`.
    """

    def add(command: Command) -> Command:
        @functools.wraps(command)
        def gather(*args: Any, **options: Any) -> Any:
            given = {name: options.pop(name.lower()) for name in names}
            return command(*args, settings=environment(given), **options)

        chosen: Command = gather
        for name in reversed(names):
            default = DEFAULTS.get(name, "")
            chosen = click.option(
                OPTION_NAMES.get(name, f"--{name.lower().replace('_', '-')}"),
                name.lower(),
                envvar=name,
                default=default,
                show_default=bool(default),
                show_envvar=True,
                help=SETTING_OPTIONS[name],
            )(chosen)
        return chosen

    return add
