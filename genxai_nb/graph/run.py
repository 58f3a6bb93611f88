"""A run as its caller drives it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from time import time
from typing import TYPE_CHECKING, Any

from msgspec import structs

from genxai_nb.calls.cassette import Cassette
from genxai_nb.errors import ResumeRefused
from genxai_nb.guard.budget import Budget, budget_from
from genxai_nb.guard.policy import Policy, policy_from
from genxai_nb.journal import open_store
from genxai_nb.journal.events import RunRebased, RunStarted
from genxai_nb.journal.opening import find_store
from genxai_nb.journal.store import Definition
from genxai_nb.loop import run_in_worker

from .branching import Branching
from .budgets import budget_in, spent_by, written
from .canonical import canonical
from .loading import check_running
from .policies import policies_for, policy_in
from .workflow import RunOptions, Workflow

if TYPE_CHECKING:
    from pandas import DataFrame

    from genxai_nb.journal.compare import Differences

__all__ = ["Run", "run_log"]


class Run(Branching):
    """A run: driven by its caller, recorded in a journal, resumable.

    Iterating it with ``async for`` yields its events and drives it to the end. Its other verbs are for
    sync code, from any thread.

    Example:
        >>> from genxai_nb.graph.build import Graph
        >>> graph = Graph("count")
        >>> graph.node("one", lambda state: {"n": 1}).edge("START", "one")
        Graph('count': 1 node, 1 edge)
        >>> run = graph.start({}, store=":memory:")
        >>> run.resume().state
        {'n': 1}
    """

    @classmethod
    def begin_new(
        cls, graph: Workflow, given: Mapping[str, Any], options: RunOptions, key: str | None = None
    ) -> Run:
        """Record a new run and stand before its first node; ``key`` names the row of a batch that it is for.

        Raises:
            GenXAIError: The graph is not sound, or the input does not fit.
        """
        beginning = _beginning(graph, given, options, key)
        store = open_store(options.store)
        return cls(store.begin(*beginning), store, graph, options, "ready")

    @classmethod
    async def begin_beside(
        cls, graph: Workflow, given: Mapping[str, Any], options: RunOptions, key: str | None = None
    ) -> Run:
        """Record a new run as `begin_new` does, while other runs of this loop go on.

        Raises:
            GenXAIError: The graph is not sound, or the input does not fit.
        """
        beginning = _beginning(graph, given, options, key)
        store = open_store(options.store)
        waits = store.url != ":memory:"
        run_id = await run_in_worker(store.begin, *beginning) if waits else store.begin(*beginning)
        return cls(run_id, store, graph, options, "ready")

    @classmethod
    def load(cls, run_id: str, graph: Workflow | None = None, store: str | None = None) -> Run:
        """Load a recorded run, to read it or, with its graph, to resume it.

        Nothing is made where there is no journal. A run whose journal is damaged somewhere stands at the last
        event before it, with a warning, and goes on from there.

        Raises:
            RunNotFound: No run of that id is in the store.
            StoreDamaged: Not even its first event can be read.
            ResumeRefused: The graph's structure is not the one that the run began with.
        """
        kept = find_store(store)
        run = cls(run_id, kept, graph, RunOptions(store=store), kept.row(run_id).status)
        facts = run._history.turning()
        started = facts[0]
        if isinstance(started, RunStarted):
            tape = Cassette(started.cassette, recording=started.recording) if started.cassette else None
            run.options = RunOptions(
                model=started.model,
                store=store,
                recorded=policy_in(facts),
                budget=budget_in(facts),
                cassette=tape,
            )
        structure = next(e.structure for e in reversed(facts) if isinstance(e, RunStarted | RunRebased))
        if graph is not None and graph.structure != structure:
            before = kept.definition(structure)
            raise ResumeRefused(
                f"Graph {graph.name!r} has changed its nodes or edges since run {run_id!r} began."
                f"{_difference(before.spec if before else '', graph.own_record().spec)}",
                hint="Define it as it was, rebase the run on it, or start anew.",
                run_id=run_id,
            )
        if graph is None or run.options.budget is not None or run.options.cassette is not None:
            run.events()  # all of them will be asked for
        else:
            run._history.settle(graph)
        if run._history.damage is not None:
            run.status, run.reason = "paused", f"event {len(run._history) + 1} is damaged"
        return run

    def __repr__(self) -> str:
        name = self.graph.name if self.graph else "read only"
        return f"Run({self.run_id}, {name}, {self.status})"

    def set_policy(self, policy: Policy | Mapping[str, Any] | str | None) -> None:
        """Say what tools may do from now on, also when the run is loaded again.

        Args:
            policy: ``safe``, ``open``, a Policy or its fields; None for the default.

        Raises:
            DefinitionError: It is no policy.
        """
        self.options = structs.replace(self.options, policy=policy_from(policy), recorded=None)
        if self._driver is not None:
            self._driver.exchange.policies = policies_for(self.options)

    def set_budget(self, budget: Budget | Mapping[str, Any] | str | float | None) -> None:
        """Say what the run may spend in all from now on, what it has spent already included.

        Args:
            budget: US dollars, or limits by name: ``money tokens calls seconds``; None for no limit.

        Raises:
            DefinitionError: It is no budget.
        """
        limit = budget_from(budget)
        self.options = structs.replace(self.options, budget=limit)
        if self._driver is not None:
            self._driver.account.allow(limit, spent_by(self.events(), self._graph().lookup))

    def timeline(self) -> DataFrame:
        """One row for each visit, map instance and call, as a DataFrame."""
        from genxai_nb.journal.frames import timeline

        return timeline(self.events())

    def calls(self) -> DataFrame:
        """One row for each call, with its tokens and its cost, as a DataFrame."""
        from genxai_nb.journal.spending import calls

        return calls(self.events())

    def costs(self) -> DataFrame:
        """What each node's models took and cost, as a DataFrame."""
        from genxai_nb.journal.spending import costs

        return costs(self.events())

    def diff(self, other: Run) -> Differences:
        """What differs between this run and another, as DataFrames by ``state outputs prompts cost time``.

        The states are compared if both runs have their graphs.

        Raises:
            MissingPackage: pandas is not installed.
        """
        from genxai_nb.journal.compare import compare

        states = None
        if self.graph is not None and other.graph is not None:
            states = (dict(self.state), dict(other.state))  # a model, too, gives its fields
        names = (self.run_id, other.run_id)
        return compare(self.events(), other.events(), names=names, states=states)

    def canonical(self) -> bytes:
        """The run in a form that does not depend on timing, for comparison byte for byte."""
        plan = self._graph().build()
        return canonical(self.events(), {place.name: place.order for place in plan.places})


