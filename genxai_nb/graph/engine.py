"""Driving a run, in turns.

A turn takes every body that returned, lets the schedule say what follows, writes all of it in one
transaction, publishes it, and starts the bodies that may start. Nothing starts before its cause is
acknowledged.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from time import time
from typing import Any

from msgspec import structs

from genxai_nb.calls.gate import Gate
from genxai_nb.calls.replay import Replay
from genxai_nb.errors import GenXAIError, NodeFailed, NotStorable, NoWayOn, StoreBusy
from genxai_nb.journal import events as facts
from genxai_nb.journal.codec import encode_event
from genxai_nb.journal.events import Event
from genxai_nb.journal.store import Store
from genxai_nb.journal.stream import EventStream
from genxai_nb.loop import run_in_worker

from .context import Exchange
from .fold import Folded
from .nodes import Prepared
from .perform import Outcome, perform
from .plan import Place
from .schedule import Visit

BUSY_WAIT = 30.0  # seconds that a commit waits for another process's lock before it gives up

Definitions = Callable[[str], Prepared]


class Journal:
    """One run's way into its store, and to its watchers once a fact is acknowledged."""

    def __init__(self, store: Store, run_id: str, stream: EventStream) -> None:
        self._store = store
        self._run = run_id
        self._stream = stream
        self._waiting: asyncio.Lock | None = None
        self.durable = store.url != ":memory:"

    def write(self, events: Sequence[Event]) -> bool:
        """Append events in one transaction and publish them, unless that would have to wait for a lock."""
        if self._waiting is not None:
            return False
        if not events:
            return True
        try:
            self._store.append(self._run, events)
        except StoreBusy:
            return False
        self._stream.publish(events)
        return True

    async def commit(self, events: Sequence[Event]) -> None:
        """Append events in one transaction and publish them; wait for a lock in a worker thread.

        Raises:
            StoreBusy: The lock was not had within half a minute.
        """
        if self.write(events):
            return
        self._waiting = self._waiting or asyncio.Lock()
        async with self._waiting:
            await run_in_worker(partial(self._store.append, self._run, events, wait=BUSY_WAIT))
        self._waiting = None
        self._stream.publish(events)


