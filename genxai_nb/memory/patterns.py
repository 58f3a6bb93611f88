"""What texts have in common, word by word, and which of them are variants of one."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from msgspec import Struct

from .words import words_of

GAP = "…"
ALIKE = 0.5  # of the longer one's words, that two variants share in order

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_GAPS = re.compile(rf"{GAP}(?:\s*{GAP})+")
_BESIDE = re.compile(rf"(?<=\w)(?={GAP})|(?<={GAP})(?=\w)")


class Group(Struct):
    """Texts that are variants of one.

    Attributes:
        tokens: What they have in common, with a gap wherever they differ.
        members: Their places among all texts.
    """

    tokens: tuple[str, ...]
    members: list[int]

    @property
    def pattern(self) -> str:
        """What they have in common as a text."""
        return _BESIDE.sub(" ", _GAPS.sub(GAP, "".join(self.tokens)))


def pattern_of(texts: Sequence[str]) -> str:
    """What texts have in common, with a gap wherever they differ.

    Example:
        >>> pattern_of(["weigh(item='a red box')", "weigh(item='a box')"])
        "weigh(item='a … box')"
    """
    common: tuple[str, ...] = _tokens(texts[0])
    for text in texts[1:]:
        common = _common(common, _tokens(text))
    return Group(common, []).pattern


def grouped(texts: Sequence[str]) -> list[Group]:
    """Put texts together that are variants of one: in order, at least half of their words are the same.

    Each text goes to the first group that it fits, and a group's pattern is what all of its texts share.

    Example:
        >>> found = grouped(["Weigh the red box", "Sing a song", "Weigh the blue box"])
        >>> [(group.pattern, group.members) for group in found]
        [('Weigh the … box', [0, 2]), ('Sing a song', [1])]
    """
    groups: list[Group] = []
    known: dict[tuple[str, ...], Group] = {}
    for place, text in enumerate(texts):
        tokens = _tokens(text)
        group = known.get(tokens)
        if group is None:
            for group in groups:
                if not _may_be_alike(group.tokens, tokens):
                    continue
                common = _common(group.tokens, tokens)
                if _is_alike(common, group.tokens, tokens):
                    group.tokens = common
                    break
            else:
                group = Group(tokens, [])
                groups.append(group)
            known[tokens] = group
        group.members.append(place)
    return groups


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text))


def _common(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    if some == others:
        return some
    if not set(some).intersection(others):
        return ()
    shared: list[str] = []
    place = other = 0
    for a, b, size in SequenceMatcher(None, some, others, autojunk=False).get_matching_blocks():
        if (a > place or b > other) and (not shared or shared[-1] != GAP):
            shared.append(GAP)
        shared += some[a : a + size]
        place, other = a + size, b + size
    return tuple(shared)


def _is_alike(common: tuple[str, ...], some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    longest = max(_said(some), _said(others))
    return _said(common) >= ALIKE * longest and bool(words_of("".join(common)))


def _may_be_alike(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether two variants have so many words in common, in whatever order, that comparing them is worth it."""
    first, second = _distinct(some), _distinct(others)
    repeated = min(_said(some) - len(first), _said(others) - len(second))
    return len(first & second) + repeated >= ALIKE * max(_said(some), _said(others))


@functools.lru_cache(4096)
def _distinct(tokens: tuple[str, ...]) -> frozenset[str]:
    return frozenset(token for token in tokens if token != GAP and not token.isspace())


@functools.lru_cache(4096)
def _said(tokens: tuple[str, ...]) -> int:
    """How many tokens are neither gaps nor blanks."""
    return sum(token != GAP and not token.isspace() for token in tokens)
