"""What drives a run from where it stands: its levels, its chain of calls, its pace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from time import time
from typing import Any, Literal

from msgspec import Struct

from genxai_nb.calls.budget import PROCESS, Account, Spending
from genxai_nb.calls.call import Middleware, chained
from genxai_nb.calls.earlier import earlier_attempts
from genxai_nb.calls.expected import expect_answers
from genxai_nb.calls.gate import Gate
from genxai_nb.calls.playing import Playing
from genxai_nb.calls.policy import Guard
from genxai_nb.calls.record import Record
from genxai_nb.calls.replay import Replay, Reuse
from genxai_nb.calls.retry import Retry
from genxai_nb.errors import GenXAIError, RunError
from genxai_nb.guard.budget import Amount
from genxai_nb.journal import events as facts
from genxai_nb.journal.events import Event
from genxai_nb.journal.snapshot import Snapshot
from genxai_nb.journal.store import Store
from genxai_nb.journal.stream import EventStream

from .asking import ask_people
from .budgets import AgentAccounts, account_for, process_account
from .context import Exchange
from .history import History
from .level import Level, Shared, quieten
from .loading import check_running
from .pace import Pace, Stride
from .policies import policies_for
from .recorder import Journal
from .versions import in_force
from .workflow import RunOptions, Workflow

__all__ = ["Driver", "Position"]


class Position(Struct, frozen=True):
    """Where a run stands.

    Attributes:
        step: Finished visits.
        path: The visits of subgraphs around the place; empty at the top.
        node: The node that comes next, or whose call is held; None at the end.
        visit: Its visit.
        where: ``before`` a visit, at a held ``call``, or at the ``end``.
    """

    step: int
    path: str = ""
    node: str | None = None
    visit: int | None = None
    where: Literal["before", "call", "end"] = "end"


class Driver:
    """Drives one run in this process.

    Args:
        graph: The run's graph.
        store: Where the run is kept.
        run_id: The run.
        stream: Where facts and hints are published.
        options: How the run was made.
        history: What it has come to; the driver goes on from there.
        opening: Facts that are recorded before anything goes on.
        later: What the history that this one was forked from went on to do, and which of those calls are
            answered from there.
    """

    def __init__(
        self,
        graph: Workflow,
        store: Store,
        run_id: str,
        stream: EventStream,
        options: RunOptions,
        *,
        history: History,
        opening: Sequence[Event],
        later: tuple[Iterable[Event], Reuse],
    ) -> None:
        check_running()
        ask_people()
        self.journal = Journal(store, run_id, stream, self._is_alone)
        self.gate = Gate()
        self.pace = Pace(self.gate)
        events = history.recent(graph)
        replay = Replay(events, *later)
        record = Record(self.journal.commit, replay)
        guard = Guard()
        self.gate.answered = guard.denied = record.by_hand
        replay.reused, replay.diverged, replay.refused = record.reused, record.diverged, record.by_hand
        retry = Retry(self.journal.commit, earlier=earlier_attempts(events))
        self.account = account_for(options.budget, history.events, graph.lookup)
        spending = Spending((self.account, process_account()), self.gate, self._halt, self._out_of_time)
        layers: list[Middleware] = [replay, self.gate, guard, spending, record, retry]
        if options.cassette is not None:
            layers.insert(-1, Playing(options.cassette, history.events(), self._halt))
        self._played = options.cassette is not None and not options.cassette.recording
        if self._played:
            layers.remove(spending)
        self.exchange = Exchange(
            run_id,
            next(head.name for head in store.heads(run_id) if head.current),
            chained(layers),
            stream,
            graph.lookup,
            store=store,
            model=options.model,
            answers=options.answers,
            interactive=options.interactive,
            policies=policies_for(options),
        )
        self._agents = self.exchange.account_of = AgentAccounts(history.events, graph.lookup)
        self.exchange.parked, self.exchange.rest = self.pace.parked, self.pace.rest
        self.exchange.holds = replay.holds
        self._shared = Shared(self.exchange, self.gate, self.journal, self.pace, replay)
        self.level = Level(self._shared, graph, history.folded(graph).copy())
        self.journal.stands = self._snapshot
        self.final: dict[str, Any] | None = None
        self._graph = graph
        self._opening = opening
        self._task: asyncio.Task[dict[str, Any]] | None = None

    async def drive(self, stride: Stride = "go") -> str:
        """Drive until the run ends or stands.

        Returns:
            ``done`` or ``paused``.

        Raises:
            NodeFailed: A body raised and its retries are spent.
            GenXAIError: The run cannot go on; the journal says why.
        """
        with self.journal.live(), self._timed():
            return await self._drive(stride)

    async def _drive(self, stride: Stride) -> str:
        loop = asyncio.get_running_loop()
        self.exchange.loop = loop
        rested = self.pace.rested = loop.create_future()
        self.pace.set_off(stride, self._inside(stride))
        self.exchange.watch.closely = not self.pace.free
        if self._task is None:
            self._task = loop.create_task(self._run())
            quieten(self._task)
        try:
            await asyncio.wait((self._task, rested), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self.stop()
            raise
        if not self._task.done():
            await self.journal.commit((facts.RunPaused(at=time(), reason=self.pace.reason or stride),))
            return "paused"
        try:
            self.final = self._result(self._task)
        except GenXAIError as exc:
            if (
                self.journal.broken is not None
            ):  # the run has not failed: its store has, or is another's to write
                raise
            await self.journal.commit(
                (facts.RunFailed(at=time(), error=str(exc), code=exc.code, node=getattr(exc, "node", "")),)
            )
            raise
        await self.journal.commit((facts.RunFinished(at=time()),))
        return "done"

    def _result(self, task: asyncio.Task[dict[str, Any]]) -> dict[str, Any]:
        """The final state.

        Raises:
            OverBudget: Its time was spent, so that it was cancelled.
            GenXAIError: The run cannot go on.
        """
        if task.cancelled() and self._shared.halted is not None:
            raise self._shared.halted
        return task.result()

    def _halt(self, error: RunError) -> None:
        """End the run where it stands: nothing new starts, and each body ends at its next call."""
        self._shared.halted = self._shared.halted or error
        self.gate.stop()
        self.pace.stir()

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Count the time of a drive, and end it when it is spent."""
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            stack.enter_context(self._agents.driven())
            for account in (self.account, PROCESS):
                left = stack.enter_context(account.driven())
                if left is not None:
                    stack.callback(loop.call_later(left, self._out_of_time, account).cancel)
            yield

    def _out_of_time(self, account: Account) -> None:
        self._halt(account.refusal("The run", Amount(), name="seconds"))
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> dict[str, Any]:
        if self._played:
            expect_answers()
        await self.journal.commit(self._opening)
        return await self.level.run()

    async def tell_edits(self, graph: Workflow, history: History) -> None:
        """Record which definitions were changed while the run stood; what is under way goes on with its own."""
        if self._task is None:
            return
        force = in_force(history.events()).definitions
        under_way = {visit.place.name for visit in self.level.schedule.running.values()}
        known = [one for one in graph.known_definitions(()) if one.name not in under_way]
        changed = [one for one in known if force.get(one.name) != one.hash]
        if changed:
            self.journal.keep(*changed)
            versions = {one.name: one.hash for one in changed}
            await self.journal.commit((facts.RunResumed(at=time(), definitions=versions),))

    def _snapshot(self, started: facts.NodeStarted) -> Snapshot | None:
        """What the run has come to by a visit's start; asked before anything goes on."""
        snapshot = self.level.schedule.snapshot(self._graph.structure)
        if snapshot is None or (snapshot.node, snapshot.visits[snapshot.node]) != (
            started.node,
            started.visit,
        ):
            return None
        return snapshot

    def _is_alone(self) -> bool:
        """Whether at most one body is under way, with at most one call."""
        return self.pace.busy <= 1 and len(self.exchange.making) <= 1

    def _inside(self, stride: Stride) -> str | None:
        """The subgraph that ``out`` has to leave."""
        return self.position(0).path or None if stride == "out" else None

    async def stop(self) -> None:
        """Cancel everything that is under way; the run can be resumed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.journal.commit((facts.RunCancelled(at=time()),))

    def abandon(self) -> None:
        """Cancel what is under way on a loop that may never run again; nothing is recorded."""
        if self._task is not None:
            with suppress(RuntimeError):  # the loop is closed, so that it all has ended
                self._task.cancel()

    def position(self, step: int) -> Position:
        """Where the run stands, after so many finished visits."""
        held = next(iter(self.gate.held.values()), None)
        if held is not None:
            scope = held.call.scope
            return Position(step, scope.path, scope.node, scope.visit, "call")
        level = self.level
        while level.levels and not (
            not level.path and level.schedule.startable() and not level.schedule.running
        ):
            level = next(iter(level.levels.values()))
        places = level.schedule.startable()
        if not places:
            return Position(step, level.path)
        return Position(step, level.path, places[0].name, level.schedule.next_visit(places[0]), "before")
