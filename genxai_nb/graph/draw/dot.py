"""A graph as DOT text, for Graphviz and for whatever else reads it."""

from __future__ import annotations

from .depiction import Drawable, picture_of
from .lettering import one_line
from .picture import Arrow, Card


def dot(graph: Drawable) -> str:
    """Write a graph as DOT text; loop edges are dashed and do not pull the layout."""
    picture = picture_of(graph)
    lines = [
        f"digraph {_quoted(picture.name)} {{",
        "  rankdir=LR;",
        '  node [shape=box, style=rounded, fontname="sans-serif"]; edge [fontname="monospace"];',
        *(f"  {_node(card)};" for card in picture.cards),
        *(f"  {_edge(arrow)};" for arrow in picture.arrows),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _node(card: Card) -> str:
    if card.is_cap:
        return f"{_quoted(card.name)} [shape=circle]"
    kind = f"\\n{_escaped(card.kind)}" if card.kind else ""
    return f'{_quoted(card.name)} [label="{_escaped(card.name)}{kind}"]'


def _edge(arrow: Arrow) -> str:
    options = [f"label={_quoted(arrow.label)}"] if arrow.label else []
    options += ["style=dashed", "constraint=false"] if arrow.loop else []
    said = f" [{', '.join(options)}]" if options else ""
    return f"{_quoted(arrow.source)} -> {_quoted(arrow.target)}{said}"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')
