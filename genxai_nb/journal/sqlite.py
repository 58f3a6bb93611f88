"""The journal in a SQLite file: one transaction an append, durable when it returns."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from weakref import WeakSet
from zlib import crc32

from msgspec import structs

from genxai_nb.errors import RunNotFound, StoreDamaged, suggest

from .codec import decode_event, encode_event
from .events import Event, RunStarted
from .lease import held, hold
from .schema import PATIENCE, busy, failure, is_busy, opened
from .store import Definition, RunRow
from .summary import STATUS_AFTER

T = TypeVar("T")

_CHUNK = 256
_SHIFT = 32

_stores: WeakSet[SqliteStore] = WeakSet()


class SqliteStore:
    """Keep runs in a SQLite file that threads and processes share.

    Args:
        path: The file; it and its folder are made on demand.

    Raises:
        StoreError: The file cannot be used as a journal.

    Example:
        >>> import tempfile
        >>> from genxai_nb.journal.events import RunStarted
        >>> store = SqliteStore(tempfile.mkdtemp() + "/journal.db")
        >>> store.begin(RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={}))
        'r1'
        >>> store.close()
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path).expanduser().absolute()
        self._leases = self._path.with_name(f"{self._path.name}-leases")
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = opened(self._path)
        self.url = str(self._path)
        _stores.add(self)

    def __repr__(self) -> str:
        return f"SqliteStore({self.url!r})"

    def begin(self, started: RunStarted, definitions: Sequence[Definition] = ()) -> str:
        """Take the next run id, append ``started`` under it, keep the definitions: one transaction.

        Raises:
            NotStorable: A value of the input cannot be kept.
            StoreBusy: The lock was not had within 5 seconds.
        """
        if not self._path.exists():
            self.close()

        def work(connection: sqlite3.Connection) -> str:
            blobs: dict[str, bytes] = {}
            number = connection.execute(
                "INSERT INTO run (parent, graph, status, started) VALUES (?, ?, 'running', ?)",
                (started.parent, started.graph, started.at),
            ).lastrowid
            head = connection.execute("INSERT INTO head (run, why) VALUES (?, 'begun')", (number,)).lastrowid
            connection.execute("UPDATE run SET head = ? WHERE id = ?", (head, number))
            body = encode_event(structs.replace(started, run=f"r{number}"), blobs)
            _insert(connection, (head or 0) << _SHIFT, [body], blobs)
            _keep(connection, definitions)
            return f"r{number}"

        return self._write(work, PATIENCE)

    def append(self, run: str, events: Sequence[Event], *, wait: float = 0.0) -> None:
        """Append events in order in one transaction; wait at most ``wait`` seconds for the lock.

        Raises:
            NotStorable: A value cannot be kept; nothing was appended.
            StoreBusy: The lock was not had in time; nothing was appended.
            RunNotFound: No such run.
        """
        blobs: dict[str, bytes] = {}
        bodies = [encode_event(event, blobs) for event in events]
        turns = [event for event in events if type(event) in STATUS_AFTER]
        number = _number(run)

        def work(connection: sqlite3.Connection) -> None:
            last = connection.execute(_LAST_PLACE, (number,)).fetchone()
            if last is None:
                raise self._not_found(connection, run)
            _insert(connection, last[0], bodies, blobs)
            if turns:
                _turn(connection, number, turns[-1])

        self._write(work, wait)

    def keep(self, definitions: Sequence[Definition]) -> None:
        """Keep definitions; one that is there already stays as it is.

        Raises:
            StoreBusy: The lock was not had within 5 seconds.
        """
        if definitions:
            self._write(lambda connection: _keep(connection, definitions), PATIENCE)

    def read(self, run: str) -> Iterator[Event]:
        """The run's events in the order of appending; what comes before a damaged one is given first.

        Raises:
            RunNotFound: No such run.
            StoreDamaged: An event cannot be read back; its number is named.
        """

        def find(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT head FROM run WHERE id = ?", (_number(run),)).fetchone()
            if row is None:
                raise self._not_found(connection, run)
            head: int = row[0]
            return head

        return self._events(run, self._read(find))

    def runs(self) -> list[RunRow]:
        """All runs, newest first. One that nobody drives and that has not ended is ``paused``."""
        rows = self._read(lambda connection: connection.execute(_RUNS).fetchall())
        return [
            RunRow(
                run=f"r{number}",
                graph=graph,
                status="paused" if status == "running" and not held(self._leases, f"r{number}") else status,
                started=started,
                ended=ended,
                steps=steps,
                parent=parent,
            )
            for number, graph, status, started, ended, steps, parent in rows
        ]

    def definition(self, version: str) -> Definition | None:
        """The definition of that hash, if it was kept."""
        row = self._read(
            lambda connection: connection.execute(
                "SELECT kind, name, spec, source FROM definition WHERE hash = ?", (version,)
            ).fetchone()
        )
        if row is None:
            return None
        kind, name, spec, source = row
        return Definition(hash=version, kind=kind, name=name, spec=spec, source=source)

    def lease(self, run: str) -> AbstractContextManager[None]:
        """Hold the right to drive a run. The lock goes with its process, however that ends.

        Raises:
            RunBusy: Another holder has it, in this process or another one.
        """
        return hold(self._leases, run)

    def close(self) -> None:
        """Release the file; it is opened again when it is used again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _events(self, run: str, head: int) -> Iterator[Event]:
        fetch = lru_cache(maxsize=64)(self._blob)
        place = head << _SHIFT
        while rows := self._rows(place, head):
            for found, body, crc in rows:
                place += 1
                if found != place or crc32(body) != crc:
                    raise self._damaged(run, place, "Its row is missing or not as it was written.")
                try:
                    event = decode_event(body, fetch)
                except StoreDamaged as exc:
                    raise self._damaged(run, place, exc.what) from exc
                yield event

    def _damaged(self, run: str, place: int, why: str) -> StoreDamaged:
        number = place - (place >> _SHIFT << _SHIFT)
        return StoreDamaged(
            f"Event {number} of run {run!r} in {self.url!r} cannot be read back. {why}",
            hint="The events before it are intact.",
        )

    def _rows(self, after: int, head: int) -> list[tuple[int, bytes, int]]:
        return self._read(
            lambda connection: connection.execute(
                "SELECT place, CAST(body AS BLOB), crc FROM event WHERE place > ? AND place < ? ORDER BY place LIMIT ?",
                (after, (head + 1) << _SHIFT, _CHUNK),
            ).fetchall()
        )

    def _blob(self, name: str) -> bytes:
        row = self._read(
            lambda connection: connection.execute(
                "SELECT CAST(body AS BLOB) FROM blob WHERE hash = ?", (name,)
            ).fetchone()
        )
        if row is None or sha256(row[0]).hexdigest() != name:
            raise LookupError(f"value {name} is missing or not as it was written")
        body: bytes = row[0]
        return body

    def _write(self, work: Callable[[sqlite3.Connection], T], wait: float) -> T:
        """Do work in one transaction, once the lock is had."""

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        return self._patiently(transaction, wait)

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return self._patiently(work, PATIENCE)

    def _patiently(self, work: Callable[[sqlite3.Connection], T], wait: float) -> T:
        """Try until the lock is had. Between tries other threads have their turn."""
        until, pause = 0.0, 0.0005
        while True:
            try:
                with self._lock:
                    if self._connection is None:
                        self._connection = opened(self._path)
                    return work(self._connection)
            except sqlite3.Error as exc:
                if not is_busy(exc):
                    raise failure(self._path, exc) from exc
                now = time.monotonic()
                until = until or now + wait
                if now >= until:
                    raise busy(self._path, wait) from exc
            pause = min(pause * 2, 0.02, until - now)
            time.sleep(pause)

    def _not_found(self, connection: sqlite3.Connection, run: str) -> RunNotFound:
        known = [f"r{row[0]}" for row in connection.execute("SELECT id FROM run ORDER BY id DESC LIMIT 100")]
        return RunNotFound(f"No run {run!r} in {self.url!r}.", hint=suggest(run, known), run_id=run)

    def _start_over_in_child(self) -> None:
        """A connection must not cross a fork: leave the parent's alone, not even closing it."""
        _left_behind.append(self._connection)
        self._connection, self._lock = None, threading.Lock()


_left_behind: list[sqlite3.Connection | None] = []

_LAST_PLACE = """
SELECT coalesce(
    (SELECT max(place) FROM event WHERE place > run.head << 32 AND place < (run.head + 1) << 32), run.head << 32
) FROM run WHERE id = ?
"""
_RUNS = """
SELECT id, graph, status, started, ended,
    CASE status WHEN 'running' THEN (SELECT steps FROM progress WHERE run = id) ELSE steps END, parent
FROM run ORDER BY id DESC
"""
_TURN = """
UPDATE run SET status = ?, ended = ?, steps = (SELECT steps FROM progress WHERE run = id) WHERE id = ?
"""


def _number(run: str) -> int:
    """The number in a run's id; 0, which no run has, if it is no id."""
    number = run.removeprefix("r")
    return int(number) if run != number and number.isdecimal() and len(number) < 18 else 0


def _insert(
    connection: sqlite3.Connection, last: int, bodies: Sequence[bytes], blobs: dict[str, bytes]
) -> None:
    connection.executemany(
        "INSERT INTO event (place, body, crc) VALUES (?, ?, ?)",
        [(last + number, body.decode(), crc32(body)) for number, body in enumerate(bodies, 1)],
    )
    if blobs:
        connection.executemany(
            "INSERT OR IGNORE INTO blob (hash, body) VALUES (?, ?)",
            [(name, body.decode()) for name, body in blobs.items()],
        )


def _keep(connection: sqlite3.Connection, definitions: Sequence[Definition]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO definition (hash, kind, name, spec, source) VALUES (?, ?, ?, ?, ?)",
        [(row.hash, row.kind, row.name, row.spec, row.source) for row in definitions],
    )


def _turn(connection: sqlite3.Connection, number: int, event: Event) -> None:
    status = STATUS_AFTER[type(event)]
    connection.execute(_TURN, (status, None if status == "running" else event.at, number))


def _start_over_in_child() -> None:
    for store in _stores:
        store._start_over_in_child()


os.register_at_fork(after_in_child=_start_over_in_child)
