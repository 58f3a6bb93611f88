"""What of a memory is kept for how long: which items end or are dropped by age and by count."""

from __future__ import annotations

from math import log
from typing import Any, NamedTuple

from .base import Item, Shelf

DECAY = 0.995  # of recency, an hour
OFTEN = 100  # uses from which on more make no difference

_HOUR, _DAY = 3600.0, 86400.0


class Leaving(NamedTuple):
    """Items that are dropped, and why."""

    why: str
    items: list[Item]


def hours_since(item: Item, at: float) -> float:
    """How many hours ago an item was used last, or written; 0 where the time is not known."""
    return max(at - (item.used or item.at), 0) / _HOUR if at else 0.0


def worth(item: Item, importance: float, at: float) -> float:
    """What an item is worth by itself, whatever is asked: its importance, recency and use, each from 0 to 1, summed.

    See `genxai_nb.memory.long_term.LongTerm` for where that is from::

        recency = 0.995 ** (hours since it was used last, or written)
        use     = ln(1 + times used) / ln(1 + 100), at most 1

    Example:
        >>> worth(Item(kind="long_term", id="m1", text="", at=1.0), 0.9, 1.0)
        1.9
    """
    use = min(log(1 + item.uses) / log(1 + OFTEN), 1)
    return float(importance + DECAY ** hours_since(item, at) + use)


def leaving(kind: Any, shelf: Shelf, at: float) -> list[Leaving]:
    """The items that a kind keeps no longer: what is past for its ``fade`` days, and what is too much for its ``most``.

    Args:
        kind: The kind.
        shelf: Where its items stand.
        at: The time.
    """
    most, found = getattr(kind, "most", 0), list[Leaving]()
    days = getattr(kind, "fade", 0) if hasattr(kind, "is_past") else 0
    if not (most or days):
        return found
    there = [item for item in shelf.items() if item.status not in {"dropped", "forgotten"}]
    if days:
        past = [item for item in there if kind.is_past(item) and _ended(item) < at - days * _DAY]
        found.append(Leaving(f"of no use for {days} days", past))
    if most:
        holding = [item for item in there if item.status == "current"]
        if len(holding) > most:
            holding.sort(key=lambda item: (kind.worth(item, at), item.used or item.at), reverse=True)
            found.append(Leaving(f"more than {most}", holding[most:]))
    return [one for one in found if one.items]


def _ended(item: Item) -> float:
    """From when an item is of no use: when it ended, else when it was used last."""
    return (item.used or item.at) if item.status == "current" or item.until is None else item.until
