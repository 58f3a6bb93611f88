"""Taking runs out of a journal: which of them others still need, and what goes with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

__all__ = ["DRIVEN", "LOCKED", "Line", "Pruned", "lines_of", "needed"]

DRIVEN = "it is being driven"
LOCKED = "another process held the journal's lock"

Line = tuple[str, Collection[str]]  # the run of a head, and the runs that the heads above it are of


class Pruned(Struct, frozen=True, kw_only=True):
    """What was taken out of a journal, or would be.

    Attributes:
        gone: The runs, newest first.
        kept: Why each other run that was meant stays.
        freed: How many bytes the journal's file is smaller.
        dry: Nothing was taken out yet.
    """

    gone: tuple[str, ...] = ()
    kept: dict[str, str] = {}
    freed: int = 0
    dry: bool = False

    def __str__(self) -> str:
        runs = f"{len(self.gone)} run{'s' * (len(self.gone) != 1)}"
        if self.dry:
            said = f"{runs} would go" + (f": {', '.join(self.gone)}" if self.gone else "")
        else:
            said = f"{runs} gone" + (f": {', '.join(self.gone)}" if self.gone else "")
            said += f"; the journal is {self.freed:,} bytes smaller" if self.freed > 0 else ""
        kept = [f"{run} stays: {why}." for run, why in self.kept.items()]
        return "\n".join([f"{said}.", *kept])


def needed(lines: Iterable[Line], going: Collection[str]) -> dict[str, str]:
    """Which of some runs cannot go, as the history of one that stays begins in them; with that run.

    Args:
        lines: Each head of the journal with the runs that its history comes from.
        going: The runs that are to go.

    Example:
        >>> needed([("r1", ()), ("r2", ("r1",)), ("r3", ("r2", "r1"))], {"r1", "r2"})
        {'r2': 'r3', 'r1': 'r3'}
        >>> needed([("r1", ()), ("r2", ("r1",))], {"r1", "r2"})
        {}
    """
    left = list(lines)
    kept: dict[str, str] = {}
    while True:
        staying = [(run, above) for run, above in left if run not in going or run in kept]
        found = {one: run for run, above in staying for one in above if one in going and one not in kept}
        if not found:
            return kept
        kept |= found


def lines_of(parents: Mapping[int, tuple[str, int | None]]) -> list[Line]:
    """The lines of a journal by the number of each head: its run, and the head above it.

    Example:
        >>> lines_of({1: ("r1", None), 2: ("r1", 1), 3: ("r2", 2)})
        [('r1', ()), ('r1', ('r1',)), ('r2', ('r1', 'r1'))]
    """
    lines: dict[int, Line] = {}
    for head, (run, parent) in sorted(parents.items()):
        above = lines.get(parent) if parent is not None else None
        lines[head] = (run, () if above is None else (above[0], *above[1]))
    return list(lines.values())
