import pytest

from serving import served
from shared.adapters.chat import finder
from shared.domain.errors import Transient
from shared.ports.chat_service import ReaderRefused


async def test_every_thread_of_a_user_is_found_over_all_pages(tmp_path, monkeypatch):
    monkeypatch.setattr(finder, "PAGE_SIZE", 2)
    async with served(tmp_path) as here:
        threads = [here.thread("Alice")[0] for _ in range(5)]
        alice = next(iter(threads[0].members.values()))
        for one in threads:
            one.members[alice.id] = alice
        here.say(threads[3], alice, "x")

        found = (await here.finder.threads_of(alice.id)).threads

    assert {one.id for one in found} == {one.id for one in threads}
    (said,) = [one for one in found if one.last_message_on]
    assert said.id == threads[3].id
    assert said.last_message_on.endswith("Z")


async def test_a_thread_that_was_left_is_found(tmp_path):
    async with served(tmp_path) as here:
        thread, (_, bob) = here.thread("Alice", "Bob")
        bob.left_ms = here.service.world.tick()

        found = (await here.finder.threads_of(bob.id)).threads

    assert [one.id for one in found] == [thread.id]


async def test_a_user_without_threads_has_none(tmp_path):
    async with served(tmp_path) as here:
        found = await here.finder.threads_of(here.service.world.new_identity())

    assert (found.threads, found.unreadable) == ([], 0)


async def test_an_unknown_user_is_refused_and_not_empty(tmp_path):
    async with served(tmp_path) as here:
        with pytest.raises(ReaderRefused, match="no token"):
            await here.finder.threads_of("8:acs:other_x")


async def test_a_service_that_only_fails_is_not_an_empty_estate(tmp_path):
    async with served(tmp_path, list_within=1, retry_after=30) as here:
        user = here.service.world.new_identity()
        here.service.behaviour.throttle = 1.0

        with pytest.raises(Transient):
            await here.finder.threads_of(user)


async def test_participants_are_found_and_a_former_member_is_refused(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice, bob) = here.thread("Alice", "Bob")
        both = await here.finder.participants_of(thread.id, alice.id)
        bob.left_ms = here.service.world.tick()

        with pytest.raises(ReaderRefused):
            await here.finder.participants_of(thread.id, bob.id)

    assert set(both) == {alice.id, bob.id}


async def test_the_newest_sequence_tells_how_long_a_thread_is(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        for number in range(7):
            here.say(thread, alice, str(number))

        assert await here.finder.newest_sequence(thread.id, alice.id) == 8


async def test_a_retention_policy_tells_when_a_thread_is_deleted(tmp_path):
    policy = {"kind": "threadCreationDate", "deleteThreadAfterDays": 30}
    async with served(tmp_path) as here:
        here.finder.chat_clients.api_version = "2025-03-15"
        kept, (alice,) = here.thread("Alice")
        thread, (bob,) = here.thread("Bob")
        thread.retention_policy = policy
        thread.created_ms = 1_764_547_200_000  # 2025-12-01

        assert await here.finder.deletion_due(kept.id, alice.id) == ""
        due = await here.finder.deletion_due(thread.id, bob.id)
        with pytest.raises(ReaderRefused):
            await here.finder.deletion_due(thread.id, alice.id)

    assert due.startswith("2025-12-31T")


async def test_the_older_interface_knows_no_retention_policy(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        assert await here.finder.deletion_due(thread.id, alice.id) == ""


@pytest.mark.parametrize(
    "body",
    [
        "[]", "{", "{}", '{"createdOn": 1, "retentionPolicy": {}}',
        '{"createdOn": "2026-01-01T00:00:00Z", "retentionPolicy": "none"}',
        ('{"createdOn": "soon", "retentionPolicy": '
         '{"kind": "threadCreationDate", "deleteThreadAfterDays": 30}}'),
    ],
)  # fmt: skip
def test_odd_properties_tell_no_deletion(body):
    assert finder.deletion_told(body) == ""
