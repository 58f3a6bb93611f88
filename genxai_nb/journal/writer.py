"""The one thread that writes to a store when a loop must not wait for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import NamedTuple
from weakref import WeakValueDictionary

from genxai_nb.errors import GenXAIError, StoreError

from .store import Part, Store

PATIENCE = 30.0  # seconds to wait for another process's lock

Acknowledge = Callable[[BaseException | None], object]

_writers: WeakValueDictionary[int, Writer] = WeakValueDictionary()  # by the id of their stores
_lock = threading.Lock()


class _Handed(NamedTuple):
    part: Part
    acknowledge: Acknowledge


class Writer:
    """Write what several runs hand in: all that is there becomes one transaction, in the order of handing in.

    Args:
        store: Where to.

    Attributes:
        quick: Seconds that a commit may take for a loop to make the next one itself.
        linger: Seconds that the thread waits for more before it ends.
        slow: The last commit took so long that a loop had better not wait for the next one.
        live: Who is driving a run in this store; whoever is alone may as well write himself.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._handed: SimpleQueue[_Handed] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self.quick = 0.002
        self.linger = 5.0
        self.slow = False
        self.live: set[object] = set()

    def write(self, part: Part) -> None:
        """Write here and now, without waiting for a lock.

        Raises:
            StoreBusy: The lock was not had; nothing was written.
            GenXAIError: See `Store.append`.
        """
        began = perf_counter()
        self._store.append_all((part,))
        self.slow = perf_counter() - began > self.quick

    def hand_in(self, part: Part, acknowledge: Acknowledge) -> None:
        """Let the thread write this, after all that was handed in before.

        Args:
            part: What is to be written.
            acknowledge: Called in the thread once it is durable, with None, or with what went wrong.
        """
        with self._lock:
            self._handed.put(_Handed(part, acknowledge))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="genxai-writer", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            try:
                handed = [self._handed.get(timeout=self.linger)]
            except Empty:
                with self._lock:
                    if self._handed.empty():
                        self._thread = None
                        return
                continue
            with suppress(Empty):
                while True:
                    handed.append(self._handed.get_nowait())
            self._write(handed)

    def _write(self, handed: list[_Handed]) -> None:
        """Write in one transaction; if a part is refused, each in its own, so that it is refused alone."""
        error: BaseException | None = None
        began = perf_counter()
        try:
            self._store.append_all([part for part, _ in handed], wait=PATIENCE)
        except StoreError as exc:  # whether it has been written may not be known: it must not be tried again
            error = exc
        except GenXAIError as exc:
            if len(handed) > 1:
                for one in handed:
                    self._write([one])
                return
            error = exc
        except BaseException as exc:  # noqa: BLE001 - whoever waits is told whatever it was
            error = exc
        self.slow = perf_counter() - began > self.quick
        for _, acknowledge in handed:
            acknowledge(error)


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
