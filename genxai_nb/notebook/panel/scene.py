"""Where the cards and ways of a panel lie. Subgraphs are one card, or laid open in a frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from genxai_nb.errors import DefinitionError
from genxai_nb.graph.draw import Layout, layout, picture_of
from genxai_nb.graph.draw.layout import label_text, label_width
from genxai_nb.graph.draw.lettering import one_line, shorten
from genxai_nb.journal.summary import RunSummary

if TYPE_CHECKING:
    from genxai_nb.graph.build import Graph
    from genxai_nb.graph.definition import Edge

__all__ = ["Scene", "SceneCard", "SceneWay", "scene_of", "to_picture"]

_TITLE_ROOM, _TITLE_SIZE = 140.0, 13.0
_KIND_ROOM, _KIND_SIZE = 56.0, 11.0
_HEAD, _PAD = 34.0, 10.0
_DEEPEST = 6


class SceneCard(Struct, kw_only=True):
    """A card with its place; ``inner`` counts the nodes of a subgraph, ``open`` says that they are shown."""

    key: str
    name: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    cap: bool = False
    inner: int = 0
    open: bool = False


class SceneWay(Struct, kw_only=True):
    """An arrow with its way; ``target`` is the key of the card that it enters, ``edge`` the edge it stands for."""

    key: str
    source: str
    target: str
    edge: Edge
    limit: int | None
    loop: bool
    points: tuple[tuple[float, float], ...]
    tip: tuple[float, float]
    label: tuple[float, float] | None


class Scene(Struct, kw_only=True):
    """All cards and ways with their places, frames before what lies in them."""

    name: str
    width: float
    height: float
    cards: list[SceneCard]
    ways: list[SceneWay]
    brief: bool = False
    note: str = ""
    words: str = ""


def scene_of(graph: Graph, opened: frozenset[str] = frozenset()) -> Scene:
    """Lay a graph out.

    Args:
        graph: The graph.
        opened: The keys of the subgraph nodes whose nodes are shown.
    """
    return _scene(graph, opened, "")


def inner_graph(graph: Graph, node: str) -> Graph | None:
    """The graph that a node runs, if it runs one."""
    try:
        definition: Any = graph.definition_of(node).definition
    except DefinitionError:
        return None
    return definition if hasattr(definition, "nodes") and hasattr(definition, "edges") else None


def _scene(graph: Graph, opened: frozenset[str], above: str) -> Scene:
    inner = {name: found for name in graph.nodes if (found := inner_graph(graph, name)) is not None}
    shown = {
        name: _scene(found, opened, _key(above, name))
        for name, found in inner.items()
        if _key(above, name) in opened and above.count("/") < _DEEPEST
    }
    picture = picture_of(graph, RunSummary())
    sizes = {name: (part.width + 2 * _PAD, part.height + _HEAD + _PAD) for name, part in shown.items()}
    placed = layout(picture, sizes=sizes)
    scene = Scene(
        name=graph.name,
        width=placed.width,
        height=placed.height,
        cards=[],
        ways=list(_ways(graph, placed, above)),
        brief=picture.is_brief,
        note=placed.note,
        words=picture_of(graph).in_words(),
    )
    for card, box in zip(picture.cards, placed.boxes, strict=True):
        scene.cards.append(
            SceneCard(
                key=_key(above, card.name),
                name=card.name,
                kind=card.kind,
                x=box.x,
                y=box.y,
                width=box.width,
                height=box.height,
                cap=card.is_cap,
                inner=len(inner[card.name].nodes) if card.name in inner else 0,
                open=card.name in shown,
            )
        )
        if card.name in shown:
            _put_inside(scene, shown[card.name], box.x + _PAD, box.y + _HEAD)
    return scene


def _put_inside(scene: Scene, part: Scene, dx: float, dy: float) -> None:
    for card in part.cards:
        card.x, card.y = card.x + dx, card.y + dy
    for way in part.ways:
        way.points = tuple((x + dx, y + dy) for x, y in way.points)
        way.tip = way.tip[0] + dx, way.tip[1] + dy
        way.label = None if way.label is None else (way.label[0] + dx, way.label[1] + dy)
    scene.cards += part.cards
    scene.ways += part.ways


def _ways(graph: Graph, placed: Layout, above: str) -> Iterator[SceneWay]:
    try:
        plan = graph.build()
        loops, limits = plan.loop_edges, plan.limits
    except DefinitionError:
        loops, limits = frozenset(), {}
    for edge, route in zip(graph.arrows, placed.routes, strict=True):
        if route is not None:
            yield SceneWay(
                key=f"{above}:{edge.number}",
                source=_key(above, edge.source),
                target=_key(above, edge.target),
                edge=edge,
                limit=limits.get(edge.number, edge.limit),
                loop=edge.number in loops,
                points=route.points,
                tip=route.tip,
                label=route.label,
            )


def _key(above: str, name: str) -> str:
    return f"{above}/{name}" if above else name


def to_picture(scene: Scene) -> dict[str, Any]:
    """Put a scene into the form in which the page takes it."""
    return {
        "name": one_line(scene.name),
        "width": scene.width,
        "height": scene.height,
        "brief": scene.brief,
        "note": scene.note,
        "words": scene.words,
        "cards": [_card(card) for card in scene.cards],
        "ways": [_way(way) for way in scene.ways],
    }


def _card(card: SceneCard) -> dict[str, Any]:
    whole = one_line(card.name)
    return {
        "id": card.key,
        "name": shorten(whole, _TITLE_ROOM, _TITLE_SIZE, bold=True),
        "whole": whole,
        "kind": shorten(one_line(card.kind), _KIND_ROOM, _KIND_SIZE),
        "box": [card.x, card.y, card.width, card.height],
        "cap": card.cap,
        "inner": card.inner,
        "open": card.open,
    }


def _way(way: SceneWay) -> dict[str, Any]:
    return {
        "id": way.key,
        "source": way.source,
        "target": way.target,
        "loop": way.loop,
        "points": [number for point in way.points for number in point],
        "tip": list(way.tip),
        "label": None if way.label is None else list(way.label),
    }


def drawn_label(label: str) -> list[Any]:
    """A way's label as it is drawn, and how wide it is."""
    text = label_text(label)
    return [text, label_width(text) - 4 if text else 0]
