"""What an edit changed, marked word by word in html that is safe already.

Rule 1: a tag is never marked and never cut: html stays as well-formed as it was.
Rule 2: the work is bounded, whatever somebody wrote: where two texts differ in more
        than MOST_CHANGES places, all between the first and the last of them is marked.
"""

import re
from collections.abc import Sequence
from itertools import groupby, pairwise

MOST_CHANGES = 60
MOST_TOKENS = 4_000
TOKEN = re.compile(r'<(?:[^">]|"[^"]*")*>|&#?\w+;|\s+|\w+|.', re.DOTALL)
"""A tag, a character by its name, blanks, a word, or any other character."""


def with_changes(texts: Sequence[str]) -> list[str]:
    """Return the states of a text, oldest first, with what changed marked.

    In <ins> stands what the one before it lacks, in <del> what the next one lacks.
    """
    split = [TOKEN.findall(text) for text in texts]
    came = [set[int]() for _ in texts]
    went = [set[int]() for _ in texts]
    for at, (before, after) in enumerate(pairwise(split)):
        went[at], came[at + 1] = differing(before, after)
    return list(map(marked, split, came, went))


def differing(before: Sequence[str], after: Sequence[str]) -> tuple[set[int], set[int]]:
    """Return which tokens of a text the next one lacks, and which are new in that."""
    start = same_at_start(before, after)
    end = same_at_start(before[start:][::-1], after[start:][::-1])
    went, came = range(start, len(before) - end), range(start, len(after) - end)
    kept = common(before[went.start : went.stop], after[came.start : came.stop])
    return (
        {*went} - {start + left for left, _ in kept},
        {*came} - {start + right for _, right in kept},
    )


def same_at_start(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for one_side, other_side in zip(left, right, strict=False):
        if one_side != other_side:
            break
        count += 1
    return count


def common(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of what both have, in their order: as much of it as there is.

    By the greedy algorithm of Myers (1986). Nothing where there is too much to compare.
    """
    if len(left) + len(right) > MOST_TOKENS:
        return []
    furthest = {1: 0}
    steps: list[dict[int, int]] = []
    for edits in range(MOST_CHANGES + 1):
        steps.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            at = step(furthest, diagonal, edits)
            other = at - diagonal
            while at < len(left) and other < len(right) and left[at] == right[other]:
                at, other = at + 1, other + 1
            furthest[diagonal] = at
            if at >= len(left) and other >= len(right):
                return walked_back(steps, len(left), len(right))
    return []


def is_down(furthest: dict[int, int], diagonal: int, edits: int) -> bool:
    """Return whether the best path to a diagonal ends with something that came."""
    return diagonal == -edits or (
        diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
    )


def step(furthest: dict[int, int], diagonal: int, edits: int) -> int:
    """Return where the best path begins on a diagonal."""
    if is_down(furthest, diagonal, edits):
        return furthest[diagonal + 1]
    return furthest[diagonal - 1] + 1


def walked_back(
    steps: Sequence[dict[int, int]], at: int, other: int
) -> list[tuple[int, int]]:
    """Return what is common on the path that led to the end."""
    kept: list[tuple[int, int]] = []
    for edits in range(len(steps) - 1, -1, -1):
        diagonal = at - other
        begin = step(steps[edits], diagonal, edits) if edits else 0
        while at > begin and other > 0:
            at, other = at - 1, other - 1
            kept.append((at, other))
        if edits:
            came = is_down(steps[edits], diagonal, edits)
            at, other = (at, other - 1) if came else (at - 1, other)
    return kept[::-1]


def marked(tokens: Sequence[str], came: set[int], went: set[int]) -> str:
    """Return tokens as html, those that came or went marked."""

    def mark_of(at: int) -> tuple[bool, bool]:
        is_text = not tokens[at].startswith("<")
        return is_text and at in came, is_text and at in went

    parts: list[str] = []
    for (is_new, is_gone), run in groupby(range(len(tokens)), mark_of):
        text = "".join(tokens[at] for at in run)
        if text.strip():
            text = f"<del>{text}</del>" if is_gone else text
            text = f"<ins>{text}</ins>" if is_new else text
        parts.append(text)
    return "".join(parts)
