"""How what agents remember has changed: each change is kept in order, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from msgspec import Struct, structs

What = Literal["added", "replaced", "merged", "faded", "dropped", "forgotten", "undone"]
WHATS: tuple[str, ...] = get_args(
    What
)  # a place is a number in every journal, for good: new ones come at the end

_NAMED = 20

SAME_ABOUT = "tells of the same"
SAME_WORDS = "says the same"


class Cause(Struct, frozen=True, kw_only=True):
    """Who changes something, and why.

    Attributes:
        why: The reason in words, never those of an item.
        run: The run; empty for none.
        agent: The agent; empty for a person.
        key: Names the write: made again after a crash, it finds what the first one changed.
    """

    why: str = ""
    run: str = ""
    agent: str = ""
    key: str = ""


BY_HAND = Cause(why="by hand")


class Change(Struct, frozen=True, kw_only=True):
    """One change of what is remembered; of the items it has the numbers alone.

    Attributes:
        number: Its number in the store; never given again.
        at: When it was, as Unix time in seconds.
        what: What became of the items: ``added``; ``replaced`` by a newer one that tells of the same, ``merged`` into one
            that says the same; ``faded`` or ``dropped`` by age or count; ``forgotten``; or what another change
            did was ``undone``.
        items: The numbers of the items.
        other: The number of the item that took their place, or of the change that was undone.
        undone: The number of the change that has undone it; None while it counts.
        run: The run in which it was; empty for none.
        agent: The agent that made it; empty for a person.
        why: The rule, or the reason.
    """

    number: int
    at: float
    what: What
    items: tuple[int, ...]
    other: int | None = None
    undone: int | None = None
    run: str = ""
    agent: str = ""
    why: str = ""

    @property
    def names(self) -> str:
        """The names of the items, such as ``m3, m7``; of many the first 20."""
        names = [f"m{number}" for number in self.items[:_NAMED]]
        more = len(self.items) - len(names)
        return ", ".join([*names, f"and {more:,} more"] if more else names)


class Standing(NamedTuple):
    """How an item stands: until when it held, by which item it ended, and when it was dropped."""

    until: float | None = None
    ended_by: int | None = None
    dropped: float | None = None


def change_of(what: What, items: Iterable[int], at: float, cause: Cause, other: int | None = None) -> Change:
    """A change that has no number yet."""
    return Change(
        number=0,
        at=at,
        what=what,
        items=tuple(items),
        other=other,
        run=cause.run,
        agent=cause.agent,
        why=cause.why,
    )


def standings(log: Iterable[Change], numbers: Iterable[int]) -> dict[int, Standing]:
    """How items stand by the changes that count, in their order.

    Args:
        log: All changes of their collection.
        numbers: The items.

    Example:
        >>> added, faded = (Change(number=n, at=n, what=what, items=(7,)) for n, what in ((1, "added"), (2, "faded")))
        >>> standings([added, faded], [7])[7].until
        2
    """
    found = dict.fromkeys(numbers, Standing())
    log = list(log)
    times = {change.number: change.at for change in log if change.what == "undone"}
    for change in log:
        if change.what not in {"forgotten", "undone"}:
            for number in found.keys() & change.items:
                found[number] = _after(found[number], change, times)
    return found


def _after(old: Standing, change: Change, times: Mapping[int, float]) -> Standing:
    if change.what == "added":
        return Standing(until=None if change.undone is None else times[change.undone])
    if change.undone is not None:
        return old
    if change.what == "dropped":
        return Standing(change.at if old.until is None else old.until, old.ended_by, change.at)
    return old if old.until is not None else Standing(change.at, change.other)


def taken_back(
    log: Sequence[Change], wanted: Iterable[int], first: int, at: float, cause: Cause
) -> tuple[list[Change], list[Change]]:
    """Take changes back, the latest first; of one that took others back, those count again.

    With what was added goes what ended by it. What is taken back already, and what was forgotten, stays so.

    Args:
        log: All changes of a collection, in order.
        wanted: The numbers of those that are taken back.
        first: The number of the next change.
        at: The time.
        cause: Who takes them back.

    Returns:
        The log as it is now, and those of it that are new or were marked.
    """
    now = {change.number: change for change in log}
    new: dict[int, Change] = {}
    for number in sorted(set(wanted), reverse=True):
        change = now.get(number)
        if change is None or change.undone is not None or change.what == "forgotten":
            continue
        marks: dict[int, int | None]
        undoing = first + sum(one.number >= first for one in new.values())
        if change.what == "undone":
            marks = {n: None for n, one in now.items() if one.undone == number}
            marks[number] = undoing
        else:
            marks = dict.fromkeys((number, *_ended_by(change, now)), undoing)
        touched = {item for n in marks for item in now[n].items}
        made = structs.replace(change_of("undone", sorted(touched), at, cause, number), number=undoing)
        new |= {n: structs.replace(now[n], undone=mark) for n, mark in marks.items()} | {undoing: made}
        now |= new
    return [now[number] for number in sorted(now)], list(new.values())


def _ended_by(change: Change, now: Mapping[int, Change]) -> list[int]:
    """The changes that go with one: what ended by the items that it added."""
    if change.what != "added":
        return []
    return [
        n
        for n, one in now.items()
        if one.what in {"replaced", "merged"} and one.other in change.items and one.undone is None
    ]
