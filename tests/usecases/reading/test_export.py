import json

import pytest

from builders import ALICE, BOB, FIRST_ID, THREAD, received
from fakes.archive_store import MemoryArchiveStore
from indexes import build, reader, scan
from shared.domain.search.limits import NoTime
from shared.formats.finetune_format import NoRoles
from shared.formats.part import PLAIN, Options
from shared.formats.registry import FORMATS
from shared.ports.archive_store import AlreadyExists
from shared.usecases.reading.export import Export
from shared.usecases.reading.find import Selection, filter_of
from verifying import OTHER, small_world
from world import World


async def export(world, *formats, target=None, options=PLAIN, **selection):
    target = target or MemoryArchiveStore()
    use = Export(archive=world.archive, target=target, on_bytes=lambda _: None)
    exported = await use(
        Selection(**selection),
        [FORMATS[name] for name in formats or ("json",)],
        options,
    )
    return exported, target.files


def transcript(files, thread=THREAD):
    (data,) = (
        d
        for p, d in files.items()
        if p.endswith("transcript.json") and ("made-up" in p) == (thread == THREAD)
    )
    return json.loads(data)


async def test_what_is_exported_is_what_the_newest_archive_holds():
    world = await small_world()

    exported, files = await export(world, "json", "csv")

    assert (exported.threads, exported.files) == (2, 6)
    path = "thread=19%3AacsV1_made-up%40thread.v2/"
    assert files[f"{path}transcript.json"] == world.file("transcript.json", 2)
    for name in ("messages.csv", "history.csv"):
        assert files[f"{path}{name}"] == world.file(name, 2)


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        ({"after": str(FIRST_ID)}, [1, 2]),
        ({"before": str(FIRST_ID + 1)}, [-10, 0]),
        ({"after": "2026-11-22T12:00:00Z"}, [1, 2]),
        ({"after": "2026-11-22", "before": "2026-11-23"}, [-10, 0, 1, 2]),
    ],
)
async def test_a_part_of_a_thread_says_that_it_is_one(selection, numbers):
    _, files = await export(await small_world(), threads=(THREAD,), **selection)

    value = transcript(files)

    assert [int(one["id"]) - FIRST_ID for one in value["messages"]] == numbers
    assert value["gaps"][-1]["kind"] == "selection"


@pytest.mark.parametrize("has_index", [True, False])
async def test_the_first_moment_of_a_day_belongs_to_it(tmp_path, has_index):
    midnight = 43_200_000  # milliseconds from noon
    world = World(formats=("json",))
    spoken = (midnight - 1, midnight, midnight + 1)
    await world.receive(*(received(number, str(number)) for number in spoken))
    await world.finalize(THREAD)
    if has_index:
        await build(world, tmp_path / "index")

    async def found(**selection):
        chosen = filter_of(Selection(**selection))
        if has_index:
            index = reader(tmp_path / "index")
            hits = index.search(None, chosen, 9)
            index.close()
        else:
            hits = (await scan(world).search(None, chosen, 9)).hits
        return sorted(int(hit.message.message_id) - FIRST_ID for hit in hits)

    assert await found(after="2026-11-23") == [midnight, midnight + 1]
    assert await found(before="2026-11-23") == [midnight - 1]
    _, files = await export(world, threads=(THREAD,), after="2026-11-23")
    told = [int(one["id"]) - FIRST_ID for one in transcript(files)["messages"]]
    assert told == [midnight, midnight + 1]


async def test_a_thread_in_which_nobody_spoke_at_that_time_is_left_out():
    exported, files = await export(await small_world(), before="2026-11-22")

    assert (exported.threads, exported.files, files) == (0, 0, {})


async def test_threads_are_chosen_by_id_or_by_who_takes_part():
    world = await small_world()

    assert (await export(world, threads=(OTHER,)))[0].threads == 1
    assert (await export(world, participant=BOB))[0].threads == 1
    assert (await export(world, participant=ALICE))[0].threads == 2
    assert (await export(world, participant="8:acs:nobody"))[0].threads == 0


async def test_a_thread_that_cannot_be_read_does_not_stop_the_others():
    world = await small_world()
    (broken,) = (
        p for p in world.archive.files if "another" in p and p.endswith("events.jsonl")
    )
    world.archive.files[broken] += b"x"

    exported, _ = await export(world)

    assert exported.threads == 1
    assert OTHER in exported.failures[0]


async def test_a_thread_without_archive_is_told():
    world = await small_world()
    await world.receive(received(threadId="19:new@thread.v2"))

    exported, _ = await export(world, threads=("19:new@thread.v2",))

    assert len(exported.failures) == 1


async def test_nothing_is_written_over():
    world = await small_world()
    target = MemoryArchiveStore()
    await export(world, target=target)

    with pytest.raises(AlreadyExists):
        await export(world, target=target)


@pytest.mark.parametrize("text", ["yesterday", "12", "2026-13-01"])
async def test_what_is_no_time_and_no_id_is_refused(text):
    with pytest.raises(NoTime):
        await export(await small_world(), after=text)


AS_ALICE = Options(roles={ALICE: "assistant"})


async def test_all_threads_are_one_file_to_train_with_beside_other_formats():
    world = await small_world()

    exported, files = await export(world, "finetune", "txt", options=AS_ALICE)

    assert exported.files == len(files) == 3
    data = files["finetune.jsonl"]
    assert data.count(b"\xef\xbb\xbf") == 1
    lines = data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    for line in lines:
        assert json.loads(line)["messages"][-1]["role"] == "assistant"
    assert exported.notes == [
        "finetune.jsonl: only 2 examples: Azure OpenAI asks for at least 10."
    ]


async def test_where_the_assistant_says_nothing_no_file_is_written():
    world = await small_world()
    nobody = Options(roles={"8:acs:nobody": "assistant"})

    exported, files = await export(world, "finetune", options=nobody)

    assert (exported.threads, exported.files, files) == (2, 0, {})
    assert exported.notes == [
        "finetune.jsonl: 2 threads left out: the assistant says nothing there.",
        "finetune.jsonl: not written, since no thread is an example.",
    ]
    none, _ = await export(world, "finetune", options=nobody, threads=("19:none",))
    assert (none.threads, none.notes) == (0, [])


async def test_without_an_assistant_nothing_is_written():
    target = MemoryArchiveStore()

    with pytest.raises(NoRoles):
        await export(await small_world(), "txt", "finetune", target=target)

    assert target.files == {}
