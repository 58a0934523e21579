"""Options that the commands of `chat-archive teams` share."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from shared.cli.identity_map import (
    IDENTITIES_FILE,
    IDENTITIES_HELP,
    IdentityMap,
    read_identities,
)
from shared.cli.options import (
    Command,
    Unreadable,
    archive_argument,
    check_run_name,
)
from shared.cli.selection import OPTIONS
from shared.formats.part import Options
from shared.usecases.reading.find import Selection

OBJECT_ID = re.compile(r"[0-9A-Za-z-]+")
CHOSEN = ("threads", "participant", "topic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which import, of which threads, with which map of identities."""

    name: str
    identities: IdentityMap
    selection: Selection
    former_members: bool

    @property
    def options(self) -> Options:
        return Options(
            identities=self.identities.mapped,
            archive_only=self.identities.archive_only,
            former_members=self.former_members,
            is_copy=True,
        )


def teams_options(command: Command) -> Command:
    """Add archive, import, map and threads; the command is given them as `meant`."""

    @functools.wraps(command)
    def gather(
        *args: Any,
        name: str,
        identities: Path,
        former_members: bool,
        **options: Any,
    ) -> Any:
        chosen = {field: options.pop(field) for field in CHOSEN}
        people = read_identities(identities)
        check_ids(identities, people)
        meant = Meant(
            name=name,
            identities=people,
            selection=Selection(**chosen),
            former_members=former_members,
        )
        return command(*args, meant=meant, **options)

    added: Callable[..., Any] = gather
    for field in reversed(CHOSEN):
        added = OPTIONS[field](added)
    added = click.option(
        "--former-members",
        is_flag=True,
        help="Make who has left a member too, who then reads all of the chat.",
    )(added)
    added = click.option(
        "--import",
        "name",
        default="teams",
        show_default=True,
        callback=check_run_name,
        help="Name of the import, by which it goes on.",
    )(added)
    added = click.option(
        "--identities",
        type=IDENTITIES_FILE,
        required=True,
        help=f"{IDENTITIES_HELP}.",
    )(added)
    return archive_argument(added)


def check_address(
    _context: click.Context, _parameter: click.Parameter, address: str
) -> str:
    """Return an address of the web that can be in a link.

    Raises:
        click.BadParameter: it is none, or would hand a key to everybody in a chat.

    """
    if not address:
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        raise click.BadParameter("that is no address") from None
    if parts.scheme != "https" or not parts.hostname:
        raise click.BadParameter("give an address that begins with https://")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise click.BadParameter(
            "give an address without a key, a password, ? or #: all in the chat see it"
        )
    return address


def check_ids(file: Path, people: IdentityMap) -> None:
    """See that people are named by what Graph answers with, so they are known again.

    Raises:
        Unreadable: somebody is named otherwise.

    """
    for who, identity in people.mapped.items():
        if not OBJECT_ID.fullmatch(identity.id):
            raise Unreadable(
                f"{file}: the entra_object_id of {who} is no object id; an address or "
                "a name does not do."
            )


PACE = click.option(
    "--per-second",
    type=click.FloatRange(min=0.1, max=1000),
    default=5,
    show_default=True,
    help="Requests to Microsoft Graph a second.",
)
FILES_AT = click.option(
    "--files-at",
    metavar="URL",
    default="",
    callback=check_address,
    help="Where files of `export --format html` can be read; link to them there.",
)
EXECUTE = click.option(
    "--execute", is_flag=True, help="Do it. Without it, only say what would be done."
)
