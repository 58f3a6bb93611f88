"""A run as its caller drives it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from time import time
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from genxai_nb.calls.call import Middleware, chained
from genxai_nb.calls.gate import Gate
from genxai_nb.calls.record import Record
from genxai_nb.calls.replay import Replay
from genxai_nb.calls.retry import Retry
from genxai_nb.errors import (
    GenXAIError,
    NodeFailed,
    ResumeRefused,
    RunBusy,
    RunCancelled,
    RunError,
    RunNotFound,
)
from genxai_nb.journal import open_store
from genxai_nb.journal.events import Event, Hint, RunResumed, RunStarted
from genxai_nb.journal.store import Store
from genxai_nb.journal.stream import EventStream
from genxai_nb.loop import run_sync, running_loop, submit

from .canonical import canonical
from .context import Exchange
from .engine import Engine, Journal
from .fold import fold
from .result import Result
from .workflow import RunOptions, Workflow

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Run", "run_log"]

T = TypeVar("T")


class Run:
    """A run: driven by its caller, recorded in a journal, resumable.

    Iterating it with ``async for`` yields its events and drives it to the end. Its other verbs are for
    sync code, from any thread.

    Attributes:
        run_id: Its id in the store, such as ``r7``.
        graph: Its graph; None when it was loaded for reading only.
        status: ``ready``, ``running``, ``paused``, ``done``, ``failed`` or ``cancelled``.

    Example:
        >>> from genxai_nb.graph.build import Graph
        >>> graph = Graph("count")
        >>> graph.node("one", lambda state: {"n": 1}).edge("START", "one")
        Graph('count': 1 node, 1 edge)
        >>> run = graph.start({}, store=":memory:")
        >>> run.resume().state
        {'n': 1}
    """

    def __init__(
        self, run_id: str, store: Store, graph: Workflow | None, options: RunOptions, status: str
    ) -> None:
        self.run_id = run_id
        self.graph = graph
        self.options = options
        self.status = status
        self._store = store
        self._stream = EventStream()
        self._engine: Engine | None = None
        self._held = ExitStack()
        self._home: asyncio.AbstractEventLoop | None = None
        self._driving: asyncio.Task[Any] | None = None
        self._cancelling = False
        self._ended: Any = None

    @classmethod
    def begin_new(cls, graph: Workflow, given: Mapping[str, Any], options: RunOptions) -> Run:
        """Record a new run and stand before its first node.

        Raises:
            GenXAIError: The graph is not sound, or the input does not fit.
        """
        graph.build()
        store = open_store(options.store)
        definitions = graph.definitions()
        started = RunStarted(
            at=time(),
            run="",
            graph=graph.name,
            structure=graph.structure,
            input=graph.schema.start(given),
            definitions={definition.name: definition.hash for definition in definitions},
            model=options.model,
        )
        return cls(store.begin(started, definitions), store, graph, options, "ready")

    @classmethod
    def load(cls, run_id: str, graph: Workflow | None = None, store: str | None = None) -> Run:
        """Load a recorded run, to read it or, with its graph, to resume it.

        Raises:
            RunNotFound: No run of that id is in the store.
            ResumeRefused: The graph's structure is not the one that the run began with.
        """
        kept = open_store(store)
        row = next((row for row in kept.runs() if row.run == run_id), None)
        if row is None:
            known = ", ".join(row.run for row in kept.runs()[:5])
            raise RunNotFound(
                f"No run {run_id!r} in {kept.url}.", hint=f"Newest: {known or 'none'}.", run_id=run_id
            )
        started = next(iter(kept.read(run_id)))
        model = started.model if isinstance(started, RunStarted) else None
        run = cls(run_id, kept, graph, RunOptions(model=model, store=store), row.status)
        if graph is not None and isinstance(started, RunStarted) and graph.structure != started.structure:
            raise ResumeRefused(
                f"Graph {graph.name!r} has changed its nodes or edges since run {run_id!r} began.",
                hint="Start a new run, or define the graph as it was.",
                run_id=run_id,
            )
        return run

    def __repr__(self) -> str:
        name = self.graph.name if self.graph else "read only"
        return f"Run({self.run_id}, {name}, {self.status})"

    # ── driving ──────────────────────────────────────────────────────────────────────────────

    def resume(self, *, answers: Mapping[str, Any] | None = None) -> Result:
        """Drive to the end, or to the next pause; of a finished run, give its result again.

        Args:
            answers: Further answers of people, by node name or prompt.

        Raises:
            NodeFailed: A node failed; has ``.result`` and ``.run_id``.
            RunBusy: Somebody else is driving this run.
            RunCancelled: It was cancelled meanwhile.
        """
        self._answer(answers)
        return self._sync(self.drive())

    def next(self) -> Result:
        """Run exactly one visit, the first that may start, and stand again."""
        return self._sync(self.drive(visits=1))

    def begin(self, *, answers: Mapping[str, Any] | None = None) -> Future[Result]:
        """Start driving on the engine thread and return at once."""
        self._answer(answers)
        return submit(self.drive())

    async def drive(self, visits: int | None = None) -> Result:
        """Drive on the caller's loop: to the end, or through so many visits. See `resume` for what it raises."""
        home = self._home
        if home is not None and home is not asyncio.get_running_loop() and home.is_running():
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._drive(visits), home))
        return await self._drive(visits)

    async def _drive(self, visits: int | None) -> Result:
        if self._driving is not None:
            raise RunBusy(
                f"Run {self.run_id!r} is being driven already.", hint="Wait for it.", run_id=self.run_id
            )
        if self.status == "done":
            return self.result()
        self._home, self._driving = asyncio.get_running_loop(), asyncio.current_task()
        self._cancelling = False
        before = self.status
        try:
            engine = self._engine or self._make_engine(fresh=before == "ready")
            self._engine = engine
            self.status = "running"
            self.status = await engine.drive(visits)
        except asyncio.CancelledError:
            self._park("cancelled")
            if self._cancelling:
                raise self._cancelled() from None
            raise
        except GenXAIError as exc:
            self._park("failed" if self._engine else before)
            if isinstance(exc, RunError):
                exc.run_id = exc.run_id or self.run_id
            if isinstance(exc, NodeFailed):
                exc.result = self.result()
            raise
        finally:
            self._driving = None
        if self.status == "done":
            self._ended = self._graph().schema.result(engine.schedule.result())
            self._park("done")
        return self.result()

    def _cancelled(self) -> RunCancelled:
        return RunCancelled(
            f"Run {self.run_id} was cancelled; what was finished is kept.",
            hint="Resume it to go on.",
            run_id=self.run_id,
            result=self.result(),
        )

    def _park(self, status: str) -> None:
        """Let go of the engine and of the right to drive; a later resume folds the journal."""
        self.status = status
        self._engine = None
        self._home = None
        self._held.close()

    def _make_engine(self, *, fresh: bool) -> Engine:
        graph = self._graph()
        plan = graph.build()
        self._held.enter_context(self._store.lease(self.run_id))
        events = list(self._store.read(self.run_id))
        replay = Replay(events)
        journal = Journal(self._store, self.run_id, self._stream)
        gate = Gate()
        layers: list[Middleware] = [replay, gate, Record(journal.commit, replay), Retry(journal.commit)]
        exchange = Exchange(
            self.run_id,
            self.run_id,
            lambda handler: chained(layers, handler),
            self._stream,
            graph.lookup,
            model=self.options.model,
            answers=self.options.answers,
        )
        if not fresh:
            definitions = graph.definitions()
            self._store.keep(definitions)
            resumed = RunResumed(at=time(), definitions={d.name: d.hash for d in definitions})
            self._store.append(self.run_id, (resumed,), wait=30.0)
        return Engine(fold(plan, graph.schema, events), graph.definition_of, journal, exchange, gate, replay)

    def _graph(self) -> Workflow:
        if self.graph is None:
            raise RunError(
                f"Run {self.run_id!r} was loaded for reading only.",
                hint=f"Load it with its graph: Run.load({self.run_id!r}, graph).",
                run_id=self.run_id,
            )
        return self.graph

    def _answer(self, answers: Mapping[str, Any] | None) -> None:
        if answers:
            self.options = msgspec.structs.replace(self.options, answers={**self.options.answers, **answers})

    def _sync(self, work: Coroutine[Any, Any, T]) -> T:
        return run_sync(work)

    def pause(self) -> None:
        """Start nothing new; what is under way holds at its next call or its end. Returns at once."""

        def stand() -> None:
            if self._engine is not None:
                self._engine.pause()

        self._on_home(stand)

    def cancel(self) -> None:
        """Stop everything that is under way; the run can be resumed. Returns at once."""

        def stop() -> None:
            if self._driving is not None:
                self._cancelling = True
                self._driving.cancel()

        self._on_home(stop)

    def _on_home(self, act: Callable[[], Any]) -> None:
        home = self._home
        if home is not None and home.is_running():
            if home is running_loop():
                act()
            else:
                home.call_soon_threadsafe(act)

    # ── watching ─────────────────────────────────────────────────────────────────────────────

    def subscribe(self, watcher: Callable[[Event | Hint], object]) -> Callable[[], None]:
        """Call the watcher with each fact and hint from now on, on the loop of the run.

        Returns:
            A function that ends the subscription.
        """
        return self._stream.subscribe(watcher)

    async def __aiter__(self) -> AsyncIterator[Event | Hint]:
        """Yield facts and hints as they come, driving to the end; leaving early pauses the run."""
        waiting: deque[Event | Hint] = deque()
        loop = asyncio.get_running_loop()
        stirred = asyncio.Event()

        def take(event: Event | Hint) -> None:
            waiting.append(event)
            loop.call_soon_threadsafe(stirred.set)

        unsubscribe = self.subscribe(take)
        driving = asyncio.ensure_future(self.drive())
        driving.add_done_callback(lambda _: stirred.set())
        try:
            while True:
                while waiting:
                    yield waiting.popleft()
                if driving.done():
                    break
                await stirred.wait()
                stirred.clear()
            await driving
        finally:
            unsubscribe()
            if not driving.done():
                self.pause()
                await asyncio.wait([driving])

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    def events(self) -> list[Event]:
        """All facts so far."""
        return list(self._store.read(self.run_id))

    @property
    def state(self) -> Any:
        """The state as it is now, parallel branches merged for looking."""
        if self._ended is not None:
            return self._ended
        schedule = self._engine.schedule if self._engine else None
        if schedule is None:
            graph = self._graph()
            schedule = fold(graph.build(), graph.schema, self.events()).schedule
        return self._graph().schema.result(schedule.now()[0])

    def result(self) -> Result:
        """Where the run stands."""
        state = None if self.graph is None else self.state
        return Result(self.run_id, self.status, state, self.events)

    def timeline(self) -> DataFrame:
        """One row for each visit, map instance and call, as a DataFrame."""
        from genxai_nb.journal.frames import timeline

        return timeline(self.events())

    def canonical(self) -> bytes:
        """The run in a form that does not depend on timing, for comparison byte for byte."""
        plan = self._graph().build()
        return canonical(self.events(), {place.name: place.order for place in plan.places})


def run_log(store: str | None = None) -> DataFrame:
    """All runs of a store, newest first, as a DataFrame."""
    from genxai_nb.journal.frames import run_log as frame

    return frame(open_store(store))
