"""What a run, or an agent in it, has spent by its journal."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

from msgspec import structs

from genxai_nb.guard.budget import Amount
from genxai_nb.journal.events import (
    CallFailed,
    CallFinished,
    CallStarted,
    Event,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
)

from .budget import CHARGED, TIMED, Price, answered

__all__ = ["called_in", "driven_in", "spent_in"]

_ENDS = RunPaused | RunFailed | RunCancelled | RunFinished  # behind these a run stands


def spent_in(
    events: Sequence[Event], price_of: Callable[[str], Price | None], agent: str | None = None
) -> Amount:
    """What a run, or an agent in it, has spent by its journal; what was answered from a record was free.

    Args:
        events: Its facts.
        price_of: The price of a model's replies, for calls whose cost was not known.
        agent: The agent; None for the whole run.
    """
    total = Amount()
    asking: dict[str, CallStarted] = {}
    mine = frozenset() if agent is None else _calls_of(agent, events)
    for event in events:
        if type(event) is CallStarted and event.kind in CHARGED:
            if agent is None or event.slot in mine:
                asking[event.slot] = event
        elif type(event) is CallFinished and (start := asking.pop(event.slot, None)) is not None:
            if not (event.by_hand or event.reused):
                price = price_of(start.name) if event.cost is None and start.kind == "model" else None
                total += answered(start.kind, start.request, event.reply, event.cost, price)
        elif type(event) is CallFailed and asking.pop(event.slot, None) is not None:
            total += Amount(calls=1)
    seconds = driven_in(events) if agent is None else called_in(events, mine)
    return structs.replace(total, seconds=seconds)


def _calls_of(agent: str, events: Iterable[Event]) -> frozenset[str]:
    """The slots of an agent's calls, and of those that were made in them."""
    slots: set[str] = set()
    for event in events:
        if type(event) is CallStarted and (event.agent == agent or event.parent in slots):
            slots.add(event.slot)
    return frozenset(slots)


def called_in(events: Iterable[Event], slots: Container[str]) -> float:
    """For how many seconds any of some calls of models and tools was under way, and the run did not stand."""
    total = last = 0.0
    counts = False
    going: set[str] = set()
    for event in events:
        if counts and not isinstance(event, RunResumed):
            total += _between(last, event)
        _go_on(going, event, slots)
        counts = bool(going) and not isinstance(event, _ENDS)
        last = event.at
    return total


def _go_on(going: set[str], event: Event, slots: Container[str]) -> None:
    """Bring the calls that are under way up to an event."""
    if isinstance(event, CallFinished | CallFailed):
        going.discard(event.slot)
    elif type(event) is CallStarted and event.kind in TIMED and event.slot in slots:
        going.add(event.slot)
    elif isinstance(event, RunResumed | _ENDS) and not isinstance(event, RunPaused):
        going.clear()


def driven_in(events: Iterable[Event]) -> float:
    """For how many seconds a run was driven; of what a process did after its last fact nothing is known."""
    total = last = 0.0
    counts = False
    for event in events:
        if counts and not isinstance(event, RunResumed):
            total += _between(last, event)
        counts = not isinstance(event, _ENDS)
        last = event.at
    return total


def _between(last: float, event: Event) -> float:
    """The seconds up to an event; a clock that was set back meanwhile takes none away."""
    return max(0.0, event.at - last)
