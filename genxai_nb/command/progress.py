"""What a run does, as lines for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from genxai_nb.errors import HumanAnswerMissing
from genxai_nb.graph.result import usage_of
from genxai_nb.journal import events as facts
from genxai_nb.journal.events import Event, Hint

__all__ = ["Progress"]


class Progress:
    """Writes a line when a node starts, ends, fails, or is answered by a person.

    Args:
        write: Takes each line.

    Example:
        >>> progress = Progress(print)
        >>> progress.take(facts.NodeStarted(at=0, node="writer", visit=2, parents=()))
        ▶ writer, visit 2
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._calls: dict[str, facts.CallStarted] = {}
        self._tokens: dict[tuple[str, str, int], int] = {}

    def take(self, event: Event | Hint) -> None:
        """Write what there is to say of an event, if anything."""
        take = _TAKE.get(type(event))
        if take is not None:
            take(self, event)

    def _node_started(self, event: facts.NodeStarted) -> None:
        self._write(f"▶ {_name(event)}")

    def _node_finished(self, event: facts.NodeFinished) -> None:
        tokens = self._tokens.pop((event.path, event.node, event.visit), 0)
        spent = f" · {tokens:,} tokens" if tokens else ""
        self._write(f"✓ {_name(event)}  {event.seconds:.1f} s{spent}")

    def _node_failed(self, event: facts.NodeFailed) -> None:
        if event.code == HumanAnswerMissing.code:
            self._write(f"◇ {_name(event)}: nobody is there to answer")
            return
        instance = "" if event.index is None else f", item {event.index}"
        further = f"; attempt {event.attempt + 1} follows" if event.retried else ""
        self._write(f"✕ {_name(event)}{instance}: {event.error}{further}")

    def _limit_reached(self, event: facts.LoopLimitReached) -> None:
        self._write(f"  {event.node} -> {event.target}: the limit of {event.limit} is reached")

    def _call_started(self, event: facts.CallStarted) -> None:
        self._calls[event.slot] = event

    def _call_finished(self, event: facts.CallFinished) -> None:
        call = self._calls.pop(event.slot, None)
        if call is None:
            return
        if call.kind == "model":
            place = call.path, call.node, call.visit
            self._tokens[place] = self._tokens.get(place, 0) + usage_of(event.reply).total
        elif call.kind == "human":
            self._write(f"◇ {call.node}: answered {event.reply!r:.60}")

    def _call_retried(self, event: facts.CallRetried) -> None:
        call = self._calls.get(event.slot)
        name = f"{call.node}: {call.name}" if call else "a call"
        self._write(f"  {name} failed ({event.error}), again in {event.wait:g} s")

    def _logged(self, event: facts.Logged) -> None:
        self._write(f"  {event.node}: {event.text}")


def _name(event: Any) -> str:
    path = f"{event.path}/" if event.path else ""
    visit = f", visit {event.visit}" if event.visit > 1 else ""
    return f"{path}{event.node}{visit}"


_TAKE: dict[type, Callable[[Progress, Any], None]] = {
    facts.NodeStarted: Progress._node_started,
    facts.NodeFinished: Progress._node_finished,
    facts.NodeFailed: Progress._node_failed,
    facts.LoopLimitReached: Progress._limit_reached,
    facts.CallStarted: Progress._call_started,
    facts.CallFinished: Progress._call_finished,
    facts.CallRetried: Progress._call_retried,
    facts.Logged: Progress._logged,
}
