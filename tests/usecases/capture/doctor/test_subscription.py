"""What is made of an event subscription, as Azure describes it."""

import re
from copy import deepcopy
from pathlib import Path

import pytest

from shared.domain.log.event import THREAD_LEVEL
from shared.ports.management import Resources
from shared.usecases.capture.doctor.examine import Verdict, examine
from shared.usecases.capture.doctor.subscription import TOPIC, EventSubscription
from subscriptions import ACCOUNT_ID, TOPIC_ID, by_call, by_queue

ROOT = Path(__file__).parents[4]


class Listed:
    def __init__(self, *items, status=200, readable=True):
        self.resources = Resources(status=status, items=items if readable else None)

    async def event_subscriptions(self, topic_id):
        assert topic_id == TOPIC_ID
        return self.resources


async def seen(listed, account="acme"):
    steps = EventSubscription(management=listed, topic_id=TOPIC_ID, account=account)
    return {check.name: check async for check in examine(steps.steps(()))}


def changed(item, **properties):
    item = deepcopy(item)
    item["properties"] |= properties
    return item


@pytest.mark.parametrize("item", [by_call(), by_queue()])
async def test_what_the_product_deploys_is_well(item):
    checks = await seen(Listed(item))

    assert {check.verdict for check in checks.values()} == {Verdict.OK}


def test_what_the_product_deploys_is_what_the_tests_say():
    text = (ROOT / "infra" / "events.bicep").read_text()
    types = re.findall(r"'(Microsoft\.Communication\.\w+)'", text)

    assert types == by_call()["properties"]["filter"]["includedEventTypes"]
    for name in ("deliveryWithResourceIdentity", "deadLetterWithResourceIdentity"):
        assert name in text
        assert name in by_queue()["properties"]


async def test_the_own_one_of_several_counts():
    other = changed(by_call(), deadLetterWithResourceIdentity=None)
    other["properties"]["destination"] = {
        "endpointType": "WebHook",
        "properties": {"endpointBaseUrl": "https://somebody.test/hook"},
    }

    checks = await seen(Listed(other, by_call()))
    assert checks["dead-lettering"].verdict is Verdict.OK

    checks = await seen(Listed(other))
    assert checks["event subscription"].verdict is Verdict.FAILURE
    assert "1 subscription, none to the app" in checks["event subscription"].text
    assert checks["event types"].verdict is Verdict.NOT_CHECKED


async def test_a_tunnel_to_a_host_on_a_machine_is_the_own_one():
    hook = "https://x.devtunnels.test/runtime/webhooks/EventGrid"
    place = {"endpointType": "WebHook", "properties": {"endpointBaseUrl": hook}}

    checks = await seen(Listed(changed(by_call(), destination=place)))

    assert checks["event subscription"].verdict is Verdict.OK


async def test_missing_types_are_named():
    some = by_call()["properties"]["filter"]["includedEventTypes"][2:]
    item = changed(by_call(), filter={"includedEventTypes": some})

    check = (await seen(Listed(item)))["event types"]

    assert check.verdict is Verdict.FAILURE
    assert "ChatMessageReceivedInThread, ChatMessageEditedInThread" in check.text
    assert "ChatThreadCreated" not in check.text


async def test_types_that_come_once_per_user_are_a_warning():
    prefix = "Microsoft.Communication."
    some = [
        prefix + name for name in THREAD_LEVEL if name != "ChatMessageEditedInThread"
    ]
    wanted = {"includedEventTypes": [*some, f"{prefix}ChatMessageEdited"]}

    check = (await seen(Listed(changed(by_call(), filter=wanted))))["event types"]

    assert check.verdict is Verdict.WARNING
    assert "ChatMessageEditedInThread" in check.text


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [
        ({}, Verdict.OK),
        (None, Verdict.OK),
        ({"includedEventTypes": None, "subjectBeginsWith": ""}, Verdict.OK),
        ({"subjectBeginsWith": "thread/19:a"}, Verdict.WARNING),
        ({"advancedFilters": [{"key": "data.senderId"}]}, Verdict.WARNING),
        ({"includedEventTypes": "all"}, Verdict.NOT_CHECKED),
    ],
)
async def test_filters(wanted, verdict):
    checks = await seen(Listed(changed(by_call(), filter=wanted)))

    assert checks["event types"].verdict is verdict


