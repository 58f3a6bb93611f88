"""What the cards and ways of a panel say at a moment: status, words, figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genxai_nb.graph.draw import way_label
from genxai_nb.graph.draw.figures import counted, short_count, short_time
from genxai_nb.graph.draw.lettering import one_line, shorten
from genxai_nb.graph.draw.picture import WORDS, Status

from .scene import Scene, SceneCard, SceneWay, drawn_label
from .standing import Standing
from .story import Story
from .visits import NodeStory, key_of

__all__ = ["marks"]

_WORDS_ROOM, _WORDS_SIZE = 123.0, 11.0


def marks(
    scene: Scene, story: Story, standing: Standing, badges: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Say what each card and way shows.

    Args:
        scene: The cards and ways.
        story: The run so far, or up to the step that is looked at.
        standing: Where the run stands.
        badges: Short remarks on cards, such as ``edited``, by key.
    """
    asked = _asked(standing, story)
    held = _with_frames(key_of(call.path, call.node) for call in standing.held)
    totals = _totals(scene, story)
    cards = {}
    for card in scene.cards:
        if card.cap:
            continue
        node = story.node(card.key)
        status = _status(card.key, node, standing, asked, held)
        words = shorten(
            one_line(_words(node, status, standing, totals.get(card.key))), _WORDS_ROOM, _WORDS_SIZE
        )
        cards[card.key] = [status, words, _facts(card, node), (badges or {}).get(card.key, "")]
    return {"cards": cards, "ways": {way.key: _way(way, story) for way in scene.ways}}


def _asked(standing: Standing, story: Story) -> set[str]:
    """The keys of the nodes that ask; a question names the node alone, so its call tells where that is."""
    calls = [story.call(question.slot) for question in standing.questions]
    known = {call.fact.slot: key_of(call.fact.path, call.fact.node) for call in calls if call is not None}
    return _with_frames(known.get(question.slot, question.node) for question in standing.questions)


def _with_frames(keys: Any) -> set[str]:
    """Keys, and those of the subgraph nodes around them."""
    found = set()
    for key in keys:
        parts = key.split("/")
        found |= {"/".join(parts[: count + 1]) for count in range(len(parts))}
    return found


def _totals(scene: Scene, story: Story) -> dict[str, int]:
    """How many instances a map has, by the key of its node; known for the top graph."""
    return {
        way.target: story.sizes[way.edge.each]
        for way in scene.ways
        if way.edge.each is not None and way.edge.each in story.sizes
    }


def _status(key: str, node: NodeStory, standing: Standing, asked: set[str], held: set[str]) -> Status:
    if key in asked:
        return "waiting"
    if node.status == "running":
        return "paused" if standing.rests else "running"
    if standing.status == "paused" and (key == standing.here or key in held):
        return "paused"
    return node.status


def _words(node: NodeStory, status: Status, standing: Standing, total: int | None) -> str:
    more = ""
    last = node.last
    if status == "done":
        more = counted(len(last.parts), "item") if last and last.parts else ""
        more = counted(node.visits, "visit") if node.visits > 1 else more
    elif status == "running":
        more = _progress(node, total)
    elif status == "paused":
        visit = standing.visit if node.key == standing.here else last.number if last else 1
        more = _items(node, total) or f"visit {visit or node.visits + 1}"
    elif status == "failed":
        more = counted(last.attempt, "attempt") if last and last.attempt > 1 else ""
    return f"{WORDS[status]} · {more}" if more else WORDS[status]


def _progress(node: NodeStory, total: int | None) -> str:
    last = node.last
    if items := _items(node, total):
        return items
    if node.fraction is not None:
        return f"{node.fraction:.0%}"
    if last is not None and last.attempt > 1:
        return f"attempt {last.attempt}"
    return f"visit {last.number}" if last is not None and last.number > 1 else ""


def _items(node: NodeStory, total: int | None) -> str:
    last = node.last
    if last is None or (total is None and not last.parts):
        return ""
    done = short_count(len(last.parts))
    return f"{done} of {short_count(total)}" if total is not None else f"{done} items done"


def _facts(card: SceneCard, node: NodeStory) -> list[str]:
    """Three figures: how much was asked, what it cost, how long it took."""
    if node.last is None:
        return ["", "", ""]
    asked = f"{short_count(node.usage.total)} tok" if node.usage.total else ""
    if not asked and node.tools:
        asked = counted(node.tools, "call")
    cost = str(node.cost) if card.kind == "agent" or node.models else ""
    return [asked, cost, short_time(node.seconds) if node.visits or node.seconds else ""]


def _way(way: SceneWay, story: Story) -> list[Any]:
    taken = story.ways.get(way.key, 0)
    if way.edge.source == "START":  # the journal counts from the first node on
        taken = int(way.target in story.nodes)
    return [taken, *drawn_label(way_label(way.edge, way.limit, taken))]
