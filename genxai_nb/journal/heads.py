"""What the stores have in common about heads, the lines of history of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec import structs

from genxai_nb.errors import RunError, RunNotFound, suggest

from .events import Event, RunStarted

OPEN = 0xFFFFFFFF  # where the last part of a history ends, which still grows

Head = TypeVar("Head")


def segments(way: Iterable[tuple[Head, int]]) -> list[tuple[Head, int, int]]:
    """Say which part of a history each head has: the events after ``upto`` and as far as ``bound``.

    Args:
        way: The heads from the history's own one upwards, each with how much its parent has of *its* history.

    Example:
        >>> segments([("r1.3", 2), ("r1.2", 5), ("r1.1", 0)])
        [('r1.1', 0, 2), ('r1.3', 2, 4294967295)]
    """
    parts = []
    bound = OPEN
    for head, upto in way:
        if upto < bound:
            parts.append((head, upto, bound))
            bound = upto
    return parts[::-1]


def check_cut(run: str, upto: int, length: int) -> None:
    """Check that a history of this length can be cut after so many events.

    Raises:
        RunError: It is shorter, or nothing would be left of it.
    """
    if not 1 <= upto <= length:
        raise RunError(
            f"Run {run!r} cannot be taken up after event {upto}: its history has {length}.",
            hint=f"Give a number from 1 to {length}.",
            run_id=run,
        )


def no_head(run: str, name: str, known: Iterable[str]) -> RunNotFound:
    """Make the error that says that a run has no head of that name."""
    known = list(known)
    hint = suggest(name, known) or f"Newest: {known[-1]}."
    return RunNotFound(f"Run {run!r} has no head {name!r}.", hint=hint, run_id=run)


def first_of(first: Event, run: str, parent: str | None) -> Event:
    """The first event of a run's history; a fork has it from another run, whose id is replaced."""
    if isinstance(first, RunStarted) and first.run != run:
        return structs.replace(first, run=run, parent=parent)
    return first
