"""A map of entities and the facts between them, drawn."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from genxai_nb.memory.entities import entity

if TYPE_CHECKING:
    from genxai_nb.graph.draw import Picture
    from genxai_nb.memory.base import Item

MOST = 150  # facts that are drawn, the newest ones


class EntityMap:
    """Facts as a graph: entities are cards, and each fact is an arrow from its subject to its object.

    In a notebook it is drawn; as text it says the facts in sentences.

    Args:
        name: Whose facts these are.
        facts: The facts; those that were not taken apart are left out.

    Attributes:
        facts: The facts that are shown.
    """

    def __init__(self, name: str, facts: Sequence[Item]) -> None:
        self.name = name
        self.facts = [item for item in facts if {"subject", "object"} <= item.fields.keys()][-MOST:]

    def __repr__(self) -> str:
        return "\n".join(item.text for item in self.facts) or f"No facts of {self.name}."

    @property
    def picture(self) -> Picture:
        """What is drawn: each entity once, by whichever words it was named first."""
        from genxai_nb.graph.draw import Arrow, Card, Picture

        names: dict[str, str] = {}
        for item in self.facts:
            for end in ("subject", "object"):
                names.setdefault(entity(item.fields[end]), item.fields[end])
        arrows = tuple(
            Arrow(
                source=names[entity(item.fields["subject"])],
                target=names[entity(item.fields["object"])],
                label=item.fields["predicate"],
            )
            for item in self.facts
        )
        return Picture(
            name=self.name,
            cards=tuple(Card(name=name, kind="entity") for name in names.values()),
            arrows=arrows,
        )

    def svg(self) -> str:
        """The drawing; every text in it is escaped."""
        from genxai_nb.graph.draw import layout, svg

        return svg(self.picture, layout(self.picture))

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        shown = {"text/plain": repr(self)}
        if not self.facts:
            return shown
        source = f"data:image/svg+xml;base64,{b64encode(self.svg().encode()).decode()}"
        said = escape(" ".join(item.text for item in self.facts))
        # as an image in a page it is shown in a notebook that is not trusted, too
        return shown | {"text/html": f'<img src="{source}" alt="{said}" style="max-width:100%"/>'}
