import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import FIRST_ID, THREAD, edited, received, thread_created
from shared.domain.archive.checkpoint import Checkpoint
from shared.domain.archive.ledger import encode_line
from shared.domain.archive.proof import check_proof
from shared.domain.errors import IntegrityError
from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.prove import Prove, make_checkpoint
from shared.verifier import verify as standalone
from world import World

MESSAGE = str(FIRST_ID)
OTHERS = (b"a secret of others", b"another thread's secret")


async def some_archives():
    world = World()
    await world.receive(
        thread_created(),
        received(0, "the message"),
        edited(0, "the message, edited"),
        received(1, "a secret of others"),
        *(received(n, "a secret of others") for n in range(2, 7)),
        received(9, "another thread's secret", threadId="19:other@thread.v2"),
    )
    await world.finalize(THREAD)
    await world.finalize("19:other@thread.v2")
    return world


async def prove(world, message=MESSAGE, **options):
    head = options.pop("checkpoint", None) or await make_checkpoint(world.archive, "x")
    return await Prove(archive=world.archive)(
        THREAD, message, checkpoint=head, **options
    )


def check_alone(proof, checkpoint=""):
    return standalone.check_proof(json.loads(proof), checkpoint)


async def test_a_proof_holds_and_tells_nothing_of_other_messages():
    proof = await prove(await some_archives())

    assert check_proof(proof) == []
    assert check_alone(proof) == []
    assert json.loads(proof)["content"] == {"message": "the message, edited"}
    assert not any(secret in proof for secret in OTHERS)


async def test_any_version_can_be_proven():
    proof = await prove(await some_archives(), version=MESSAGE)

    assert json.loads(proof)["content"] == {"message": "the message"}
    assert check_proof(proof) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["content"].update(message="other"),
        lambda p: p.update(salt="00" * 16),
        lambda p: p["leaf"].update(sender="8:acs:somebody-else"),
        lambda p: p["leaf"].update(thread="19:other@thread.v2"),
        lambda p: p.update(index=p["index"] + 1),
        lambda p: p["path"].pop(),
        lambda p: p["path"].reverse(),
        lambda p: p.update(
            manifest=p["manifest"].replace('"revision": 1', '"revision": 2')
        ),
        lambda p: p["ledger"].update(index=1),
        lambda p: p["ledger"].update(line=p["ledger"]["line"][:-3] + '0"}'),
        lambda p: p.update(checkpoint="x\n1\n" + "A" * 43 + "=\n"),
        lambda p: p.update(checkpoint="x"),
        lambda p: p.pop("leaf"),
    ],
)
async def test_no_part_of_a_proof_can_be_changed(change):
    proof = json.loads(await prove(await some_archives()))
    change(proof)
    changed = json.dumps(proof).encode()

    with suppress(IntegrityError):
        assert check_proof(changed) != []
    with suppress(*standalone.BROKEN):
        assert check_alone(changed) != []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    st.binary(max_size=30)
    | st.text(max_size=30).map(lambda text: json.dumps({"leaf": text}).encode())
)
def test_garbage_is_no_proof(data):
    with pytest.raises(IntegrityError):
        check_proof(data)


async def test_a_proof_holds_against_a_checkpoint_that_was_kept_and_no_other():
    world = await some_archives()
    kept = await make_checkpoint(world.archive, "kept")
    await world.archive.append("ledger/2026-11-22", encode_line("hold", {}))

    proof = await prove(world, checkpoint=kept)

    assert check_proof(proof, kept) == []
    assert check_alone(proof, kept.body) == []
    other = Checkpoint(origin="x", size=kept.size, root="ab" * 32)
    assert check_proof(proof, other) != []
    assert check_alone(proof, other.body) != []


async def test_a_checkpoint_from_before_the_archive_proves_nothing():
    world = await some_archives()
    before = Checkpoint(origin="x", size=0, root="ab" * 32)

    with pytest.raises(IntegrityError, match="checkpoint"):
        await prove(world, checkpoint=before)


@pytest.mark.parametrize(
    "options", [{"message": "1"}, {"version": "1"}, {"revision": 7}]
)
async def test_what_is_not_there_cannot_be_proven(options):
    with pytest.raises(IntegrityError):
        await prove(await some_archives(), **options)


async def test_a_proof_outlives_the_erasure_of_its_content():
    world = await some_archives()
    old = await prove(world)
    use = Erase(
        archive=world.archive,
        ledger=world.archive,
        log=world.log,
        leases=world.leases,
        clock=world.clock,
    )
    chosen = Choice(messages=frozenset([MESSAGE]), threads=(THREAD,))
    async for plan in use.plan(chosen, pytest.fail):
        await use(plan, chosen, by="b", reason="r")

    new = await prove(world)

    assert check_proof(old) == check_proof(new) == check_alone(new) == []
    assert (json.loads(new)["content"], json.loads(new)["erased"]) == (None, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"erased": True, "content": {"message": "what nobody said"}},
        {"erased": True, "content": None},
        {"erased": True, "content": None, "salt": None},
        {"erased": True, "content": "", "salt": ""},
        {"erased": 1, "content": None, "salt": ""},
        {"erased": "yes", "content": {"message": "what nobody said"}},
    ],
)
async def test_what_calls_itself_erased_proves_no_content(changes):
    proof = json.loads(await prove(await some_archives()))
    forged = json.dumps(proof | changes).encode()

    assert check_proof(forged) != []
    assert check_alone(forged) != []


async def test_nobody_vouches_for_a_ledger_that_is_broken():
    world = await some_archives()
    await world.archive.append("ledger/2026-11-22", b"{}\n")

    with pytest.raises(IntegrityError):
        await make_checkpoint(world.archive, "x")
