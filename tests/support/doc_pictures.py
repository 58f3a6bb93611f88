"""The pictures of docs/concepts.md, drawn as a notebook draws its graphs."""

from __future__ import annotations

from genxai_nb import Agent, Graph
from genxai_nb.graph.draw import Arrow, Card, Picture, layout, picture_of, svg

CROWD, SMALL = 7, (112.0, 58.0)


def pictures() -> dict[str, str]:
    """Each picture as SVG, by the name of its file."""
    drawn = {
        "review.svg": review(),
        "call.svg": way_of_a_call(),
        "journal.svg": readers_of_the_journal(),
        "driving.svg": ways_to_drive(),
        "rooms.svg": way_of_a_cell(),
    }
    return {name: _svg(picture) for name, picture in drawn.items()}


def _svg(picture: Picture) -> str:
    """Drawn to the right and without Graphviz, so that every machine draws the same; of many cards each is small."""
    sizes = {} if len(picture.cards) < CROWD else {card.name: SMALL for card in picture.cards}
    return svg(picture, layout(picture, "right", sizes=sizes, programs=())) + "\n"


def review() -> Picture:
    """The graph of the first pages."""
    graph = Graph("review")
    for name in ("writer", "critic"):
        graph.node(name, Agent(name))
    graph.parse("START -> writer -> critic\ncritic -> writer if score < 0.8 max 3\ncritic -> END else")
    return picture_of(graph)


def way_of_a_call() -> Picture:
    """What a request passes before it reaches the world."""
    steps = ("node", "replay", "gate", "policy", "budget", "retry", "world")
    kinds = (
        "asks",
        "known already?",
        "held by you?",
        "allowed?",
        "does it fit?",
        "attempts",
        "model or tool",
    )
    return _chain("a call", steps, kinds)


def readers_of_the_journal() -> Picture:
    """Who writes to the journal and who reads it."""
    readers = {
        "state": "at any step",
        "timeline": "a DataFrame",
        "record": "in the cell",
        "resume": "after a crash",
    }
    cards = [
        _card("run", "engine"),
        _card("journal", "facts"),
        *(_card(name, kind) for name, kind in readers.items()),
    ]
    arrows = [
        Arrow(source="run", target="journal", label="every turn"),
        *(Arrow(source="journal", target=name) for name in readers),
    ]
    return Picture(name="the journal", cards=tuple(cards), arrows=tuple(arrows))


def ways_to_drive() -> Picture:
    """A run that stands between two nodes, and what its caller can do."""
    cards = (
        Card(name="START", kind="start"),
        Card(name="writer", kind="agent", status="done", words="Done"),
        Card(name="critic", kind="agent", status="paused", words="Paused before it"),
        Card(name="END", kind="end"),
    )
    arrows = (
        Arrow(source="START", target="writer", taken=True),
        Arrow(source="writer", target="critic", taken=True, label="next, step"),
        Arrow(source="critic", target="writer", loop=True, label="back"),
        Arrow(source="critic", target="END", label="continue"),
    )
    return Picture(name="a run that stands", cards=cards, arrows=arrows)


def way_of_a_cell() -> Picture:
    """From a cell to its record."""
    steps = ("cell", "notebook/", "agents/", "graph/", "calls/", "providers/, tools/")
    kinds = (
        "you write",
        "reads it",
        "makes an agent",
        "decides what runs",
        "carries requests",
        "ask the world",
    )
    cards = [_card(name, kind) for name, kind in zip(steps, kinds, strict=True)]
    arrows = [Arrow(source=steps[n], target=steps[n + 1]) for n in range(len(steps) - 1)]
    cards.append(_card("journal/", "keeps every turn"))
    arrows += [
        Arrow(source="graph/", target="journal/"),
        Arrow(source="journal/", target="notebook/", loop=True, label="record"),
    ]
    return Picture(name="a cell's way", cards=tuple(cards), arrows=tuple(arrows))


def _chain(name: str, steps: tuple[str, ...], kinds: tuple[str, ...]) -> Picture:
    cards = tuple(_card(step, kind) for step, kind in zip(steps, kinds, strict=True))
    arrows = tuple(Arrow(source=steps[n], target=steps[n + 1]) for n in range(len(steps) - 1))
    return Picture(name=name, cards=cards, arrows=arrows)


def _card(name: str, kind: str) -> Card:
    return Card(name=name, kind="", words="", facts=(kind,))
