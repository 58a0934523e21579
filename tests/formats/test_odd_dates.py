"""One odd date stops no thread and no export, in no format."""

import csv
import io
import json

import pytest
from inputs import listing as listing_of
from inputs import logged

from builders import ALICE, BOB, FIRST_ID, THREAD, edited, listed, received, to_log, who
from fakes.archive_store import MemoryArchiveStore
from shared.domain.thread.replay import replay
from shared.formats import ARCHIVED
from shared.formats.part import EntraIdentity, Options
from shared.formats.registry import FORMATS, written
from shared.usecases.reading.export import Export
from shared.usecases.reading.find import Selection
from verifying import verify
from world import World

ODD = [
    None, "", "yesterday", 5, True, ["2026"], "0001-01-01", "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9999999Z",
    "9999-12-31T23:59:59-14:00", "1899-12-31T00:00:00Z", "2026-02-30T00:00:00Z",
]  # fmt: skip
OPTIONS = Options(
    roles={ALICE: "assistant"},
    identities={ALICE: EntraIdentity(id="e", display_name="A")},
)


def odd_events(time, thread_id=THREAD):
    given = {"threadId": thread_id}
    return [
        received(0, "before it", **given),
        received(1, "odd one", composeTime=time, **given),
        edited(1, "odd edit", after=5, composeTime=time, editTime=time, **given),
        received(100, "after it", **given),
    ]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("time", ODD)
def test_a_thread_with_an_odd_date_is_written_whole(name, time):
    item = listed(200, "listed", createdOn=time, editedOn=time)
    joined = listed(
        201,
        type="participantAdded",
        createdOn=time,
        content={
            "participants": [
                {"communicationIdentifier": who(BOB), "shareHistoryTime": time}
            ]
        },
    )
    transcript = replay(
        THREAD, logged(to_log(*odd_events(time))), [listing_of(item, joined)]
    )

    files = dict(written([FORMATS[name]], transcript, OPTIONS))

    files.pop("receipts.jsonl", None)  # nobody has read anything
    assert all(files.values())
    if name in ("md", "txt", "html", "json", "jsonl", "csv", "chunks"):
        text = b"".join(files.values()).decode()
        for said in ("before it", "odd edit", "after it", "listed"):
            assert said in text


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("yesterday", ""),
        (5, ""),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31 23:59:59"),
        ("1899-12-31T00:00:00Z", "1899-12-31T00:00:00Z"),
    ],
)
def test_csv_has_what_can_be_read_of_it_and_jsonl_the_same(time, shown):
    transcript = replay(THREAD, logged(to_log(*odd_events(time))), ())

    files = dict(written([FORMATS["csv"], FORMATS["jsonl"]], transcript))

    (row,) = (
        row
        for row in csv.DictReader(
            io.StringIO(files["messages.csv"].decode(), newline="")
        )
        if row["message_id"] == str(FIRST_ID + 1)
    )
    assert (row["created_on"], row["edited_on"]) == (shown, shown)
    lines = map(json.loads, files["messages.jsonl"].decode().splitlines())
    (line,) = (line for line in lines if line["message_id"] == str(FIRST_ID + 1))
    assert line["created_on"][:19].replace("T", " ") == shown[:19].replace("T", " ")


@pytest.mark.parametrize("name", FORMATS)
async def test_threads_with_odd_dates_stop_no_export_of_many(name):
    world = World()
    threads = [f"19:odd-{number}@thread.v2" for number in range(len(ODD))]
    for thread_id, time in zip(threads, ODD, strict=True):
        await world.receive(*odd_events(time, thread_id))
        await world.finalize(thread_id)
    target = MemoryArchiveStore()

    use = Export(archive=world.archive, target=target, on_bytes=lambda _: None)
    exported = await use(Selection(), [FORMATS[name]], OPTIONS)

    assert (exported.threads, exported.failures) == (len(ODD), [])
    assert len(target.files) >= (1 if name == "finetune" else len(ODD))


@pytest.mark.parametrize("time", ODD)
async def test_a_thread_with_an_odd_date_is_archived_in_every_format(time):
    world = World(formats=ARCHIVED)

    await world.receive(*odd_events(time))
    await world.finalize(THREAD)
    world.clock.pass_time(hours=1)
    await world.receive(received(200, "later", composeTime=time))
    await world.finalize(THREAD)

    assert [line["revision"] for line in world.ledger_lines("revision")] == [1, 2]
    for revision in (1, 2):
        names = [file["name"] for file in world.manifest(revision)["files"]]
        assert len(names) == len(set(names))
        for ending in ("eml", "rsmf"):
            assert any(name.endswith(f".{ending}") for name in names)
    assert verify(world.archive) == []
