"""Steps side by side: one that fails or hangs hides no other."""

import asyncio
import time

import pytest

from shared.domain.errors import NotSignedIn, Transient
from shared.usecases.capture.doctor.examine import (
    Once,
    Step,
    Verdict,
    examine,
    failure,
    not_checked,
    ok,
    warning,
)


def step(name, found, **options):
    async def look():
        if isinstance(found, Exception):
            raise found
        return found

    return Step(name=name, look=look, **options)


async def seen(*steps):
    return {check.name: check async for check in examine(steps)}


async def test_checks_come_in_their_order_with_what_was_found():
    checks = await seen(step("a", ok("well")), step("b", warning("odd", "do it")))

    assert [*checks] == ["a", "b"]
    assert checks["a"].verdict is Verdict.OK
    assert (checks["b"].text, checks["b"].fix) == ("odd", "do it")


async def test_what_hangs_is_late_and_holds_up_no_other():
    async def hang():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            # Something that takes its cancellation for anything else.
            await asyncio.sleep(1)
        return ok("too late")

    started = time.monotonic()
    checks = await seen(
        Step(name="hangs", look=hang, within=0.1),
        Step(name="large", look=hang, within=0.1, late=not_checked("too large")),
        step("well", ok("well")),
    )

    assert time.monotonic() - started < 0.8
    assert checks["hangs"].verdict is Verdict.FAILURE
    assert "no answer" in checks["hangs"].text
    assert checks["large"].verdict is Verdict.NOT_CHECKED
    assert checks["well"].verdict is Verdict.OK


async def test_all_look_at_the_same_time():
    async def slow():
        await asyncio.sleep(0.2)
        return ok("well")

    started = time.monotonic()
    await seen(*(Step(name=str(number), look=slow) for number in range(20)))

    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "found", [warning("w", "f"), failure("f", "f"), not_checked("n")]
)
async def test_what_needs_something_that_is_not_ok_is_not_checked(found):
    looked = []

    async def look():
        looked.append(1)
        return ok("well")

    checks = await seen(
        step("first", found),
        Step(name="second", look=look, needs=("first",)),
        Step(name="third", look=look, needs=("second",)),
    )

    assert not looked
    assert checks["second"].text == "first must be ok first"
    assert checks["third"].verdict is Verdict.NOT_CHECKED


async def test_an_error_of_ours_is_shown_and_the_text_of_any_other_is_not():
    checks = await seen(
        step("ours", Transient("the storage is away")),
        step("other", ValueError("what somebody said in a chat")),
    )

    assert checks["ours"].text == "the storage is away"
    assert checks["other"].verdict is Verdict.FAILURE
    assert "ValueError" in checks["other"].text
    assert "chat" not in checks["other"].text


async def test_nobody_who_is_signed_in_is_no_failure_of_what_needs_it():
    (check,) = (await seen(step("storage", NotSignedIn("37 lines")))).values()

    assert check.verdict is Verdict.NOT_CHECKED
    assert check.fix == "az login"


async def test_a_shared_look_is_taken_once_whoever_stops_waiting():
    looks = []

    async def look():
        looks.append(1)
        await asyncio.sleep(0.05)
        return "seen"

    once = Once(look)
    impatient = asyncio.create_task(once())
    await asyncio.sleep(0)
    impatient.cancel()

    assert await asyncio.gather(once(), once()) == ["seen", "seen"]
    assert len(looks) == 1
