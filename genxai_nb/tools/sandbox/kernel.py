"""The level ``kernel``: code runs in the user's own kernel, with all that the user may do.

It is no sandbox. A person is asked each time, with the code before their eyes; with nobody to ask it is refused.
"""

from __future__ import annotations

import ast
import builtins
import ctypes
import linecache
import threading
import traceback
from collections.abc import Callable
from io import StringIO
from time import perf_counter
from typing import Any

from genxai_nb.errors import CallError, Denied, HumanAnswerMissing, NotStorable
from genxai_nb.guard.policy import judge, policies_of
from genxai_nb.guard.visible import visible
from genxai_nb.loop import run_in_worker
from genxai_nb.tools.results import plain

from .limits import Limits, Ran
from .words import failed, text_of_value

__all__ = ["offer_kernel", "run_in_kernel"]

CHOICES = ("run it", "no")
MOST_SHOWN = 5_000  # characters
_NAME = "<code of an agent>"

_namespace: Callable[[], dict[str, Any]] | None = None
_one_at_a_time = threading.Lock()


def offer_kernel(namespace: Callable[[], dict[str, Any]] | None) -> None:
    """Say where the user's variables are, so that code can be run among them; None to offer it no more."""
    global _namespace
    _namespace = namespace


async def run_in_kernel(code: str, inputs: dict[str, Any], limits: Limits, context: Any) -> Ran:
    """Ask a person, and run code in the user's kernel if they say so.

    Args:
        code: The code; the value of its last expression is the result.
        inputs: Variables that are set before.
        limits: What it may use. Only its time and output are watched, and a call that waits outside of Python
            cannot be ended.
        context: The context of the call.

    Raises:
        Denied: There is no kernel, nobody to ask, or the person said no; or a policy denies it.
        ToolFailed: The code raised, or took too long.
    """
    if _namespace is None:
        raise Denied("There is no notebook kernel here to run code in.", hint="Take level safe or isolated.")
    judgement = judge(policies_of(context), "code_executor", ("execute",), ())
    if judgement.verdict == "deny":
        raise Denied(f"Code was not run in the kernel: {judgement.why}.", hint=judgement.hint)
    await _ask(code, context)
    context.log(f"Runs in your kernel:\n{code}")
    return await run_in_worker(_run, code, inputs, limits, _namespace())


async def _ask(code: str, context: Any) -> None:
    shown = "\n".join(map(visible, code[:MOST_SHOWN].splitlines()))
    if len(code) > MOST_SHOWN:
        shown += f"\n... and {len(code) - MOST_SHOWN} characters more, which are not shown here"
    try:
        answer = await context.ask_human(
            f"May {context.node} run this code in your kernel, with all that you may do?\n{shown}",
            choices=CHOICES,
        )
    except (AttributeError, HumanAnswerMissing, CallError) as exc:
        raise Denied(
            "Code was not run in the kernel: nobody is there to ask.", hint="Take level safe or isolated."
        ) from exc
    if answer != CHOICES[0]:
        raise Denied(
            "Code was not run in the kernel: the person who was asked said no.", hint="Do without it."
        )


def _run(code: str, inputs: dict[str, Any], limits: Limits, scope: dict[str, Any]) -> Ran:
    printed = StringIO()

    def print_too(*values: Any, **options: Any) -> None:
        builtins.print(*values, **options)  # noqa: T201 - the code's own
        if options.get("file") is None and printed.tell() < limits.output:
            builtins.print(*values, sep=options.get("sep"), end=options.get("end", "\n"), file=printed)

    began = perf_counter()
    clock = threading.Timer(limits.seconds, _interrupt, (threading.get_ident(),))
    linecache.cache[_NAME] = (len(code), None, code.splitlines(keepends=True), _NAME)
    with _one_at_a_time:
        before = scope.get("print", builtins.print)
        scope.update(inputs, print=print_too)
        clock.start()
        try:
            value = _evaluated(code, scope)
        except BaseException as exc:  # the code may raise anything, and is told what
            frames = [
                frame for frame in traceback.extract_tb(exc.__traceback__) if frame.filename != __file__
            ]
            said = "".join([*traceback.format_list(frames), *traceback.format_exception_only(exc)])
            raise failed(said, _text(printed, limits), limits) from exc
        finally:
            clock.cancel()
            if before is builtins.print:
                scope.pop("print", None)
            else:
                scope["print"] = before
    return Ran(
        value=value,
        printed=_text(printed, limits),
        seconds=perf_counter() - began,
        sandbox="kernel: no sandbox, as a person allowed",
    )


def _evaluated(code: str, scope: dict[str, Any]) -> Any:
    tree = ast.parse(code, _NAME)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    exec(compile(tree, _NAME, "exec"), scope)  # noqa: S102 - a person allowed it
    if not isinstance(last, ast.Expr):
        return None
    value = eval(compile(ast.Expression(last.value), _NAME, "eval"), scope)  # noqa: S307 - as above
    try:
        return text_of_value(plain(value, "value"))
    except (NotStorable, RecursionError):
        return f"{value!r:.1000}"


def _text(printed: StringIO, limits: Limits) -> str:
    return printed.getvalue()[: limits.output]


def _interrupt(thread: int) -> None:
    """Raise in a thread, at its next step of Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TimeoutError))
