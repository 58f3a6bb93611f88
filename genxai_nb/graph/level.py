"""One level of a run: a graph, or a subgraph in it, driven in turns.

A turn takes every body that returned, lets the schedule say what follows, writes all of it in one
transaction, publishes it, and starts the bodies that may start. Nothing starts before its cause is
acknowledged.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from time import perf_counter, time
from typing import Any

from genxai_nb.calls.gate import Gate
from genxai_nb.calls.record import words_of
from genxai_nb.calls.replay import Replay
from genxai_nb.errors import GenXAIError, NodeFailed, NotStorable, RunError
from genxai_nb.journal.events import Event

from .context import Exchange
from .dead_end import no_way_on
from .fold import STOPPED, Folded
from .instances import Waiting
from .pace import Pace, scope_of
from .perform import Outcome, not_kept, perform, quieten, refusal_of
from .performed import PERFORMED, Performed
from .plan import Place
from .recorder import Journal
from .recording import (
    attempt_failed,
    instance_finished,
    limits_reached,
    token_absorbed,
    visit_finished,
    visit_started,
)
from .subgraph import Subgraph, changes_of, given_to
from .tokens import Visit
from .view import ERROR
from .workflow import Workflow

__all__ = ["Level", "Shared", "quieten"]


class Shared:
    """What all levels of a run have in common.

    Attributes:
        halted: Why the run ends where it stands, though no node has failed.
    """

    __slots__ = ("exchange", "gate", "halted", "journal", "pace", "replay")

    def __init__(self, exchange: Exchange, gate: Gate, journal: Journal, pace: Pace, replay: Replay) -> None:
        self.exchange = exchange
        self.gate = gate
        self.journal = journal
        self.pace = pace
        self.replay = replay
        self.halted: RunError | None = None


class Level:
    """Drives one graph of a run from where it stands.

    Args:
        shared: What it has in common with the other levels.
        graph: The graph; its definitions are read at each start of a node.
        folded: Where the level stands.
        path: The visits of subgraphs around it; empty at the top.
    """

    def __init__(self, shared: Shared, graph: Workflow, folded: Folded, path: str = "") -> None:
        self.schedule = folded.schedule
        self.path = path
        self.levels: dict[str, Level] = {}
        self._graph = graph
        self._shared = shared
        self._pace = shared.pace
        self._journal = shared.journal
        self._folded = folded
        self._instances = {
            visit: {i: dict(update) for i, update in done.items()} for visit, done in folded.instances.items()
        }
        self._failures = folded.attempts
        self._failing = folded.failing
        self._unperformed = list(self.schedule.running.values())
        for visit in self._unperformed:
            visit.ready = graph.definition_of(visit.place.name)
        self._events: list[Event] = []
        self._tasks: dict[tuple[Visit, int | None], asyncio.Task[None]] = {}
        self._waiting = Waiting()
        self.entered = False  # the visits inside are counted as busy, not the one around them
        self._outcomes: deque[Outcome] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._changed = False  # the pace has, since it was last looked what may start
        self._writing = False
        self._looking = False
        self._failed: tuple[Outcome, str] | None = None

    # ── turns ────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> dict[str, Any]:
        """Drive to the end of the graph and give its final state.

        Raises:
            NodeFailed: A body raised and its retries are spent.
            GenXAIError: The level cannot go on.
        """
        self._pace.join(self._look_again)
        try:
            await self._turns()
        except asyncio.CancelledError:
            await self._cancel_bodies()
            raise
        except Exception:  # a person's schema or condition may raise anything; it is raised on
            await self._cancel_bodies()
            await self._journal.commit(self._take_events())
            raise
        finally:
            self._looked()
            self._pace.leave(self._look_again)
        return self.schedule.result()

    async def _turns(self) -> None:
        pace, schema = self._pace, self._graph.schema
        lone = Performed(self._shared.exchange, self.path)  # for each body that is alone, as most are
        PERFORMED.set(lone)
        ended = (
            1 if self.path else 0
        )  # bodies whose end is not written yet; at first the visit around this level
        while True:
            self._changed = False
            ending = self._failed is not None or self._shared.halted is not None
            starting = [] if ending else self._start()
            # Taken at once: if the store fails, whether it has them is not known.
            events, self._events = self._events, []
            try:
                if not self._journal.write(events):
                    self._writing = True
                    await self._journal.commit(events)
                    self._writing = False
            except NotStorable as exc:
                raise not_kept(exc, events, self._shared.exchange.run_id) from exc
            if self._looking:
                self._looked()
            pace.busy -= ended
            ended, self.entered = 0, True
            visit = starting[0] if len(starting) == 1 and not self._tasks else None
            if visit is not None and visit.items is None and visit.ready.quiet:
                pace.busy += 1
                lone.node, lone.visit, lone.context, lone.seen = visit.place.name, visit.number, None, None
                self._settle(await perform(visit, schema, lone))
                ended = 1
                continue
            self._begin(starting)
            outcomes = await self._collect()
            if not outcomes and not self._more():
                break
            for outcome in outcomes:
                self._settle(outcome)
            ended = len(outcomes)
        self._check_end()

    def _start(self) -> list[Visit]:
        """Start what may start."""
        starting, self._unperformed = self._unperformed, []
        if starting and not all(isinstance(visit.ready.body, Subgraph) for visit in starting):
            self._pace.take_up()
        places = self.schedule.startable()
        if not places:
            return starting
        free = self._pace.free
        now = time()
        for place in places:
            if not free and not self._admitted(place):
                continue
            visit = self.schedule.start(place)
            ready = visit.ready = self._graph.definition_of(place.name)
            version = ready.settled or ready.version
            if version not in self._journal.kept:
                self._journal.keep(self._graph.record_of(place.name))
            self._events.append(visit_started(visit, version, self.path, now))
            starting.append(visit)
            if self.schedule.absorbed:
                self._note_absorbed()
        return starting

    def _note_absorbed(self) -> None:
        absorbed = self.schedule.take_absorbed()
        self._events += [token_absorbed(place, token, self.path) for place, token in absorbed]

    def _admitted(self, place: Place) -> bool:
        schedule = self.schedule
        return self._pace.admits(
            self.path, place.name, schedule.next_visit(place), lambda: schedule.peek(place)
        )

    def _look_again(self) -> None:
        """The pace has changed: who waits or writes here is busy until it has looked what may start now."""
        self._changed = True
        if (self._stir() or self._writing) and not self._looking:
            self._looking = True
            self._pace.busy += 1

    def _looked(self) -> None:
        if self._looking:
            self._looking = False
            self._pace.busy -= 1

    def _stir(self) -> bool:
        """Wake the level; tells whether it was waiting."""
        if self._wake is None or self._wake.done():
            return False
        self._wake.set_result(None)
        return True

    async def _collect(self) -> list[Outcome]:
        """All bodies that have returned, waiting for the first; empty when stirred for something else, or at the end."""
        if not self._outcomes and not self._changed and self._more():
            self._wake = asyncio.get_running_loop().create_future()
            self._pace.check()
            await self._wake
        outcomes = list(self._outcomes)
        self._outcomes.clear()
        return outcomes

    def _more(self) -> bool:
        """Whether anything can still come: after a failure only what runs already."""
        waiting = not self._ending() and (self.schedule.waiting or self._pace.behind or self._waiting)
        return bool(self._tasks or waiting)

    def _ending(self) -> bool:
        return self._failed is not None or self._shared.halted is not None

    # ── bodies ───────────────────────────────────────────────────────────────────────────────

    def _begin(self, starting: Sequence[Visit]) -> None:
        """Perform visits beside each other, and instances of maps for which others have made room."""
        for visit in starting:
            self._spawn(visit)
        if self._waiting and not (self._pace.stands or self._ending()):
            for visit, index in list(self._waiting.startable(self._tasks)):
                self._task(visit, index)

    def _spawn(self, visit: Visit) -> None:
        """Perform a visit, or the instances of a map that are still missing, beside others."""
        if visit.items is None:
            self._task(visit, None)
            return
        done = self._instances.setdefault(visit, {})
        missing = [index for index in range(len(visit.items)) if index not in done]
        for index in self._waiting.first(visit, missing):
            self._task(visit, index)
        if not missing:
            self._pace.busy += 1
            self._outcomes.append(Outcome(visit, None))

    def _task(self, visit: Visit, index: int | None) -> None:
        self._pace.busy += 1
        task = self._tasks[visit, index] = asyncio.create_task(self._aside(visit, index))
        quieten(task)

    async def _aside(self, visit: Visit, index: int | None) -> None:
        body = visit.ready.body
        try:
            if isinstance(body, Subgraph):
                outcome = await self._descend(visit, index, body)
            else:
                performed = Performed(self._shared.exchange, self.path, visit.place.name, visit.number, index)
                PERFORMED.set(performed)
                outcome = await perform(visit, self._graph.schema, performed)
        finally:
            del self._tasks[visit, index]
        if outcome.error is None and self._journal.durable:
            outcome.error = refusal_of(outcome)
        self._outcomes.append(outcome)
        self._stir()

    async def _descend(self, visit: Visit, index: int | None, body: Subgraph) -> Outcome:
        """Drive a subgraph to its end; what it changed is the visit's update."""
        pace, began = self._pace, perf_counter()
        path = scope_of(self.path, visit.place.name, visit.number, index)
        level: Level | None = None
        try:
            options = visit.ready.options
            folded = self._folded.inner.pop(path, None) or Folded(
                body.graph, given_to(body.graph, visit, index, options.reads), path
            )
            level = self.levels[path] = Level(self._shared, body.graph, folded, path)
            data = await level.run()
            update = changes_of(folded.started, data, self._graph.schema, options.into)
            update = self._graph.schema.check(update, visit.place.name)
        except Exception as exc:  # noqa: BLE001 - schemas and definitions inside may raise anything too
            return Outcome(visit, index, seconds=perf_counter() - began, error=exc)
        finally:
            self.levels.pop(path, None)
            if level is not None and level.entered:
                pace.busy += 1
        return Outcome(visit, index, update, tuple(sorted(folded.started)), perf_counter() - began)

    def _check_end(self) -> None:
        if self._failed is not None:
            raise self._failure(*self._failed)
        if self._shared.halted is not None:
            raise self._shared.halted
        if self.schedule.no_way_on():
            raise no_way_on(self.schedule, self._shared.exchange.run_id)

    # ── outcomes ─────────────────────────────────────────────────────────────────────────────

    def _settle(self, outcome: Outcome) -> None:
        """Take in one outcome."""
        if outcome.error is not None:
            self._take_failure(outcome)
            return
        visit, update, reads = outcome.visit, outcome.update, outcome.reads
        updates: Sequence[dict[str, Any]] = (update,)
        if visit.items is not None:
            gathered, update, reads = self._gather(outcome), {}, ()
            if gathered is None:
                return
            updates = gathered
        failed = bool(self._failing) and visit in self._failing
        if failed:
            self._failing.discard(visit)
        ending = self.schedule.finish(visit, updates, failed=failed)
        self._events.append(visit_finished(visit, update, ending, self.path, reads, outcome.seconds))
        if ending.spent:
            self._events += limits_reached(visit, ending, self.schedule.plan, self.path)
        if self.schedule.absorbed:
            self._note_absorbed()
        if not self._pace.free:
            self._pace.ended(visit.place.name, visit.number, ending.after.data)

    def _gather(self, outcome: Outcome) -> list[dict[str, Any]] | None:
        """Take in a map's instance; the updates in order of index once all are there."""
        visit, index = outcome.visit, outcome.index
        done = self._instances.setdefault(visit, {})
        if index is not None:
            done[index] = outcome.update
            self._events.append(instance_finished(outcome, index, self.path))
        if len(done) < len(visit.items or ()):
            return None
        del self._instances[visit]
        return [done[i] for i in sorted(done)]

    def _take_failure(self, outcome: Outcome) -> None:
        visit, index, error = outcome.visit, outcome.index, outcome.error
        stopped = isinstance(error, asyncio.CancelledError) and self._shared.gate.stopped
        if stopped or (error is not None and error is self._shared.halted):
            return  # stopped because another node failed, or the run was halted; its calls are kept for the resume
        failures = self._failures[visit, index] = self._failures.get((visit, index), 0) + 1
        retried = failures <= visit.ready.options.retry and self._failed is None
        said = words_of(error)
        event = attempt_failed(outcome, said, failures, self.path, retried=retried)
        self._events.append(event)
        self._shared.replay.note(event)
        if retried:
            self._task(visit, index)
        elif visit.ready.options.on_error != "fail" and event.code != STOPPED:
            goes = visit.place.failing is not None
            if goes:
                self._failing.add(visit)
            told = self._told(said, index) if goes else {}
            self._settle(Outcome(visit, index, told, seconds=outcome.seconds))
        elif self._failed is None:
            self._failed = (outcome, said)
            if not self.path:
                self._shared.gate.stop()

    def _told(self, said: str, index: int | None) -> dict[str, Any]:
        """What went wrong, for the node that goes on with it; instances of a map may only add to it."""
        schema = self._graph.schema
        known = schema.model is None or ERROR in schema.fields
        if not known or (index is not None and ERROR not in schema.reducers):
            return {}
        return schema.check({ERROR: said}, "error")

    def _failure(self, outcome: Outcome, said: str) -> NodeFailed:
        error, visit = outcome.error, outcome.visit
        hint = error.hint if isinstance(error, GenXAIError) else ""
        failed = NodeFailed(
            visit.place.name, said, hint=hint, visit=visit.number, run_id=self._shared.exchange.run_id
        )
        failed.__cause__ = error
        return failed

    def _take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    async def _cancel_bodies(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
