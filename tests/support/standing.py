"""Where a folded run stands, for comparison."""

from __future__ import annotations


def stands(folded):
    """Everything that a run goes on from, level by level."""
    schedule = folded.schedule
    return {
        "now": schedule.now(),
        "counts": schedule._counts,
        "standing": schedule.standing(),
        "startable": [(place.name, schedule.peek(place)) for place in schedule.startable()],
        "running": [(v.place.name, v.number, v.parents, v.view.data) for v in schedule.running.values()],
        "instances": [(v.place.name, v.number, done) for v, done in folded.instances.items()],
        "attempts": [
            (v.place.name, v.number, index, count)
            for (v, index), count in folded.attempts.items()
            if v in schedule.running.values()
        ],
        "started": folded.started,
        "inner": {path: stands(inner) for path, inner in folded.inner.items()},
    }
