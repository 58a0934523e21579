"""A run's lines give its estate, torn or told twice."""

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.inventory.facts import (
    Began,
    Ended,
    ThreadFound,
    ThreadState,
    UserListed,
    UserMet,
    UserState,
    decode_fact,
    encode_fact,
)
from shared.domain.inventory.state import Inventory, Thread

NOON, LATER = "2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z"


def lines(*facts):
    return [encode_fact(fact) for fact in facts]


def test_facts_add_up_to_the_inventory():
    inventory = Inventory.of(
        lines(
            Began(NOON),
            UserMet("8:acs:a", "users.txt"),
            UserMet("8:acs:b", "19:one"),
            ThreadFound("19:one", "8:acs:a", NOON),
            ThreadFound("19:one", "8:acs:b", NOON),
            UserListed("8:acs:a", UserState.LISTED, threads=1),
            UserListed("8:acs:b", UserState.REFUSED, reason="no token"),
            Thread("19:one", last_message_on=NOON).done(
                ThreadState.ARCHIVED, on=LATER, revision=1
            ),
            Ended(LATER),
        )
    )

    assert inventory.users["8:acs:a"].threads == 1
    assert inventory.users["8:acs:b"].reason == "no token"
    assert inventory.threads["19:one"].readers == ("8:acs:a", "8:acs:b")
    assert inventory.threads["19:one"].revision == 1
    assert inventory.has_failed_discovery
    assert (inventory.began_on, inventory.ended_on) == (NOON, LATER)
    assert +inventory.thread_states == {ThreadState.ARCHIVED: 1}
    assert +inventory.user_states == {UserState.LISTED: 1, UserState.REFUSED: 1}


def test_a_fact_is_read_back_from_its_line():
    facts = [
        Began(NOON),
        Ended(LATER),
        UserMet("8:acs:a", "users.txt"),
        UserListed("8:acs:a", UserState.FAILED, threads=3, reason="503"),
        ThreadFound("19:one", "8:acs:a", NOON),
        Thread("19:one", last_message_on=NOON).done(
            ThreadState.UNREACHABLE, on=LATER, revision=2, reason="no token"
        ),
    ]

    assert [decode_fact(encode_fact(fact)) for fact in facts] == facts


def test_a_torn_line_is_counted_and_hides_nothing():
    torn = [b'{"schema":1,"kind":"fo', b"", b'{"kind":"unheard of"}', b"[]"]

    inventory = Inventory.of([*torn, *lines(UserMet("8:acs:a", "x"))])

    assert list(inventory.users) == ["8:acs:a"]
    assert inventory.unreadable == 3


FACTS = st.sampled_from(
    [
        UserMet("8:acs:a", "x"),
        UserMet("8:acs:b", "x"),
        UserListed("8:acs:a", UserState.LISTED, threads=2),
        ThreadFound("19:one", "8:acs:a", NOON),
        Thread("19:one").done(ThreadState.FAILED, on=NOON, reason="x"),
        Thread("19:one").done(ThreadState.ARCHIVED, on=NOON, revision=1),
        Thread("19:two").done(ThreadState.QUEUED, on=NOON),
    ]
)


@given(st.lists(FACTS))
def test_a_fact_that_is_told_twice_in_a_row_changes_nothing(facts):
    once = Inventory.of(lines(*facts))
    twice = Inventory.of(lines(*(fact for fact in facts for _ in range(2))))

    assert once == twice


@given(st.lists(FACTS))
def test_the_counts_are_those_of_what_is_known(facts):
    inventory = Inventory.of(lines(*facts))

    assert sum(inventory.user_states.values()) == len(inventory.users)
    assert sum(inventory.thread_states.values()) == len(inventory.threads)
    assert all(count >= 0 for count in inventory.thread_states.values())


def archived(last, *, seen, on):
    thread = Thread("19:one", last_message_on=seen)
    inventory = Inventory.of(
        lines(
            ThreadFound("19:one", "", seen),
            thread.done(ThreadState.ARCHIVED, on=on, revision=1),
            ThreadFound("19:one", "", last),
        )
    )
    return inventory.threads["19:one"]


def test_a_thread_has_news_when_somebody_spoke_since():
    assert archived(LATER, seen=NOON, on=LATER).has_news
    assert not archived(NOON, seen=NOON, on=LATER).has_news


def test_a_thread_that_was_archived_while_somebody_spoke_may_have_news():
    assert archived(NOON, seen=NOON, on="2026-11-22T12:00:30Z").has_news


def test_a_thread_that_failed_always_has_news():
    thread = Thread("19:one", state=ThreadState.FAILED)

    assert thread.has_news


def test_a_run_that_went_on_has_not_ended():
    inventory = Inventory.of(lines(Began(NOON), Ended(NOON), Began(LATER)))

    assert (inventory.began_on, inventory.ended_on) == (NOON, "")


def test_a_damaged_line_counts_until_everything_was_asked_for_again():
    torn = b'{"schema":1,"kind":"fo'
    once = Inventory.of([torn, *lines(Began(NOON), Ended(NOON))])
    again = Inventory.of([torn, *lines(Began(NOON, again=True), Ended(NOON))])
    stopped = Inventory.of([torn, *lines(Began(NOON, again=True))])

    assert (once.unreadable, again.unreadable, stopped.unreadable) == (1, 0, 1)
