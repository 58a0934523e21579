"""Runs over many threads: what fails costs no other one, and is not forgotten."""

import pytest

from builders import received, thread_created
from insight_worlds import asking, conversation, subjects_of
from local.language_model.misbehaviour import Misbehaviour
from local.language_model.server import language_model
from shared.domain.errors import Transient
from shared.ports.archive_index import Filter
from shared.usecases.insights.kept_insights import path_of
from shared.usecases.insights.run import MOST_FAILURES, RunInsights
from shared.usecases.insights.show import ShowInsights
from world import World


@pytest.fixture
def server():
    with language_model() as running:
        yield running


async def ran(server, world, subjects):
    async with asking(server, world, subjects.terms, retries=0) as make:
        return await RunInsights(
            subjects=subjects,
            make=make,
            clock=world.clock,
            on_thread=lambda *_: None,
        )()


async def test_a_thread_that_fails_costs_no_other_one_and_comes_again(server, tmp_path):
    world = await conversation()
    subjects = await subjects_of(world, tmp_path, chosen=Filter())
    server.misbehave(Misbehaviour.FAILING)

    first = await ran(server, world, subjects)

    assert (first.made, len(first.failures)) == (1, 1)
    assert await subjects.kept.last_run(subjects.terms.digest) == 0
    second = await ran(server, world, subjects)
    assert (second.made, second.current) == (1, 1)
    size = subjects.index.about.size
    assert await subjects.kept.last_run(subjects.terms.digest) == size > 0
    assert await subjects.kept.last_run("others") == 0
    subjects.index.close()


async def test_a_service_that_is_away_ends_the_run(server, tmp_path):
    world = World(formats=("json",))
    count = 3 * MOST_FAILURES
    for number in range(count):
        thread = f"19:{number}@thread.v2"
        await world.receive(
            thread_created(threadId=thread), received(number, "hello", threadId=thread)
        )
        await world.finalize(thread)
    subjects = await subjects_of(world, tmp_path, chosen=Filter())
    server.always = Misbehaviour.FAILING

    with pytest.raises(Transient, match="times in a row"):
        await ran(server, world, subjects)

    assert MOST_FAILURES <= len(server.asked) < count
    assert [each async for each in subjects.kept.threads()] == []
    subjects.index.close()


async def test_what_is_shown_is_checked_once_and_again_when_the_file_changes(
    server, tmp_path
):
    world = await conversation()
    subjects = await subjects_of(world, tmp_path, chosen=Filter())
    await ran(server, world, subjects)
    show = ShowInsights(subjects.kept, subjects.index)
    (thread, *_) = [each async for each in subjects.kept.threads()]

    first = await show(thread)
    assert await show(thread) is first
    file = tmp_path / "insights" / path_of(thread)
    said = first.citations[0].quote
    file.write_text(file.read_text().replace(f'"quote": "{said}"', '"quote": "zebra"'))
    shown = await show(thread)

    assert shown is not first
    assert shown is None or b"zebra" not in shown.stored
    file.unlink()
    assert await show(thread) is None
    subjects.index.close()
