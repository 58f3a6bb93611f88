"""Give every card and arrow of a picture its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from . import graphviz, layered
from .lettering import measure, one_line, shorten
from .picture import Picture
from .places import Box, Link, Places, Point, Route, Sketch, around
from .routes import draw_routes, loop_height

Direction = Literal["right", "down"]
_DIRECTIONS: tuple[Direction, ...] = ("right", "down")

CARD_WIDTH = 168.0
CARD_HEIGHT = 78.0
FACTS_HEIGHT = 58.0
PLAIN_HEIGHT = 44.0
CAP = 42.0
LABEL_SIZE = 11.0
LABEL_HEIGHT = 18.0
_LABEL_WIDTH = 210.0
_LABEL_PAD = 6.0
_MARGIN = 10.0
_PAGE = 820.0
_WORTH = 1.2
_MANY = 1500
_GAP, _NARROW_GAP, _CROWD = 28.0, 16.0, 10


class Layout(Struct, frozen=True, kw_only=True):
    """Where everything of a picture lies, in pixels from the top left corner.

    Attributes:
        width: Width of the whole.
        height: Height of the whole.
        boxes: The box of each card, in the order of the picture's cards.
        routes: The way of each arrow in the picture's order; None for one that is not drawn.
        note: What a reader should know of this layout, or empty.
    """

    width: float
    height: float
    boxes: tuple[Box, ...]
    routes: tuple[Route | None, ...]
    note: str = ""


def layout(
    picture: Picture,
    direction: Direction | None = None,
    *,
    sizes: Mapping[str, Point] = {},  # read only
    programs: Sequence[str] = graphviz.PROGRAMS,
) -> Layout:
    """Place cards and arrows so that no card lies on another.

    Places come from Graphviz (``dot`` or ``graphviz-pure``) when it is installed; else cards stand in columns.

    Args:
        picture: What to draw.
        direction: Where arrows lead; None picks the one that is shown larger on a page 820 pixels wide.
        sizes: Width and height of cards that are not of the usual size, by name.
        programs: The Graphviz programs to try, in order; none for columns in any case.
    """
    direction = direction or _direction(picture, sizes)
    sketch = _sketch(picture, direction, sizes)
    program = graphviz.find_program(programs) if len(picture.cards) <= _MANY else None
    places = graphviz.place(sketch, program) if program else None
    note = "" if places else "Simple layout: install Graphviz (dot) or genxai-nb[render] for a better one."
    return _turned(sketch, places or layered.place(sketch), direction, len(picture.arrows), note)


def label_text(label: str) -> str:
    """An arrow's label as it is drawn: one line, cut to its room."""
    return shorten(one_line(label), _LABEL_WIDTH, LABEL_SIZE, mono=True)


