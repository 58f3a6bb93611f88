"""All about one node: what went in and out, what was asked and answered, what it wrote to its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genxai_nb.graph.draw.figures import short_time
from genxai_nb.notebook.record_account import cut, memories_in_words

from .story import Story
from .talk import call_row
from .values import to_rows
from .visits import VisitStory

__all__ = ["detail"]

_CALLS, _LONGEST, _LINES = 60, 20_000, 200


def detail(story: Story, key: str, number: int | None, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Tell about one visit of a node.

    Args:
        story: The run so far, or up to the step that is looked at.
        key: The node's key.
        number: The visit, counted from 1 over all visits of this node; None for the latest.
        before: The state that the visit began with, if it is known.
    """
    node = story.node(key)
    count = len(node.told)
    place = count if number is None else max(1, min(number, count))
    visit = node.told[place - 1] if count else None
    return {
        "id": key,
        "visit": place if count else 0,
        "visits": count,
        "latest": place == count,
        "in": _seen(visit, before),
        "out": _wrote(visit),
        "calls": [call_row(call) for call in visit.calls[-_CALLS:]] if visit else [],
        "more": max(0, len(visit.calls) - _CALLS) if visit else 0,
        "memories": _memories(visit),
        "error": cut(visit.error or node.error, _LONGEST) if visit else "",
        "log": list(node.log)[-_LINES:],
        "note": node.note,
        "took": _took(visit),
    }


def _seen(visit: VisitStory | None, before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What the visit read; all that it could read while that is not known."""
    if visit is None or before is None:
        return []
    names = visit.reads or tuple(before)
    return to_rows({name: before[name] for name in names if name in before})


def _wrote(visit: VisitStory | None) -> list[dict[str, Any]]:
    if visit is None:
        return []
    written: dict[str, Any] = {}
    for index in sorted(visit.parts):
        for name, value in visit.parts[index].items():
            written.setdefault(name, []).append(value)
    written.update(visit.update or {})
    return to_rows(written)


def _memories(visit: VisitStory | None) -> str:
    """What of the latest prompt was remembered; before it is asked, nothing is known."""
    asked = [call.fact for call in visit.calls if call.fact.kind == "model"] if visit else []
    return memories_in_words(asked[-1].memories) or "none" if asked else "-"


def _took(visit: VisitStory | None) -> str:
    if visit is None or visit.ended is None:
        return ""
    return short_time(visit.ended - visit.started)
