"""Every command line that the docs and the program name is one that the program has."""

import ast
import re
import shlex
from pathlib import Path

import click
import pytest

from shared.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = sorted((ROOT / "shared").rglob("*.py"))
SPAN = re.compile(r"`chat-archive ([^`]+)`")
LINE = re.compile(
    r'^\s*(?:docker run .* |uvx .* |\S*[/\\]|"command": ")?chat-archive (?! )(.+)'
)
ELIDED = "…"


def commands_of_page(text):
    """Yield each command line of a page: in blocks, and in code inside a sentence."""
    parts = re.split(r"^\s*```.*$", text, flags=re.MULTILINE)
    for prose in parts[::2]:
        yield from SPAN.findall(prose)
    for block in parts[1::2]:
        for line in re.sub(r"\\\n|\n {8,}(?=--)", " ", block).splitlines():
            if found := LINE.match(line):
                # What stands apart from it is about it.
                yield re.split(r"\s{3,}|[\"]?,$", found[1])[0]


def commands_of_code(source):
    """Yield each command line that stands in a text of a module."""
    inside = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            inside.update(map(id, node.values))
            text = "".join(
                part.value if isinstance(part, ast.Constant) else "X"
                for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = "" if id(node) in inside else node.value
        else:
            continue
        yield from SPAN.findall(" ".join(text.split()))


def check(line):
    """Parse a command line as the program does, without running it.

    Raises:
        click.UsageError: a command or an option is none.

    """
    words = shlex.split(line, comments=True)
    ends = [words.index(end) for end in ("|", ">", "&&") if end in words]
    words = words[: min(ends, default=None)]
    if words[-1].startswith("--"):
        # An option is named, whatever its value would be.
        words.append(ELIDED)
    command, name = main, "chat-archive"
    while True:
        context = click.Context(command, info_name=name)
        _, rest, _ = command.make_parser(context).parse_args(words)
        if not isinstance(command, click.Group):
            break
        if not rest or rest[0] == ELIDED:
            return
        name, *words = rest
        if name not in command.commands:
            raise click.UsageError(f"No such command {name!r}.", context)
        command = command.commands[name]
    if rest and rest != [ELIDED]:
        raise click.UsageError(f"More than it takes: {rest}", context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_of_the_docs_parses(page):
    for line in commands_of_page(page.read_text()):
        check(line)


def test_every_command_line_that_the_program_names_parses():
    named = [
        (file, line) for file in CODE for line in commands_of_code(file.read_text())
    ]

    assert any("assistant" in file.parts for file, _ in named)
    for file, line in named:
        try:
            check(line)
        except click.UsageError as error:
            raise AssertionError(f"{file.name}: {line}: {error.message}") from None


@pytest.mark.parametrize(
    "line", ["verify --proof FILE", "replay", "hold put", "verify one two"]
)
def test_a_command_line_that_is_none_would_be_noticed(line):
    (found,) = commands_of_page(f"Run `chat-archive {line}`.")

    with pytest.raises(click.UsageError):
        check(found)
