"""Shift+Tab on a line or cell of ours: help on its verb instead of on Python's word of that name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .help_text import help_of, help_overview
from .verbs import VERBS, find

_OURS = re.compile(r"^\s*(?:\w+\s*=\s*)?%{1,2}genxai\b[ \t]*(?P<verb>\w*)")


def inspector_for(inspect: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a kernel's ``do_inspect``."""

    def do_inspect(code: str, cursor_pos: int, *args: Any, **kwargs: Any) -> Any:
        text = help_at(code, cursor_pos)
        if text is None:
            return inspect(code, cursor_pos, *args, **kwargs)
        return {"status": "ok", "found": True, "data": {"text/plain": text}, "metadata": {}}

    return do_inspect


def help_at(code: str, cursor: int) -> str | None:
    """The help for a place in a cell's text; None where our magic has no say."""
    first = code.lstrip().partition("\n")[0]
    line = code[code.rfind("\n", 0, cursor) + 1 :].partition("\n")[0]
    found = _OURS.match(first) if first.startswith("%%") else _OURS.match(line)
    if found is None:
        return None
    verb = find(found["verb"]) if found["verb"] else None
    return help_of(verb) if verb else help_overview(VERBS)
