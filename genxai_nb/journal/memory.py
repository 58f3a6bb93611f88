"""A journal that lives as long as its process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import structs

from genxai_nb.errors import RunBusy, RunNotFound, suggest

from .events import Event, RunStarted
from .store import Definition, RunRow
from .summary import row_of


class MemoryStore:
    """Keep the event objects themselves, without encoding them.

    Example:
        >>> from genxai_nb.journal.events import RunFinished, RunStarted
        >>> store = MemoryStore()
        >>> run = store.begin(RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={}))
        >>> store.append(run, [RunFinished(at=1)])
        >>> [row.status for row in store.runs()]
        ['done']
    """

    url = ":memory:"

    def __init__(self) -> None:
        self._events: dict[str, list[Event]] = {}
        self._definitions: dict[str, Definition] = {}
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, started: RunStarted, definitions: Sequence[Definition] = ()) -> str:
        """Take the next run id and append ``started`` under it."""
        with self._lock:
            run = f"r{len(self._events) + 1}"
            self._events[run] = [structs.replace(started, run=run)]
        self.keep(definitions)
        return run

    def append(self, run: str, events: Sequence[Event], *, wait: float = 0.0) -> None:  # noqa: ARG002 - no lock to wait for
        """Append events in order.

        Raises:
            RunNotFound: No such run.
        """
        try:
            self._events[run].extend(events)
        except KeyError:
            raise self._not_found(run) from None

    def keep(self, definitions: Sequence[Definition]) -> None:
        """Keep definitions; one that is there already stays as it is."""
        for definition in definitions:
            self._definitions.setdefault(definition.hash, definition)

    def read(self, run: str) -> Iterator[Event]:
        """The run's events up to now, in order.

        Raises:
            RunNotFound: No such run.
        """
        try:
            return iter(tuple(self._events[run]))
        except KeyError:
            raise self._not_found(run) from None

    def runs(self) -> list[RunRow]:
        """All runs, newest first. One that nobody drives and that has not ended is ``paused``."""
        with self._lock:
            histories = list(self._events.values())
        rows = [row_of(tuple(history)) for history in reversed(histories)]
        return [
            structs.replace(row, status="paused")
            if row.status == "running" and row.run not in self._held
            else row
            for row in rows
        ]

    def definition(self, version: str) -> Definition | None:
        """The definition of that hash, if it was kept."""
        return self._definitions.get(version)

    @contextmanager
    def lease(self, run: str) -> Iterator[None]:
        """Hold the right to drive a run.

        Raises:
            RunBusy: It is being driven already.
        """
        with self._lock:
            if run in self._held:
                raise RunBusy(
                    f"Run {run!r} is being driven already, in this process.",
                    hint="Wait for it, or cancel it first.",
                    run_id=run,
                )
            self._held.add(run)
        try:
            yield
        finally:
            self._held.discard(run)

    def close(self) -> None:
        """Do nothing: what was kept goes with the store."""

    def _not_found(self, run: str) -> RunNotFound:
        return RunNotFound(f"No run {run!r} in this store.", hint=suggest(run, self._events), run_id=run)
