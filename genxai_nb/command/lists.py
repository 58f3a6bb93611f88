"""The commands ``runs``, ``prune`` and ``tools``."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from pathlib import Path

from genxai_nb.graph.pruning import prune_runs
from genxai_nb.journal import open_store
from genxai_nb.journal.cost import Cost
from genxai_nb.journal.places import FILE, FOLDER
from genxai_nb.journal.store import RunRow
from genxai_nb.settings import read_settings

from .exits import DONE
from .printing import as_json, put, table, tell

__all__ = ["journal_of", "list_runs", "list_tools", "prune"]


def journal_of(where: str | None) -> Path | None:
    """The journal file that a store means, whether it is there or not; None in memory.

    Raises:
        SetupError: It is no store that is known.
    """
    where = where or read_settings().store or f"{FOLDER}/{FILE}"
    if where == ":memory:" or "://" in where:
        open_store(where)  # which refuses what it does not know
        return None
    return Path(where).expanduser().absolute()


def list_runs(given: Namespace) -> int:
    """Print the runs of a store, newest first.

    Returns:
        The exit code.

    Raises:
        StoreError: The journal cannot be read.
    """
    place = journal_of(given.store)
    there = place is not None and place.is_file()
    store = open_store(str(place)) if there else None
    rows, spent = (store.runs(), store.spent()) if store else ([], {})
    if given.json:
        put(as_json([_fields(row, spent.get(row.run, Cost())) for row in rows]))
    elif rows:
        columns = ("run", "graph", "status", "steps", "started", "seconds", "cost", "forked from")
        put(table(columns, [_words(row, spent.get(row.run, Cost())) for row in rows]))
    else:
        tell(f"No runs in {place}." if there or place is None else f"No runs: there is no journal {place}.")
    return DONE


def prune(given: Namespace) -> int:
    """Take runs out of a store, or say which would go.

    Returns:
        The exit code.

    Raises:
        InputError: It is not said which runs, or by no time and no number.
        RunNotFound: There is no such run.
        StoreError: The journal cannot be read or written.
    """
    pruned = prune_runs(*given.runs, older=given.older, last=given.last, store=given.store, dry=not given.yes)
    if given.json:
        put(as_json(pruned))
        return DONE
    put(str(pruned))
    if pruned.dry and pruned.gone:
        tell("Nothing is taken out yet: add --yes. It cannot be undone.")
    return DONE


def _fields(row: RunRow, cost: Cost) -> dict[str, object]:
    return {
        "run_id": row.run,
        "graph": row.graph,
        "status": row.status,
        "steps": row.steps,
        "started": datetime.fromtimestamp(row.started).astimezone().isoformat(timespec="seconds"),
        "seconds": None if row.ended is None else round(row.ended - row.started, 3),
        "cost": cost.total,
        "parent": row.parent,
    }


def _words(row: RunRow, cost: Cost) -> list[str]:
    started = datetime.fromtimestamp(row.started).astimezone()
    seconds = "" if row.ended is None else f"{row.ended - row.started:.1f}"
    return [
        row.run,
        row.graph,
        row.status,
        str(row.steps),
        f"{started:%Y-%m-%d %H:%M:%S}",
        seconds,
        "" if cost == Cost() else str(cost),
        row.parent or "",
    ]


def list_tools(given: Namespace) -> int:
    """Print the builtin and installed tools.

    Returns:
        The exit code.
    """
    from genxai_nb.tools import registry

    rows = registry.describe()
    if given.json:
        put(
            as_json(
                [
                    {
                        "name": row.name,
                        "category": row.category,
                        "tags": list(row.tags),
                        "permissions": list(row.permissions),
                        "description": row.description,
                        "origin": row.origin,
                    }
                    for row in rows
                ]
            )
        )
    else:
        words = [
            [row.name, row.category, row.description, ", ".join(row.permissions), row.origin] for row in rows
        ]
        put(table(("tool", "category", "description", "permissions", "origin"), words))
    return DONE
