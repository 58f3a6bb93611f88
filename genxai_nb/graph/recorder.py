"""One run's way into its store, and to its watchers once a fact is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from genxai_nb.errors import StoreBusy
from genxai_nb.journal.events import Event
from genxai_nb.journal.store import Definition, Store
from genxai_nb.journal.stream import EventStream
from genxai_nb.loop import run_in_worker

__all__ = ["Journal"]

BUSY_WAIT = 30.0  # seconds that a commit waits for another process's lock before it gives up


class Journal:
    """One run's way into its store, and to its watchers once a fact is acknowledged."""

    def __init__(self, store: Store, run_id: str, stream: EventStream) -> None:
        self._store = store
        self._run = run_id
        self._stream = stream
        self._queue = asyncio.Lock()
        self._queued = 0
        self.durable = store.url != ":memory:"
        self.kept: set[str] = set()
        self.written = 0  # events

    def keep(self, *definitions: Definition) -> None:
        """Keep definitions that nodes start with, and remember that they are kept."""
        self.kept.update(definition.hash for definition in definitions)
        self._store.keep(definitions)

    def write(self, events: Sequence[Event]) -> bool:
        """Append events in one transaction and publish them, unless that would have to wait for a lock."""
        if self._queued:
            return False
        if not events:
            return True
        try:
            self._store.append(self._run, events)
        except StoreBusy:
            return False
        self.written += len(events)
        if self._stream.watched:
            self._stream.publish(events)
        return True

    async def commit(self, events: Sequence[Event]) -> None:
        """Append events in one transaction and publish them; wait for a lock in a worker thread.

        Raises:
            StoreBusy: The lock was not had within half a minute.
        """
        if self.write(events):
            return
        self._queued += 1
        try:
            async with self._queue:
                await run_in_worker(partial(self._store.append, self._run, events, wait=BUSY_WAIT))
                self.written += len(events)
                self._stream.publish(events)
        finally:
            self._queued -= 1
