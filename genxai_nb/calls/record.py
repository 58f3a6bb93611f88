"""Recording: each call's start and end are facts of the run before the body goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter, time
from typing import Any

from genxai_nb.errors import GenXAIError
from genxai_nb.journal.events import CallFailed, CallFinished, CallStarted, Event

from .call import Call, Handler
from .replay import Replay

Commit = Callable[[Sequence[Event]], Awaitable[None]]


class Record:
    """Middleware that records the request as sent and the reply as received.

    Args:
        commit: Appends events; what it was given is durable when it returns.
        replay: Knows the effects that had begun before a crash.
    """

    def __init__(self, commit: Commit, replay: Replay) -> None:
        self._commit = commit
        self._replay = replay

    async def __call__(self, call: Call, proceed: Handler) -> Any:
        """Record the start, make the call, record its end."""
        scope = call.scope
        await self._commit(
            (
                CallStarted(
                    at=time(),
                    slot=call.slot,
                    kind=call.kind,
                    name=call.name,
                    request=call.request,
                    node=scope.node,
                    visit=scope.visit,
                    ordinal=call.ordinal,
                    effect=call.traits.effect,
                    maybe_repeated=call.traits.effect and call.slot in self._replay.unfinished,
                    index=scope.index,
                    parent=scope.parent,
                    path=scope.path,
                ),
            )
        )
        began = perf_counter()
        try:
            reply = await proceed(call)
        except Exception as exc:  # recorded whatever it is, and raised on
            code = exc.code if isinstance(exc, GenXAIError) else type(exc).__name__
            failed = CallFailed(
                at=time(),
                slot=call.slot,
                error=str(exc) or type(exc).__name__,
                code=code,
                seconds=perf_counter() - began,
                attempts=call.attempt,
            )
            await self._commit((failed,))
            raise
        seconds = perf_counter() - began
        await self._commit(
            (CallFinished(at=time(), slot=call.slot, reply=reply, seconds=seconds, attempts=call.attempt),)
        )
        return reply
