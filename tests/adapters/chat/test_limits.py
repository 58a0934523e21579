"""The limiter lets through what the service allows, and no more, over any stretch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.chat import limits
from shared.adapters.chat.limits import Limiter, counted_by

ALICE, BOB = "8:acs:alice", "8:acs:bob"
THREAD = "/chat/threads/19%3Aone%40thread.v2"


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 0.0

    async def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def pace():
    time = Time()
    limiter = Limiter(lambda: time.now, time.sleep)

    async def send(count, path, user=ALICE):
        sent = []
        for _ in range(count):
            await limiter.turn(path, user)
            sent.append(time.now)
        return sent

    return send


@pytest.mark.parametrize(
    ("path", "calls", "seconds"),
    [
        ("/chat/threads", 50, 10),
        (THREAD, 50, 10),
        (f"{THREAD}/messages", 50, 10),
        (f"{THREAD}/participants", 10, 10),
        (f"/identities/{ALICE}/:issueAccessToken", 1000, 30),
    ],
)
async def test_one_call_too_many_waits_for_the_window(pace, path, calls, seconds):
    sent = await pace(calls + 1, path)

    assert sent[:calls] == [0.0] * calls
    assert sent[calls] == seconds


async def test_the_slower_of_two_limits_holds(pace):
    sent = await pace(201, f"{THREAD}/messages")

    assert sent[199] == 30.0
    assert sent[200] == 60.0


async def test_users_do_not_wait_for_each_other(pace):
    await pace(50, "/chat/threads", ALICE)

    assert await pace(1, "/chat/threads", BOB) == [0.0]


async def test_readers_of_one_thread_share_its_limit(pace):
    path = f"{THREAD}/messages"
    for number in range(5):
        await pace(50, path, f"user {number}")

    assert await pace(1, path, BOB) == [10.0]


def test_an_id_is_the_same_however_it_is_escaped():
    escaped = list(counted_by("/chat/threads/19%3Aone/messages", ALICE))

    assert escaped == list(counted_by("/chat/threads/19:one/messages", ALICE))


@given(st.lists(st.floats(0, 5), min_size=60, max_size=120))
async def test_no_stretch_of_time_holds_more_than_its_limit(pauses):
    time = Time()
    limiter = Limiter(lambda: time.now, time.sleep)
    sent = []
    for pause in pauses:
        time.now += pause / 50
        await limiter.turn("/chat/threads", ALICE)
        sent.append(time.now)

    assert all(
        late - early >= 10 - 1e-6 for early, late in zip(sent, sent[50:], strict=False)
    )


async def test_what_is_counted_stays_bounded(pace, monkeypatch):
    monkeypatch.setattr(limits, "MOST_KEYS", 3)
    time = Time()
    limiter = Limiter(lambda: time.now, time.sleep)

    for number in range(10):
        await limiter.turn("/chat/threads", f"user {number}")

    assert len(limiter.passed) == 3
