"""A journal in a file that takes a snapshot as often as it may and counts what it reads back, and runs for it."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from graphs import nothing

from genxai_nb import Graph
from genxai_nb.errors import NodeFailed
from genxai_nb.journal.events import Event
from genxai_nb.journal.opening import register_store
from genxai_nb.journal.sqlite import SqliteStore

_numbers = itertools.count()
_stores: dict[str, DenseStore] = {}


class DenseStore(SqliteStore):
    """Takes snapshots often, and tells how many events were read.

    Args:
        path: The file.
        between: Events between two snapshots at least.

    Attributes:
        address: Opens it as a run's store.
        given: How many events it has given.
    """

    def __init__(self, path: Path, between: int = 1) -> None:
        super().__init__(path, between)
        self.given = 0
        self.address = f"dense://{next(_numbers)}"
        _stores[self.address] = self
        register_store("dense", _stores.__getitem__)

    def read(self, run: str, head: str | None = None, after: int = 0) -> Iterator[Event]:
        """The history of a head behind its first ``after`` events."""
        for event in super().read(run, head, after):
            self.given += 1
            yield event

    def change(self, statement: str, *values: object) -> None:
        """Do something to the tables that no store does."""
        self.close()
        with closing(sqlite3.connect(self.url, isolation_level=None)) as connection:
            connection.execute(statement, values)

    def snapshots(self, run: str) -> list[int]:
        """How many events each snapshot in a run's history holds."""
        outline = self.outline(run, next(head.name for head in self.heads(run) if head.current))
        return [] if outline is None else outline.snapshots


def counting(upto=30, stop=None):
    """A node that counts, again and again; it fails at ``stop`` as long as there is that in ``stop``."""

    def count(state):
        if stop and state["n"] == stop[0]:
            raise ValueError("stop")
        return {"n": state["n"] + 1, "log": [state["n"]]}

    graph = Graph("count", reducers={"log": "append"}).node("a", count).node("z", nothing)
    return graph.parse(f"START -> a\na -> a if n < {upto} max 99\na -> z else")


def failed_at(stop, store):
    """A run of ``counting`` that failed there, and its graph, which will not again."""
    stops = [stop]
    graph = counting(stop=stops)
    run = graph.start({"n": 0, "log": []}, store=store.address)
    with pytest.raises(NodeFailed):
        run.resume()
    stops.clear()
    return graph, run.run_id
