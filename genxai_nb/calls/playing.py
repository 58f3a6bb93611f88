"""The cassette in the chain: calls of models are recorded on it, or answered from it and never made."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from msgspec import structs

from genxai_nb.errors import RunError
from genxai_nb.journal.events import CallFinished, CallStarted, Event
from genxai_nb.messages import ModelReply, Reasoning, ReasoningDelta, Text, TextDelta

from .budget import CHARGED
from .call import Call, Handler
from .cassette import Cassette, key_of
from .replay import restore

__all__ = ["Playing"]


class Playing:
    """Middleware that records calls of models and embeddings on a cassette, or answers them from it.

    The answer to a request that a run makes for the nth time is the nth that was recorded of it. What the cassette
    does not hold ends the run where it stands, so that nothing is asked of a model by accident.

    Args:
        cassette: The cassette.
        events: The run's history; what was answered in it is not taken from the cassette again.
        halt: Ends the run where it stands.
    """

    def __init__(self, cassette: Cassette, events: Iterable[Event], halt: Callable[[RunError], None]) -> None:
        self._cassette = cassette
        self._halt = halt
        self._taken: Counter[str] = Counter()
        if cassette.recording:
            cassette.make_room()  # before anything is asked that could not be written down
        else:
            cassette.read()
            self._taken.update(_answered(events))

    def __call__(self, call: Call, proceed: Handler) -> Awaitable[Any]:
        """Record the call, or answer it."""
        if call.kind not in CHARGED:
            return proceed(call)
        return self._record(call, proceed) if self._cassette.recording else self._play(call)

    async def _record(self, call: Call, proceed: Handler) -> Any:
        """The run goes on with what it will be answered later, so that it asks the same again then."""
        reply = self._cassette.add(call.kind, call.name, call.request, await proceed(call))
        return restore(reply, call.traits.reply)

    async def _play(self, call: Call) -> Any:
        key = key_of(call.kind, call.name, call.request)
        answers = self._cassette.answers(key)
        number = self._taken[key]
        if number >= len(answers):
            self._halt(self._miss(call, len(answers)))
            raise asyncio.CancelledError
        self._taken[key] += 1
        call.traits = structs.replace(call.traits, price=_nothing)
        reply = restore(answers[number], call.traits.reply)
        if isinstance(reply, ModelReply):
            _stream(call, reply)
        return reply

    def _miss(self, call: Call, count: int) -> RunError:
        file, node = self._cassette.file, call.scope.node
        why = (
            f"That request was recorded {count} time{'' if count == 1 else 's'}, and all are played."
            if count
            else self._cassette.difference(call.kind, call.name, call.request)
        )
        return RunError(
            f"Cassette {file.name!r} does not hold what node {node!r} asks {call.kind} {call.name!r}. {why}\n",
            hint=f"Mend what has changed, give this run a file of its own, or delete {str(file)!r} to record it anew.",
            node=node,
        )


def _answered(events: Iterable[Event]) -> Iterable[str]:
    """The keys of the calls that a history holds the answers of."""
    asked: dict[str, CallStarted] = {}
    for event in events:
        if type(event) is CallStarted and event.kind in CHARGED:
            asked[event.slot] = event
        elif type(event) is CallFinished and (start := asked.pop(event.slot, None)) is not None:
            yield key_of(start.kind, start.name, start.request)


def _stream(call: Call, reply: ModelReply) -> None:
    """Give each part of an answer as one piece."""
    for part in reply.message.parts:
        if isinstance(part, Text):
            call.emit(TextDelta(part.text))
        elif isinstance(part, Reasoning):
            call.emit(ReasoningDelta(part.text))


def _nothing(_reply: Any) -> float:
    return 0.0
