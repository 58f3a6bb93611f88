"""One connection to a journal file, which the threads of a process share."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from weakref import WeakSet

from .schema import FAILURES, PATIENCE, busy, failure, is_busy, opened

T = TypeVar("T")

_open: WeakSet[Connection] = WeakSet()


class Connection:
    """Do work on a journal file, once its lock is had.

    Args:
        path: The file; it and its tables are made on demand.

    Raises:
        StoreError: The file cannot be used as a journal.

    Example:
        >>> import tempfile
        >>> connection = Connection(Path(tempfile.mkdtemp()) / "journal.db")
        >>> connection.read(lambda opened: opened.execute("SELECT count(*) FROM run").fetchone())
        (0,)
        >>> connection.close()
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = opened(path)
        _open.add(self)

    def write(self, work: Callable[[sqlite3.Connection], T], wait: float = PATIENCE) -> T:
        """Do work in one transaction; wait at most so many seconds for the lock.

        Raises:
            StoreBusy: The lock was not had in time; nothing was written.
            StoreError: The file cannot be used.
        """

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:  # undone whatever it was, also an interrupt, and raised on
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        return self._patiently(transaction, wait)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work that writes nothing.

        Raises:
            StoreBusy: The lock was not had within 5 seconds.
            StoreError: The file cannot be used.
        """
        return self._patiently(work, PATIENCE)

    def empty_log(self) -> bool:
        """Put the write-ahead log into the file and cut it off; False if somebody has read as of before for 5 seconds."""
        until, pause = time.monotonic() + PATIENCE, 0.0005
        while self.read(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())[
            0
        ]:
            if time.monotonic() >= until:
                return False
            pause = min(pause * 2, 0.02)
            time.sleep(pause)
        return True

    def close(self) -> bool:
        """Release the file; it is opened again when it is used again. Tells whether it was open."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
        return connection is not None

    def _patiently(self, work: Callable[[sqlite3.Connection], T], wait: float) -> T:
        """Try until the lock is had. Between tries other threads have their turn."""
        until, pause = 0.0, 0.0005
        while True:
            try:
                with self._lock:
                    if self._connection is None:
                        self._connection = opened(self._path)
                    return work(self._connection)
            except FAILURES as exc:
                if not is_busy(exc):
                    raise failure(self._path, exc) from exc
                now = time.monotonic()
                until = until or now + wait
                if now >= until:
                    raise busy(self._path, wait) from exc
            pause = min(pause * 2, 0.02, until - now)
            time.sleep(pause)

    def stand_still(self) -> None:
        """Let nothing be under way while the process forks: the child would take it for a lock that never ends."""
        self._lock.acquire()

    def go_on(self) -> None:
        """Go on after a fork."""
        self._lock.release()

    def start_over_in_child(self) -> None:
        """Leave the parent's connection alone, not even closing it: it must not cross a fork."""
        _left_behind.append(self._connection)
        self._connection, self._lock = None, threading.Lock()


_left_behind: list[sqlite3.Connection | None] = []
_standing: list[Connection] = []


def _stand_still() -> None:
    for connection in list(_open):
        connection.stand_still()
        _standing.append(connection)


def _go_on() -> None:
    while _standing:
        _standing.pop().go_on()


def _start_over_in_child() -> None:
    while _standing:
        _standing.pop().start_over_in_child()


os.register_at_fork(before=_stand_still, after_in_parent=_go_on, after_in_child=_start_over_in_child)
