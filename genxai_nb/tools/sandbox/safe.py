"""The level ``safe``: Monty, an interpreter of a part of Python that has no way to the world.

Code there has no files, no network, no processes and no imports but Monty's own. Each piece runs in a session
of its own in a worker process that is replaced when it dies.
"""

from __future__ import annotations

import atexit
import threading
from time import perf_counter
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import MissingPackage, NotStorable, ToolFailed
from genxai_nb.tools.results import plain

from .limits import Limits, Ran
from .words import failed, text_of_value

if TYPE_CHECKING:
    from pydantic_monty import Monty

__all__ = ["run_safe"]

WORKERS = 4
GRACE = 0.5  # seconds that a worker may be late with its own timeout before it is killed
WAIT = 60.0  # seconds for a free worker

_SANDBOX = "safe: Monty, without files, network, processes and packages"
_WORDS = {"TimeoutError": "time", "MemoryError": "memory"}

_lock = threading.Lock()
_pool: Monty | None = None


def run_safe(code: str, inputs: dict[str, Any], limits: Limits) -> Ran:
    """Run Python code in Monty.

    Args:
        code: The code; the value of its last expression is the result.
        inputs: Values of variables, as plain data.
        limits: What it may use; ``processes`` and ``disk`` are none in any case.

    Raises:
        ToolFailed: It raised, or used more than it may.
        MissingPackage: Monty is not installed.
    """
    from pydantic_monty import MontyConversionError, MontyCrashedError, MontyError

    printed = _Printed(limits.output)
    began = perf_counter()
    try:
        with _workers().checkout(
            script_name="code.py",
            limits={
                "max_feed_duration_secs": limits.seconds,
                "max_memory": limits.memory,
                "max_total_sleep_secs": limits.seconds,
            },
            os_policy={"sleep": "zero"},
        ) as session:
            value = session.feed_run(code, inputs=inputs, print_callback=printed)
    except MontyCrashedError as exc:
        raise failed("it was ended: it used more time or memory than it may", printed.text, limits) from exc
    except MontyConversionError as exc:
        raise ToolFailed(f"The inputs cannot be given to the code: {exc}.") from exc
    except MontyError as exc:
        if printed.full:
            raise _too_much(printed, limits) from exc
        display = getattr(exc, "display", None)
        said = display("traceback") if display else str(exc)
        raise failed(said, printed.text, limits, advice=_advice(str(exc))) from exc
    except TimeoutError as exc:
        raise ToolFailed("All sandboxes are busy.", hint="Try again later.") from exc
    if printed.full:
        raise _too_much(printed, limits)
    return Ran(value=_as_data(value), printed=printed.text, seconds=perf_counter() - began, sandbox=_SANDBOX)


class _Printed:
    """Takes what code prints, up to a limit; nothing ends the code before its time is over."""

    def __init__(self, most: int) -> None:
        self.text = ""
        self.full = False
        self._most = most

    def __call__(self, _stream: str, text: str) -> None:
        self.text += text[: self._most - len(self.text)]
        if len(self.text) >= self._most:
            self.full = True


def _too_much(printed: _Printed, limits: Limits) -> ToolFailed:
    return failed(f"it printed more than {limits.output} characters", printed.text, limits)


def _workers() -> Monty:
    global _pool
    if _pool is None:
        with _lock:
            if _pool is None:
                _pool = _started()
    return _pool


def _started() -> Monty:
    try:
        from pydantic_monty import Monty
    except ImportError as exc:
        raise MissingPackage("pydantic-monty", "sandbox") from exc
    pool = Monty(
        min_processes=1,
        max_processes=WORKERS,
        checkout_timeout=WAIT,
        max_checkouts_per_worker=200,
        feed_duration_limit_grace=GRACE,
    ).__enter__()
    atexit.register(pool.__exit__, None, None, None)
    return pool


def close_pool() -> bool:
    """End the processes that run code; they are started again when they are needed. Tells whether there were any."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is None:
        return False
    atexit.unregister(pool.__exit__)
    pool.__exit__(None, None, None)
    return True


def _as_data(value: Any) -> Any:
    try:
        data = plain(value, "value")
    except (NotStorable, RecursionError):
        return repr(value)
    return text_of_value(data)


def _advice(said: str) -> str:
    if "ModuleNotFoundError" in said or "No module named" in said or "not implemented" in said.lower():
        return "Level safe knows a part of Python and few modules; take level isolated for all of it."
    return ""
