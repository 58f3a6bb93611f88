"""The engine thread with its one event loop, the worker threads, and the one sync door.

Every workflow that is started from a notebook or by a sync call runs on one daemon thread, so a
cell, a script, an ``async`` cell and a worker thread can all start runs without touching a loop of
their own. Plain functions run in worker threads, so they never hold up the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = [
    "enter_kernel",
    "in_kernel",
    "run_here",
    "run_in_worker",
    "run_sync",
    "running_loop",
    "submit",
    "while_awaited",
]

T = TypeVar("T")

CLEANUP = 2.0  # seconds that an interrupt waits for the work to clean up
HEARTBEAT = 0.1  # seconds
WORKERS = 64  # plain functions mostly wait for the network, so more than there are cores


class _Wait:
    """A wait for a worker, and what ends with it. ``depth`` counts the workers that in turn wait for this one."""

    __slots__ = ("depth", "ends", "over")

    def __init__(self, around: _Wait | None) -> None:
        self.depth: int = 0 if around is None else around.depth + 1
        self.ends: list[Callable[[], object]] = []
        self.over = False

    def leave(self) -> None:
        self.over = True
        for end in tuple(self.ends):
            end()


_wait: contextvars.ContextVar[_Wait | None] = contextvars.ContextVar("wait", default=None)
_lock = threading.Lock()
_engine: asyncio.AbstractEventLoop | None = None
_workers: dict[int, ThreadPoolExecutor] = {}  # by depth: those who wait for others leave these their room
_left_behind: list[asyncio.AbstractEventLoop | None] = []
_kernel = False


def enter_kernel(inside: bool) -> None:  # noqa: FBT001 - a plain setter
    """Say that this process is a Jupyter kernel, whose own loop must stay free."""
    global _kernel
    _kernel = inside


def in_kernel() -> bool:
    """Tell whether this process is a Jupyter kernel."""
    return _kernel


def engine_loop() -> asyncio.AbstractEventLoop:
    """Return the engine's loop, starting its thread at the first call."""
    global _engine
    with _lock:
        if _engine is None or _engine.is_closed():
            _engine = asyncio.new_event_loop()
            threading.Thread(target=_serve, args=(_engine,), name="genxai-engine", daemon=True).start()
        return _engine


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until somebody stops it. A task in it that would leave the program has failed, and that is all."""
    while True:
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt):  # whoever awaits the task gets it too
            continue
        return


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs in this thread, if one does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the engine's loop; the caller's context variables go with it."""
    return asyncio.run_coroutine_threadsafe(work, engine_loop())


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from sync code, from any thread and inside any running loop.

    On the engine's own loop it cannot wait for itself, so the work goes to a thread of its own.

    Raises:
        KeyboardInterrupt: After the work has been cancelled and has cleaned up.
    """
    if _engine is not None and running_loop() is _engine:
        with ThreadPoolExecutor(1, "genxai-nested") as own:
            return own.submit(contextvars.copy_context().run, asyncio.run, work).result()
    ended = threading.Event()
    future = submit(_told(work, ended))
    try:
        return future.result()
    except KeyboardInterrupt:
        future.cancel()
        ended.wait(CLEANUP)
        raise


async def _told(work: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    try:
        return await work
    finally:
        ended.set()


async def run_here(work: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine on the caller's loop; in a kernel on the engine's, so that cells stay free."""
    if not _kernel or asyncio.get_running_loop() is _engine:
        return await work
    future = asyncio.wrap_future(submit(work))
    try:
        while not future.done():  # an interrupt only reaches a loop that wakes up now and then
            await asyncio.wait((future,), timeout=HEARTBEAT)
    except asyncio.CancelledError:
        future.cancel()
        raise
    return future.result()


async def run_in_worker(function: Callable[..., T], *args: Any) -> T:
    """Run a plain function in a worker thread, with the caller's context variables copied.

    A thread cannot be stopped: when the caller is cancelled, the function goes on, but for what it does inside
    ``while_awaited``.
    """
    context, wait = contextvars.copy_context(), _Wait(_wait.get())
    context.run(_wait.set, wait)
    workers = _workers.get(wait.depth) or _workers_at(wait.depth)
    try:
        return await asyncio.get_running_loop().run_in_executor(
            workers, context.run, _contained, function, *args
        )
    except asyncio.CancelledError:
        wait.leave()
        raise


def _workers_at(depth: int) -> ThreadPoolExecutor:
    with _lock:
        return _workers.setdefault(depth, ThreadPoolExecutor(WORKERS, "genxai-worker"))


@contextlib.contextmanager
def while_awaited(end: Callable[[], object]) -> Iterator[None]:
    """Have something ended when nobody waits any more for this worker, at once if that is so already.

    Args:
        end: Ends what is done in the block; it is called in another thread, perhaps twice.
    """
    wait = _wait.get()
    if wait is None:  # this is no worker: an interrupt is raised here itself
        yield
        return
    wait.ends.append(end)
    if wait.over:
        end()
    try:
        yield
    finally:
        wait.ends.remove(end)


def _contained(function: Callable[..., T], *args: Any) -> T:
    """Call a function so that nothing it raises can end the thread or stop a loop."""
    try:
        return function(*args)
    except (StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit) as exc:
        said = f"{type(exc).__name__}: {exc}".removesuffix(": ")
        raise RuntimeError(said) from exc


def _start_over_in_child() -> None:
    """Threads do not come along into a child: it gets its own. The parent's loop is not even closed here."""
    global _engine, _lock
    _left_behind.append(_engine)
    _engine, _lock = None, threading.Lock()
    _workers.clear()


os.register_at_fork(after_in_child=_start_over_in_child)
