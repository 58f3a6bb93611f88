"""The ways of arrows between cards that have their places."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from .places import Box, Link, Places, Point, Route, Shelf, Sketch, around

HEAD = 9.0
_CLEAR = 12.0
_ATTACHED_APART = 18.0
_CORNER = 90.0
_TURN = 12.0


def draw_routes(sketch: Sketch, places: Places) -> dict[int, Route]:
    """Find a way for every link: curves between neighbours, arches for those that lead back."""
    boxes = [around(centre, size) for centre, size in zip(places.centres, sketch.sizes, strict=True)]
    shelf = Shelf(boxes)
    twins = Counter((link.source, link.target) for link in sketch.links)
    routes = {}
    for link in sketch.links:
        if not link.back:
            alone = twins[link.source, link.target] == 1
            routes[link.number] = _forward(link, boxes, places, shelf, alone=alone)
    routes.update(_Arches(sketch, boxes, routes).routes())
    return routes


def _forward(link: Link, boxes: Sequence[Box], places: Places, shelf: Shelf, *, alone: bool) -> Route:
    start = (boxes[link.source].right, boxes[link.source].centre[1])
    end = (boxes[link.target].x, boxes[link.target].centre[1])
    label = places.labels.get(link.number)
    levels = list(places.lanes.get(link.number, ()))
    if label is not None:
        levels.insert(0, (label[0] - link.label[0] / 2, label[0] + link.label[0] / 2, label[1]))
    stops = [start, *((x, y) for from_x, to_x, y in levels for x in (from_x, to_x)), (end[0] - HEAD, end[1])]
    finished = places.splines.get(link.number)
    apart = alone or label is not None  # two ways between the same cards run through their labels
    if finished is None or (apart and _is_clear(stops, shelf)):
        return Route(tuple(_curved(stops)), end, label)
    return Route(finished.points, finished.tip, label)


def _is_clear(stops: Sequence[Point], shelf: Shelf) -> bool:
    return all(
        after[0] > before[0]
        and not shelf.within(
            Box(
                before[0] + 1,
                min(before[1], after[1]),
                after[0] - before[0] - 2,
                abs(after[1] - before[1]) + 1,
            )
        )
        for before, after in pairwise(stops)
    )


def _curved(stops: Sequence[Point]) -> list[Point]:
    points = [stops[0]]
    for (x0, y0), (x1, y1) in pairwise(stops):
        bend = (x1 - x0) / 2
        points += [(x0 + bend, y0), (x1 - bend, y1), (x1, y1)]
    return points


class _Ends(NamedTuple):
    """How a way back meets its cards: above (-1) or below (1), and which end is open to that side."""

    side: int
    leaves: bool
    enters: bool


class _Arches:
    """Ways back: out of a card's top or bottom, along a lane clear of all cards, into the head of the loop."""

    def __init__(self, sketch: Sketch, boxes: Sequence[Box], routes: dict[int, Route]) -> None:
        self._boxes = boxes
        self._own = _own_loops([link for link in sketch.links if link.source == link.target], boxes)
        self._links = [link for link in sketch.links if link.back and link.source != link.target]
        self._taken = {side: self._obstacles(sketch, routes | self._own, side) for side in (-1, 1)}
        self._gaps: Counter[tuple[int, bool]] = Counter()

    def _obstacles(
        self, sketch: Sketch, routes: dict[int, Route], side: int
    ) -> list[tuple[float, float, float]]:
        """What a lane has to pass: ``(from x, to x, edge)``, the edge being the outer one on that side."""
        taken = [(box.x, box.right, _edge(box, side)) for box in self._boxes]
        labels = {link.number: link.label for link in sketch.links}
        for number, route in routes.items():
            xs, ys = [p[0] for p in route.points], [p[1] for p in route.points]
            taken.append((min(xs), max(xs), (min if side < 0 else max)(ys)))
            if route.label is not None:
                box = around(route.label, labels[number])
                taken.append((box.x, box.right, _edge(box, side)))
        return taken

    def routes(self) -> dict[int, Route]:
        """The inner ways first, so that outer ones arch over them."""
        ends = {link.number: self._chosen(link) for link in self._links}
        attached = self._attached(ends)
        order = sorted(self._links, key=lambda link: (self._span(link), link.number))
        return {link.number: self._arch(link, ends[link.number], attached) for link in order} | self._own

    def _span(self, link: Link) -> float:
        return abs(self._boxes[link.source].centre[0] - self._boxes[link.target].centre[0])

    def _chosen(self, link: Link) -> _Ends:
        """The side on which more ends are open, above if both are alike."""
        choices = [
            _Ends(side, self._is_open(link.source, side), self._is_open(link.target, side))
            for side in (-1, 1)
        ]
        return max(choices, key=lambda ends: ends.leaves + ends.enters)

    def _is_open(self, card: int, side: int) -> bool:
        box = self._boxes[card]
        return not any(
            other.x < box.right and box.x < other.right and (other.y - box.y) * side > 0
            for other in self._boxes
            if other is not box
        )

    def _attached(self, chosen: dict[int, _Ends]) -> dict[tuple[int, bool], float]:
        """The x at which each way leaves and enters its cards, so that ways nest and do not cross."""
        ends: dict[tuple[int, int], list[tuple[float, int, bool]]] = defaultdict(list)
        for link in self._links:
            choice, far = chosen[link.number], self._span(link)
            if choice.leaves:
                ends[link.source, choice.side].append((far, link.number, True))
            if choice.enters:
                ends[link.target, choice.side].append((-far, link.number, False))
        xs = {}
        for (card, _), many in ends.items():
            # Those that go left, the nearest first; then those that come from the right, the farthest first.
            many.sort(key=lambda end: (not end[2], end[0], end[1]))
            apart = min(_ATTACHED_APART, (self._boxes[card].width - 24) / max(1, len(many) - 1))
            for index, (_, number, leaving) in enumerate(many):
                shift = (index - (len(many) - 1) / 2) * apart
                xs[number, leaving] = self._boxes[card].centre[0] + shift
        return xs

    def _arch(self, link: Link, ends: _Ends, attached: dict[tuple[int, bool], float]) -> Route:
        source, target = self._boxes[link.source], self._boxes[link.target]
        side, half = ends.side, link.label[0] / 2
        out = attached[link.number, True] if ends.leaves else self._gap(link.source, source.right, after=True)
        into = attached[link.number, False] if ends.enters else self._gap(link.target, target.x, after=False)
        middle = (out + into) / 2
        lane = self._lane(min(out, into, middle - half), max(out, into, middle + half), side, link.label[1])
        first, last = (out, _edge(source, side)), (into, _edge(target, side) + side * HEAD)
        before, after, tip = [first], [], (into, _edge(target, side))
        if not ends.leaves:
            level = source.centre[1]
            first = (out, level + side * _TURN)
            before = [(source.right, level), *_round((source.right, level), (out, level), first)]
        if not ends.enters:
            tip = (target.x, target.centre[1])
            last = (into, tip[1] + side * _TURN)
            after = _round(last, (into, tip[1]), (tip[0] - HEAD, tip[1]))
        corner = _CORNER if ends.leaves and ends.enters else 2 * _TURN
        points = [*before, *_bridge(first, last, lane, corner), *after]
        return Route(tuple(points), tip, (middle, lane) if half else None)

    def _gap(self, card: int, x: float, *, after: bool) -> float:
        """A place in the gap beside a card; further ways take places next to it."""
        self._gaps[card, after] += 1
        shift = 12 + 7 * min(self._gaps[card, after], 4)
        return x + shift if after else x - shift - HEAD

    def _lane(self, left: float, right: float, side: int, label: float) -> float:
        edges = [edge for from_x, to_x, edge in self._taken[side] if from_x < right and left < to_x]
        outermost = (min if side < 0 else max)(edges)
        lane = outermost + side * (_CLEAR + label / 2)
        self._taken[side].append((left, right, lane + side * label / 2))
        return lane


