"""A journal that lives as long as its process."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from time import time

import msgspec
from msgspec import structs

from genxai_nb.errors import RunBusy, RunNotFound, suggest
from genxai_nb.secrets import any_known, held_secret, learn_environment

from .cells import MemoryCells
from .codec import in_text, without_secrets
from .cost import Cost, cost_of
from .events import CallFinished, Event, RunStarted
from .heads import check_cut, first_of, no_head, segments
from .item_memory import MemoryItems
from .pruned import DRIVEN, Pruned, needed
from .store import Definition, HeadRow, Part, RunRow, masked
from .summary import row_of


class _Head:
    """A line of history: what it takes over from its parent, then its own events."""

    __slots__ = ("events", "name", "parent", "upto", "why")

    def __init__(self, name: str, why: str, parent: _Head | None = None, upto: int = 0) -> None:
        self.name = name
        self.why = why
        self.parent = parent
        self.upto = upto
        self.events: list[Event] = []

    def way(self) -> Iterator[tuple[_Head, int]]:
        head: _Head | None = self
        while head is not None:
            yield head, head.upto
            head = head.parent

    def history(self, after: int = 0) -> list[Event]:
        parts = [
            (head.events, max(after - upto, 0), bound - upto) for head, upto, bound in segments(self.way())
        ]
        return [event for events, first, last in parts if first < last for event in events[first:last]]


class _Run:
    """A run, its heads in the order of their making, and the one it goes on with."""

    __slots__ = ("current", "heads", "parent", "started")

    def __init__(self, head: _Head, started: float, parent: str | None = None) -> None:
        self.current = head
        self.heads = {head.name: head}
        self.started = started
        self.parent = parent


class MemoryStore:
    """Keep the event objects themselves, without encoding them.

    Example:
        >>> from genxai_nb.journal.events import RunFinished, RunStarted
        >>> store = MemoryStore()
        >>> run = store.begin(RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={}))
        >>> store.append(run, [RunFinished(at=1)])
        >>> store.branch(run, 1, "to the beginning")
        'r1.2'
        >>> len(list(store.read(run))), len(list(store.read(run, "r1.1")))
        (1, 2)
    """

    url = ":memory:"

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}
        self._count = 0  # of ids that were given
        self._ends: dict[str, list[Event]] = {}  # the events of each run's current head
        self._definitions: dict[str, Definition] = {}
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self.items = MemoryItems()
        self.cells = MemoryCells()

    def begin(self, started: RunStarted, definitions: Sequence[Definition] = ()) -> str:
        """Take the next run id and append ``started`` under it."""
        learn_environment()
        if any_known():
            _looked_through(started)
        with self._lock:
            run = self._next()
            head = _Head(f"{run}.1", "begun")
            head.events.append(structs.replace(started, run=run))
            self._runs[run] = _Run(head, started.at, started.parent)
            self._ends[run] = head.events
        self.keep(definitions)
        return run

    def append(self, run: str, events: Sequence[Event], *, wait: float = 0.0) -> None:  # noqa: ARG002 - no lock to wait for
        """Append events in order to the current head.

        Raises:
            RunNotFound: No such run.
            NotStorable: The state would hold a secret.
        """
        if any_known():
            events = [_looked_through(event) for event in events]
        try:
            self._ends[run].extend(events)
        except KeyError:
            raise self._no_run(run) from None

    def append_all(self, parts: Sequence[Part], *, wait: float = 0.0) -> None:  # noqa: ARG002 - no lock to wait for
        """Append to several runs: all of it, or nothing. See `append`."""
        if any_known():
            parts = [
                structs.replace(part, events=[_looked_through(event) for event in part.events])
                for part in parts
            ]
        for part in parts:
            if part.run not in self._ends:
                raise self._no_run(part.run)
        for part in parts:
            self._ends[part.run].extend(part.events)
            if part.definitions:
                self.keep(part.definitions)

    def branch(self, run: str, upto: int, why: str) -> str:
        """Take a run back: give it a new head after the first ``upto`` events of its current history.

        Raises:
            RunNotFound: No such run.
            RunBusy: It is being driven.
            RunError: Its history is shorter than that, or nothing would be left of it.
        """
        kept = self._run(run)
        with self.lease(run), self._lock:
            check_cut(run, upto, kept.current.upto + len(kept.current.events))
            head = _Head(f"{run}.{len(kept.heads) + 1}", why, kept.current, upto)
            kept.heads[head.name] = kept.current = head
            self._ends[run] = head.events
        return head.name

    def fork(self, run: str, upto: int, head: str | None = None) -> str:
        """Make a new run that continues from the first ``upto`` events of a head, the current one by default.

        Raises:
            RunNotFound: No such run, or it has no such head.
            RunError: The history is shorter than that, or nothing would be left of it.
        """
        with self._lock:
            parent = self._head(run, head)
            check_cut(run, upto, parent.upto + len(parent.events))
            made = self._next()
            fork = _Head(f"{made}.1", "forked", parent, upto)
            self._runs[made] = _Run(fork, time(), run)
            self._ends[made] = fork.events
        return made

    def keep(self, definitions: Sequence[Definition]) -> None:
        """Keep definitions; one that is there already stays as it is."""
        for definition in definitions:
            if definition.hash not in self._definitions:
                self._definitions[definition.hash] = masked(definition)

    def read(self, run: str, head: str | None = None, after: int = 0) -> Iterator[Event]:
        """The history of a head up to now behind its first ``after`` events; the current one by default.

        Raises:
            RunNotFound: No such run, or it has no such head.
        """
        with self._lock:
            events = self._head(run, head).history(after)
            if not after:
                events[0] = first_of(events[0], run, self._runs[run].parent)
        return iter(events)

    def outline(self, run: str, head: str) -> None:
        """Nothing: what is in memory need not be read."""

    def heads(self, run: str) -> list[HeadRow]:
        """All heads of a run, oldest first.

        Raises:
            RunNotFound: No such run.
        """
        with self._lock:
            kept = self._run(run)
            return [
                HeadRow(
                    name=head.name,
                    run=run,
                    parent=None if head.parent is None else head.parent.name,
                    upto=head.upto,
                    why=head.why,
                    current=head is kept.current,
                    events=len(head.events),
                )
                for head in kept.heads.values()
            ]

    def row(self, run: str) -> RunRow:
        """One run as the list of runs shows it.

        Raises:
            RunNotFound: No such run.
        """
        with self._lock:
            return self._row(run)

    def runs(self) -> list[RunRow]:
        """All runs, newest first. One that nobody drives and that has not ended is ``paused``."""
        with self._lock:
            return [self._row(run) for run in reversed(self._runs)]

    def spent(self) -> dict[str, Cost]:
        """What the calls in each run's history cost, as far as that is known."""
        with self._lock:
            histories = {run: kept.current.history() for run, kept in self._runs.items()}
        return {
            run: sum((cost_of(event) for event in events if type(event) is CallFinished), Cost())
            for run, events in histories.items()
        }

    def keyed(self, keys: Collection[str]) -> dict[str, str]:
        """The newest run that began under each of these keys, as far as there is one."""
        wanted, found = set(keys), {}
        with self._lock:
            for run, kept in self._runs.items():
                began = next(iter(kept.heads.values())).events[:1]
                if began and isinstance(began[0], RunStarted) and began[0].key in wanted:
                    found[began[0].key] = run
        return found

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

    def prune(self, runs: Collection[str], *, dry: bool = False) -> Pruned:
        """Take runs out, but those that are driven or that others go on from; see `Store.prune`.

        Raises:
            RunNotFound: No such run; nothing was taken out.
        """
        with self._lock:
            for run in runs:
                self._run(run)
            kept = {run: DRIVEN for run in runs if run in self._held}
            going = [run for run in reversed(self._runs) if run in set(runs) - kept.keys()]
            lines = [
                (run, [above.name.partition(".")[0] for above, _ in head.way()][1:])
                for run, one in self._runs.items()
                for head in one.heads.values()
            ]
            stays = needed(lines, going)
            kept |= {run: f"{other} goes on from it" for run, other in stays.items()}
            going = [run for run in going if run not in stays]
            for run in () if dry else going:
                del self._runs[run], self._ends[run]
        return Pruned(gone=tuple(going), kept=kept, dry=dry)

    def close(self) -> bool:
        """Do nothing: what was kept goes with the store."""
        return False

    def _next(self) -> str:
        self._count += 1
        return f"r{self._count}"

    def _row(self, run: str) -> RunRow:
        kept = self._run(run)
        history, upto = kept.current.history(), kept.current.upto
        row = structs.replace(row_of(history, upto), run=run, started=kept.started, parent=kept.parent)
        if row.status == "running" and run not in self._held:
            row = structs.replace(row, status="paused")
        return row

    def _run(self, run: str) -> _Run:
        try:
            return self._runs[run]
        except KeyError:
            raise self._no_run(run) from None

    def _no_run(self, run: str) -> RunNotFound:
        return RunNotFound(f"No run {run!r} in this store.", hint=suggest(run, self._runs), run_id=run)

    def _head(self, run: str, name: str | None) -> _Head:
        kept = self._run(run)
        if name is None:
            return kept.current
        try:
            return kept.heads[name]
        except KeyError:
            raise no_head(run, name, kept.heads) from None


def _looked_through(event: Event) -> Event:
    """The event without the values of known secrets."""
    try:
        body = msgspec.json.encode(event, enc_hook=in_text)
    except (TypeError, ValueError, RecursionError):
        return without_secrets(event)
    return without_secrets(event) if held_secret(body) else event
