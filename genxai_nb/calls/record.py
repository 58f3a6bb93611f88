"""Recording: each call's start and end are facts of the run before the body goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter, time
from typing import Any

from msgspec import structs

from genxai_nb.errors import CallError, GenXAIError
from genxai_nb.journal.events import CallDiverged, CallFailed, CallFinished, CallStarted, Event
from genxai_nb.secrets import redact, scrub

from .call import Call, Handler
from .replay import Made, Replay

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

    def started(self, call: Call) -> CallStarted:
        """The fact that a call begins."""
        scope = call.scope
        return CallStarted(
            at=time(),
            slot=call.slot,
            kind=call.kind,
            name=call.name,
            request=scrub(call.request),
            node=scope.node,
            visit=scope.visit,
            ordinal=call.ordinal,
            memories=call.memories,
            effect=call.traits.effect,
            maybe_repeated=call.traits.effect and call.slot in self._replay.unfinished,
            edited=call.edited,
            index=scope.index,
            parent=scope.parent,
            path=scope.path,
            agent=getattr(call.context, "answering", ""),
        )

    async def reused(self, call: Call, made: Made) -> None:
        """Record a call that was answered from the line of history that this one was forked from."""
        start, end = made
        now = time()
        started = structs.replace(self.started(call), request=start.request, edited=start.edited)
        ended = structs.replace(end, at=now) if isinstance(end, CallFailed) else None
        finished = CallFinished(at=now, slot=call.slot, reply=getattr(end, "reply", None), reused=True)
        await self._commit((started, ended or finished))

    async def diverged(self, call: Call, recorded: str) -> None:
        """Record that a body which runs again asks for another effect than the one in the journal."""
        await self._commit((CallDiverged(at=time(), slot=call.slot, recorded=recorded),))

    async def by_hand(self, call: Call, value: Any, error: CallError | None) -> None:
        """Record a call that a person answered, or made to fail, before it was made."""
        end = (
            CallFinished(at=time(), slot=call.slot, reply=value, cost=0.0, by_hand=True)
            if error is None
            else CallFailed(at=time(), slot=call.slot, error=str(error), code=error.code)
        )
        await self._commit((self.started(call), end))

    async def __call__(self, call: Call, proceed: Handler) -> Any:
        """Record the start, make the call, record its end."""
        await self._commit((self.started(call),))
        began = perf_counter()
        try:
            reply = scrub(await proceed(call))
        except Exception as exc:  # recorded whatever it is, and raised on
            code = exc.code if isinstance(exc, GenXAIError) else type(exc).__name__
            failed = CallFailed(
                at=time(),
                slot=call.slot,
                error=str(exc) if isinstance(exc, GenXAIError) else words_of(exc),
                code=code,
                seconds=perf_counter() - began,
                attempts=call.attempt,
            )
            await self._commit((*call.facts, failed))
            raise
        finished = CallFinished(
            at=time(),
            slot=call.slot,
            reply=reply,
            cost=_cost(call, reply),
            seconds=perf_counter() - began,
            attempts=call.attempt,
        )
        await self._commit((*call.facts, finished))
        return reply


def _cost(call: Call, reply: Any) -> float | None:
    """What the call's owner says that it cost."""
    price = call.traits.price
    try:
        return None if price is None else price(reply)
    except Exception:  # noqa: BLE001 - a price that cannot be told must not undo a call that was made
        return None


def words_of(error: BaseException | None) -> str:
    """An error in words: what our own say, and the type and text of others, even if they cannot be printed.

    Known secrets stand in it by their names.
    """
    if isinstance(error, GenXAIError):
        return redact(error.what)
    try:
        return redact(f"{type(error).__name__}: {error}".removesuffix(": "))
    except Exception:  # noqa: BLE001 - an error's own text may raise anything
        return f"{type(error).__name__}, whose text cannot be read"
