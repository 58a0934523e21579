"""What the ACS resource answers to who only looks."""

from types import SimpleNamespace

import pytest
from azure.core.exceptions import DecodeError, HttpResponseError, ServiceRequestError

from local.chat_service.variant import Variant
from serving import served
from shared.adapters.chat.chat_look import AcsLook
from shared.usecases.capture.doctor.chat import NOBODY

NEWEST = "2025-03-15"


def users(service):
    return set(service.service.world.identities)


async def test_a_token_and_a_list_change_nothing(tmp_path):
    async with served(tmp_path) as service:
        service.chat_clients.api_version = NEWEST
        _, (ada, _) = service.thread("Ada", "Bob")
        before = users(service)
        look = AcsLook(service.chat_clients)

        assert await look.token(ada.id) == 200
        assert await look.threads(ada.id) == 200
        assert await look.token(NOBODY) == 404
        assert users(service) == before


async def test_a_version_that_is_not_spoken(tmp_path):
    old = Variant(api_versions=("2024-03-07",))
    async with served(tmp_path, variant=old) as service:
        service.chat_clients.api_version = NEWEST
        _, (ada,) = service.thread("Ada")
        look = AcsLook(service.chat_clients)
        await look.token(ada.id)

        assert await look.threads(ada.id) == 400


class Refusing:
    """An identity client that raises what the SDK's does on odd answers."""

    def __init__(self, error):
        self.error = error

    async def get_token(self, *args, **options):
        raise self.error


def refusal(status):
    error = HttpResponseError("37 lines")
    error.status_code = status
    return error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (refusal(401), 401),
        (refusal(503), 503),
        (refusal(200), 502),
        (DecodeError("no JSON"), 502),
        (KeyError("token"), 502),
        (ServiceRequestError("away"), 0),
    ],
)
async def test_whatever_the_sdk_raises_is_a_status(error, status):
    clients = SimpleNamespace(tokens=SimpleNamespace(client=Refusing(error)))

    assert await AcsLook(clients).token(NOBODY) == status
