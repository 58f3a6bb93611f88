"""Time both ways: going back, going on from there, and forking."""

from __future__ import annotations

from collections.abc import Iterable
from time import time
from typing import TYPE_CHECKING, Any

from genxai_nb.calls.replay import Reuse
from genxai_nb.errors import ResumeRefused, RunError, WriteConflict
from genxai_nb.journal.codec import encode_event
from genxai_nb.journal.events import Event, NodeStarted, RunRebased, StateSet

from .reducers import HIDDEN
from .stepping import Stepping
from .workflow import Workflow

if TYPE_CHECKING:
    from genxai_nb.journal.store import HeadRow

__all__ = ["Branching"]


class Branching(Stepping):
    """Verbs that move along a run's history. Nothing is ever deleted: what is left stays listed."""

    def goto(self, step: int, *, replay: Reuse = "effects") -> None:
        """Go back to where the run stood after so many finished visits; 0 is the input.

        Args:
            step: Finished visits to keep.
            replay: Which calls of what is left are answered from its record when they are made again:
                ``effects`` (models are asked again), ``all``, or ``none``.

        Raises:
            RunError: The run is under way, or has fewer steps.
        """
        self._sync(self._goto(step, replay))

    def replaying(self, recorded: Iterable[Event]) -> None:
        """Answer every call of this run from what another one recorded, and refuse calls that it did not make.

        Raises:
            RunError: The run is under way, or has begun.
        """
        self._refuse_unless_standing("replay another run")
        if self._driver is not None or self.steps:
            raise RunError(f"Run {self.run_id} has begun.", hint="Replay in a new run.", run_id=self.run_id)
        self._later = (tuple(recorded), "only")

    def back(self) -> None:
        """Go one step back.

        Raises:
            RunError: The run is under way, or stands at its input.
        """
        steps = self.steps
        if not steps:
            raise RunError(
                f"Run {self.run_id} stands at its input.", hint="Go on with next.", run_id=self.run_id
            )
        self.goto(steps - 1)

    async def _goto(self, step: int, replay: Reuse) -> None:
        self._refuse_unless_standing("go back")
        cut = self._history.cut(step)
        later = self._history.later(cut)
        if self._driver is not None:
            await self._driver.stop()
            self._park("paused")
        head = self._store.branch(self.run_id, cut, f"goto {step}")
        self._later = (later, replay)
        self._history.go_back(cut, head)
        self._ended = None
        self.status, self.reason = "paused", f"back at step {step}"
        self.stands += 1

    def fork(self, step: int | None = None, *, replay: Reuse = "effects", **changes: Any) -> Branching:
        """Make a new run that shares this one's history up to a step and goes its own way from there.

        Args:
            step: Finished visits to share; None for all.
            replay: As for `goto`.
            changes: Values to set in the new run, by key.

        Raises:
            RunError: The run has fewer steps.
            StateInvalid: A value does not fit the schema.
            NotStorable: A value cannot be kept.
        """
        shared = self.steps if step is None else step
        cut = self._history.cut(shared)
        checked = self._graph().schema.check(changes) if changes else {}
        if checked and self._store.url != ":memory:":
            encode_event(StateSet(at=0, values=checked))  # refused before there is a run that nobody wants
        run_id = self._store.fork(self.run_id, cut)
        forked = type(self)(run_id, self._store, self.graph, self.options, "paused")
        forked._later = (self._history.later(cut), replay)
        head = next(row.name for row in self._store.heads(run_id) if row.current)
        forked._history = self._history.fork(run_id, self.run_id, cut, head)
        forked.reason = f"forked from {self.run_id} at step {shared}"
        if checked:
            forked.set(**checked)
        return forked

    def state_at(self, step: int) -> Any:
        """The state after so many finished visits.

        Raises:
            RunError: The run has fewer steps.
        """
        folded = self.folded(self._history.cut(step))
        return self._readable().schema.result(folded.schedule.now()[0])

    def view_of(self, node: str, visit: int = 1, path: str = "") -> dict[str, Any]:
        """What a visit saw of the state when it began.

        Args:
            node: Its node.
            visit: Its number, from 1.
            path: The visits of subgraphs around it, such as ``part#1``.

        Raises:
            RunError: No such visit has begun.
        """
        began = ((place, event) for place, event in enumerate(self.events(), 1) if type(event) is NodeStarted)
        asked = path, node, visit
        cut = next((place for place, e in began if (e.path, e.node, e.visit) == asked), 0)
        level = self.folded(cut).at(path) if cut else None
        for running in level.schedule.running.values() if level is not None else ():
            if (running.place.name, running.number) == (node, visit):
                return {key: value for key, value in running.view.data.items() if key[:1] != HIDDEN}
        where = f"{path}/{node}" if path else node
        raise RunError(f"Run {self.run_id} has begun no visit {visit} of {where!r}.", run_id=self.run_id)

    def rebase(self, graph: Workflow) -> None:
        """Go on in a changed graph, from the nodes of the same names that the run stands before.

        Parallel branches are merged for it. Steps before it belong to the graph as it was.

        Raises:
            GraphInvalid: The graph cannot run.
            ResumeRefused: None of the nodes that the run stands before is in the graph.
            StateInvalid: The state does not fit the graph's schema.
            WriteConflict: Parallel branches have written one key.
            RunError: The run is under way, or has ended.
        """
        self._sync(self._rebase(graph))

    async def _rebase(self, graph: Workflow) -> None:
        self._refuse_unless_standing(
            "rebase it", ended="Go back to a step whose next node it has: run.goto(step)."
        )
        plan = graph.build()
        schedule = self._schedule()
        state, clashes = schedule.now()
        for key, writers in clashes.items():
            raise WriteConflict(key, writers[0], writers[-1])
        nodes, visits = schedule.standing()
        kept = tuple(node for node in nodes if node in plan.index)
        if not kept:
            raise ResumeRefused(
                f"Run {self.run_id} stands before {', '.join(map(repr, nodes))}, which the changed graph does not have.",
                hint="Go back to a step whose next node it has, or start anew.",
                run_id=self.run_id,
            )
        definitions = graph.definitions()
        fact = RunRebased(
            at=time(),
            structure=graph.structure,
            state=graph.schema.start(state),
            nodes=kept,
            visits=visits,
            definitions={definition.name: definition.hash for definition in definitions},
        )
        if self._driver is not None:
            await self._driver.stop()
            self._park("paused")
        self._store.keep((*definitions, graph.own_record()))
        self._history.leave_damage()
        with self._store.lease(self.run_id):
            self._store.append(self.run_id, (fact,), wait=30.0)
        self.graph, self.status, self.reason = graph, "paused", "rebased"
        self.stands += 1

    def heads(self) -> list[HeadRow]:
        """The lines of this run's history, oldest first, with those that were left."""
        return self._store.heads(self.run_id)
