"""A model that answers from a script: the test double for agents and graphs."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from genxai_nb.calls.call import Traits
from genxai_nb.errors import ProviderError, UnknownName
from genxai_nb.messages import (
    Delta,
    Message,
    ModelReply,
    ModelRequest,
    TextDelta,
    ToolCall,
)

from .base import assemble
from .prices import free

Piece = str | Delta | ToolCall | Exception
Reply = Piece | ModelReply | Sequence[Piece]
Script = Sequence[Reply] | Callable[[ModelRequest], Reply | Awaitable[Reply]]


class Scripted:
    """Answers requests in order from a list, or by a function of the request.

    A reply is text, a ToolCall, a whole ModelReply, an exception to raise, or a list of pieces to
    stream: text, deltas, tool calls, and an exception where the stream shall break. The newest
    script of a name answers for the model ``scripted:NAME``.

    Args:
        script: The replies, or a function (plain or ``async``) that makes each.
        name: The script's name.

    Attributes:
        model: The model string that reaches this script.
        requests: The requests that were made, in order.

    Example:
        >>> script = Scripted(["First.", "Second."], name="two")
        >>> script.model, script.left
        ('scripted:two', 2)
    """

    traits = Traits(reply=ModelReply, attempts=3, price=free)

    def __init__(self, script: Script, *, name: str = "script") -> None:
        self.name = name
        self.model = f"scripted:{name}"
        self.requests: list[ModelRequest] = []
        self._script = script if callable(script) else tuple(script)
        _scripts[name] = self

    def __repr__(self) -> str:
        return f"Scripted({self.model!r}, {len(self.requests)} requests)"

    @property
    def left(self) -> int | None:
        """How many replies are left; None when a function makes them."""
        return None if callable(self._script) else max(0, len(self._script) - len(self.requests))

    async def stream(self, request: ModelRequest) -> AsyncIterator[Delta | ModelReply]:
        """Answer a request from the script.

        Raises:
            ProviderError: The script has no reply left.
        """
        self.requests.append(request)
        reply = await self._next(request)
        if isinstance(reply, ModelReply):
            if reply.message.text:
                yield TextDelta(reply.message.text)
            yield reply
            return
        pieces = reply if isinstance(reply, Sequence) and not isinstance(reply, str) else [reply]
        deltas: list[Delta] = []
        calls: list[ToolCall] = []
        for piece in pieces:
            delta = TextDelta(piece) if isinstance(piece, str) else piece
            if isinstance(delta, Delta):
                deltas.append(delta)
                yield delta
            elif isinstance(delta, ToolCall):
                calls.append(delta)
            elif isinstance(delta, Exception):
                raise delta
            else:
                raise TypeError(f"A reply of script {self.name!r} holds {piece!r}, which is no piece of one.")
        spoken = assemble(deltas)
        message = Message("assistant", (*spoken.parts, *calls))
        yield ModelReply(message=message, stop="tool_calls" if message.tool_calls else "end")

    async def _next(self, request: ModelRequest) -> Reply:
        if callable(self._script):
            made = self._script(request)
            return await made if inspect.isawaitable(made) else made
        number = len(self.requests)
        if number > len(self._script):
            raise ProviderError(
                f"Script {self.name!r} has no reply for request {number}.",
                hint=f"It has {len(self._script)}; add one, or find out why the model is asked again.",
            )
        return self._script[number - 1]


_scripts: dict[str, Scripted] = {}


def find_script(name: str) -> Scripted:
    """Return the newest script of that name.

    Raises:
        UnknownName: No script of that name was made in this process.
    """
    if name not in _scripts:
        hint = "" if _scripts else f"Make one: Scripted([...], name={name!r})."
        raise UnknownName("script", name, _scripts, hint=hint)
    return _scripts[name]
