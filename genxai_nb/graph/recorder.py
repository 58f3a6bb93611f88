"""One run's way into its store, and to its watchers once a fact is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from genxai_nb.errors import RunBusy, StoreBusy, StoreError
from genxai_nb.journal.events import Event, NodeStarted
from genxai_nb.journal.snapshot import Snapshot
from genxai_nb.journal.store import Definition, Part, Store
from genxai_nb.journal.stream import EventStream
from genxai_nb.journal.writer import writer_of

__all__ = ["Journal"]


class Journal:
    """One run's way into its store, and to its watchers once a fact is acknowledged.

    Facts are written here and now while nothing else would have to wait for that, and by the store's
    writer otherwise. They are published in the order in which they were given.

    Args:
        store: Where the run is kept.
        run_id: The run.
        stream: Where facts are published.
        alone: Tells whether nothing else of the run is under way that a commit could hold up.

    Attributes:
        kept: The hashes of the definitions that the store has for certain.
        told: Called when another definition is to be kept.
        stands: Tells what the run has come to by a visit's start, if that can be told.
        broken: Why the store takes nothing more of this run. Once it has failed, what it holds is not known.
    """

    def __init__(self, store: Store, run_id: str, stream: EventStream, alone: Callable[[], bool]) -> None:
        self._run = run_id
        self._stream = stream
        self._alone = alone
        self._writer = writer_of(store)
        self._store = store
        self._append = store.append
        self._handed = 0  # commits that the writer has not acknowledged yet
        self._new: list[Definition] = []  # to be written with the facts that need them
        self.durable = store.url != ":memory:"
        self.kept: set[str] = set()
        self.told: Callable[[], object] | None = None
        self.stands: Callable[[NodeStarted], Snapshot | None] | None = None
        self.broken: StoreError | RunBusy | None = None

    @contextmanager
    def live(self) -> Iterator[None]:
        """Let other runs of the store know that this one is being driven."""
        self._writer.live.add(self)
        try:
            yield
        finally:
            self._writer.live.discard(self)

    def keep(self, *definitions: Definition) -> None:
        """Keep definitions that nodes start with, in one transaction with the facts that say so."""
        self.kept.update(definition.hash for definition in definitions)
        self._new += definitions
        if self.told is not None:
            self.told()

    def write(self, events: Sequence[Event]) -> bool:
        """Append events in one transaction and publish them, unless something would have to wait for that.

        Raises:
            StoreError: The store has failed.
            RunBusy: Somebody else has taken the run over.
        """
        if self.broken is not None:
            raise self.broken
        if not events:
            return True
        if self._handed or (self.durable and not self._may_write()):
            return False
        try:
            if self.durable:
                self._writer.write(self._part(events))
            else:
                self._append(self._run, events)
                if self._new:
                    self._store.keep(self._new)
        except StoreBusy:
            return False
        except (StoreError, RunBusy) as exc:
            self.broken = exc
            raise
        if self._new:
            self._new = []
        if self._stream.watched:
            self._stream.publish(events)
        return True

    def _part(self, events: Sequence[Event]) -> Part:
        last, snapshot = events[-1], None
        if type(last) is NodeStarted and not last.path and self.stands is not None:
            snapshot = partial(self.stands, last)
        return Part(self._run, events, self._new, snapshot)

    def _may_write(self) -> bool:
        return not self._writer.slow and len(self._writer.live) <= 1 and self._alone()

    async def commit(self, events: Sequence[Event]) -> None:
        """Append events in one transaction, perhaps with those of others, and publish them.

        Raises:
            StoreBusy: The lock was not had within half a minute.
            StoreError: The store has failed.
            RunBusy: Somebody else has taken the run over.
        """
        if self.write(events):
            return
        loop = asyncio.get_running_loop()
        acknowledged = loop.create_future()
        self._handed += 1

        def settle(error: BaseException | None) -> None:
            """Take note of the end, also when nobody waits for it any more."""
            self._handed -= 1
            if isinstance(error, StoreError | RunBusy):
                self.broken = error
            if error is None:
                if not acknowledged.done():
                    acknowledged.set_result(
                        None
                    )  # first, so that whoever waits is next when a watcher is through
                self._stream.publish(events)
            elif not acknowledged.done():
                acknowledged.set_exception(error)

        def acknowledge(error: BaseException | None) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
                loop.call_soon_threadsafe(settle, error)

        part, self._new = self._part(events), []
        self._writer.hand_in(part, acknowledge)
        await acknowledged
