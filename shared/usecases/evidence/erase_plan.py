"""What an erasure would take: a function of a thread's archive and of the holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from shared.domain.archive.chain import Chain, Ranges
from shared.domain.evidence.lines import InputLine
from shared.domain.evidence.orders import Order, ScopeKind
from shared.domain.evidence.scope import concerns, order_due, wanted_senders
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.thread.message import SYSTEM_TYPES
from shared.usecases.evidence.holds import Hold
from shared.usecases.evidence.thread_archive import ThreadArchive


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to erase: a person, messages by their ids, or a thread's topic.

    No `threads` means every thread of the archive.
    """

    participant: str = ""
    messages: frozenset[str] = frozenset()
    topic: bool = False
    threads: tuple[str, ...] = ()

    @property
    def scope(self) -> ScopeKind:
        if self.topic:
            return ScopeKind.TOPIC
        return ScopeKind.PARTICIPANT if self.participant else ScopeKind.MESSAGE

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.participant,) if self.participant else tuple(sorted(self.messages))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """What would go of one thread. `refused` says why it may not; "" when it may.

    `ranges` are the lines that would be blanked. `is_done` where an earlier order of
    the same scope has erased all that there is.
    """

    thread_id: str
    scope: ScopeKind
    ids: tuple[str, ...]
    revision: int
    ranges: Ranges = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    lines: int = 0
    is_done: bool = False
    refused: str = ""
    senderless: int = 0
    """Messages whose sender no line names: some may be the participant's."""


def plan_of(
    thread: ThreadArchive,
    choice: Choice,
    holds: Iterable[Hold] = (),
    pending: Mapping[str, Sequence[InputLine]] = MappingProxyType({}),
) -> ErasurePlan:
    """Return what would be erased of a thread that has a revision.

    `pending` are lines that the log has and the archive lacks: they are archived first,
    in a revision of their own.
    """
    chain, newest = thread.chain, thread.revisions.newest
    if any(pending.values()):
        newest = thread.revisions.last_used + 1
        chain = chain.grown(newest, pending)
    scope = choice.scope
    # An order names ids of this thread: what others have is their own order's. Else
    # nobody's erasure would take all that is unreadable, of every thread.
    ids = tuple(sorted(known_ids(chain, choice)))
    if scope is not ScopeKind.TOPIC and not ids:
        return ErasurePlan(
            thread_id=thread.thread_id, scope=scope, ids=(), revision=newest
        )
    draft = order_of(scope, ids, newest)
    ranges, messages = covered(chain, draft)
    lines = sum(len(span) for spans in ranges.values() for span in spans)
    return ErasurePlan(
        thread_id=thread.thread_id,
        scope=scope,
        ids=ids,
        revision=newest,
        ranges=ranges,
        messages=messages,
        lines=lines,
        is_done=not lines and is_repetition(thread.orders, scope, ids),
        refused=refusal(thread, chain, ranges, holds) if lines else "",
        senderless=senderless_in(chain) if scope is ScopeKind.PARTICIPANT else 0,
    )


def senderless_in(chain: Chain) -> int:
    """Return how many messages that are not erased have no known sender.

    The service's own messages have no sender, and are nobody's.
    """
    sent: set[str] = set()
    unsent: set[str] = set()
    for _, _, _, line in chain.lines():
        facts = line.facts
        if facts["kind"] != "message" or facts.get("type") in SYSTEM_TYPES:
            continue
        if "sender" in facts:
            sent.add(facts["message"])
        elif not line.is_erased:
            unsent.add(facts["message"])
    return len(unsent - sent)


def known_ids(chain: Chain, choice: Choice) -> set[str]:
    """Return which of the ids that are meant some line of a thread names."""
    known: set[str] = set()
    for _, _, _, line in chain.lines():
        facts = line.facts
        if choice.scope is ScopeKind.MESSAGE:
            known.add(facts.get("message", ""))
        elif choice.scope is ScopeKind.PARTICIPANT:
            known |= {facts.get("sender", ""), facts.get("actor", "")}
            known.update(facts.get("people", ()))
    return known.intersection(choice.ids)


def order_of(scope: ScopeKind, ids: Sequence[str], revision: int) -> Order:
    """Return an order as it stands before anything is known of its lines."""
    return Order(
        number=1,
        random="",
        revision=revision,
        who="",
        when="",
        why="",
        scope=scope,
        ids=tuple(ids),
        lines=(),
    )


def covered(chain: Chain, order: Order) -> tuple[Ranges, tuple[str, ...]]:
    """Return the lines that an order covers and that have content, and the messages."""
    senders = chain.senders(wanted_senders([order]))
    indexes: dict[str, list[int]] = {file: [] for file in INPUT_FILES}
    messages = set()
    for file, index, revision, line in chain.lines():
        if line.is_erased or not order_due([order], line.facts, revision, senders):
            continue
        indexes[file].append(index)
        if line.facts["kind"] == "message":
            messages.add(line.facts["message"])
    return {
        file: [range(index, index + 1) for index in found]
        for file, found in indexes.items()
        if found
    }, tuple(sorted(messages))


def is_repetition(
    orders: Iterable[Order], scope: ScopeKind, ids: Sequence[str]
) -> bool:
    """Return whether earlier orders cover all that is meant."""
    earlier = [order for order in orders if order.scope is scope]
    if scope is ScopeKind.TOPIC:
        return bool(earlier)
    return set(ids) <= {meant for order in earlier for meant in order.ids}


def refusal(
    thread: ThreadArchive, chain: Chain, ranges: Ranges, holds: Iterable[Hold]
) -> str:
    """Return which holds forbid it; "" for none."""
    key = thread.newest.thread_key if thread.newest else ""
    return ", ".join(
        hold.text
        for hold in holds
        if hold.thread_key in ("", key) and covers_any(chain, hold, ranges)
    )


def covers_any(chain: Chain, hold: Hold, ranges: Ranges) -> bool:
    """Return whether a hold covers one of the lines that would go."""
    senders = chain.senders({hold.participant} - {""})
    revision = chain.revisions[-1]
    for file, spans in ranges.items():
        for index in (index for span in spans for index in span):
            facts = chain.files[file][index].facts
            if hold.message not in ("", facts.get("message")):
                continue
            if not hold.participant or concerns(
                facts, [hold.participant], senders, revision
            ):
                return True
    return False
