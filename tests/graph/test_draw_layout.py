"""Layouts: every card has its own place, and no way leads through a card."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genxai_nb.graph.draw import Arrow, Card, Layout, Picture, graphviz, layout
from genxai_nb.graph.draw.layout import label_text, label_width
from genxai_nb.graph.draw.places import Box, around

ENGINES = {"dot": ("dot",), "graphviz-pure": ("graphviz-pure",), "columns": ()}


@pytest.fixture(params=ENGINES)
def programs(request):
    """The programs that make the layout: each of Graphviz's two, or none."""
    names = ENGINES[request.param]
    if names and graphviz.find_program(names) is None:
        pytest.skip(f"{request.param} is not installed")
    return names


def make_picture(*lines: str, status: str | None = "done") -> Picture:
    """Make a picture from lines such as ``a -> b: label``; a ``~>`` leads back."""
    arrows, names = [], {}
    for line in lines:
        way, _, label = line.partition(": ")
        loop = "~>" in way
        source, target = way.split(" ~> " if loop else " -> ")
        arrows.append(Arrow(source=source, target=target, label=label, loop=loop))
        names |= {source: None, target: None}
    kinds = {"START": "start", "END": "end"}
    cards = [
        Card(name=name, kind=kinds.get(name, "agent"), status=None if name in kinds else status)
        for name in names
    ]
    return Picture(name="g", cards=tuple(cards), arrows=tuple(arrows))


REVIEW = make_picture(
    "START -> writer",
    "writer -> facts",
    "writer -> style",
    "facts -> critic",
    "style -> critic",
    "critic ~> writer: if score < 0.8 · 1 of 3",
    "critic -> END: else",
)
FAN = make_picture(
    "START -> split", *(f"split -> w{i}" for i in range(12)), *(f"w{i} -> merge" for i in range(12))
)
CHAIN = make_picture("START -> s0", *(f"s{i} -> s{i + 1}" for i in range(11)), "s6 ~> s3: if not ok")
ROUTER = make_picture(
    "START -> router",
    'router -> billing: if kind == "billing"',
    'router -> support: if kind == "support" and urgent',
    "router -> sales: else",
    "billing -> answer",
    "support -> answer",
    "sales -> answer",
    "sales ~> sales: max 2",
    "support ~> router: if unclear",
    "answer ~> router: if again · 1 of 4",
    "router -> END: if spam",
    "answer -> END: else",
)
TANGLE = make_picture("a -> b", "b -> c", "c -> a", "b -> a", "c -> c", "a -> b", "x -> y", "y -> x")
PICTURES = {"review": REVIEW, "fan": FAN, "chain": CHAIN, "router": ROUTER, "tangle": TANGLE}


def cards_that_overlap(placed: Layout) -> list[tuple[Box, Box]]:
    return [(a, b) for a, b in combinations(placed.boxes, 2) if a.overlaps(b)]


def ways_through_cards(picture: Picture, placed: Layout) -> list[str]:
    found = []
    for arrow, way in zip(picture.arrows, placed.routes, strict=True):
        ends = {arrow.source, arrow.target}
        for card, box in zip(picture.cards, placed.boxes, strict=True):
            inside = [
                point
                for point in way.drawn()
                if box.x + 1 < point[0] < box.right - 1 and box.y + 1 < point[1] < box.bottom - 1
            ]
            if inside and card.name not in ends:
                found.append(f"{arrow.source} -> {arrow.target} through {card.name}")
    return found


def label_boxes(picture: Picture, placed: Layout) -> list[Box]:
    return [
        around(way.label, (label_width(label_text(arrow.label)) - 8, 16))
        for arrow, way in zip(picture.arrows, placed.routes, strict=True)
        if way is not None and way.label is not None
    ]


def assert_sound(picture: Picture, placed: Layout) -> None:
    assert cards_that_overlap(placed) == []
    labels = label_boxes(picture, placed)
    assert [pair for pair in combinations(labels, 2) if pair[0].overlaps(pair[1])] == []
    assert [(label, box) for label in labels for box in placed.boxes if label.overlaps(box)] == []
    for box in (*placed.boxes, *labels):
        assert box.x >= 0
        assert box.y >= 0
        assert box.right <= placed.width + 0.5
        assert box.bottom <= placed.height + 0.5


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("direction", ["right", "down"])
def test_cards_labels_and_ways_keep_clear_of_each_other(name, direction, programs):
    """No card lies on a card, no label on a card or label, and no way leads through a card."""
    picture = PICTURES[name]

    placed = layout(picture, direction, programs=programs)

    assert_sound(picture, placed)
    assert ways_through_cards(picture, placed) == []
    assert all(way is not None for way in placed.routes)


def test_the_same_picture_lies_the_same_each_time(programs):
    """A layout depends on the picture alone."""
    assert layout(ROUTER, programs=programs) == layout(ROUTER, programs=programs)


