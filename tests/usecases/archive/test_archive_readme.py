"""Every archive has a README at its root, written once, and no part of it."""

import re

import pytest

from builders import THREAD, received, thread_created
from shared.usecases.archive.archive_readme import README, README_FILE
from verifying import verify
from world import World

OTHER = "19:acsV1_other@thread.v2"


@pytest.fixture
def world():
    return World()


async def archived(world, thread):
    await world.receive(thread_created(threadId=thread), received(threadId=thread))
    await world.finalize(thread)


async def test_the_first_revision_of_an_archive_brings_its_readme(world):
    await archived(world, THREAD)

    text = world.archive.files[README_FILE].decode()
    assert text == README
    assert "chat-archive verify ARCHIVE" in text
    assert max(map(len, text.splitlines())) <= 88
    assert verify(world.archive) == []


async def test_a_readme_that_is_there_is_left_as_it_is(world):
    await world.archive.create(README_FILE, b"ours")
    await archived(world, THREAD)
    await archived(world, OTHER)

    assert world.archive.files[README_FILE] == b"ours"


async def test_it_is_written_once(world, monkeypatch):
    tried = []
    create = world.archive.create

    async def counted(path, data):
        tried.append(path)
        await create(path, data)

    monkeypatch.setattr(world.archive, "create", counted)
    await archived(world, THREAD)
    await archived(world, OTHER)

    assert tried.count(README_FILE) == 1


def test_its_commands_are_those_of_the_program():
    commands = re.findall(r"^ +chat-archive (\w+)", README, re.MULTILINE)

    assert commands == ["site", "search", "verify"]
