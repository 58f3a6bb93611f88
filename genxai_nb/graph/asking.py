"""``input()`` in the body of a node: a question to a person, which is recorded and can be answered as any other."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from genxai_nb.loop import in_kernel

if TYPE_CHECKING:
    from .context import VisitContext

__all__ = ["ask_people", "asking", "visited_here"]


def visited_here() -> VisitContext | None:
    """The visit whose body calls this; nothing is loaded to find out that there is none."""
    module = sys.modules.get("genxai_nb.graph.performed")
    return None if module is None else module.here()


def asking(before: Callable[..., Any], *, types: bool) -> Callable[..., Any]:
    """What stands in the place of ``input``; outside of bodies it does what was there before.

    Args:
        before: What was there before.
        types: Whether somebody may type the answer there, if there is no other one.
    """

    @wraps(before)
    def ask_person(prompt: object = "", *rest: Any, **options: Any) -> Any:
        context = visited_here()
        if context is None:
            return before(prompt, *rest, **options)
        typed = (lambda: before(prompt, *rest, **options)) if types else None
        return str(context.wait_for(context.ask_human(str(prompt).strip() or "Input?", typed=typed)))

    ask_person.asks_people = True  # type: ignore[attr-defined]  # so that it is put there once
    return ask_person


def ask_people() -> None:
    """Let ``input()`` in bodies ask people; in a kernel the notebook does that, for each cell anew."""
    if not getattr(builtins.input, "asks_people", False) and not in_kernel():
        builtins.input = asking(builtins.input, types=True)
