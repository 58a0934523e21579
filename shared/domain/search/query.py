"""What people type to search: words, "quoted phrases", prefix*, AND, OR, NOT and (…).

Rule 1: words that stand side by side must all be there; `OR` in capitals binds weaker
        than that, and `NOT word` or `-word` excludes.
Rule 2: a word that punctuation cuts in several (e-mail, an address) is a phrase of
        them; of a run of unspaced letters any part is found.
Rule 3: a query means the same with an index and without: `matches` says what.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.domain.errors import ArchiverError
from shared.domain.search import fold

MOST_WORDS, MOST_TOKENS, MOST_BRACKETS = 128, 400, 16
"""Of one query: an index looks each word up, and brackets are read in each other."""


LONGEST_NAME = 256
"""Characters of what is taken for a name."""


class NoQuery(ArchiverError):
    """What was typed cannot be searched for. The text says why."""


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow on each other; with `is_prefix` the last one may go on."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Both:
    """What two queries both find."""

    left: "Query"
    right: "Query"


@dataclass(frozen=True, slots=True)
class Either:
    """What one of two queries finds."""

    left: "Query"
    right: "Query"


@dataclass(frozen=True, slots=True)
class Without:
    """What the first query finds, and the second does not."""

    left: "Query"
    right: "Query"


Query = Term | Both | Either | Without

TOKEN = re.compile(
    r'\s*(?:(?P<not>-(?=["\w(]))?(?:"(?P<phrase>[^"]*)"(?P<star>\*)?'
    r"|(?P<bracket>[()])|(?P<word>[^\s()\"]+)))"
)


def parse_query(text: str) -> Query:
    """Return what a text asks for.

    Raises:
        NoQuery: it asks for nothing, or a bracket or a quotation mark is left open.

    """
    return Parser(list(tokens_of(text))).whole()


@functools.lru_cache(maxsize=16)
def all_of(text: str) -> Query | None:
    """Return a query for what somebody is called: each word, by its beginning.

    None where the text has no word, or more than any name.
    """
    query: Query | None = None
    for word in text.split() if len(text) <= LONGEST_NAME else ():
        if term := term_of(word, is_prefix=True):
            query = Both(query, term) if query else term
    return query


def is_meant(text: str, raw_id: str, name: str) -> bool:
    """Return whether a text is somebody's raw id, or how words of their name begin."""
    query = all_of(text)
    return raw_id == text or (query is not None and matches(query, [fold.words(name)]))


def tokens_of(text: str) -> Iterator[Term | str]:
    """Yield terms, and "AND", "OR", "NOT", "(", ")"."""
    at, text = 0, text.strip().translate(QUOTES)
    while at < len(text):
        token = TOKEN.match(text, at)
        if token is None:
            raise NoQuery('a quotation mark (") is left open')
        at = token.end()
        if token["not"]:
            yield "NOT"
        word = token["word"]
        if token["bracket"]:
            yield token["bracket"]
        elif word in ("AND", "OR", "NOT"):
            yield word
        else:
            said = token["phrase"] if word is None else word
            if word and "*" in word.rstrip("*"):
                raise NoQuery(f"a star stands at the end of a word, not as in {word!r}")
            is_prefix = bool(token["star"]) or bool(word and word.endswith("*"))
            if term := term_of(said, is_prefix=is_prefix):
                yield term
            elif token["not"]:
                raise NoQuery(f"there is no letter or digit in {said!r} to leave out")


QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
"""A keyboard or a mail client may put these in."""


def term_of(text: str, *, is_prefix: bool) -> Term | None:
    """Return a term for words that follow on each other; None where there are none."""
    found = fold.words(text)
    if not found:
        return None
    last = found[-1]
    if fold.ANY_UNSPACED.fullmatch(last):
        # The last letter of a run stands alone in an index only where a run ends.
        if len(found) == 1:
            return Term((last,), is_prefix=True)
        return Term(
            tuple(found[:-1]) if in_run(found) else tuple(found), is_prefix=True
        )
    return Term(tuple(found), is_prefix)


