import pytest

from builders import THREAD
from shared.domain.layout import lease_path
from shared.ports.leases import LeaseHeld

PATH = lease_path(THREAD)


async def test_a_lease_has_one_holder(leases):
    async with leases.hold(PATH):
        with pytest.raises(LeaseHeld):
            async with leases.hold(PATH):
                raise AssertionError("two holders")


async def test_a_lease_that_was_given_back_can_be_taken(leases):
    for _ in range(3):
        async with leases.hold(PATH) as lease:
            await lease.confirm()


async def test_a_failure_gives_the_lease_back(leases):
    with pytest.raises(ZeroDivisionError):
        async with leases.hold(PATH):
            _ = 1 / 0

    async with leases.hold(PATH):
        pass


async def test_two_threads_have_two_leases(leases):
    async with leases.hold(PATH), leases.hold(lease_path("19:other")):
        pass
