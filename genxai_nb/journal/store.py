"""What a journal store has to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from .events import Event, RunStarted


class RunRow(Struct, frozen=True, kw_only=True):
    """One run as the list of runs shows it. Times are Unix seconds."""

    run: str
    graph: str
    status: str
    started: float
    ended: float | None = None
    steps: int = 0
    parent: str | None = None


class Definition(Struct, frozen=True, kw_only=True):
    """A version of an agent, tool, graph or function, as it was when a run used it.

    ``spec`` is what a person wrote (cell text or fields), ``source`` the Python source if there is any.
    """

    hash: str
    kind: str
    name: str
    spec: str = ""
    source: str = ""


class Store(Protocol):
    """An append-only log of events per run, shared by threads and processes.

    All methods may be called from any thread. ``append`` returns after the events are durable.
    """

    url: str

    def begin(self, started: RunStarted, definitions: Sequence[Definition] = ()) -> str:
        """Take the next run id (``r1``, ``r2``, ...), append ``started`` under it, return it.

        ``started.run`` is ignored and replaced. Counter, run row, definitions and event are one transaction.

        Raises:
            NotStorable: A value of the input cannot be kept.
            StoreBusy: The lock was not had within the busy timeout.
        """

    def append(self, run: str, events: Sequence[Event], *, wait: float = 0.0) -> None:
        """Append events in order in one transaction; wait at most ``wait`` seconds for the lock.

        Raises:
            NotStorable: A value cannot be kept; nothing was appended.
            StoreBusy: The lock was not had in time; nothing was appended.
        """

    def keep(self, definitions: Sequence[Definition]) -> None:
        """Keep definitions; one that is there already stays as it is."""

    def read(self, run: str) -> Iterator[Event]:
        """The run's events in the order of appending.

        Raises:
            RunNotFound: No such run.
            StoreDamaged: A row cannot be read back.
        """

    def runs(self) -> list[RunRow]:
        """All runs, newest first."""

    def definition(self, version: str) -> Definition | None:
        """The definition of that hash, if it was kept."""

    def lease(self, run: str) -> AbstractContextManager[None]:
        """Hold the right to drive a run. The lock goes with its process, however that ends.

        Raises:
            RunBusy: Another holder has it (in this process or another one).
        """

    def close(self) -> None:
        """Release files and connections."""
