"""What a run's journal tells of one visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.journal.events import CallFailed, CallFinished, CallStarted, NodeStarted
from genxai_nb.memory.base import Step, Visit

if TYPE_CHECKING:
    from genxai_nb.calls.call import Scope
    from genxai_nb.journal.events import Event
    from genxai_nb.journal.store import Store

_NEAR = 256  # events from the end that are looked at first


def visit_of(store: Store, run: str, scope: Scope) -> Visit:
    """What the journal tells of the visit that is under way at a place of a run.

    Args:
        store: Where the run is kept.
        run: The run.
        scope: The place.

    Raises:
        StoreError: The journal cannot be read.
    """
    begun, steps, cost, last = 0.0, list[Step](), None, 0.0
    starts: dict[str, CallStarted] = {}
    for event in _events(store, run, scope):
        if type(event) is NodeStarted and (event.path, event.node, event.visit) == scope_of(scope):
            begun = last = event.at
        elif type(event) is CallStarted and _is_here(event, scope):
            starts[event.slot] = event
        elif isinstance(event, CallFinished | CallFailed) and (start := starts.pop(event.slot, None)):
            last = event.at
            cost = _sum(cost, getattr(event, "cost", None))
            if start.kind == "tool":
                steps.append(
                    Step(start.name, call_text(start.name, start.request), type(event) is CallFailed)
                )
    return Visit(steps=tuple(steps), cost=cost, seconds=max(last - begun, 0.0), at=begun)


def call_text(tool: str, arguments: Any) -> str:
    """A tool call as it is written.

    Example:
        >>> call_text("add", {"a": 1, "b": 2})
        'add(a=1, b=2)'
    """
    given = arguments.items() if isinstance(arguments, Mapping) else [("", arguments)]
    return f"{tool}({', '.join(f'{name}={value!r}' if name else repr(value) for name, value in given)})"


def _events(store: Store, run: str, scope: Scope) -> Sequence[Event]:
    """The events from the beginning of a visit on; of a long run only the end is read."""
    head = next(row for row in store.heads(run) if row.current)
    total, near = head.upto + head.events, _NEAR
    while True:
        events = list(store.read(run, after=max(total - near, 0)))
        begins = [
            place
            for place, event in enumerate(events)
            if type(event) is NodeStarted and (event.path, event.node, event.visit) == scope_of(scope)
        ]
        if begins or near >= total:
            return events[begins[-1] if begins else 0 :]
        near *= 8


def scope_of(scope: Scope) -> tuple[str, str, int]:
    """The visit of a place, whichever instance of a map it is."""
    return scope.path, scope.node, scope.visit


def _is_here(start: CallStarted, scope: Scope) -> bool:
    return (start.path, start.node, start.visit) == scope_of(scope) and (
        start.index == scope.index and start.parent is None
    )


def _sum(known: float | None, more: float | None) -> float | None:
    return known if more is None else (known or 0.0) + more
