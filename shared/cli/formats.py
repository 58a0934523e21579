"""`chat-archive formats`: the formats that there are."""

import json

import click

from shared.cli.options import JSON_LINES
from shared.formats import ARCHIVED
from shared.formats.registry import FORMATS
from shared.formats.tables.columns import ABOUT, NAME


@click.command()
@JSON_LINES
def formats(as_json: bool) -> None:
    """List the formats that archives and exports can have."""
    for name, writer in FORMATS.items():
        show(name, writer.about, is_single=writer.single is not None, as_json=as_json)
    show(NAME, ABOUT, is_single=False, as_json=as_json)


def show(name: str, about: str, *, is_single: bool, as_json: bool) -> None:
    if as_json:
        answer = {
            "name": name,
            "about": about,
            "archived": name in ARCHIVED,
            "single": is_single,
        }
        click.echo(json.dumps(answer))
        return
    where = "" if name in ARCHIVED else " (export only)"
    click.echo(f"{name:<14}{about}{where}")
