"""Procedures that episodes suggest: tasks that were done again and again by the same tools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from .base import Item
from .episodic import DONE, steps_in
from .patterns import grouped, pattern_of


class Proposal(Struct, kw_only=True):
    """A procedure that a person may accept.

    Attributes:
        name: Its name, made of its tools.
        when: In which case: what the tasks have in common.
        steps: The calls, with gaps where they differed.
        episodes: The episodes that suggest it, by name.
        seconds: How long each of them took.
    """

    name: str
    when: str
    steps: tuple[str, ...]
    episodes: tuple[str, ...]
    seconds: tuple[float, ...]


def proposals(episodes: Iterable[Item], known: Sequence[Item], after: int) -> list[Proposal]:
    """What episodes suggest, in the order in which it was done first.

    Episodes that went well by the same tools in the same order, and whose tasks are variants of one, suggest one
    procedure. Steps that failed are left out. What a known procedure says is not proposed again.

    Args:
        episodes: The episodes.
        known: The procedures that there are.
        after: How many episodes it takes.
    """
    by_tools: dict[tuple[str, ...], list[Item]] = {}
    for item in episodes:
        tools = tuple(map(_tool, steps_in(item.fields)))
        if item.status == "current" and item.fields.get("outcome") == DONE and tools:
            by_tools.setdefault(tools, []).append(item)
    found: list[Proposal] = []
    for tools, items in by_tools.items():
        for group in grouped([item.fields["task"] for item in items]):
            members = [items[place] for place in group.members]
            if len(members) >= after and not any(_says(one, group.pattern, tools) for one in known):
                found.append(_proposal(group.pattern, tools, members))
    return _named_apart(found)


def _proposal(when: str, tools: tuple[str, ...], members: Sequence[Item]) -> Proposal:
    columns = zip(*(steps_in(item.fields) for item in members), strict=True)
    return Proposal(
        name="-then-".join(tools),
        when=when,
        steps=tuple(pattern_of(calls) for calls in columns),
        episodes=tuple(item.id for item in members),
        seconds=tuple(float(item.fields.get("seconds", 0)) for item in members),
    )


def _says(known: Item, when: str, tools: tuple[str, ...]) -> bool:
    """Whether a known procedure tells the same tools for the same case."""
    steps = tuple(map(_tool, known.fields.get("steps", "").split("\n")))
    return (
        known.status == "current"
        and steps == tools
        and len(grouped([known.fields.get("when", ""), when])) == 1
    )


def _named_apart(found: list[Proposal]) -> list[Proposal]:
    """The proposals, those of one name told apart by a number."""
    names: dict[str, int] = {}
    for one in found:
        names[one.name] = names.get(one.name, 0) + 1
        if names[one.name] > 1:
            one.name += f"-{names[one.name]}"
    return found


def _tool(step: str) -> str:
    return step.partition("(")[0].strip()
