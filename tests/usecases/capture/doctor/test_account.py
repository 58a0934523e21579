"""What is made of a storage account's answers."""

from datetime import timedelta

import pytest

from builders import NOON
from shared.domain import layout
from shared.ports.account_look import StorageAnswer
from shared.usecases.capture.doctor import account as account_module
from shared.usecases.capture.doctor.account import Account
from shared.usecases.capture.doctor.examine import Verdict, examine

WELL = StorageAnswer(status=200, said_on=NOON, depth=1)
EMPTY = StorageAnswer(status=200, said_on=NOON)
GONE = StorageAnswer(status=404, code="ContainerNotFound", said_on=NOON)
NO_QUEUE = StorageAnswer(status=404, code="QueueNotFound", said_on=NOON)
NO_ROLE = StorageAnswer(
    status=403, code="AuthorizationPermissionMismatch", said_on=NOON
)
FIREWALL = StorageAnswer(status=403, code="AuthorizationFailure", said_on=NOON)
AWAY = StorageAnswer(status=0, code="ServiceRequestError")


class Look:
    """Answers as it is told to: by name, or else well."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", "-"): a for name, a in answers.items()}
        self.asked = []

    async def container(self, name):
        self.asked.append(name)
        return self.answers.get(name, WELL)

    async def queue(self, name):
        self.asked.append(name)
        return self.answers.get(name, EMPTY)


async def seen(look, *, by_key=False, archive=layout.ARCHIVE, clock=lambda: NOON):
    account = Account(
        look=look,
        clock=clock,
        host="acme.blob.test",
        name="acme",
        archive=archive,
        by_key=by_key,
    )
    return {check.name: check async for check in examine(account.steps(()))}


async def test_all_is_well():
    checks = await seen(Look(), by_key=True)

    assert {check.verdict for check in checks.values()} == {Verdict.OK}
    assert not any(check.fix for check in checks.values())


async def test_each_container_and_queue_is_asked_once():
    look = Look()

    await seen(look)

    names = [*account_module.CONTAINERS, *account_module.QUEUES]
    assert sorted(look.asked) == sorted(names)


async def test_what_only_a_write_would_tell_is_not_checked():
    checks = await seen(Look())

    assert checks["right to write"].verdict is Verdict.NOT_CHECKED


async def test_an_account_that_does_not_answer_is_said_once():
    checks = await seen(Look(chat_archive=AWAY))

    failed = [name for name, c in checks.items() if c.verdict is Verdict.FAILURE]
    assert failed == ["storage"]
    assert "acme.blob.test does not answer" in checks["storage"].text
    others = {c.verdict for name, c in checks.items() if name != "storage"}
    assert others == {Verdict.NOT_CHECKED}


@pytest.mark.parametrize(
    ("answer", "by_key"),
    [
        (StorageAnswer(status=403, code="AuthenticationFailed"), False),
        (StorageAnswer(status=403, code="KeyBasedAuthenticationNotPermitted"), True),
        (StorageAnswer(status=401, code="InvalidAuthenticationInfo"), False),
        (FIREWALL, True),  # a key needs no role
    ],
)
async def test_a_wrong_key_is_a_failure_of_the_account(answer, by_key):
    checks = await seen(Look(chat_archive=answer), by_key=by_key)

    assert checks["storage"].verdict is Verdict.FAILURE
    assert "refuses the key" in checks["storage"].text
    assert "--name acme" in checks["storage"].fix


@pytest.mark.parametrize("answer", [NO_ROLE, FIREWALL])
async def test_a_missing_role_is_named_with_the_command_that_gives_it(answer):
    checks = await seen(Look(chat_archive=answer))

    archive = checks["container chat-archive"]
    assert archive.verdict is Verdict.FAILURE
    assert "az role assignment create" in archive.fix
    assert "containers/chat-archive" in archive.fix
    assert ("firewall" in archive.text) == (answer is FIREWALL)


async def test_an_auditor_needs_the_archive_alone():
    names = [*account_module.CONTAINERS, *account_module.QUEUES]
    closed = {name.replace("-", "_"): NO_ROLE for name in names}
    checks = await seen(Look(**closed | {"chat_archive": WELL}))

    verdicts = {check.verdict for check in checks.values()}
    assert Verdict.FAILURE not in verdicts
    assert checks["container chat-log"].verdict is Verdict.WARNING
    assert "redeliver need it" in checks["container chat-log"].text
    assert "queues/chat-events" in checks["queue chat-events"].fix


async def test_what_is_not_there_is_named_with_the_command_that_makes_it():
    look = Look(
        chat_log=GONE, dead_letter=GONE, chat_insights=GONE, chat_events=NO_QUEUE
    )
    look.answers[layout.FINALIZE_QUEUE] = NO_QUEUE

    checks = await seen(look)

    for name in (
        "container chat-log",
        "container dead-letter",
        "queue threads-to-finalize",
    ):
        assert checks[name].verdict is Verdict.WARNING
        assert "--account-name acme" in checks[name].fix
    assert "drops" in checks["container dead-letter"].text
    assert checks["container chat-insights"].verdict is Verdict.OK
    assert checks["queue chat-events"].verdict is Verdict.OK


async def test_an_archive_in_a_container_of_another_name():
    checks = await seen(Look(copies=NO_ROLE), archive="copies")

    assert checks["container copies"].verdict is Verdict.FAILURE
    assert "container chat-archive" not in checks


async def test_poison_is_a_warning_with_what_clears_it():
    look = Look()
    for name in account_module.QUEUES:
        look.answers[name] = StorageAnswer(status=200, depth=3)

    checks = await seen(look)

    events = checks["queue chat-events-poison"]
    assert events.verdict is Verdict.WARNING
    assert events.fix.startswith("chat-archive redeliver")
    threads = checks["queue threads-to-finalize-poison"]
    assert threads.verdict is Verdict.WARNING
    assert "--queue-name threads-to-finalize-poison" in threads.fix
    assert checks["queue threads-to-finalize"].verdict is Verdict.OK
    assert checks["queue chat-events"].text == "3 messages waiting"


@pytest.mark.parametrize(
    ("skew", "verdict"),
    [
        (timedelta(), Verdict.OK),
        (timedelta(seconds=110), Verdict.OK),
        (timedelta(seconds=130), Verdict.WARNING),
        (timedelta(seconds=-130), Verdict.WARNING),
        (timedelta(minutes=16), Verdict.FAILURE),
        (timedelta(minutes=-16), Verdict.FAILURE),
    ],
)
async def test_clocks_are_compared(skew, verdict):
    checks = await seen(Look(), clock=lambda: NOON + skew)

    clock = checks["clock"]
    assert clock.verdict is verdict
    assert bool(clock.fix) == (verdict is not Verdict.OK)


async def test_a_refusal_says_what_time_it_is_too():
    """Where the clock is why the key is refused."""
    refused = StorageAnswer(status=403, code="AuthenticationFailed", said_on=NOON)

    checks = await seen(
        Look(chat_archive=refused), clock=lambda: NOON + timedelta(hours=1)
    )

    assert checks["storage"].verdict is Verdict.FAILURE
    assert checks["clock"].verdict is Verdict.FAILURE
    assert "3600 s ahead of" in checks["clock"].text


async def test_a_proxy_that_says_no_time():
    answer = StorageAnswer(status=200)

    checks = await seen(Look(chat_archive=answer))

    assert checks["clock"].verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
async def test_each_system_has_a_command_that_sets_its_clock(system, monkeypatch):
    monkeypatch.setattr(account_module.sys, "platform", system)

    checks = await seen(Look(), clock=lambda: NOON + timedelta(minutes=3))

    assert checks["clock"].fix.split()[0] in {"sudo", "w32tm"}


@pytest.mark.parametrize(
    ("status", "code"),
    [(503, "ServerBusy"), (200, "NotStorage"), (407, "HttpResponseError"), (404, "X")],
)
async def test_a_server_that_is_busy_or_no_storage(status, code):
    odd = StorageAnswer(status=status, code=code)

    storage = (await seen(Look(chat_archive=odd)))["storage"]

    assert storage.verdict is Verdict.FAILURE
    assert f"answers {status} {code}" in storage.text


async def test_a_container_that_cannot_be_read_just_now():
    busy = StorageAnswer(status=503, code="ServerBusy")

    checks = await seen(Look(chat_log=busy))

    assert checks["storage"].verdict is Verdict.OK
    assert checks["container chat-log"].verdict is Verdict.FAILURE
    assert "503 ServerBusy" in checks["container chat-log"].text
