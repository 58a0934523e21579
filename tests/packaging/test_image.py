"""The image of the command, by reading what it is made of."""

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = re.compile(r"python:3\.13-slim(-[a-z]+)( AS \w+)?")
SOURCES = {"pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "shared"}


def instructions():
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


def stages():
    found = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def said(stage, word):
    return [rest for instruction, rest in stage if instruction == word]


def test_every_stage_is_the_python_that_is_deployed_by_its_tag():
    bases = [PYTHON.fullmatch(said(stage, "FROM")[0]) for stage in stages()]

    assert all(bases)
    assert len({base[1] for base in bases}) == 1  # what was built runs there


def test_the_command_runs_as_nobody_in_particular():
    *_, last = stages()
    (user,) = said(last, "USER")

    assert user.isdigit()
    assert int(user) > 0
    assert f"--uid {user} " in said(last, "RUN")[0]
    words = [word for word, _ in last]
    assert words.index("USER") > max(
        at for at, word in enumerate(words) if word in {"RUN", "COPY"}
    )


def test_the_entry_point_is_the_command():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    *_, last = stages()

    assert [json.loads(rest) for rest in said(last, "ENTRYPOINT")] == [
        list(project["scripts"])
    ]


def test_nothing_but_what_the_wheel_is_made_of_gets_near_it():
    build, last = stages()
    copied = {name for rest in said(build, "COPY") for name in rest.split()[:-1]}
    rules = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [rule for rule in rules if not rule.startswith("#")]

    assert said(build, "ADD") + said(last, "ADD") == []
    assert copied == SOURCES
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == SOURCES
    assert all(rest.startswith("--from=build /opt/") for rest in said(last, "COPY"))
