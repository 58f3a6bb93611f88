"""What calls had behind them when the process that made them died."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from genxai_nb.journal.events import (
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    Event,
    RunCancelled,
    RunFailed,
    RunResumed,
)


class Earlier(NamedTuple):
    """Attempts of a call that had failed, and the seconds for which it had been under way."""

    failed: int = 0
    seconds: float = 0.0


def earlier_attempts(events: Iterable[Event]) -> dict[str, Earlier]:
    """The unfinished calls of a run that died, by slot; of one that was stopped or failed, they begin anew.

    The time between a death and the resume does not count: of what a process did after its last fact,
    nothing is known.
    """
    found: dict[str, Earlier] = {}
    since: dict[str, float] = {}  # the calls under way, by when they began in the life of this process
    last = 0.0

    def die() -> None:
        for slot, began in since.items():
            failed, seconds = found.get(slot, Earlier())
            found[slot] = Earlier(failed, seconds + max(0.0, last - began))
        since.clear()

    for event in events:
        if type(event) is CallStarted:
            since[event.slot] = event.at
        elif type(event) is CallRetried:
            found[event.slot] = found.get(event.slot, Earlier())._replace(failed=event.attempt)
        elif type(event) is CallFinished or type(event) is CallFailed:
            since.pop(event.slot, None)
            found.pop(event.slot, None)
        elif type(event) is RunCancelled or type(event) is RunFailed:
            since.clear()
            found.clear()
        elif type(event) is RunResumed:
            die()
        last = event.at
    die()
    return found
