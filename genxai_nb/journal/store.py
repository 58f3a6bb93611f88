"""What a journal store has to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Protocol

from msgspec import Meta, Struct, structs

from genxai_nb.secrets import mask

from .cells import Cells
from .cost import Cost
from .events import Event, RunStarted
from .items import Items
from .pruned import Pruned
from .snapshot import Snapshot

Moment = Annotated[float, Meta(ge=0, le=9e9)]  # as far as a DataFrame can tell the time
Count = Annotated[int, Meta(ge=0)]


class RunRow(Struct, frozen=True, kw_only=True):
    """One run as the list of runs shows it. Times are Unix seconds."""

    run: str
    graph: str
    status: str
    started: Moment
    ended: Moment | None = None
    steps: Count = 0
    parent: str | None = None


class HeadRow(Struct, frozen=True, kw_only=True):
    """One line of history of a run.

    Attributes:
        name: Its name, such as ``r7.2`` for the second head of run ``r7``.
        run: The run it belongs to.
        parent: The head that it continues from, in a forked run one of another run; None at a beginning.
        upto: How many events of the parent's history come before its own.
        why: What it was made for.
        current: It is the head that the run goes on with.
        events: How many events it has of its own.
    """

    name: str
    run: str
    parent: str | None
    upto: int
    why: str
    current: bool
    events: int


class Definition(Struct, frozen=True, kw_only=True):
    """A version of an agent, tool, graph or function, as it was when a run used it.

    ``spec`` is what a person wrote (cell text or fields), ``source`` the Python source if there is any.
    """

    hash: str
    kind: str
    name: str
    spec: str = ""
    source: str = ""


def masked(definition: Definition) -> Definition:
    """The definition with what looks like a key taken out of its text."""
    spec, source = mask(definition.spec), mask(definition.source)
    if spec == definition.spec and source == definition.source:
        return definition
    return structs.replace(definition, spec=spec, source=source)


class Part(Struct, frozen=True):
    """What is appended to one run: events, and definitions that they name and that may be new.

    ``snapshot`` tells what the run has come to by the last of these events, if that can be told. A store asks
    for it before it returns, if it has a use for it at all.
    """

    run: str
    events: Sequence[Event]
    definitions: Sequence[Definition] = ()
    snapshot: Callable[[], Snapshot | None] | None = None


class Outline(Struct, frozen=True):
    """What a store tells of a history as far as its last snapshot, without reading the events.

    Attributes:
        snapshots: How many events each snapshot holds, in order; at least one.
        telling: The numbers, from 1, and the kinds of the events that say where visits ended, and with which
            versions and limits the run goes on.
        snapshot: Reads the snapshot of so many events; raises StoreDamaged where it cannot be read.
    """

    snapshots: list[int]
    telling: list[tuple[int, type[Event]]]
    snapshot: Callable[[int], Snapshot]


class Store(Protocol):
    """An append-only log of events per run, shared by threads and processes.

    A run has one or more *heads*, lines of history. It goes on with its current one; the others stay
    readable. The history of a head is what it took over from its parent, then its own events.

    All methods may be called from any thread. ``append`` returns after the events are durable.

    A run that has not ended is ``running`` while somebody holds its lease, and else ``paused``: a run whose
    process died says so without having written it. One that was paused, taken back or forked is ``paused``
    whoever holds it, until it is resumed or its next visit or call starts.
    """

    url: str

    @property
    def items(self) -> Items:
        """What agents remember."""

    @property
    def cells(self) -> Cells:
        """The cells of notebooks that defined something."""

    def begin(self, started: RunStarted, definitions: Sequence[Definition] = ()) -> str:
        """Take the next run id (``r1``, ``r2``, ...), append ``started`` under it, return it.

        ``started.run`` is ignored and replaced. Counter, run row, definitions and event are one transaction.

        Raises:
            NotStorable: A value of the input cannot be kept.
            StoreBusy: The lock was not had within the busy timeout.
        """

    def append(self, run: str, events: Sequence[Event], *, wait: float = 0.0) -> None:
        """Append events in order to the current head, in one transaction.

        Waits at most ``wait`` seconds for the lock.

        Raises:
            RunNotFound: No such run.
            NotStorable: A value cannot be kept; nothing was appended.
            StoreBusy: The lock was not had in time; nothing was appended.
            RunBusy: It was held by this store's lease, and another holder has taken it over.
        """

    def append_all(self, parts: Sequence[Part], *, wait: float = 0.0) -> None:
        """Append to several runs in one transaction: all of it, or nothing. See `append`."""

    def branch(self, run: str, upto: int, why: str) -> str:
        """Take a run back: give it a new head after the first ``upto`` events of its current history.

        The new head becomes the current one, in one transaction. Nothing is copied or deleted. It takes the
        run's lease for the time, so that whoever drives the run lets go of it first.

        Returns:
            The new head's name.

        Raises:
            RunNotFound: No such run.
            RunBusy: It is being driven, in this process or another one.
            RunError: Its history is shorter than that, or nothing would be left of it.
            StoreBusy: The lock was not had within the busy timeout.
        """

    def fork(self, run: str, upto: int, head: str | None = None) -> str:
        """Make a new run that continues from the first ``upto`` events of a head, the current one by default.

        The other run is not touched, so that anybody may be driving it.

        Returns:
            The new run's id.

        Raises:
            RunNotFound: No such run, or it has no such head.
            RunError: The history is shorter than that, or nothing would be left of it.
            StoreBusy: The lock was not had within the busy timeout.
        """

    def keep(self, definitions: Sequence[Definition]) -> None:
        """Keep definitions; one that is there already stays as it is."""

    def read(self, run: str, head: str | None = None, after: int = 0) -> Iterator[Event]:
        """The history of a head, the current one by default, in the order of appending.

        The first ``after`` events are left out, at no cost.

        ``RunStarted`` names this run and its parent, also where a fork has taken it over.

        Raises:
            RunNotFound: No such run, or it has no such head.
            StoreDamaged: A row cannot be read back.
        """

    def outline(self, run: str, head: str) -> Outline | None:
        """What is known of a head's history as far as its last snapshot; None if it has none.

        Raises:
            RunNotFound: No such run, or it has no such head.
        """

    def heads(self, run: str) -> list[HeadRow]:
        """All heads of a run, oldest first.

        Raises:
            RunNotFound: No such run.
        """

    def row(self, run: str) -> RunRow:
        """One run as the list of runs shows it.

        Raises:
            RunNotFound: No such run.
        """

    def runs(self) -> list[RunRow]:
        """All runs, newest first."""

    def spent(self) -> dict[str, Cost]:
        """What the calls in each run's history cost, as far as that is known."""

    def keyed(self, keys: Collection[str]) -> dict[str, str]:
        """The newest run that began under each of these keys, as far as there is one."""

    def definition(self, version: str) -> Definition | None:
        """The definition of that hash, if it was kept."""

    def lease(self, run: str) -> AbstractContextManager[None]:
        """Hold the right to drive a run. The lock goes with its process, however that ends.

        Raises:
            RunBusy: Another holder has it (in this process or another one).
        """

    def prune(self, runs: Collection[str], *, dry: bool = False) -> Pruned:
        """Take runs out for good, with their heads, snapshots, and values that nothing else refers to.

        A run that is being driven stays, and one in which the history of a run that stays begins. What agents
        remember stays, and so do definitions; an id is never given again.

        Args:
            runs: The runs.
            dry: Only find out which would go.

        Raises:
            RunNotFound: No such run; nothing was taken out.
            StoreBusy: The lock was not had within the busy timeout.
        """

    def close(self) -> bool:
        """Release files and connections, which are opened again on demand; tells whether there were any."""
