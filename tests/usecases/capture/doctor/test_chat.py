"""What is made of an ACS resource's answers."""

import pytest

from shared.usecases.capture.doctor.chat import NOBODY, ChatResource
from shared.usecases.capture.doctor.examine import Verdict, examine

READER = "8:acs:somebody"


class Look:
    def __init__(self, token=200, threads=200):
        self.answers = (token, threads)
        self.asked = []

    async def token(self, user_id):
        self.asked.append(user_id)
        return self.answers[0]

    async def threads(self, user_id):
        return self.answers[1]


async def seen(look, *, reader=READER, by_key=True):
    resource = ChatResource(
        look=look,
        host="acme.test",
        by_key=by_key,
        reader=reader,
        api_version="2025-03-15",
    )
    return {check.name: check async for check in examine(resource.steps(()))}


async def test_all_is_well_with_one_token():
    look = Look()
    checks = await seen(look)

    assert {check.verdict for check in checks.values()} == {Verdict.OK}
    assert look.asked == [READER]
    assert "2025-03-15" in checks["chat version"].text


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_without_a_reader_nobody_is_asked_for_who_is_nobody(status):
    look = Look(token=status)
    checks = await seen(look, reader="")

    assert look.asked == [NOBODY]
    assert checks["chat service"].verdict is Verdict.OK
    assert checks["chat token"].verdict is Verdict.NOT_CHECKED
    assert "--reader-ids" in checks["chat token"].fix
    assert checks["chat version"].verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    ("status", "by_key", "verdict", "fix"),
    [
        (0, True, Verdict.FAILURE, "ACS_ENDPOINT"),
        (401, True, Verdict.FAILURE, "az communication list-key"),
        (401, False, Verdict.FAILURE, "az role assignment create"),
        (403, False, Verdict.FAILURE, "az role assignment create"),
        (429, True, Verdict.WARNING, "wait"),
        (503, True, Verdict.FAILURE, "wait"),
    ],
)
async def test_a_resource_that_does_not_know_us(status, by_key, verdict, fix):
    checks = await seen(Look(token=status), by_key=by_key)

    assert checks["chat service"].verdict is verdict
    assert fix in checks["chat service"].fix
    assert checks["chat token"].verdict is Verdict.NOT_CHECKED


async def test_a_reader_who_is_none_of_this_resource():
    checks = await seen(Look(token=404))

    assert checks["chat service"].verdict is Verdict.OK
    assert checks["chat token"].verdict is Verdict.FAILURE


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(400, Verdict.WARNING), (403, Verdict.FAILURE), (0, Verdict.FAILURE)],
)
async def test_a_version_that_is_not_answered(status, verdict):
    checks = await seen(Look(threads=status))

    assert checks["chat version"].verdict is verdict
