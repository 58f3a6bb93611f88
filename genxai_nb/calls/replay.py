"""Replay: a call that the journal already holds is answered from it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

import msgspec

from genxai_nb.errors import CallError, RecordedFailure
from genxai_nb.journal.events import CallFailed, CallFinished, CallStarted, Event, NodeFailed

from .call import Call, Handler

Reuse = Literal["effects", "all", "none", "only"]
Made = tuple[CallStarted, CallFinished | CallFailed]


class Replay:
    """The recorded answers of one run, and the middleware that gives them.

    After a body raised and is tried again, its effects are answered from the record, while models
    and reads are asked again.

    Args:
        events: The run's own history.
        later: What the line of history that this one was forked from went on to do.
        reuse: Which of those calls are answered from there too: ``effects``, ``all``, each time that one was
            made, failures included, or ``none``; with ``only``, every other call is refused.

    Attributes:
        reused: Records a call that is answered from there.
        diverged: Records that another effect was recorded at a call's place.
        refused: Records a call that is refused.
    """

    def __init__(
        self, events: Iterable[Event] = (), later: Iterable[Event] = (), reuse: Reuse = "none"
    ) -> None:
        self.reused: Callable[[Call, Made], Awaitable[None]] | None = None
        self.diverged: Callable[[Call, str], Awaitable[None]] | None = None
        self.refused: Callable[[Call, Any, CallError], Awaitable[None]] | None = None
        self._answers: dict[str, CallFinished | CallFailed] = {}
        self._starts: dict[str, CallStarted] = {}
        self.unfinished: dict[str, CallStarted] = {}
        ended = Counter[str]()
        for event in events:
            self.note(event)
            if isinstance(event, CallFinished | CallFailed):
                ended[event.slot] += 1  # of what was answered from there before, the rest is next
        self._unasked = {
            slot: start for slot, start in self._starts.items() if start.effect and slot in self._answers
        }
        self._later = {} if reuse == "none" else _made(later, effects=reuse == "effects")
        for slot, waiting in self._later.items():
            for _ in range(min(ended[slot], len(waiting) - 1)):
                waiting.popleft()
        self._only = reuse == "only"

    def note(self, event: Event) -> None:
        """Take in one recorded event."""
        if type(event) is CallStarted:
            self._starts[event.slot] = event
            self.unfinished[event.slot] = event
        elif type(event) is CallFinished or type(event) is CallFailed:
            self._answers[event.slot] = event
            self.unfinished.pop(event.slot, None)
        elif type(event) is NodeFailed:
            self.forget_attempt(event)

    def holds(self, slot: str) -> bool:
        """Whether a call of that slot would be answered from the record."""
        return slot in self._answers or slot in self._later

    async def _tell_divergence(self, call: Call) -> None:
        """A recorded effect of this place and tool that was not asked for again, while this one is new."""
        scope = call.scope
        place = (scope.path, scope.node, scope.visit, scope.index, call.name)
        for slot, start in list(self._unasked.items()):
            if (
                start.path,
                start.node,
                start.visit,
                start.index,
                start.name,
            ) == place and self.diverged is not None:
                del self._unasked[slot]
                await self.diverged(call, slot)
                return

    def forget_attempt(self, failed: NodeFailed) -> None:
        """Drop what a failed attempt learnt from models and reads, and the effects that failed."""
        place = (failed.path, failed.node, failed.visit)
        for slot, start in list(self._starts.items()):
            if (start.path, start.node, start.visit) != place:
                continue
            if failed.index is not None and start.index != failed.index:
                continue
            if not start.effect or type(self._answers.get(slot)) is CallFailed:
                self._answers.pop(slot, None)

    async def __call__(self, call: Call, proceed: Handler) -> Any:
        """Answer from the record, failures included, or let the call go on."""
        answer = self._answers.get(call.slot) if self._answers else None
        if answer is not None:
            self._unasked.pop(call.slot, None)
        elif call.traits.effect and self._unasked:
            await self._tell_divergence(call)
        if self._only and call.kind == "agent":  # what it asks in turn is answered from the record
            return await proceed(call)
        if answer is None and call.slot in self._later:
            waiting = self._later[call.slot]
            made = waiting.popleft() if len(waiting) > 1 else waiting[0]
            answer = made[1]
            if self.reused is not None:
                await self.reused(call, made)
        if answer is None and self._only:
            await self._refuse(call)
        if answer is None:
            return await proceed(call)
        if isinstance(answer, CallFailed):
            raise RecordedFailure(answer.error)
        return restore(answer.reply, call.traits.reply)

    async def _refuse(self, call: Call) -> None:
        error = CallError(
            f"{call.kind.capitalize()} {call.name!r} is asked what it was not asked in the record."
        )
        if self.refused is not None:
            await self.refused(call, None, error)
        raise error


def _made(events: Iterable[Event], *, effects: bool) -> dict[str, deque[Made]]:
    """The calls among events by slot, each time that one was made; or each effect as it was made last."""
    starts: dict[str, CallStarted] = {}
    calls: dict[str, deque[Made]] = {}
    for event in events:
        if type(event) is CallStarted:
            starts[event.slot] = event
        elif (type(event) is CallFinished or type(event) is CallFailed) and event.slot in starts:
            start = starts[event.slot]
            if not effects:
                calls.setdefault(event.slot, deque()).append((start, event))
            elif start.effect and type(event) is CallFinished:
                calls[event.slot] = deque(((start, event),))
    return calls


def restore(reply: Any, kind: Any) -> Any:
    """Read a recorded reply back as its type."""
    if kind is Any or isinstance(reply, kind):
        return reply
    return msgspec.convert(reply, kind)
