"""The help of every command as one page: `python -m shared.cli.reference`."""

from collections.abc import Iterator

import click

from shared.cli.main import HELP_OPTIONS, main

HEAD = """\
# The command `chat-archive`

[Installed](../README.md#install-the-command) it is `chat-archive`, after `make setup`
`.venv/bin/chat-archive`. This page is made by `python -m shared.cli.reference`; a test
compares it with the program.

The first word of a verdict is in colour on a terminal; `NO_COLOR=1` leaves that out.
`index`, `search`, `list`, `show`, `status`, `doctor`, `verify`, `report`, `formats`,
`redeliver`, `backfill` and `hold list` take `--json`; `cat` takes `--format json`.

**Completion.** One line for your shell; it holds from the next shell on:

- bash, in `~/.bashrc`: `eval "$(_CHAT_ARCHIVE_COMPLETE=bash_source chat-archive)"`
- zsh, in `~/.zshrc`: `eval "$(_CHAT_ARCHIVE_COMPLETE=zsh_source chat-archive)"`
- fish, in `~/.config/fish/completions/chat-archive.fish`:
  `_CHAT_ARCHIVE_COMPLETE=fish_source chat-archive | source`
"""
WIDTH = 100


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for name, command in commands("chat-archive", main):
        context = click.Context(
            command,
            info_name=name,
            max_content_width=WIDTH,
            terminal_width=WIDTH,
            help_option_names=HELP_OPTIONS,
        )
        parts.append(f"## `{name}`\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all that are below it, with their full names."""
    yield name, command
    if isinstance(command, click.Group):
        for below in sorted(command.commands):
            yield from commands(f"{name} {below}", command.commands[below])


if __name__ == "__main__":
    click.echo(page(), nl=False)
