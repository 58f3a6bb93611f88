"""The timeline: when each node's visits ran, and which of them the rest had to wait for."""

from __future__ import annotations

from typing import Any

from genxai_nb.graph.draw.figures import short_time
from genxai_nb.graph.draw.lettering import one_line

from .standing import Standing
from .story import Story
from .visits import VisitStory

__all__ = ["critical_path", "timeline"]

_LANES, _SPANS = 40, 240
_TICKS = 4
_STEPS = (1.0, 2.0, 2.5, 5.0)


def timeline(story: Story, standing: Standing, now: float) -> dict[str, Any]:
    """Lanes with the spans of visits, in percent of the time shown.

    Of a long run only the latest visits are shown.

    Args:
        story: The run so far.
        standing: Where it stands.
        now: The seconds of driving at this moment.
    """
    visits = story.visits[-_SPANS:]
    start = visits[0].started if len(visits) < len(story.visits) else 0.0
    end = max([now, *(visit.ended or 0.0 for visit in visits)])
    scale = 100 / ((end - start) or 1.0)
    critical = critical_path(visits)
    lanes: dict[str, dict[str, Any]] = {}
    for visit in visits:
        lane = lanes.setdefault(visit.key, {"id": visit.key, "name": one_line(visit.key), "spans": []})
        left = (visit.started - start) * scale
        width = ((now if visit.ended is None else visit.ended) - visit.started) * scale
        lane["spans"].append(
            [
                round(left, 2),
                round(width, 2),
                _status(story, standing, visit),
                id(visit) in critical,
                visit.number,
            ]
        )
    shown = list(lanes.values())[:_LANES]
    for lane in shown:
        lane["time"] = short_time(story.node(lane["id"]).seconds)
    return {
        "lanes": shown,
        "more": max(0, len(lanes) - _LANES),
        "earlier": len(story.visits) - len(visits),
        "axis": [
            short_time(start + (end - start) * part / _TICKS) if part or start else "0 s"
            for part in range(_TICKS + 1)
        ]
        if visits
        else [],
    }


def _status(story: Story, standing: Standing, visit: VisitStory) -> str:
    if visit.ended is None:
        return "paused" if standing.rests else "running"
    if visit.error and visit is story.node(visit.key).last:
        return story.node(visit.key).status
    return "done"


def critical_path(visits: list[VisitStory]) -> set[int]:
    """The visits (by ``id``) that the last one had to wait for, each the latest parent of the next."""
    found: dict[tuple[str, str, int], VisitStory] = {
        (visit.path, visit.node, visit.number): visit for visit in visits
    }
    ended = [visit for visit in visits if visit.ended is not None and not visit.path]
    visit: VisitStory | None = max(ended, key=lambda visit: visit.ended or 0.0, default=None)
    path: set[int] = set()
    while visit is not None and id(visit) not in path:
        path.add(id(visit))
        parents = [found.get((visit.path, node, number)) for node, number in visit.parents]
        visit = max(
            (parent for parent in parents if parent is not None and parent.ended is not None),
            key=lambda parent: parent.ended or 0.0,
            default=None,
        )
    return path
