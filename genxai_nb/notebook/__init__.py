"""The notebook: magics, verbs, display. Each verb is also a function here, such as ``timeline("r7")``.

A verb that is a word of Python's ends in an underscore here: ``continue_()``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_VERBS = (
    "agent",
    "graph",
    "schema",
    "run",
    "ask",
    "chat",
    "resume",
    "wait",
    "debug",
    "break_",
    "step",
    "next",
    "out",
    "until",
    "continue_",
    "pause",
    "back",
    "goto",
    "fork",
    "tree",
    "set",
    "watch",
    "held",
    "call",
    "answer",
    "why",
    "diff",
    "agents",
    "tools",
    "tool",
    "graphs",
    "runs",
    "prune",
    "show",
    "export",
    "check",
    "state",
    "timeline",
    "cost",
    "cassette",
    "doctor",
    "memory",
    "take",
    "new",
    "undo",
    "restore",
    "close",
    "config",
    "help",
)
__all__ = sorted(["overview", *_VERBS])


def overview() -> None:
    """Show what is defined, stale, running and resumable, as ``%genxai`` does."""
    from .twin import twin_of

    twin_of("")()


def __getattr__(name: str) -> Callable[..., Any]:
    """The function that does what a verb does, made from the table of verbs."""
    if name not in _VERBS:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from .twin import twin_of

    return twin_of(name.removesuffix("_"))


def __dir__() -> list[str]:
    return list(__all__)
