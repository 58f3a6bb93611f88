"""A store that fails at one of its operations, around a real one that holds what was written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from genxai_nb.errors import StoreBusy, StoreError
from genxai_nb.journal.store import Store


class FailingStore:
    """Does what the store inside does, until an operation fails.

    Args:
        inner: The real store.
        at: The number of the operation that fails, from 1; 0 for none.
        how: ``before`` or ``after`` it was done, or ``busy``: its lock was not had.
        lasting: All later operations that write fail too, until it is mended.
    """

    WRITING = frozenset({"append", "append_all", "begin", "branch", "fork", "keep", "prune"})

    def __init__(self, inner: Store, at: int = 0, how: str = "before", *, lasting: bool = False) -> None:
        self.inner = inner
        self.url = inner.url
        self.at = at
        self.how = how
        self.lasting = lasting
        self.count = 0
        self.fired = ""
        self.thread = ""  # in which it failed

    def __getattr__(self, name: str) -> Any:
        return partial(self._do, name, getattr(self.inner, name))

    def close(self) -> None:
        """Close the store inside, which never fails."""
        self.inner.close()

    def mend(self) -> None:
        """Fail no more."""
        self.at = 0

    def _do(self, name: str, work: Callable[..., Any], *args: Any, **options: Any) -> Any:
        self.count += 1
        due = self.count == self.at
        if not due and not (self.lasting and self.fired and self.at and name in self.WRITING):
            return work(*args, **options)
        self.fired = self.fired or name
        self.thread = self.thread or threading.current_thread().name
        if self.how == "busy":
            raise StoreBusy("Another process holds the lock.")
        if self.how == "after":
            work(*args, **options)
        raise StoreError(f"Operation {self.count} ({name}) failed: disk I/O error.")
