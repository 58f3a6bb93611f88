"""Where things lie in a drawing that flows from left to right, and the shapes of what is placed there.

A *sketch* holds sizes only, *places* add where its parts stand. Coordinates are pixels, y grows downwards.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from msgspec import Struct

Point = tuple[float, float]


class Box(Struct, frozen=True):
    """A rectangle by its top left corner and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of its bottom side."""
        return self.y + self.height

    @property
    def centre(self) -> Point:
        """Its middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def overlaps(self, other: Box, gap: float = 0.0) -> bool:
        """Whether two boxes come closer than ``gap``."""
        return (
            self.x < other.right + gap
            and other.x < self.right + gap
            and self.y < other.bottom + gap
            and other.y < self.bottom + gap
        )


def around(centre: Point, size: Point) -> Box:
    """The box of a size around a middle."""
    return Box(centre[0] - size[0] / 2, centre[1] - size[1] / 2, size[0], size[1])


class Shelf:
    """Boxes by their left side, to ask quickly what stands in a rectangle."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self._boxes = sorted(boxes, key=lambda box: box.x)
        self._lefts = [box.x for box in self._boxes]
        self._widest = max((box.width for box in self._boxes), default=0.0)

    def within(self, area: Box) -> list[Box]:
        """The boxes that reach into the area."""
        first = bisect_left(self._lefts, area.x - self._widest)
        last = bisect_left(self._lefts, area.right)
        return [box for box in self._boxes[first:last] if box.overlaps(area)]


class Link(Struct, frozen=True):
    """An arrow between two cards by number, with the size of its label (0, 0 for none)."""

    number: int
    source: int
    target: int
    label: Point
    back: bool = False


class Sketch(Struct, frozen=True):
    """What has to be placed.

    Attributes:
        sizes: The size of each card.
        rooms: The room that each card takes: its size and space for links to itself.
        links: The links between cards.
        gap: The space between neighbours that stand side by side.
    """

    sizes: tuple[Point, ...]
    rooms: tuple[Point, ...]
    links: tuple[Link, ...]
    gap: float = 28.0


class Route(Struct, frozen=True):
    """The way of one arrow.

    Attributes:
        points: A start, then three points for each cubic curve that follows.
        tip: Where the arrow's head points to.
        label: The middle of its label, or None.
    """

    points: tuple[Point, ...]
    tip: Point
    label: Point | None = None

    def drawn(self) -> Iterator[Point]:
        """Points on the way itself; the handles of its curves may lie far outside."""
        points = self.points
        yield points[0]
        for start, one, two, end in zip(points[::3], points[1::3], points[2::3], points[3::3], strict=False):
            for part in (0.25, 0.5, 0.75):
                rest = 1 - part
                weights = rest**3, 3 * rest**2 * part, 3 * rest * part**2, part**3
                yield (
                    sum(w * p[0] for w, p in zip(weights, (start, one, two, end), strict=True)),
                    sum(w * p[1] for w, p in zip(weights, (start, one, two, end), strict=True)),
                )
            yield end


class Places(Struct, frozen=True):
    """Where cards stand, and what a placing engine says of the ways between them.

    Attributes:
        centres: The middle of each card, by number.
        labels: The middle of a link's label, by link number.
        lanes: Level stretches ``(from x, to x, y)`` that a link has to run through, by link number.
        splines: A finished way for a link that is neither straight nor in lanes, by link number.
    """

    centres: tuple[Point, ...]
    labels: dict[int, Point] = {}
    lanes: dict[int, list[tuple[float, float, float]]] = {}
    splines: dict[int, Route] = {}