async def test_no_dead_lettering_is_a_failure():
    item = changed(by_call(), deadLetterWithResourceIdentity=None)

    check = (await seen(Listed(item)))["dead-lettering"]

    assert check.verdict is Verdict.FAILURE
    assert "drops" in check.text
    assert check.fix == "azd hooks run postdeploy"


@pytest.mark.parametrize(
    ("place", "verdict"),
    [
        ({"resourceId": ACCOUNT_ID, "blobContainerName": "dead-letter"}, Verdict.OK),
        ({"resourceId": ACCOUNT_ID, "blobContainerName": "lost"}, Verdict.WARNING),
        (
            {"resourceId": f"{ACCOUNT_ID}2", "blobContainerName": "dead-letter"},
            Verdict.WARNING,
        ),
        ({}, Verdict.FAILURE),
    ],
)
async def test_where_dead_letters_go(place, verdict):
    plain = {"endpointType": "StorageBlob", "properties": place}
    item = changed(
        by_call(), deadLetterWithResourceIdentity=None, deadLetterDestination=plain
    )

    assert (await seen(Listed(item)))["dead-lettering"].verdict is verdict


async def test_a_queue_in_another_account_is_a_failure():
    check = (await seen(Listed(by_queue()), account="other"))["event subscription"]

    assert check.verdict is Verdict.FAILURE


async def test_where_the_account_is_not_known_none_is_another():
    checks = await seen(Listed(by_queue()), account="")

    assert {check.verdict for check in checks.values()} == {Verdict.OK}


@pytest.mark.parametrize(
    "properties",
    [
        {"provisioningState": "AwaitingManualAction"},
        {"expirationTimeUtc": "2027-01-01T00:00:00Z"},
    ],
)
async def test_one_that_delivers_nothing_now_or_soon(properties):
    check = (await seen(Listed(changed(by_call(), **properties))))["event subscription"]

    assert check.verdict is Verdict.FAILURE
    assert next(iter(properties.values())) in check.text


@pytest.mark.parametrize(
    ("status", "verdict", "fix"),
    [
        (403, Verdict.NOT_CHECKED, "--role Reader"),
        (401, Verdict.NOT_CHECKED, "--role Reader"),
        (404, Verdict.FAILURE, "azd provision"),
        (429, Verdict.NOT_CHECKED, "wait"),
        (500, Verdict.NOT_CHECKED, "wait"),
        (302, Verdict.NOT_CHECKED, "wait"),
        (0, Verdict.NOT_CHECKED, "wait"),
    ],
)
async def test_refusals(status, verdict, fix):
    check = (await seen(Listed(status=status)))["event subscription"]

    assert check.verdict is verdict
    assert fix in check.fix


async def test_an_answer_that_is_no_list():
    check = (await seen(Listed(readable=False)))["event subscription"]

    assert check.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    "item", [{}, {"properties": None}, {"properties": {"destination": 1}}]
)
async def test_odd_items_are_no_subscription_of_ours(item):
    check = (await seen(Listed(item)))["event subscription"]

    assert check.verdict is Verdict.FAILURE


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.test/subscriptions/a/resourceGroups/b/providers/Microsoft.EventGrid/systemTopics/c",
        f"{TOPIC_ID}/../../x",
        f"{TOPIC_ID}?a=b",
        f"{TOPIC_ID}@evil.test",
        TOPIC_ID.replace("systemTopics", "topics"),
        "evgt-acme",
    ],
)
def test_what_is_no_id_of_a_topic(text):
    assert TOPIC.fullmatch(TOPIC_ID)
    assert TOPIC.fullmatch(TOPIC_ID.lower())
    assert not TOPIC.fullmatch(text)