class Engine:
    """Drives one run from where it stands.

    Args:
        folded: Where the run stands.
        definitions: Gives a node's definition made ready, read at each start.
        journal: Where events go.
        exchange: What bodies share.
        gate: The gate in the chain of calls.
        replay: The recorded answers.
    """

    def __init__(
        self,
        folded: Folded,
        definitions: Definitions,
        journal: Journal,
        exchange: Exchange,
        gate: Gate,
        replay: Replay,
    ) -> None:
        self.schedule = folded.schedule
        self._schema = folded.schema
        self._instances = {
            visit: {i: e.update for i, e in done.items()} for visit, done in folded.instances.items()
        }
        self._failures = folded.attempts
        self._unperformed = list(self.schedule.running.values())
        self._ready = {visit.place: definitions(visit.place.name) for visit in self._unperformed}
        self._definitions = definitions
        self._journal = journal
        self._exchange = exchange
        self._gate = gate
        self._replay = replay
        self._events: list[Event] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._outcomes: deque[Outcome] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._pausing = False
        self._failed: tuple[Outcome, str] | None = None

    def pause(self) -> None:
        """Start nothing new; bodies under way hold at their next call or end."""
        self._pausing = True
        self._gate.hold()
        self._stir()

    async def drive(self, visits: int | None = None) -> str:
        """Drive to the end, or through so many visits.

        Returns:
            ``"done"`` or ``"paused"``.

        Raises:
            NodeFailed: A body raised and its retries are spent.
            GenXAIError: The run cannot go on; the journal says why.
        """
        self._exchange.loop = asyncio.get_running_loop()
        self._gate.changed = self._stir
        self._gate.release()
        self._pausing = False
        try:
            return await self._turns(visits)
        except asyncio.CancelledError:
            await self._cancel_bodies()
            await self._journal.commit([*self._take_events(), facts.RunCancelled(at=time())])
            raise
        except GenXAIError as exc:
            await self._cancel_bodies()
            await self._journal.commit(
                [*self._take_events(), facts.RunFailed(at=time(), error=str(exc), code=exc.code)]
            )
            raise

    async def _turns(self, visits: int | None) -> str:
        while True:
            if visits == 0 or (self._pausing and self._at_rest()):
                return await self._stand()
            starting = [] if self._pausing or self._failed else self._start(visits)
            try:
                if not self._journal.write(self._events):
                    await self._journal.commit(self._events)
            except NotStorable as exc:
                raise self._refused(exc) from exc
            self._events = []
            visit = starting[0] if len(starting) == 1 and not self._tasks else None
            if visit is not None and visit.items is None and self._ready[visit.place].quiet:
                outcome = await perform(visit, self._ready[visit.place], None, self._schema, self._exchange)
                ended = int(self._settle(outcome))
            else:
                for visit in starting:
                    self._spawn(visit)
                outcomes = await self._collect()
                if not outcomes and not self._tasks:
                    return await self._end()
                ended = sum(map(self._settle, outcomes))
            if visits is not None:
                visits = max(0, visits - ended)

    async def _end(self) -> str:
        if self._failed is not None:
            raise self._failure(*self._failed)
        if self.schedule.no_way_on():
            raise self._no_way_on()
        self.schedule.result()  # a conflict between two ends is an error of the run
        await self._journal.commit((facts.RunFinished(at=time()),))
        return "done"

    def _start(self, visits: int | None) -> list[Visit]:
        """Start what may start; when stepping, only the first."""
        starting, self._unperformed = self._unperformed, []
        if visits is not None and (starting or self._tasks):
            self._unperformed = starting[1:]
            return starting[:1]
        places = self.schedule.startable()
        if not places:
            return starting
        now = time()
        for place in places if visits is None else places[:1]:
            visit = self.schedule.start(place)
            ready = self._ready[place] = self._definitions(place.name)
            started = facts.NodeStarted(
                at=now, node=place.name, visit=visit.number, parents=visit.parents, version=ready.version
            )
            if visit.reduced:
                started = structs.replace(started, reduced=dict(visit.reduced))
            self._events.append(started)
            starting.append(visit)
        return starting

    def _spawn(self, visit: Visit) -> None:
        """Perform a visit, or the instances of a map that are still missing, beside others."""
        if visit.items is None:
            self._task(visit, None)
            return
        done = self._instances.setdefault(visit, {})
        missing = [index for index in range(len(visit.items)) if index not in done]
        for index in missing:
            self._task(visit, index)
        if not missing:
            self._outcomes.append(Outcome(visit, None))

    def _task(self, visit: Visit, index: int | None) -> None:
        task = asyncio.create_task(self._aside(visit, index))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _aside(self, visit: Visit, index: int | None) -> None:
        outcome = await perform(visit, self._ready[visit.place], index, self._schema, self._exchange)
        if outcome.error is None and self._journal.durable:
            outcome.error = _refusal(outcome)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.discard(task)
        self._outcomes.append(outcome)
        self._stir()

    def _stir(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _collect(self) -> list[Outcome]:
        """All bodies that have returned, waiting for the first; none if none is under way."""
        while self._tasks and not self._outcomes and not (self._pausing and self._at_rest()):
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        outcomes = list(self._outcomes)
        self._outcomes.clear()
        return outcomes

    def _at_rest(self) -> bool:
        return len(self._tasks) <= self._gate.held and not self._outcomes

    def _settle(self, outcome: Outcome) -> bool:
        """Take in one outcome; tells whether a visit ended with it."""
        if outcome.error is not None:
            self._take_failure(outcome)
            return False
        visit, update, reads = outcome.visit, outcome.update, outcome.reads
        if visit.items is None:
            ending = self.schedule.finish(visit, (update,))
        else:
            updates = self._gather(outcome)
            if updates is None:
                return False
            ending, update, reads = self.schedule.finish(visit, updates), {}, ()
        now = time()
        finished = facts.NodeFinished(
            at=now,
            node=visit.place.name,
            visit=visit.number,
            update=update,
            edges=ending.edges,
            reads=reads,
            seconds=outcome.seconds,
        )
        if ending.reduced:
            finished = structs.replace(finished, reduced=ending.reduced)
        self._events.append(finished)
        for edge in ending.spent:
            limit = self.schedule.plan.limits[edge.number]
            self._events.append(
                facts.LoopLimitReached(
                    at=now, node=visit.place.name, visit=visit.number, target=edge.target, limit=limit
                )
            )
        return True

    def _gather(self, outcome: Outcome) -> list[dict[str, Any]] | None:
        """Take in a map's instance; the updates in order of index once all are there."""
        visit, index = outcome.visit, outcome.index
        done = self._instances.setdefault(visit, {})
        if index is not None:
            done[index] = outcome.update
            self._events.append(
                facts.InstanceFinished(
                    at=time(),
                    node=visit.place.name,
                    visit=visit.number,
                    index=index,
                    update=dict(outcome.update),
                    reads=outcome.reads,
                    seconds=outcome.seconds,
                )
            )
        if len(done) < len(visit.items or ()):
            return None
        del self._instances[visit]
        return [done[i] for i in sorted(done)]

    def _take_failure(self, outcome: Outcome) -> None:
        visit, index, error = outcome.visit, outcome.index, outcome.error
        if isinstance(error, asyncio.CancelledError) and self._failed is not None:
            return  # stopped by the gate because another node failed; its calls are kept for the resume
        failures = self._failures[visit, index] = self._failures.get((visit, index), 0) + 1
        retried = failures <= self._ready[visit.place].options.retry and self._failed is None
        said = (
            error.what
            if isinstance(error, GenXAIError)
            else f"{type(error).__name__}: {error}".removesuffix(": ")
        )
        event = facts.NodeFailed(
            at=time(),
            node=visit.place.name,
            visit=visit.number,
            error=said,
            code=error.code if isinstance(error, GenXAIError) else type(error).__name__,
            attempt=failures,
            retried=retried,
            index=index,
            seconds=outcome.seconds,
        )
        self._events.append(event)
        self._replay.note(event)
        if retried:
            self._task(visit, index)
        elif self._failed is None:
            self._failed = (outcome, said)
            self._gate.stop()

    def _failure(self, outcome: Outcome, said: str) -> NodeFailed:
        error, visit = outcome.error, outcome.visit
        hint = error.hint if isinstance(error, GenXAIError) else ""
        failed = NodeFailed(
            visit.place.name, said, hint=hint, visit=visit.number, run_id=self._exchange.run_id
        )
        failed.__cause__ = error
        return failed

    def _no_way_on(self) -> NoWayOn:
        tried = [
            f"{edge.source} -> {edge.target}{edge.clause()}"
            for name in self.schedule.stopped
            for edge in self._places(name).out
        ]
        values = self.schedule.now()[0]
        keys = sorted({k for name in self.schedule.stopped for e in self._places(name).out for k in e.names})
        shown = ", ".join(f"{key} = {values.get(key)!r:.80}" for key in keys)
        return NoWayOn(
            f"The run stopped at {', '.join(map(repr, self.schedule.stopped))}: no edge was taken"
            f" ({'; '.join(tried)}{'; ' if shown else ''}{shown}).",
            hint='Add an "else" edge, or mend the conditions.',
            run_id=self._exchange.run_id,
        )

    def _places(self, name: str) -> Place:
        plan = self.schedule.plan
        return plan.places[plan.index[name]] if name in plan.index else plan.start

    async def _stand(self) -> str:
        await self._journal.commit([*self._take_events(), facts.RunPaused(at=time(), reason="asked")])
        return "paused"

    def _take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _refused(self, exc: NotStorable) -> NodeFailed:
        """What to raise when the turn's events hold something that cannot be kept; they are dropped."""
        node = next((e.node for e in self._events if isinstance(e, facts.NodeFinished)), "?")
        self._events.clear()
        return NodeFailed(node, exc.what, hint=exc.hint, run_id=self._exchange.run_id)

    async def _cancel_bodies(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)


def _refusal(outcome: Outcome) -> NotStorable | None:
    """What keeps an update out of the journal, found before others of its turn are written with it."""
    name, visit = outcome.visit.place.name, outcome.visit.number
    try:
        encode_event(facts.NodeFinished(at=0, node=name, visit=visit, update=dict(outcome.update), edges=()))
    except NotStorable as exc:
        return exc
    return None
