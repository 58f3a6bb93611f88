"""What was defined anew since a run began, and which nodes still show what the old versions made."""

from __future__ import annotations

from collections.abc import Callable
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import GenXAIError

from .story import Story

if TYPE_CHECKING:
    from genxai_nb.graph.build import Graph
    from genxai_nb.journal.store import Definition, Store

__all__ = ["badges", "edit_rows", "versions_now"]

_LINES = 60


def versions_now(graph: Graph) -> dict[str, Definition]:
    """The definitions of a graph's nodes as they are now, by node; empty while one is not there."""
    try:
        return {name: graph.record_of(name) for name in graph.nodes}
    except GenXAIError:
        return {}


def edit_rows(
    story: Story,
    now: dict[str, Definition],
    store: Store,
    where: Callable[[str], str] = lambda _: "",
) -> list[dict[str, Any]]:
    """The differences between what the run began with and what is defined now, line by line.

    Args:
        story: The run so far.
        now: The definitions as they are now, by node.
        store: Keeps the earlier ones.
        where: Says which cell defines a name, such as ``cell [14]``.
    """
    rows, seen = [], set()
    for node, definition in now.items():
        before = story.definitions.get(definition.name, story.definitions.get(node, definition.hash))
        if before == definition.hash or definition.name in seen:
            continue
        seen.add(definition.name)
        place = where(definition.name)
        rows.append(
            {
                "where": f"{definition.name}, {place}" if place else definition.name,
                "lines": _difference(store.definition(before), definition),
                "note": _used(story, node, definition.hash),
            }
        )
    return rows


def _difference(before: Definition | None, after: Definition) -> list[list[str]]:
    old = (before.spec or before.source).splitlines() if before is not None else []
    new = (after.spec or after.source).splitlines()
    lines = list(unified_diff(old, new, lineterm="", n=1))[2:]
    shown = [[line[0], line[1:]] for line in lines if line[:2] != "@@"]
    if not shown:
        return [[" ", "What it uses has changed; its own text has not."]]
    more = [[" ", f"{len(shown) - _LINES} more lines"]] if len(shown) > _LINES else []
    return shown[:_LINES] + more


def _used(story: Story, node: str, version: str) -> str:
    first = next((visit for visit in story.node(node).told if visit.version == version), None)
    if first is not None:
        return f"The new version is used since step {first.step + 1}."
    return f"Continue uses the new version from step {story.steps + 1} on."


def badges(graph: Graph, story: Story, now: dict[str, Definition]) -> dict[str, str]:
    """Remarks on nodes: ``edited`` since their last visit, or ``stale`` because one before them was."""
    found = {}
    for node, definition in now.items():
        last = story.node(node).last
        if last is not None and last.version and last.version != definition.hash:
            found[node] = "edited"
    reached = list(found)
    while reached:
        source = reached.pop()
        for edge in graph.arrows:
            if edge.source == source and edge.target not in found and edge.target in story.nodes:
                found[edge.target] = "stale"
                reached.append(edge.target)
    return found
