"""`chat-archive formats`: the formats that there are."""

import json

import click

from shared.cli.options import JSON_LINES
from shared.formats import ARCHIVED
from shared.formats.registry import FORMATS


@click.command()
@JSON_LINES
def formats(as_json: bool) -> None:
    """List the formats that archives and exports can have."""
    for name, writer in FORMATS.items():
        if as_json:
            answer = {
                "name": name,
                "about": writer.about,
                "archived": name in ARCHIVED,
                "single": writer.single is not None,
            }
            click.echo(json.dumps(answer))
            continue
        where = "" if name in ARCHIVED else " (export only)"
        click.echo(f"{name:<14}{writer.about}{where}")
