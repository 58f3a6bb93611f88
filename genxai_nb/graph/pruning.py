"""Taking runs out of a store: by name, by age, or all but the newest."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import time

from msgspec import structs

from genxai_nb.errors import InputError
from genxai_nb.journal.opening import find_store
from genxai_nb.journal.pruned import Pruned
from genxai_nb.moments import time_since

__all__ = ["prune_runs"]

_ENDED = ("done", "failed", "cancelled")
_OPEN = "it has not ended, so that it has to be named"


def prune_runs(
    *runs: str,
    older: str | float | timedelta | datetime | None = None,
    last: int | None = None,
    store: str | None = None,
    dry: bool = True,
) -> Pruned:
    """Take runs out of a store for good, with the large values that only they refer to.

    A run that is being driven stays, and one that a run which stays was forked from. By age or number only runs
    that have ended are meant. What agents remember stays. It cannot be undone, so that by default nothing is
    taken out yet: what is returned tells which runs would go.

    Args:
        runs: Runs by their ids.
        older: Runs that began before that: ``30d``, ``12h``, a day such as ``2026-12-01``, a datetime or timedelta.
        last: All runs but the newest so many; with ``older``, those of them that are older.
        store: Where runs are kept.
        dry: Only say what would go.

    Raises:
        InputError: It is not said which runs, or by no time and no number.
        RunNotFound: There is no such run; nothing was taken out.
        StoreBusy: The lock was not had within 5 seconds.

    Example:
        >>> from genxai_nb import Graph
        >>> Graph("g").node("a", lambda state: {}).edge("START", "a").run({}, store=":memory:").status
        'done'
        >>> print(prune_runs(last=100, store=":memory:"))
        0 runs would go.
    """
    if not runs and older is None and last is None:
        raise InputError(
            "Which runs?", hint="Name them, or say older (30d) or last (100): --older 30d, --last 100."
        )
    if last is not None and last < 0:
        raise InputError(f"last is {last!r}.", hint="It is how many of the newest runs stay, from 0.")
    kept = find_store(store)
    rows = kept.runs() if older is not None or last is not None else []
    before = None if older is None else time_since(older, time())
    old = [row for row in rows[last or 0 :] if before is None or row.started < before]
    meant = dict.fromkeys((*runs, *(row.run for row in old if row.status in _ENDED)))
    pruned = kept.prune(tuple(meant), dry=dry)
    standing = {row.run: _OPEN for row in old if row.run not in meant}
    return structs.replace(pruned, kept={**pruned.kept, **standing})
