"""Where a panel's cards lie, and what they and the values beside them say."""

from __future__ import annotations

import enum

import pytest
from graphs import chain, nothing
from pydantic import BaseModel

from genxai_nb import END, START, Graph
from genxai_nb.errors import RunError
from genxai_nb.graph.draw.places import Box
from genxai_nb.notebook.panel.scene import scene_of, to_picture
from genxai_nb.notebook.panel.values import read_value, to_rows


def nested():
    """A graph with a subgraph in a subgraph."""
    middle = (
        Graph("middle").node("deep", chain(nothing, nothing)).node("m", nothing).parse("START -> deep -> m")
    )
    outer = Graph("outer").node("part", middle).node("last", nothing).node("other", nothing)
    return outer.parse("START -> [part, other] -> last")


def box(card):
    return Box(card.x, card.y, card.width, card.height)


def test_an_opened_subgraph_lies_in_its_frame_and_on_nothing_else():
    """Inner cards are wholly inside of their frame; cards beside it are wholly outside."""
    scene = scene_of(nested(), frozenset({"part", "part/deep"}))
    cards = {card.key: card for card in scene.cards}

    for key, card in cards.items():
        for other, inner in cards.items():
            if other.startswith(f"{key}/"):
                assert (card.x < inner.x, inner.x + inner.width < card.x + card.width) == (True, True)
                assert (card.y < inner.y, inner.y + inner.height < card.y + card.height) == (True, True)
            elif not key.startswith(f"{other}/") and key != other:
                assert not box(card).overlaps(box(inner)), (key, other)
    assert [card.key for card in scene.cards if card.open] == ["part", "part/deep"]
    assert {way.source for way in scene.ways} >= {"START", "part", "part/deep", "part/deep/a"}


def test_a_folded_subgraph_says_how_many_nodes_it_has():
    """One card, with the number of nodes directly in it."""
    cards = {card["id"]: card for card in to_picture(scene_of(nested()))["cards"]}

    assert (cards["part"]["kind"], cards["part"]["inner"], cards["part"]["open"]) == ("graph", 2, False)
    assert "part/m" not in cards


def test_a_graph_that_cannot_run_yet_is_laid_out_as_far_as_it_goes():
    """A node without a definition has a card without a kind."""
    graph = Graph("g").node("a", nothing).edge(START, "a").edge("a", "missing").edge("missing", END)
    cards = {card["id"]: card for card in to_picture(scene_of(graph))["cards"]}

    assert cards["missing"]["kind"] == ""


def test_names_are_cut_to_their_cards_and_whole_beside():
    """A long name is shortened where it is drawn; marks that reorder text are shown as their codes."""
    name = "a\u202etxt " + "very " * 30 + "long"
    card = to_picture(scene_of(Graph("g").node(name, nothing).edge(START, name)))["cards"][1]

    assert card["name"].endswith("…")
    assert card["whole"].startswith("a\\u202etxt very")


class Draft(BaseModel):
    text: str
    score: float = 0


class Colour(enum.Enum):
    RED = 1


def test_rows_show_values_at_a_glance_and_whole_and_for_editing():
    """Text is edited as text, the rest as JSON; what has no such form cannot be edited."""
    state = {
        "text": "two\nlines", "number": 0.5, "items": [1, 2], "empty": "", "draft": Draft(text="x"),
        "odd": object(), "@hidden": 1,
    }  # fmt: skip
    rows = {row["key"]: row for row in to_rows(state, {"number": 1, "items": [2]}, ["items"])}

    assert [rows[key]["glance"] for key in ("text", "number", "items", "empty")] == [
        "two lines",
        "0.5",
        "2 items",
        "(empty)",
    ]
    assert [rows[key]["plain"] for key in ("text", "number")] == [True, False]
    assert rows["items"]["edit"] == "[\n 1,\n 2\n]"
    assert rows["draft"]["edit"] == '{\n "text": "x",\n "score": 0.0\n}'
    assert rows["odd"]["edit"] is None
    assert (rows["number"]["change"], rows["items"]["change"], rows["text"]["change"]) == (
        "changed",
        "+1",
        "",
    )
    assert "@hidden" not in rows


def test_a_model_state_gives_its_fields():
    """A pydantic state is shown like a dict."""
    assert [row["key"] for row in to_rows(Draft(text="x"))] == ["text", "score"]
    assert to_rows(None) == []


def test_edited_values_are_read_back():
    """Text stays as it was typed; JSON is read, and what is none is refused with the way to write text."""
    assert read_value("[1]", plain=True) == "[1]"
    assert read_value("[1]", plain=False) == [1]
    with pytest.raises(RunError, match="not JSON"):
        read_value("[1", plain=False)
