"""The credential of commands, over the real azure-identity and an `az` that is not."""

import asyncio
import json
import time

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob.aio import BlobServiceClient

from fake_az import EXPIRED, NEVER, NOT_LOGGED_IN, fake_az, only_az
from local.chat_service.answers import refuse
from shared.adapters.azure import sign_in
from shared.adapters.azure.sign_in import NOBODY, SignedIn
from shared.bootstrap.identity import managed_identity
from shared.domain.errors import NotSignedIn

SCOPE = "https://storage.azure.com/.default"


@pytest.fixture
def az(tmp_path, monkeypatch):
    only_az(monkeypatch, tmp_path / "bin")
    return lambda **answers: fake_az(tmp_path / "bin", **answers)


def calls_of(file):
    return file.read_text().splitlines()


@pytest.mark.parametrize("error", [NOT_LOGGED_IN, EXPIRED])
async def test_nobody_is_one_sentence_and_soon(az, error):
    az(error=error)
    started = time.monotonic()

    async with SignedIn(lambda: managed_identity("")) as credential:
        with pytest.raises(NotSignedIn) as raised:
            await credential.check(SCOPE)

    assert str(raised.value) == NOBODY
    assert "az login" in NOBODY
    assert time.monotonic() - started < 5


async def test_no_az_at_all_is_the_same_sentence(tmp_path, monkeypatch):
    only_az(monkeypatch, tmp_path)

    async with SignedIn(lambda: managed_identity("")) as credential:
        with pytest.raises(NotSignedIn, match="az login"):
            await credential.check(SCOPE)


async def test_the_sdk_does_not_try_a_failure_again(az):
    calls = az(error=NOT_LOGGED_IN)
    credential = SignedIn(lambda: managed_identity(""))
    address = "https://127.0.0.1:1"

    async with credential, BlobServiceClient(address, credential) as client:
        container = client.get_container_client("c")
        reads = [container.get_container_properties() for _ in range(4)]
        errors = await asyncio.gather(*reads, return_exceptions=True)

    assert {type(error) for error in errors} == {NotSignedIn}
    assert len(calls_of(calls)) == 1


async def test_a_failure_is_forgotten_soon_so_that_somebody_may_sign_in(
    az, monkeypatch
):
    monkeypatch.setattr(sign_in, "COUNTS_FOR", 0.0)
    az(error=NOT_LOGGED_IN)
    async with SignedIn(lambda: managed_identity("")) as credential:
        with pytest.raises(NotSignedIn):
            await credential.check(SCOPE)
        az()

        assert (await credential.get_token(SCOPE)).token == "a-token"


async def test_az_is_asked_once_for_all_clients(az):
    calls = az()
    async with SignedIn(lambda: managed_identity("")) as credential:
        tokens = await asyncio.gather(*[credential.get_token(SCOPE) for _ in range(5)])
        await credential.get_token("https://management.azure.com/.default")

    assert {token.token for token in tokens} == {"a-token"}
    assert len(calls_of(calls)) == 2


async def test_a_tool_that_never_answers_is_not_waited_for(az):
    az(error=NEVER)
    started = time.monotonic()

    async with SignedIn(lambda: managed_identity(""), within=0.5) as credential:
        with pytest.raises(NotSignedIn, match="in time"):
            await credential.check(SCOPE)

    assert time.monotonic() - started < 5


async def test_a_word_that_names_no_credential_is_named(az, monkeypatch):
    az()
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "somebody")

    async with SignedIn(lambda: managed_identity("")) as credential:
        with pytest.raises(NotSignedIn, match="AZURE_TOKEN_CREDENTIALS"):
            await credential.check(SCOPE)


async def test_claims_that_the_service_asks_for_are_passed_on():
    asked = []

    class Inner:
        async def get_token(self, *scopes, **options):
            asked.append((scopes, options.get("claims"), options.get("tenant_id")))
            raise ClientAuthenticationError("37 lines")

        async def close(self):
            asked.append("closed")

    async with SignedIn(Inner) as credential:
        with pytest.raises(NotSignedIn):
            await credential.get_token(SCOPE, claims="c", tenant_id="t")

    assert asked == [((SCOPE,), "c", "t"), "closed"]


async def test_an_app_service_identity_is_asked_before_any_tool(
    az, monkeypatch, aiohttp_app
):
    calls = az(error=NOT_LOGGED_IN)
    base, seen = aiohttp_app
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{base}/token")
    monkeypatch.setenv("IDENTITY_HEADER", "h")

    async with SignedIn(lambda: managed_identity("some-client")) as credential:
        token = await credential.get_token(SCOPE)

    assert token.token == "of-the-app"
    assert seen[0]["client_id"] == "some-client"
    assert not calls_of(calls)


async def test_a_virtual_machine_is_asked_before_any_tool(az, monkeypatch, aiohttp_app):
    calls = az(error=NOT_LOGGED_IN)
    base, _ = aiohttp_app
    monkeypatch.setattr("azure.identity._credentials.imds.IMDS_AUTHORITY", base)

    async with SignedIn(lambda: managed_identity("")) as credential:
        assert (await credential.get_token(SCOPE)).token == "of-the-app"

    assert not calls_of(calls)


@pytest.fixture
async def aiohttp_app():
    """A loopback stand-in for what gives an app, or a machine, its tokens."""
    from aiohttp import web
    from aiohttp.test_utils import TestServer

    seen = []

    async def answer(request):
        seen.append(dict(request.query))
        if "Metadata" not in request.headers and "X-IDENTITY-HEADER" not in (
            request.headers
        ):
            return refuse(400, "MissingHeader")
        body = {"access_token": "of-the-app", "expires_on": "4102444800"}
        body |= {"resource": SCOPE, "token_type": "Bearer"}
        return web.Response(text=json.dumps(body), content_type="application/json")

    app = web.Application()
    app.router.add_get("/token", answer)
    app.router.add_get("/metadata/identity/oauth2/token", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/"), seen
