"""A journal in a file that counts its transactions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from genxai_nb.journal.opening import register_store
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.journal.store import Part

_numbers = itertools.count()
_stores: dict[str, CountingStore] = {}


class CountingStore(SqliteStore):
    """Counts the transactions that append events, and fails at them if it is told to.

    Args:
        path: The file.

    Attributes:
        address: Opens it as a run's store.
        transactions: How many there were.
        failing: What is raised after each.
        before: Called with the parts before each; it may hold it up.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.transactions = 0
        self.failing: Exception | None = None
        self.before: Callable[[Sequence[Part]], object] | None = None
        self.address = f"counting://{next(_numbers)}"
        _stores[self.address] = self
        register_store("counting", _stores.__getitem__)

    def append_all(self, parts: Sequence[Part], *, wait: float = 0.0) -> None:
        """Append to several runs in one transaction."""
        self.transactions += 1
        if self.before is not None:
            self.before(parts)
        super().append_all(parts, wait=wait)
        if self.failing is not None:
            raise self.failing