def test_every_way_ends_at_its_cards(programs):
    """A way starts on the border of its source and its tip touches the border of its target."""
    placed = layout(ROUTER, programs=programs)
    boxes = {card.name: box for card, box in zip(ROUTER.cards, placed.boxes, strict=True)}

    for arrow, way in zip(ROUTER.arrows, placed.routes, strict=True):
        for name, (x, y) in ((arrow.source, way.points[0]), (arrow.target, way.tip)):
            box = boxes[name]
            assert box.x - 1 <= x <= box.right + 1
            assert box.y - 1 <= y <= box.bottom + 1
            assert min(abs(x - box.x), abs(x - box.right), abs(y - box.y), abs(y - box.bottom)) <= 1


def test_a_label_does_not_bend_a_level_way(programs):
    """A label lies on its way: between two cards at one height the way stays straight."""
    way = layout(REVIEW, "right", programs=programs).routes[-1]

    assert {round(y) for _, y in (*way.drawn(), way.tip, way.label)} == {round(way.tip[1])}


def test_a_long_chain_leads_down_and_a_short_one_to_the_right(programs):
    """A graph that would have to shrink much to fit the page's width is turned."""
    long, short = layout(CHAIN, programs=programs), layout(REVIEW, programs=programs)

    assert long.width < 820 < long.height
    assert short.width > short.height


def test_a_layout_without_graphviz_says_so():
    """Only the layout in columns carries a note, which names the extra to install."""
    assert "genxai-nb[render]" in layout(REVIEW, programs=()).note
    assert "genxai-nb[render]" in layout(REVIEW, programs=("no-such-program",)).note


def test_a_layout_by_graphviz_has_no_note():
    """A layout by graphviz-pure, which the tests install, says nothing of itself."""
    assert layout(REVIEW, programs=("graphviz-pure",)).note == ""


@pytest.mark.parametrize(
    "text",
    ["exit 1", "echo no json", "echo '{}'", 'echo \'{"bb": "0,0,1,1", "objects": []}\'', "exec sleep 60"],
)
def test_a_broken_graphviz_does_not_matter(tmp_path, monkeypatch, text):
    """A program that fails, hangs or writes something else leads to the layout in columns."""
    program = tmp_path / "broken-dot"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    placed = layout(REVIEW, programs=("broken-dot",))

    assert placed.note
    assert_sound(REVIEW, placed)


def test_names_never_reach_graphviz(tmp_path, monkeypatch):
    """The program is told numbers and sizes only."""
    program = tmp_path / "listening-dot"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/heard\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    layout(make_picture("secret -> hidden: quiet"), programs=("listening-dot",))

    heard = (tmp_path / "heard").read_text()
    assert "n0 -> n1" in heard
    assert not {"secret", "hidden", "quiet"} & set(heard.replace('"', " ").split())


def test_arrows_without_their_cards_are_left_out(programs):
    """An arrow to a name that has no card has no way; the others keep theirs."""
    cards = (Card(name="a"), Card(name="b"))
    arrows = (Arrow(source="a", target="gone"), Arrow(source="a", target="b"))

    placed = layout(Picture(name="g", cards=cards, arrows=arrows), programs=programs)

    assert placed.routes[0] is None
    assert placed.routes[1] is not None


def test_an_empty_picture_has_a_size(programs):
    """A graph without nodes can be drawn."""
    placed = layout(Picture(name="g", cards=()), programs=programs)

    assert placed.width > 0
    assert placed.height > 0
    assert placed.boxes == ()


NAMES = [f"n{i}" for i in range(8)]
ARROWS = st.builds(
    Arrow,
    source=st.sampled_from(NAMES),
    target=st.sampled_from(NAMES),
    label=st.sampled_from(["", "else", "if score < 0.8 · 1 of 3"]),
    loop=st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrows=st.lists(ARROWS, max_size=16), direction=st.sampled_from(["right", "down", None]))
def test_any_arrows_can_be_laid_out_in_columns(arrows, direction):
    """Whatever leads where, loops and doubles included, each card has its own place."""
    picture = Picture(name="g", cards=tuple(Card(name=n) for n in NAMES), arrows=tuple(arrows))

    placed = layout(picture, direction, programs=())

    assert cards_that_overlap(placed) == []
    assert len(placed.routes) == len(arrows)
    assert None not in placed.routes


def test_a_graph_of_five_hundred_nodes_is_laid_out(programs):
    """500 cards in a deep tree with cross links each have a place of their own."""
    lines = ["START -> n0", *(f"n{(i * 7) // 10} -> n{i}" for i in range(1, 500))]
    lines += [f"n{i} -> n{i + 9}" for i in range(0, 490, 7)]
    picture = make_picture(*lines)

    placed = layout(picture, programs=programs)

    assert len(placed.routes) == len(lines)
    assert cards_that_overlap(placed) == []
