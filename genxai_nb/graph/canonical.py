"""A run's events in an order and form that do not depend on timing, for comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from genxai_nb.journal.codec import encode_event
from genxai_nb.journal.events import CallStarted, Event, NodeStarted, RunStarted

VOLATILE = (
    "at",
    "seconds",
    "attempt",
    "attempts",
    "wait",
    "run",
    "parent",
    "key",
    "policy",
    "budget",
    "cassette",
    "recording",
    "agent",
)
PASSING = (
    "run_paused",
    "run_resumed",
    "run_cancelled",
    "run_failed",
    "node_failed",
    "call_retried",
    "call_diverged",
    "run_rebased",
    "memory_changed",
)


def canonical(events: Iterable[Event], nodes: Mapping[str, int]) -> bytes:
    """Write a run as lines of JSON, sorted by causal rank and edge order.

    Sequence, times, durations and attempts are left out, and so is what a pause, a crash or a retry
    adds: two runs of equal inputs give equal bytes, whatever the timing was. So are calls that a call
    made: one that is answered from the record makes none.

    Args:
        events: The run's events.
        nodes: The order of each node, mostly by its first incoming edge.
    """
    events = list(events)
    ranks: dict[tuple[str, str, int], int] = {}  # each within its graph
    for event in events:
        if type(event) is NodeStarted:
            before = (ranks.get((event.path, *parent), 0) for parent in event.parents)
            ranks[event.path, event.node, event.visit] = 1 + max(before, default=0)
    inner = {event.slot for event in events if isinstance(event, CallStarted) and event.parent}
    places: dict[str, Any] = {}
    rows: dict[bytes, tuple[Any, ...]] = {}
    for event in events:
        row = msgspec.json.decode(encode_event(event))
        kind = row["event"]
        if kind in PASSING or row.get("slot") in inner:
            continue
        if kind == "call_started":
            places[row["slot"]] = _place_of(row)
        path, node, visit, index = places.get(row.get("slot", ""), _place_of(row))
        for name in VOLATILE:
            if name != "parent" or isinstance(event, RunStarted):
                row.pop(name, None)
        text = msgspec.json.encode(row, order="deterministic")
        rank = ranks.get((path, node, visit), 0 if kind == "run_started" else len(ranks) + 1)
        rows.setdefault(
            text, (rank, nodes.get(node, -1), visit, -1 if index is None else index, ORDER.get(kind, 9), text)
        )
    return b"\n".join(row[-1] for row in sorted(rows.values()))


def _place_of(row: dict[str, Any]) -> tuple[str, str, int, int | None]:
    return row.get("path", ""), row.get("node", ""), row.get("visit", 0), row.get("index")


ORDER = {
    "run_started": 0,
    "node_started": 1,
    "call_started": 2,
    "call_finished": 3,
    "call_failed": 3,
    "instance_finished": 4,
    "node_finished": 5,
    "loop_limit_reached": 6,
    "run_finished": 7,
}
