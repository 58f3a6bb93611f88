"""A graph as Mermaid text, for pages that draw it themselves."""

from __future__ import annotations

from .depiction import Drawable, picture_of
from .lettering import one_line
from .picture import Arrow, Card

# Mermaid's own entities; a quoted label ends at a quote, and a backtick would begin Markdown.
_ENTITIES = str.maketrans(
    {char: f"#{ord(char)};" for char in "#\"'`<>&\\;{}[]()|%"}  # the code of each, in decimal
)


def mermaid(graph: Drawable) -> str:
    """Write a graph as a Mermaid flowchart; loop edges are dotted."""
    picture = picture_of(graph)
    ids = {card.name: f"n{number}" for number, card in enumerate(picture.cards)}
    lines = [
        "flowchart LR",
        *(f"  {_node(card, ids[card.name])}" for card in picture.cards),
        *(f"  {_edge(arrow, ids)}" for arrow in picture.arrows if {arrow.source, arrow.target} <= ids.keys()),
    ]
    return "\n".join(lines) + "\n"


def _node(card: Card, name: str) -> str:
    text = _escaped(card.name)
    return f'{name}(("{text}"))' if card.is_cap else f'{name}("{text}")'


def _edge(arrow: Arrow, ids: dict[str, str]) -> str:
    line = "-.->" if arrow.loop else "-->"
    label = f'|"{_escaped(arrow.label)}"|' if arrow.label else ""
    return f"{ids[arrow.source]} {line}{label} {ids[arrow.target]}"


def _escaped(text: str) -> str:
    return one_line(text).translate(_ENTITIES)