def loop_height(label: float) -> float:
    """How far a link from a card to itself rises above it, for a label of that height."""
    return _CLEAR + label


def _own_loops(links: Iterable[Link], boxes: Sequence[Box]) -> dict[int, Route]:
    """Small arches over a card for its links to itself, one above the other."""
    routes = {}
    floors = [box.y for box in boxes]
    for link in links:
        box = boxes[link.source]
        reach = min(link.label[0] / 2 + 2 * _TURN, box.width / 2 - _TURN)
        x, lane = box.centre[0], floors[link.source] - loop_height(link.label[1]) + link.label[1] / 2
        floors[link.source] -= loop_height(link.label[1])
        start, end = (x + reach, box.y), (x - reach, box.y - HEAD)
        points = [start, *_bridge(start, end, lane, _TURN)]
        routes[link.number] = Route(tuple(points), (end[0], box.y), (x, lane) if link.label[0] else None)
    return routes


def _edge(box: Box, side: int) -> float:
    return box.y if side < 0 else box.bottom


def _bridge(start: Point, end: Point, lane: float, corner: float) -> list[Point]:
    """The way from a start straight to a lane, along it, and straight to an end, with round corners."""
    (x0, y0), (x1, y1) = start, end
    across = min(corner, abs(x1 - x0) / 2) * (1 if x1 > x0 else -1)
    rise, fall = (x0, _toward(lane, y0, corner)), (x1, _toward(lane, y1, corner))
    on, off = (x0 + across, lane), (x1 - across, lane)
    return [
        *_straight(start, rise),
        *_round(rise, (x0, lane), on),
        *_straight(on, off),
        *_round(off, (x1, lane), fall),
        *_straight(fall, end),
    ]


def _toward(y: float, other: float, most: float) -> float:
    return y + max(-most, min(most, other - y))


def _round(start: Point, corner: Point, end: Point) -> list[Point]:
    """A quarter of an ellipse."""
    return [_between(start, corner, 0.55), _between(end, corner, 0.55), end]


def _straight(start: Point, end: Point) -> list[Point]:
    return [_between(start, end, 1 / 3), _between(start, end, 2 / 3), end]


def _between(start: Point, end: Point, part: float) -> Point:
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part
