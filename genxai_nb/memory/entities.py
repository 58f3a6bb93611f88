"""Entities and the facts between them: what leads from one to another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .base import Item
from .words import in_one_form

_ARTICLE = re.compile(r"^(?:the|a|an|my|our|his|her|their)\s+", re.IGNORECASE)


class Link(NamedTuple):
    """A fact that leads on from an entity.

    Attributes:
        hop: How many facts lead to its end, from 1.
        item: The fact.
        via: The fact that led to its beginning; empty for the first ones.
    """

    hop: int
    item: Item
    via: str


def entity(name: str) -> str:
    """An entity by whichever words it is named: in lower case, without an article.

    Example:
        >>> entity("The  Office"), entity("my office")
        ('office', 'office')
    """
    return _ARTICLE.sub("", " ".join(in_one_form(name).split())).casefold()


def related(facts: Iterable[Item], start: str, hops: int) -> list[Link]:
    """The facts that can be reached from an entity, the nearest first, each once.

    A fact leads both ways, from its subject to its object and back. Only facts that hold are followed.

    Args:
        facts: The facts.
        start: The entity, ``user`` for the person.
        hops: Over how many facts at most.
    """
    ends: dict[str, list[Item]] = {}
    for item in facts:
        if item.status == "current" and "object" in item.fields:
            for end in {entity(item.fields["subject"]), entity(item.fields["object"])}:
                ends.setdefault(end, []).append(item)
    reached: dict[str, str] = {entity(start): ""}
    found: dict[str, Link] = {}
    front: Sequence[str] = list(reached)
    for hop in range(1, hops + 1):
        ahead: dict[str, str] = {}
        for name in front:
            for item in ends.get(name, ()):
                found.setdefault(item.id, Link(hop, item, reached[name]))
                for end in (entity(item.fields["subject"]), entity(item.fields["object"])):
                    if end not in reached:
                        ahead.setdefault(end, item.id)
        reached |= ahead
        front = list(ahead)
    return list(found.values())