def _beginning(
    graph: Workflow, given: Mapping[str, Any], options: RunOptions, key: str | None
) -> tuple[RunStarted, tuple[Definition, ...]]:
    """What a store is given to begin a run with."""
    check_running()
    graph.build()
    definitions = graph.definitions()
    started = RunStarted(
        at=time(),
        run="",
        graph=graph.name,
        structure=graph.structure,
        input=graph.schema.start(given),
        definitions={definition.name: definition.hash for definition in definitions},
        model=options.model,
        key=key,
        policy=None if options.policy is None else options.policy.changed(),
        budget=written(options.budget),
        cassette=str(options.cassette.file) if options.cassette else "",
        recording=options.cassette is not None and options.cassette.recording,
    )
    return started, (*definitions, graph.own_record())


def _difference(before: str, now: str) -> str:
    """The lines of a graph that are gone and those that are new, each on a line of its own."""
    marked = list(unified_diff(before.splitlines(), now.splitlines(), n=0, lineterm=""))[2:]
    lines = [f"\n  {line[0]} {line[1:]}" for line in marked if line[0] in "+-"]
    return "".join([*lines, "\n"] if lines else lines)


def run_log(store: str | None = None) -> DataFrame:
    """All runs of a store, newest first, as a DataFrame."""
    from genxai_nb.journal.frames import run_log as frame

    return frame(find_store(store))