def label_width(text: str) -> float:
    """The room that a drawn label takes from left to right."""
    # Rounded up, so that a count that grows by a digit seldom moves the cards.
    return -(-(measure(text, LABEL_SIZE, mono=True) + 2 * _LABEL_PAD) // 8) * 8


def _direction(picture: Picture, sizes: Mapping[str, Point]) -> Direction:
    """To the right, unless the way down is shown clearly larger on a page."""
    widths = {}
    for direction in _DIRECTIONS:
        sketch = _sketch(picture, direction, sizes)
        boxes = list(map(around, layered.place(sketch).centres, sketch.sizes))
        area = _outline(boxes, ())
        widths[direction] = area.width if direction == "right" else area.height
    fits = {direction: min(1.0, _PAGE / (width or 1.0)) for direction, width in widths.items()}
    return "down" if fits["down"] > fits["right"] * _WORTH else "right"


def _sketch(picture: Picture, direction: Direction, own: Mapping[str, Point]) -> Sketch:
    """The sizes of what is placed; for arrows that lead down, with sides exchanged."""
    down = direction == "down"
    number = {card.name: index for index, card in enumerate(picture.cards)}
    usual = CARD_WIDTH, _height(picture)
    sizes = [(CAP, CAP) if card.is_cap else own.get(card.name, usual) for card in picture.cards]
    links = []
    for index, arrow in enumerate(picture.arrows):
        if arrow.source in number and arrow.target in number:
            text = label_text(arrow.label)
            label = (label_width(text), LABEL_HEIGHT) if text else (0.0, 0.0)
            ends = number[arrow.source], number[arrow.target]
            links.append(
                Link(index, *ends, _swap(label) if down else label, arrow.loop or ends[0] == ends[1])
            )
    placed = tuple(map(_swap, sizes)) if down else tuple(sizes)
    gap = _GAP if len(sizes) < _CROWD else _NARROW_GAP
    return Sketch(placed, _rooms(placed, links), _acyclic(len(sizes), links), gap)


def _rooms(sizes: tuple[Point, ...], links: list[Link]) -> tuple[Point, ...]:
    heights = [height for _, height in sizes]
    for link in links:
        if link.source == link.target:
            heights[link.source] += 2 * loop_height(link.label[1])
    return tuple((width, height) for (width, _), height in zip(sizes, heights, strict=True))


def _height(picture: Picture) -> float:
    """One height for all cards of a picture: room for what any of them says."""
    if picture.is_brief:
        return PLAIN_HEIGHT
    if any(card.status for card in picture.cards):
        return CARD_HEIGHT
    return FACTS_HEIGHT if any(card.facts for card in picture.cards) else PLAIN_HEIGHT


def _acyclic(count: int, links: list[Link]) -> tuple[Link, ...]:
    """Mark the links that close a cycle which no loop link breaks."""
    ahead: list[list[Link]] = [[] for _ in range(count)]
    for link in links:
        if not link.back:
            ahead[link.source].append(link)
    closing: set[int] = set()
    state = [0] * count  # 0 unseen, 1 on the way, 2 done
    for root in range(count):
        trail = [(root, iter(ahead[root]))] if not state[root] else []
        while trail:
            card, rest = trail[-1]
            state[card] = 1
            onward = next(rest, None)
            if onward is None:
                state[card] = 2
                trail.pop()
            elif state[onward.target] == 1:
                closing.add(onward.number)
            elif not state[onward.target]:
                trail.append((onward.target, iter(ahead[onward.target])))
    return tuple(
        Link(link.number, link.source, link.target, link.label, back=True) if link.number in closing else link
        for link in links
    )


def _turned(sketch: Sketch, places: Places, direction: Direction, count: int, note: str) -> Layout:
    """Draw the routes, turn the whole into its direction and move it to the corner."""
    turn = _swap if direction == "down" else _same
    routes = draw_routes(sketch, places)
    labels = {link.number: link.label for link in sketch.links}
    boxes = [around(turn(c), turn(size)) for c, size in zip(places.centres, sketch.sizes, strict=True)]
    turned = {
        number: Route(tuple(map(turn, r.points)), turn(r.tip), None if r.label is None else turn(r.label))
        for number, r in routes.items()
    }
    tags = [around(r.label, turn(labels[n])) for n, r in turned.items() if r.label is not None]
    outline = _outline([*boxes, *tags], [point for r in turned.values() for point in (*r.drawn(), r.tip)])
    dx, dy = _MARGIN - outline.x, _MARGIN - outline.y
    moved = {number: _moved(route, dx, dy) for number, route in turned.items()}
    return Layout(
        width=round(outline.width + 2 * _MARGIN, 1),
        height=round(outline.height + 2 * _MARGIN, 1),
        boxes=tuple(Box(round(b.x + dx, 1), round(b.y + dy, 1), b.width, b.height) for b in boxes),
        routes=tuple(moved.get(number) for number in range(count)),
        note=note,
    )


def _outline(boxes: Iterable[Box], points: Iterable[Point]) -> Box:
    xs, ys = [0.0], [0.0]
    corners = [corner for box in boxes for corner in ((box.x, box.y), (box.right, box.bottom))]
    if all_points := [*corners, *points]:
        xs, ys = [x for x, _ in all_points], [y for _, y in all_points]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _moved(route: Route, dx: float, dy: float) -> Route:
    def move(point: Point) -> Point:
        return round(point[0] + dx, 1), round(point[1] + dy, 1)

    return Route(
        tuple(map(move, route.points)), move(route.tip), None if route.label is None else move(route.label)
    )


def _swap(point: Point) -> Point:
    return point[1], point[0]


def _same(point: Point) -> Point:
    return point
