"""The one thread that writes to a store when a loop must not wait for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import NamedTuple
from weakref import WeakValueDictionary

from genxai_nb.errors import GenXAIError, StoreError

from .events import Event
from .store import Store

SLOW = 0.002  # seconds of a commit, after which a loop had better not make the next one itself
PATIENCE = 30.0  # seconds to wait for another process's lock
LINGER = 5.0  # seconds that the thread waits for more before it ends

Acknowledge = Callable[[BaseException | None], object]

_writers: WeakValueDictionary[int, Writer] = WeakValueDictionary()  # by the id of their stores
_lock = threading.Lock()


class _Part(NamedTuple):
    run: str
    events: Sequence[Event]
    acknowledge: Acknowledge


class Writer:
    """Write what several runs hand in: all that is there becomes one transaction, in the order of handing in.

    Args:
        store: Where to.

    Attributes:
        slow: The last commit took so long that a loop had better not wait for the next one.
        live: Who is driving a run in this store; whoever is alone may as well write himself.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._parts: SimpleQueue[_Part] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self.slow = False
        self.live: set[object] = set()

    def write(self, run: str, events: Sequence[Event]) -> None:
        """Write here and now, without waiting for a lock.

        Raises:
            StoreBusy: The lock was not had; nothing was written.
            GenXAIError: See `Store.append`.
        """
        began = perf_counter()
        self._store.append(run, events)
        self.slow = perf_counter() - began > SLOW

    def hand_in(self, run: str, events: Sequence[Event], acknowledge: Acknowledge) -> None:
        """Let the thread write these events, after all that was handed in before.

        Args:
            run: Whose they are.
            events: The events.
            acknowledge: Called in the thread once they are durable, with None, or with what went wrong.
        """
        with self._lock:
            self._parts.put(_Part(run, events, acknowledge))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="genxai-writer", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            try:
                parts = [self._parts.get(timeout=LINGER)]
            except Empty:
                with self._lock:
                    if self._parts.empty():
                        self._thread = None
                        return
                continue
            with suppress(Empty):
                while True:
                    parts.append(self._parts.get_nowait())
            self._write(parts)

    def _write(self, parts: list[_Part]) -> None:
        """Write in one transaction; if a part is refused, each in its own, so that it is refused alone."""
        error: BaseException | None = None
        began = perf_counter()
        try:
            self._store.append_all([(part.run, part.events) for part in parts], wait=PATIENCE)
        except StoreError as exc:  # whether it has been written may not be known: it must not be tried again
            error = exc
        except GenXAIError as exc:
            if len(parts) > 1:
                for part in parts:
                    self._write([part])
                return
            error = exc
        except BaseException as exc:  # noqa: BLE001 - whoever waits is told whatever it was
            error = exc
        self.slow = perf_counter() - began > SLOW
        for part in parts:
            part.acknowledge(error)


def writer_of(store: Store) -> Writer:
    """The one writer of a store.

    Example:
        >>> from genxai_nb.journal.memory import MemoryStore
        >>> store = MemoryStore()
        >>> writer_of(store) is writer_of(store)
        True
    """
    with _lock:
        writer = _writers.get(id(store))
        if writer is None:
            writer = _writers[id(store)] = Writer(store)
    return writer


def _start_over_in_child() -> None:
    """What was handed in before a fork is the parent's to write."""
    global _lock
    _lock = threading.Lock()
    _writers.clear()


os.register_at_fork(after_in_child=_start_over_in_child)