def in_run(found: Sequence[str]) -> bool:
    """Return whether the last word is the end of the run of the one before it."""
    return (
        found[-2][-1] == found[-1]
        and len(found[-2]) > 1
        and bool(fold.ANY_UNSPACED.match(found[-2]))
    )


MISSING = "a word is missing beside OR or NOT, or in brackets"


class Parser:
    """Reads tokens: `either` is of `both`, which is of `single`."""

    def __init__(self, tokens: Sequence[Term | str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def whole(self) -> Query:
        terms = [token for token in self.tokens if isinstance(token, Term)]
        if not terms:
            raise NoQuery("there is no letter and no digit to search for")
        count = sum(len(term.words) for term in terms)
        if count > MOST_WORDS or len(self.tokens) > MOST_TOKENS:
            raise NoQuery(f"it is longer than {MOST_WORDS} words")
        query = self.either()
        if self.next is not None:
            raise NoQuery("a bracket is closed that was not opened")
        return query

    @property
    def next(self) -> Term | str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> Term | str | None:
        token = self.next
        self.at += 1
        return token

    def either(self) -> Query:
        query = self.both()
        while self.next == "OR":
            self.take()
            query = Either(query, self.both())
        return query

    def both(self) -> Query:
        query: Query | None = None
        excluded: list[Query] = []
        while self.next not in (None, "OR", ")"):
            token = self.take()
            if token == "AND":
                continue
            if token == "NOT":
                excluded.append(self.single(self.take()))
                continue
            found = self.single(token)
            query = Both(query, found) if query else found
        if query is None and excluded:
            raise NoQuery("it only says what to leave out; say what to find, too")
        if query is None:
            raise NoQuery(MISSING)
        for each in excluded:
            query = Without(query, each)
        return query

    def single(self, token: Term | str | None) -> Query:
        if isinstance(token, Term):
            return token
        if token != "(":
            raise NoQuery(MISSING)
        self.depth += 1
        if self.depth > MOST_BRACKETS:
            raise NoQuery("there are too many brackets in each other")
        query = self.either()
        if self.take() != ")":
            raise NoQuery("a bracket is left open")
        self.depth -= 1
        return query


def matches(query: Query, texts: Sequence[Sequence[str]]) -> bool:
    """Return whether a query finds something that has these texts, given as words.

    Each term may be in another one of them; a phrase is in one.
    """
    match query:
        case Term():
            return any(True for text in texts for _ in places(query, text))
        case Both(left, right):
            return matches(left, texts) and matches(right, texts)
        case Either(left, right):
            return matches(left, texts) or matches(right, texts)
        case Without(left, right):
            return matches(left, texts) and not matches(right, texts)


def places(term: Term, text: Sequence[str]) -> Iterator[int]:
    """Yield the number of the first word of each place where a term stands."""
    *before, last = term.words
    length = len(term.words)
    for end in range(length - 1, len(text)):
        fits = text[end].startswith(last) if term.is_prefix else text[end] == last
        if fits and list(text[end - length + 1 : end]) == before:
            yield end - length + 1


def with_beginnings(query: Query) -> Query:
    """Return a query for which the beginnings of its words are enough."""
    match query:
        case Term(found, _):
            return Term(found, is_prefix=True)
        case Both(left, right):
            return Both(with_beginnings(left), with_beginnings(right))
        case Either(left, right):
            return Either(with_beginnings(left), with_beginnings(right))
        case Without(left, right):
            return Without(with_beginnings(left), right)


def terms_to_mark(query: Query) -> Iterator[Term]:
    """Yield the terms that something found has, or may have."""
    match query:
        case Term():
            yield query
        case Both(left, right) | Either(left, right):
            yield from terms_to_mark(left)
            yield from terms_to_mark(right)
        case Without(left, _):
            yield from terms_to_mark(left)
