"""Procedural memory: what works, step by step."""

from __future__ import annotations

import re
from typing import ClassVar

from genxai_nb.errors import DefinitionError
from genxai_nb.journal.items import Draft

from .base import Item, Place, Query, Recalled, Shelf, Turn, checked_fade, checked_most
from .index import Match

TRIED = 3  # uses from which on a procedure that fails more often than not is no longer recalled

_CANDIDATES = 20  # that are weighed
_PARTS = re.compile(r"\s*(?:;|,? then )\s*")


class Procedural:
    """Procedures: in which case, which steps, and how often and how fast they led to an answer.

    None is written by itself. After a task was done several times by the same tools, a procedure is proposed (see
    `genxai_nb.memory.proposals`), and a person accepts it. A procedure that stood in the prompt of a visit is counted
    with what came of the visit. Those are chosen that fit the task and have worked::

        score = relevance (1 + bound) / 2

    where relevance is that of `genxai_nb.memory.index.Index` and the bound is the least success rate that the counts
    warrant; see `genxai_nb.memory.rates.wilson`. One that was used three times or more, and failed more often than
    not, is not recalled. Such a one is dropped when it was not used for a year, and so is one that another one took the
    place of a year ago: it stands in no table, and can be taken back. All others stay, unless there are too many.

    Args:
        shelf: Where they stand.
        after: After how many successes a procedure is proposed.
        fade: After how many days a procedure is dropped that is recalled no more; 0 for never.
        most: How many procedures hold at most; those with the least bound are dropped, of equals what was not used or
            written for longest. 0 for no limit.

    Raises:
        DefinitionError: ``after`` is no number from 2, or ``fade`` or ``most`` no such number.

    Example:
        >>> from genxai_nb.memory.shelves import ListShelf
        >>> memory = Procedural(ListShelf("procedural"))
        >>> memory.draft("Weigh a box: weigh(item), then add(unit)").fields["steps"].splitlines()
        ['weigh(item)', 'add(unit)']
    """

    name = "procedural"
    place: Place = "store"
    embeds = True
    recalls = True
    counts = True
    heading = "Procedures that have worked in such a case:"
    options: ClassVar[tuple[str, ...]] = ("after", "fade", "most")
    columns: ClassVar[dict[str, str]] = {
        "name": "str",
        "when": "str",
        "steps": "str",
        "uses": "Int64",
        "wins": "Int64",
        "bound": "Float64",
        "duration": "Float64",
        "used": "datetime",
    }
    rules: ClassVar[dict[str, str]] = {
        "accepted": "A proposal that a person accepts by agent.memory.accept(...), with the counts of its episodes.",
        "proposed": "A task that was done twice or more by the same tools, its variants counted together; needs episodic memory.",
        "by hand": 'What a person tells it, such as "Weigh a box: weigh(item), then add(unit)".',
        "dropped": "What is recalled no more for fade days (365), and of more than most (1,000) those with the least bound, of equals the oldest.",
        "never": "A procedure that nobody has accepted, and whatever looks like a key or names a password.",
        "recalled": "By relevance (1 + bound) / 2, where the bound is what its success rate is at least.",
    }

    def __init__(self, shelf: Shelf, *, after: int = 2, fade: int = 365, most: int = 1000) -> None:
        if type(after) is not int or after < 2:
            raise DefinitionError(
                f"A procedure is to be proposed after {after!r} successes.",
                hint="Write a whole number from 2, such as after: 3.",
            )
        self.shelf = shelf
        self.after = after
        self.fade = checked_fade(self.name, fade)
        self.most = checked_most(self.name, most)

    def notice(self, turn: Turn) -> list[Draft]:  # noqa: ARG002 - a person decides what is a procedure
        """Nothing: a procedure is proposed, and a person accepts it."""
        return []

    def draft(self, text: str) -> Draft:
        """A procedure that a person tells by hand: in which case, a colon, and the steps."""
        when, colon, steps = text.partition(":")
        parts = [step for step in _PARTS.split(steps.strip()) if step] if colon else []
        return procedure(when.strip(), parts, text=text)

    def is_past(self, item: Item) -> bool:
        """Whether a procedure is recalled no more: another one took its place, or it fails."""
        return item.status != "current" or _fails(item)

    def worth(self, item: Item, at: float) -> float:  # noqa: ARG002 - it works as well as it did
        """What a procedure is worth by itself: what its success rate is at least."""
        return item.bound or 0.0

    def recall(self, query: Query, k: int = 5) -> list[Recalled]:
        """The procedures that fit the query and have worked, the best first, at most ``k``.

        Raises:
            StoreError: The query was embedded by another model.
        """
        found = [
            _chosen(item, match)
            for item, match in self.shelf.search(query, max(k, _CANDIDATES))
            if not _fails(item)
        ]
        return sorted(found, key=lambda one: -one.score)[:k]


def procedure(when: str, steps: list[str], *, name: str = "", text: str = "", rule: str = "by hand") -> Draft:
    """A procedure as it is kept: found by its case, told as a sentence."""
    fields = {"name": name or when, "when": when, "steps": "\n".join(steps)}
    return Draft(
        text=text or f"{when}: {', then '.join(steps)}",
        source="by hand",
        rule=rule,
        about=fields["name"],
        cue=when,
        fields={field: value for field, value in fields.items() if value},
    )


def _fails(item: Item) -> bool:
    """Whether it was tried, and failed more often than not."""
    return item.uses >= TRIED and 2 * item.wins < item.uses


def _chosen(item: Item, match: Match) -> Recalled:
    worked = f"worked {item.wins} of {item.uses} times" if item.uses else "not used yet"
    score = match.relevance * (1 + (item.bound or 0.0)) / 2
    return Recalled(item=item, score=score, why=f"{match.why}; {worked}")
