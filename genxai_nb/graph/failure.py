"""What a failed node was doing: the line of the user's own code, and its locals."""

from __future__ import annotations

from reprlib import Repr
from types import TracebackType

from msgspec import Struct

from genxai_nb.calls.record import words_of
from genxai_nb.errors import NodeFailed
from genxai_nb.secrets import redact
from genxai_nb.source import is_own

__all__ = ["Failure", "failure_of"]

OURS = __name__.split(".", maxsplit=1)[0]
SHOWN = 60  # locals

_short = Repr()
_short.maxstring = _short.maxother = 200


class Failure(Struct, frozen=True):
    """The place at which a node's body raised.

    Attributes:
        node: The node.
        visit: Its visit.
        text: The error, with its type.
        file: The file, or the cell, of the line.
        line: The line's number.
        function: The function around it.
        locals: The function's local variables, in short.
    """

    node: str
    visit: int
    text: str
    file: str
    line: int
    function: str
    locals: dict[str, str]


def failure_of(error: NodeFailed) -> Failure | None:
    """Find the last frame of the user's own code in what a node raised; None if there is none."""
    cause: BaseException = error
    while isinstance(cause, NodeFailed) and cause.__cause__ is not None:
        cause = cause.__cause__
    frame = _own(cause.__traceback__)
    if frame is None:
        return None
    code = frame.tb_frame.f_code
    values = {
        name: redact(_short.repr(value))
        for name, value in list(frame.tb_frame.f_locals.items())[:SHOWN]
        if not name.startswith("__")
    }
    return Failure(
        error.node, error.visit, words_of(cause), code.co_filename, frame.tb_lineno, code.co_name, values
    )


def _own(trace: TracebackType | None) -> TracebackType | None:
    """The innermost frame of a person's own module; without any, that of an installed one."""
    own = other = None
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if is_own(module):
            own = trace
        elif module.split(".")[0] not in {OURS, "asyncio", "concurrent", "threading"}:
            other = trace
        trace = trace.tb_next
    return own or other
