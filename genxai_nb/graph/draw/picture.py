"""What a picture of a graph shows, before anything has a place: cards and arrows."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Status = Literal["idle", "running", "done", "paused", "waiting", "failed"]

GLYPHS: dict[Status, str] = {
    "idle": "○",
    "running": "▶",
    "done": "✓",
    "paused": "‖",
    "waiting": "◇",
    "failed": "✕",
}
WORDS: dict[Status, str] = {
    "idle": "Not reached",
    "running": "Running",
    "done": "Done",
    "paused": "Paused",
    "waiting": "Waits for you",
    "failed": "Failed",
}

_FULL_UP_TO = 160


class Card(Struct, frozen=True, kw_only=True):
    """A node as it is drawn.

    Attributes:
        name: The node's name; START and END are drawn as circles when ``kind`` says so.
        kind: ``start``, ``end``, or what the node runs: ``agent``, ``tool``, ``function``, ...
        status: What the node is doing, or None when no run is shown.
        words: The status in words, such as ``Done · 2 visits``.
        facts: Up to three short facts, such as ``1.9k tokens``.
    """

    name: str
    kind: str = ""
    status: Status | None = None
    words: str = ""
    facts: tuple[str, ...] = ()

    @property
    def is_cap(self) -> bool:
        """Whether this is the START or END circle."""
        return self.kind in {"start", "end"}


class Arrow(Struct, frozen=True, kw_only=True):
    """An edge as it is drawn, between two cards given by name.

    Attributes:
        source: The card it leaves.
        target: The card it enters.
        label: Its condition and count, such as ``if score < 0.8 · 1 of 3``.
        loop: It leads back to the head of a loop; drawn dashed.
        taken: The run went this way at least once.
    """

    source: str
    target: str
    label: str = ""
    loop: bool = False
    taken: bool = False


class Picture(Struct, frozen=True, kw_only=True):
    """A graph as it is drawn, independent of how it is kept.

    An arrow whose ends are not both among the cards is left out of the drawing.

    Example:
        >>> cards = (Card(name="START", kind="start"), Card(name="writer", kind="agent"))
        >>> picture = Picture(name="g", cards=cards, arrows=(Arrow(source="START", target="writer"),))
        >>> picture.in_words()
        'Graph g: START leads to writer. writer is an agent.'
    """

    name: str
    cards: tuple[Card, ...]
    arrows: tuple[Arrow, ...] = ()

    @property
    def is_brief(self) -> bool:
        """Whether there are so many cards that only names, glyphs and ways are drawn."""
        return len(self.cards) > _FULL_UP_TO

    def in_words(self) -> str:
        """Say the graph in sentences, for those who do not see the picture."""
        ways: dict[str, list[str]] = {}
        for arrow in self.arrows:
            ways.setdefault(arrow.source, []).append(_way(arrow))
        said = [f"{source} leads {_listed(targets)}" for source, targets in ways.items()]
        kinds = [_kind(card) for card in self.cards if not card.is_cap]
        return f"Graph {self.name}: " + " ".join(f"{sentence}." for sentence in said + kinds)


def _way(arrow: Arrow) -> str:
    label = f" ({arrow.label})" if arrow.label else ""
    return f"{'back to' if arrow.loop else 'to'} {arrow.target}{label}"


def _kind(card: Card) -> str:
    article = "an" if card.kind[:1] in "aeiou" else "a"
    said = f"{card.name} is {article} {card.kind}" if card.kind else card.name
    if card.words:
        return f"{said}: {card.words}"
    return said


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
