"""The journal in a SQLite file: one transaction an append, durable when it returns."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from time import time
from typing import NoReturn
from zlib import crc32

from msgspec import structs

from genxai_nb.errors import RunNotFound, StoreDamaged, suggest
from genxai_nb.secrets import learn_environment

from .cell_rows import SqliteCells
from .codec import decode_event, decode_snapshot, encode_event
from .connection import Connection
from .cost import Cost
from .events import Event, RunStarted
from .heads import check_cut, first_of, no_head
from .item_rows import SqliteItems
from .kinds import KINDS, UNKNOWN, joined
from .lease import held, hold
from .pruned import Pruned
from .rows import (
    SHIFT,
    Claim,
    Segment,
    add_blobs,
    add_events,
    add_head,
    add_run,
    behind,
    check_claim,
    claim,
    definition_of,
    events_in,
    graph_of,
    head_named,
    head_of,
    heads_of,
    history_of,
    keep_definitions,
    keys_in,
    length_of,
    name_of,
    parent_of,
    put_claim,
    runs_in,
    spent_in,
    tip_of,
    turn_run,
)
from .snapshot import Snapshot
from .snapshot_rows import Growth, add_snapshot, growth_of, places_of, snapshot_at, telling, weight_of
from .store import Definition, HeadRow, Outline, Part, RunRow

BETWEEN = 256  # events from one snapshot to the next


class SqliteStore:
    """Keep runs in a SQLite file that threads and processes share.

    Args:
        path: The file; it and its folder are made on demand.
        between: Events of a run that there are between two of its snapshots at least.

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

    def __init__(self, path: str | os.PathLike[str], between: int = BETWEEN) -> None:
        self._path = Path(path).expanduser().absolute()
        self._leases = self._path.with_name(f"{self._path.name}-leases")
        self._file = Connection(self._path)
        self._claims: dict[str, Claim] = {}  # kept when a run is let go, for what is still on its way
        self._between = between
        self._growth: dict[str, Growth] = {}  # of the runs that are held
        self.items = SqliteItems(self._file)
        self.cells = SqliteCells(self._file)
        self.url = str(self._path)

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
        learn_environment()

        def work(connection: sqlite3.Connection) -> str:
            blobs: dict[str, bytes] = {}
            run = add_run(connection, started.graph, started.at, started.parent)
            head = add_head(connection, run, "begun")
            body = encode_event(structs.replace(started, run=run), blobs)
            add_events(connection, head << SHIFT, [body])
            add_blobs(connection, blobs)
            keep_definitions(connection, definitions)
            return run

        return self._file.write(work)

    def append(self, run: str, events: Sequence[Event], *, wait: float = 0.0) -> None:
        """Append events in order to the current head, in one transaction; wait at most ``wait`` seconds.

        Raises:
            NotStorable: A value cannot be kept; nothing was appended.
            StoreBusy: The lock was not had in time; nothing was appended.
            RunNotFound: No such run.
            RunBusy: It was held by this store's lease, and another holder has taken it over.
        """
        self.append_all((Part(run, events),), wait=wait)

    def append_all(self, parts: Sequence[Part], *, wait: float = 0.0) -> None:
        """Append to several runs in one transaction: all of it, or nothing. See `append`."""
        blobs: dict[str, bytes] = {}
        encoded = [[encode_event(event, blobs) for event in part.events] for part in parts]
        growth = [self._growth.get(part.run) for part in parts]
        offered = [grown and grown.encoded(part) for part, grown in zip(parts, growth, strict=True)]
        taken: set[int] = set()

        def work(connection: sqlite3.Connection) -> None:
            taken.clear()
            for number, (part, bodies) in enumerate(zip(parts, encoded, strict=True)):
                last, status, token = tip_of(connection, part.run) or self._refuse(connection, part.run)
                if (made := self._claims.get(part.run)) is not None and made.token != token:
                    check_claim(connection, part.run, made)
                add_events(connection, last, bodies)
                turn_run(connection, part.run, status, part.events)
                if part.definitions:
                    keep_definitions(connection, part.definitions)
                snapshot, grown = offered[number], growth[number]
                if snapshot and grown and grown.outweighs(weight_of(connection, snapshot), bodies):
                    add_snapshot(connection, last + len(bodies), snapshot)
                    taken.add(number)
            add_blobs(connection, blobs)

        self._file.write(work, wait)
        for number, grown in enumerate(growth):
            if grown is not None:
                grown.note(encoded[number], taken=number in taken)

    def branch(self, run: str, upto: int, why: str) -> str:
        """Take a run back: give it a new head after the first ``upto`` events of its current history.

        Raises:
            RunNotFound: No such run.
            RunBusy: It is being driven.
            RunError: Its history is shorter than that, or nothing would be left of it.
            StoreBusy: The lock was not had within 5 seconds.
        """

        def work(connection: sqlite3.Connection) -> str:
            parent = self._head(connection, run)
            check_cut(run, upto, length_of(connection, parent))
            put_claim(connection, run, self._claims[run])
            return name_of(connection, add_head(connection, run, why, parent, upto))

        self._file.read(lambda connection: self._head(connection, run))
        with self.lease(run):
            return self._file.write(work)

    def fork(self, run: str, upto: int, head: str | None = None) -> str:
        """Make a new run that continues from the first ``upto`` events of a head, the current one by default.

        Raises:
            RunNotFound: No such run, or it has no such head.
            RunError: The history is shorter than that, or nothing would be left of it.
            StoreBusy: The lock was not had within 5 seconds.
        """

        def work(connection: sqlite3.Connection) -> str:
            parent = self._head(connection, run, head)
            check_cut(run, upto, length_of(connection, parent))
            made = add_run(connection, graph_of(connection, run), time(), run)
            add_head(connection, made, "forked", parent, upto)
            return made

        return self._file.write(work)

    def keep(self, definitions: Sequence[Definition]) -> None:
        """Keep definitions; one that is there already stays as it is.

        Raises:
            StoreBusy: The lock was not had within 5 seconds.
        """
        if definitions:
            self._file.write(lambda connection: keep_definitions(connection, definitions))

    def read(self, run: str, head: str | None = None, after: int = 0) -> Iterator[Event]:
        """The history of a head behind its first ``after`` events; what comes before a damaged event is given first.

        Raises:
            RunNotFound: No such run, or it has no such head.
            StoreDamaged: An event cannot be read back; its number is named.
        """

        def find(connection: sqlite3.Connection) -> tuple[list[Segment], str | None]:
            history = history_of(connection, self._head(connection, run, head))
            return behind(history, after), parent_of(connection, run)

        return self._events(run, *self._file.read(find), after)

    def outline(self, run: str, head: str) -> Outline | None:
        """What is known of a head's history as far as its last snapshot; None if it has none.

        Raises:
            RunNotFound: No such run, or it has no such head.
        """

        def find(connection: sqlite3.Connection) -> Outline | None:
            history = history_of(connection, self._head(connection, run, head))
            places = places_of(connection, history)
            numbers = list(places)
            try:
                known = telling(connection, history, numbers[-1])
            except LookupError:  # there is no snapshot, or an event that nobody can go on behind
                return None
            return Outline(numbers, known, lambda number: self._snapshot(places[number]))

        return self._file.read(find)

    def heads(self, run: str) -> list[HeadRow]:
        """All heads of a run, oldest first.

        Raises:
            RunNotFound: No such run.
        """

        def find(connection: sqlite3.Connection) -> list[HeadRow]:
            self._head(connection, run)
            return heads_of(connection, run)

        return self._file.read(find)

    def row(self, run: str) -> RunRow:
        """One run as the list of runs shows it.

        Raises:
            RunNotFound: No such run.
        """

        def find(connection: sqlite3.Connection) -> RunRow:
            self._head(connection, run)
            return runs_in(connection, run)[0]

        return self._as_it_is(self._file.read(find))

    def runs(self) -> list[RunRow]:
        """All runs, newest first. One that nobody drives and that has not ended is ``paused``."""
        return [self._as_it_is(row) for row in self._file.read(runs_in)]

    def spent(self) -> dict[str, Cost]:
        """What the calls in each run's history cost, as far as that is known."""
        return self._file.read(spent_in)

    def keyed(self, keys: Collection[str]) -> dict[str, str]:
        """The newest run that began under each of these keys, as far as there is one."""
        wanted = set(keys)
        return {key: run for key, run in self._file.read(keys_in) if key in wanted}

    def definition(self, version: str) -> Definition | None:
        """The definition of that hash, if it was kept."""
        return self._file.read(lambda connection: definition_of(connection, version))

    @contextmanager
    def lease(self, run: str) -> Iterator[None]:
        """Hold the right to drive a run. The lock goes with its process, however that ends.

        Should the lock be lost all the same, and another one take the run over, then what this holder appends
        is refused: each transaction looks for its claim.

        Raises:
            RunBusy: Another holder has it, in this process or another one.
        """
        with hold(self._leases, run):
            if (made := self._file.read(lambda connection: claim(connection, run))) is not None:
                self._claims[run] = made
                self._growth[run] = self._file.read(partial(growth_of, tip=made.last, between=self._between))
            try:
                yield
            finally:
                self._growth.pop(run, None)

    def prune(self, runs: Collection[str], *, dry: bool = False) -> Pruned:
        """Take runs out for good, but those that are driven or that others go on from; see `Store.prune`.

        Raises:
            RunNotFound: No such run; nothing was taken out.
            StoreBusy: The lock was not had within 5 seconds.
        """
        from .prune_rows import prune_file  # seldom needed, and no run has to wait for it

        for run in runs:
            self._file.read(partial(self._head, run=run))
        driven = partial(held, self._leases)
        return prune_file(self._file, self._path, set(runs), self.lease, driven, dry=dry)

    def close(self) -> bool:
        """Release the file; it is opened again when it is used again. Tells whether it was open."""
        return self._file.close()

    def _as_it_is(self, row: RunRow) -> RunRow:
        """Tell a run whose process has died from one that is being driven."""
        if row.status == "running" and not held(self._leases, row.run):
            return structs.replace(row, status="paused")
        return row

    def _events(
        self, run: str, history: Sequence[Segment], parent: str | None, after: int
    ) -> Iterator[Event]:
        fetch = lru_cache(maxsize=64)(self._blob)
        for number, body in enumerate(self._bodies(run, history), after + 1):
            try:
                event = decode_event(body, fetch)
            except StoreDamaged as exc:
                raise self._damaged(run, number, exc.what) from exc
            yield first_of(event, run, parent) if number == 1 else event

    def _bodies(self, run: str, history: Sequence[Segment]) -> Iterator[bytes]:
        for segment in history:
            place = segment.after
            while place < segment.last:
                rows = self._file.read(partial(events_in, after=place, last=segment.last))
                if not rows and segment.open:
                    break
                for found, kind, rest, crc in rows or [(0, UNKNOWN, b"", 0)]:
                    place += 1
                    body = joined(kind, rest)
                    if found != place or crc32(body) != crc:
                        number = segment.upto + place - segment.after
                        raise self._damaged(run, number, _strange(kind))
                    yield body

    def _snapshot(self, place: int) -> Snapshot:
        return decode_snapshot(self._file.read(partial(snapshot_at, place=place)), self._blob)

    def _damaged(self, run: str, number: int, why: str) -> StoreDamaged:
        return StoreDamaged(
            f"Event {number} of run {run!r} in {self.url!r} cannot be read back. {why}",
            hint="The events before it are intact.",
        )

    def _blob(self, name: str) -> bytes:
        row = self._file.read(
            lambda connection: connection.execute(
                "SELECT CAST(body AS BLOB) FROM blob WHERE hash = ?", (name,)
            ).fetchone()
        )
        if row is None or sha256(row[0]).hexdigest() != name:
            raise LookupError(f"value {name} is missing or not as it was written")
        body: bytes = row[0]
        return body

    def _head(self, connection: sqlite3.Connection, run: str, name: str | None = None) -> int:
        """The id of the head of that name, or of the current one."""
        current = head_of(connection, run) or self._refuse(connection, run)
        if name is None:
            return current
        named = head_named(connection, run, name)
        if named is None:
            raise no_head(run, name, [row.name for row in heads_of(connection, run)])
        return named

    def _refuse(self, connection: sqlite3.Connection, run: str) -> NoReturn:
        known = [f"r{row[0]}" for row in connection.execute("SELECT id FROM run ORDER BY id DESC LIMIT 100")]
        raise RunNotFound(f"No run {run!r} in {self.url!r}.", hint=suggest(run, known), run_id=run)


def _strange(kind: object) -> str:
    """Why a row is not one that was written."""
    if isinstance(kind, int) and kind >= len(KINDS):
        return f"It is of kind {kind}, which this version does not know."
    return "Its row is missing or not as it was written."
