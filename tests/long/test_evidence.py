"""Evidence, at length: many histories, and every bit of a small archive."""

import asyncio
import random

import pytest

from builders import THREAD
from evidence_archives import erased, small
from evidence_histories import PEOPLE, STEPS, TEXTS, THREADS, History
from evidence_verifiers import failures
from product_archives import product
from shared.formats import ARCHIVED
from shared.usecases.archive.archive_readme import README_FILE
from world_checks import run_history
from world_histories import MORE_STEPS

pytestmark = pytest.mark.long
HISTORIES = 400
MUTATIONS = 3_000
REAL_HISTORIES = 300
"""Of the real use cases, in every format that is archived."""


@pytest.mark.timeout(1200)
def test_many_long_histories_verify_after_every_step(seed):
    chance, erasures, kills = random.Random(seed), 0, 0
    for number in range(HISTORIES):
        history, checkpoint = History(number), b""
        for _ in range(chance.randrange(5, 60)):
            name = chance.choice(STEPS)
            what = (chance.choice(THREADS), chance.randrange(7), chance.choice(PEOPLE))
            getattr(history, name)(*what, chance.choice(TEXTS))
            found = failures(history.writer.files, checkpoint)
            if name == "kill":
                assert all("not finished" in reason for _, reason in found)
                for thread in history.writer.worlds:
                    history.writer.recover(thread)
                found = failures(history.writer.files, checkpoint)
            assert found == [], (number, name, what)
            checkpoint = history.writer.checkpoint()
        erasures, kills = erasures + history.erasures, kills + history.kills
    print(f"{HISTORIES} histories, {erasures} erasures, {kills} kills")
    assert erasures > HISTORIES


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("make", [small, erased])
def test_every_byte_of_a_small_archive_is_committed_to(make, seed):
    chance = random.Random(seed)
    writer = make()
    checkpoint = writer.checkpoint()
    for path, data in writer.files.items():
        for at in range(0, len(data), 1 + len(data) // 2000):
            changed = (
                data[:at]
                + bytes([data[at] ^ 1 << chance.randrange(8)])
                + data[at + 1 :]
            )
            assert failures(writer.files | {path: changed}, checkpoint), (path, at)


@pytest.mark.timeout(1200)
def test_verifiers_agree_on_an_archive_that_was_changed_at_many_places(seed):
    chance = random.Random(seed)
    writer = erased()
    assert writer.revisions(THREAD)
    for _ in range(MUTATIONS):
        files = dict(writer.files)
        for _ in range(chance.randrange(1, 4)):
            path = chance.choice(sorted(files))
            data = bytearray(files[path])
            if not data:
                continue
            start = chance.randrange(len(data))
            end = min(len(data), start + chance.choice((1, 1, 9, 200)))
            other = chance.choice(sorted(files))
            data[start:end] = files[other][start:end] if chance.random() < 0.5 else b""
            files[path] = bytes(data)
        failures(files)


@pytest.mark.timeout(1200)
def test_many_long_histories_of_the_use_cases_hold(seed):
    """Each over a storage that seals, or not, and whose blobs are long, or short."""
    chance, erasures, kills = random.Random(seed), 0, 0
    for number in range(REAL_HISTORIES):
        drawn = [
            (
                chance.choice(MORE_STEPS),
                chance.choice(THREADS),
                chance.randrange(7),
                chance.choice(PEOPLE),
                chance.choice(TEXTS),
            )
            for _ in range(chance.randrange(5, 70))
        ]
        history = asyncio.run(
            run_history(
                number,
                drawn,
                formats=ARCHIVED,
                seals=chance.random() < 0.8,
                most_blocks=chance.choice((4, 50_000)),
            )
        )
        erasures, kills = erasures + history.erasures, kills + history.kills
    print(f"{REAL_HISTORIES} histories, {erasures} erasures, {kills} kills")
    assert erasures > REAL_HISTORIES
    assert kills > REAL_HISTORIES / 3


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", ["small", "later"])
def test_every_byte_of_what_the_product_wrote_is_committed_to(name, seed):
    chance, archive = random.Random(seed), product(name)
    checkpoint = archive.checkpoint()
    # No line commits to that: it says how to read an archive, and is no part of it.
    files = {path: data for path, data in archive.files.items() if path != README_FILE}
    for path, data in files.items():
        for at in range(0, len(data), 1 + len(data) // 400):
            flipped = bytes([data[at] ^ 1 << chance.randrange(8)])
            changed = data[:at] + flipped + data[at + 1 :]
            assert failures(archive.files | {path: changed}, checkpoint), (path, at)
