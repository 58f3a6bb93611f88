"""Driving a run and watching it: the part of a run that every other verb stands on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

from msgspec import structs

from genxai_nb.calls.replay import Reuse
from genxai_nb.errors import GenXAIError, NodeFailed, OverBudget, RunBusy, RunCancelled, RunError
from genxai_nb.journal.events import Event, Hint, RunStarted
from genxai_nb.journal.store import Definition, Store
from genxai_nb.journal.stream import EventStream
from genxai_nb.loop import run_sync, running_loop, submit

from .driven import tell_of_driving
from .driver import Driver
from .fold import Folded
from .history import History
from .kept import KeptGraph, kept_graph
from .pace import Breakpoint, Stride
from .recording import run_resumed
from .result import Result
from .schedule import Schedule
from .workflow import RunOptions, Workflow

__all__ = ["Driving"]

T = TypeVar("T")


class Driving:
    """A recorded run that can be driven by one caller at a time.

    Attributes:
        run_id: Its id in the store, such as ``r7``.
        graph: Its graph; None when it was loaded for reading only.
        options: How it was made.
        status: ``ready`` until it is driven, where the list of runs says ``paused``; then ``running``, ``paused``,
            ``done``, ``failed`` or ``cancelled``.
        stands: How often it has come to rest; tells an old button press from a new one.
        reason: Why it stands, in words.
    """

    def __init__(
        self, run_id: str, store: Store, graph: Workflow | None, options: RunOptions, status: str
    ) -> None:
        self.run_id = run_id
        self.graph = graph
        self.options = options
        self.status = status
        self.stands = 0
        self.reason = ""
        self._store = store
        self._stream = EventStream()
        self._driver: Driver | None = None
        self._held = ExitStack()
        self._home: asyncio.AbstractEventLoop | None = None
        self._driving: asyncio.Task[Any] | None = None
        self._reader: asyncio.Future[Any] | None = None
        self._cancelling = False
        self._stopping: asyncio.Task[None] | None = None
        self._ended: Any = None
        self._breakpoints: dict[int, Breakpoint] = {}
        self._later: tuple[Iterable[Event], Reuse] = ((), "none")
        self._error: GenXAIError | None = None
        self._history = History(store, run_id)
        self._kept: KeptGraph | None = None

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
        self._answer_more(answers)
        return self._sync(self.drive())

    def begin(self, stride: Stride = "go", *, answers: Mapping[str, Any] | None = None) -> Future[Result]:
        """Start driving on the engine thread and return at once.

        Args:
            stride: ``go`` to the end, a breakpoint or a pause; ``next``, ``step`` or ``out`` as the verbs of these names.
            answers: Further answers of people, by node name or prompt.
        """
        self._answer_more(answers)
        tell_of_driving(self)  # here too: the caller may change definitions before the drive begins
        return submit(self.drive(stride))

    async def drive(self, stride: Stride = "go") -> Result:
        """Drive on the caller's loop. See `begin` for the strides and `resume` for what it raises."""
        home = self._home
        if home is not None and home is not asyncio.get_running_loop():
            if home.is_running():
                return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._drive(stride), home))
            self._leave_loop()
        return await self._drive(stride)

    async def _drive(self, stride: Stride) -> Result:
        await self._let_go()
        if self._driving is not None:
            raise RunBusy(
                f"Run {self.run_id!r} is being driven already.", hint="Wait for it.", run_id=self.run_id
            )
        if self.status == "done":
            return self.result()
        self._home, self._driving = asyncio.get_running_loop(), asyncio.current_task()
        self._cancelling, before = False, self.status
        tell_of_driving(self)
        try:
            driver = self._driver = self._driver or self._make_driver()
            await driver.tell_edits(self._graph(), self._history)
            self.status, self.reason = "running", ""
            self.status = await driver.drive(stride)
            self.reason = driver.pace.reason or stride
        except asyncio.CancelledError:
            self._park("cancelled")
            if self._cancelling:
                raise self._cancelled() from None
            raise
        except GenXAIError as exc:
            self._error = exc
            self._park("failed" if self._driver else before)
            if isinstance(exc, RunError):
                exc.run_id = exc.run_id or self.run_id
            if isinstance(exc, NodeFailed | OverBudget):
                exc.result = self.result()
            raise
        except BaseException:  # a fault of ours: the run must not be left as if it were being driven
            self._park("failed" if self._driver else before)
            raise
        finally:
            self._driving = None
            self.stands += 1
        if self.status == "done":
            self._ended = self._graph().schema.result(driver.final or {})
            self._park("done")
        return self.result()

    async def _let_go(self) -> None:
        """Pause an iteration that was left half way, whose own end comes only when it is collected; end a stop."""
        if self._stopping is not None:
            await self._stopping
        if self._reader is not None and self._reader is not asyncio.current_task():
            self.pause()
            await asyncio.wait((self._reader,))

    def _leave_loop(self) -> None:
        """Let go of a loop that does not run any more: what stood there is taken up from the journal."""
        if self._driver is not None:
            self._driver.abandon()
        self._driving = self._reader = self._stopping = None
        self._park(self.status)

    def _leave_closed_loop(self) -> None:
        if self._home is not None and self._home.is_closed():
            self._leave_loop()

    def _make_driver(self) -> Driver:
        graph = self._graph()
        self._history.recent(graph)  # read before anybody asks whether it is damaged
        self._history.leave_damage()
        self._held.enter_context(self._store.lease(self.run_id))
        events = self._history.recent(graph)
        kept = set(events[0].definitions.values()) if isinstance(events[0], RunStarted) else set[str]()
        opening, new = tuple[Event, ...](), list[Definition]()
        if len(events) > 1:
            # Versions of nodes that have not begun are taken when they do: taking all would hold up the first one.
            under_way = {visit.place.name for visit in self._history.folded(graph).schedule.running.values()}
            definitions = graph.known_definitions(under_way)
            new = [one for one in definitions if one.hash not in kept]
            opening = (run_resumed(self.options, {one.name: one.hash for one in definitions}, events),)
        driver = Driver(
            graph,
            self._store,
            self.run_id,
            self._stream,
            self.options,
            history=self._history,
            opening=opening,
            later=self._later,
        )
        driver.pace.breakpoints = self._breakpoints
        driver.journal.kept, driver.journal.told = kept, partial(tell_of_driving, self)
        driver.journal.keep(*new)
        return driver

    def _park(self, status: str) -> None:
        """Let go of the driver and of the right to drive; a later resume folds the journal."""
        self.status = status
        self._driver = None
        self._home = None
        self._held.close()

    def _cancelled(self) -> RunCancelled:
        return RunCancelled(
            f"Run {self.run_id} was cancelled; what was finished is kept.",
            hint="Resume it to go on.",
            run_id=self.run_id,
            result=self.result(),
        )

    def _graph(self) -> Workflow:
        if self.graph is None:
            raise RunError(
                f"Run {self.run_id!r} was loaded for reading only.",
                hint=f"Load it with its graph: Run.load({self.run_id!r}, graph).",
                run_id=self.run_id,
            )
        return self.graph

    def _answer_more(self, answers: Mapping[str, Any] | None) -> None:
        if answers:
            self.options = structs.replace(self.options, answers={**self.options.answers, **answers})
            if self._driver is not None:
                self._driver.exchange.answers.update(answers)

    def pause(self) -> None:
        """Start nothing new; what is under way holds at its next call or its end. Returns at once."""

        def stand() -> None:
            if self._driver is not None:
                self._driver.pace.stand("asked")

        self._on_home(stand)

    def cancel(self) -> None:
        """Stop everything that is under way; the run can be resumed. Returns at once."""

        def stop() -> None:
            if self._driving is not None:
                self._cancelling = True
                self._driving.cancel()
            elif self._driver is not None:
                self._stopping = asyncio.ensure_future(self._stop())

        if self._driving is None and self._driver is not None and running_loop() is not self._home:
            self._sync(self._stop())
        else:
            self._on_home(stop)

    def leave(self) -> None:
        """Read no further: answers on their way end with what has come of them, and nothing new starts.

        Where no answer is on its way, what is under way is cancelled. Returns at once.
        """

        def go() -> None:
            driver = self._driver
            if driver is None or self._driving is None:
                return
            if sum(call.leave() for call in driver.exchange.making.values()):
                driver.pace.stand("left by its reader")
            else:
                self.cancel()

        self._on_home(go)

    async def _stop(self) -> None:
        """Let go of a run that stands: its bodies are cancelled, its history is kept."""
        if self._driver is not None:
            await self._driver.stop()
            self._park("cancelled")
            self.stands += 1

    def _sync(self, work: Coroutine[Any, Any, T]) -> T:
        self._leave_closed_loop()
        home = self._home
        if home is not None and home.is_running() and running_loop() is not home:
            return asyncio.run_coroutine_threadsafe(work, home).result()
        return run_sync(work)

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

    def __aiter__(self) -> AsyncIterator[Event | Hint]:
        """Yield facts and hints as they come, driving to the end; leaving early pauses the run."""
        return self.follow(self.pause)

    async def follow(self, leaving: Callable[[], None]) -> AsyncGenerator[Event | Hint]:
        """Yield facts and hints as they come, driving to the end.

        Args:
            leaving: Called when the reader goes away before that.
        """
        waiting: deque[Event | Hint] = deque()
        loop = asyncio.get_running_loop()
        stirred = asyncio.Event()

        def take(event: Event | Hint) -> None:
            waiting.append(event)
            loop.call_soon_threadsafe(stirred.set)

        unsubscribe = self.subscribe(take)
        driving = self._reader = asyncio.ensure_future(self.drive())
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
                leaving()
                await asyncio.wait((driving,))
                if not driving.cancelled():
                    driving.exception()  # nobody is there to be told
            self._reader = None

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    @property
    def under_way(self) -> bool:
        """Whether somebody in this process drives it right now."""
        return self._driving is not None

    def events(self) -> list[Event]:
        """All facts so far."""
        return self._history.events()

    @property
    def steps(self) -> int:
        """How many visits have finished."""
        return self._history.steps

    @property
    def state(self) -> Any:
        """The state as it is now, parallel branches merged for looking."""
        if self._ended is not None:
            return self._ended
        return self._readable().schema.result(self._schedule().now()[0])

    @property
    def store(self) -> Store:
        """Where it is kept."""
        return self._store

    def _readable(self) -> Workflow:
        """Its graph; without one, what the journal keeps of it, which is enough to look at it."""
        if self.graph is not None:
            return self.graph
        if self._kept is None:
            self._kept = kept_graph(self.events(), self._store.definition)
        return self._kept or self._graph()

    def folded(self, cut: int) -> Folded:
        """What the first so many facts had come to; to be looked at, not to be changed.

        Raises:
            StoreDamaged: They cannot be followed in this graph.
        """
        return self._history.folded(self._readable(), cut)

    def _schedule(self) -> Schedule:
        """The tokens as they are now; to be looked at."""
        driver = self._driver
        return self._history.folded(self._readable()).schedule if driver is None else driver.level.schedule

    def result(self) -> Result:
        """Where the run stands."""
        try:
            state = self.state
        except GenXAIError:
            if self.graph is not None:
                raise
            state = None  # what the journal keeps of its graph is not enough
        return Result(self.run_id, self.status, state, self.events)
