"""The head of a panel: what the run is doing in words, its figures, and which buttons can be pressed."""

from __future__ import annotations

from typing import Any

from genxai_nb.graph.draw.figures import counted, short_count, short_time
from genxai_nb.graph.draw.lettering import one_line

from .standing import Standing
from .story import Story

__all__ = ["face"]

_WORDS = {
    "ready": ("idle", "Ready to start"),
    "running": ("running", "Running"),
    "paused": ("paused", "Paused"),
    "done": ("done", "Done"),
    "failed": ("failed", "Failed"),
    "cancelled": ("paused", "Cancelled"),
}
_DRIVES = ("go", "next", "step", "out", "until")
_PLACES = {"before": "before {node}, visit {visit}", "call": "at a call of {node}, visit {visit}"}


def face(
    story: Story, standing: Standing, *, store: str, at: int | None = None, hint: str = ""
) -> dict[str, Any]:
    """Say what the run is doing.

    Args:
        story: The run so far, or up to the step that is looked at.
        standing: Where the run stands.
        store: Where it is kept, in words.
        at: The earlier step that is looked at; None for now.
        hint: Advice to the reader.
    """
    icon, words = _words(standing)
    return {
        "id": story.run,
        "graph": one_line(story.graph),
        "status": standing.status,
        "icon": icon,
        "words": one_line(words),
        "stands": standing.stands,
        "here": standing.here,
        "steps": standing.steps,
        "at": at,
        "sums": _sums(story),
        "store": f"Saved to {one_line(store)}" if store != ":memory:" else "Kept in memory only",
        "hint": hint,
        "can": _can(standing, at),
    }


def _words(standing: Standing) -> tuple[str, str]:
    icon, word = _WORDS[standing.status]
    if standing.questions:
        return "waiting", "Waits for you"
    if standing.status != "paused":
        return icon, word
    place = _PLACES.get(standing.where, "") if standing.here else ""
    said = place.format(node=standing.here, visit=standing.visit or 1)
    by = standing.reason.partition(" before ")[0].partition(" after ")[0]
    by = by if by.startswith("breakpoint ") and by != "breakpoint 0" else ""  # 0 is what "until" sets
    return icon, f"{word} {said}{f' · {by}' if by else ''}".strip()


def _sums(story: Story) -> list[list[str]]:
    """Figures with their units."""
    steps = counted(story.steps, "step").split(" ")
    sums = [steps, [short_count(story.usage.total), "tokens"]]
    return [*sums, [str(story.cost), "cost"], [short_time(story.seconds) if story.visits else "0 s", ""]]


def _can(standing: Standing, at: int | None) -> dict[str, bool]:
    """Which buttons can be pressed."""
    rests, now = standing.rests, at is None
    goes = rests and standing.status != "done" and now
    can = dict.fromkeys(_DRIVES, goes)
    can["back"] = rests and standing.steps > 0 and now
    can["fork"] = rests
    can["set"] = rests and now
    can["pause"] = can["cancel"] = not rests
    return can
