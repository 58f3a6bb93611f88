"""Who can answer: whether somebody sits before this notebook."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .session import Session
    from .verb import Request

VOILA = "voila/"


def is_somebody_there(shell: Any) -> bool:
    """Tell whether somebody can answer: not in a cell that is executed without stdin, nor in a script.

    Voila executes cells without stdin too, but a person looks at its page.
    """
    if os.environ.get("SERVER_SOFTWARE", "").startswith(VOILA):
        return True
    return can_type(shell)


def can_type(shell: Any) -> bool:
    """Tell whether an answer can be typed below a prompt."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", True))
    return sys.stdin is not None and sys.stdin.isatty()


def is_interactive(session: Session, request: Request) -> bool:
    """Tell whether a run that is started by this request may ask people and stop for them."""
    return request.has("interactive") or is_somebody_there(session.shell)
