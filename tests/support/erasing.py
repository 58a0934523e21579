"""Erasing in a world of use cases."""

import pytest

from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds


def eraser(world, **more):
    holds = Holds(archive=world.archive, ledger=world.ledger, draw=world.salts)
    options = {
        "archive": world.archive,
        "ledger": world.ledger,
        "holds": holds,
        "log": world.log,
        "leases": world.leases,
        "draw": world.salts,
    }
    return Erase(**options | more)


async def plans(world, **choice):
    use = eraser(world)
    return [plan async for plan in use.plan(Choice(**choice), pytest.fail)]


async def erase(world, *, archive=None, **choice):
    """Erase in each thread that is planned; return how many files changed."""
    use = eraser(world, **({"archive": archive} if archive else {}))
    changed = 0
    for plan in await plans(world, **choice):
        done = await use(
            plan.thread_id, Choice(**choice), by="Dana", reason="request 12"
        )
        assert done.left == []
        changed += done.changed
    return changed
