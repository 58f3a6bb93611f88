"""Places without Graphviz: cards in columns by their distance from the start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from .places import Link, Places, Point, Sketch

_COLUMN_GAP = 54.0
_LANE_HEIGHT = 12.0
_LABEL_ROOM = 28.0
_SWEEPS = 4
_MOST_LANES = 6000


class _Cell:
    """A card in its column, or the place where a longer link passes one."""

    __slots__ = ("after", "before", "card", "column", "height", "link", "y")

    def __init__(self, column: int, height: float, *, card: int = -1, link: int = -1) -> None:
        self.column = column
        self.height = height
        self.card = card
        self.link = link
        self.before: list[_Cell] = []
        self.after: list[_Cell] = []
        self.y = 0.0


def place(sketch: Sketch) -> Places:
    """Place cards in columns, with lanes for links that pass a column. Never fails."""
    links = [link for link in sketch.links if not link.back]
    ranks = _ranks(len(sketch.sizes), links)
    columns = _columns(sketch, links, ranks)
    for sweep in range(_SWEEPS):
        _order(columns, forward=sweep % 2 == 0)
    _settle(columns, sketch.gap)
    widths = [
        max((sketch.sizes[c.card][0] for c in column if c.card >= 0), default=0.0) for column in columns
    ]
    gaps = [_COLUMN_GAP] * len(columns)
    for link in links:
        if link.label[0]:
            gaps[ranks[link.source]] = max(gaps[ranks[link.source]], link.label[0] + 2 * _LABEL_ROOM)
    lefts = [sum(widths[:i]) + sum(gaps[:i]) for i in range(len(columns))]
    centres: dict[int, Point] = {}
    lanes: dict[int, list[tuple[float, float, float]]] = {}
    for i, column in enumerate(columns):
        for cell in column:
            if cell.card >= 0:
                centres[cell.card] = (lefts[i] + widths[i] / 2, cell.y)
            else:
                lanes.setdefault(cell.link, []).append((lefts[i], lefts[i] + widths[i], cell.y))
    middles = [left + width + gap / 2 for left, width, gap in zip(lefts, widths, gaps, strict=True)]
    labels = _labels(links, ranks, middles, centres, lanes)
    return Places(tuple(centres[number] for number in range(len(sketch.sizes))), labels, lanes)


def _ranks(count: int, links: Sequence[Link]) -> list[int]:
    """The longest way to each card; links are free of cycles by then."""
    ahead: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for link in links:
        ahead[link.source].append(link.target)
        waiting[link.target] += 1
    ranks = [0] * count
    ready = [card for card in range(count) if not waiting[card]]
    for card in ready:  # grows while it is read
        for target in ahead[card]:
            ranks[target] = max(ranks[target], ranks[card] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ranks


def _columns(sketch: Sketch, links: Iterable[Link], ranks: Sequence[int]) -> list[list[_Cell]]:
    columns: list[list[_Cell]] = [[] for _ in range(max(ranks, default=0) + 1)]
    cards = []
    for card, size in enumerate(sketch.rooms):
        cell = _Cell(ranks[card], size[1], card=card)
        columns[ranks[card]].append(cell)
        cards.append(cell)
    spare = _MOST_LANES
    for link in links:
        near, far = cards[link.source], cards[link.target]
        spare -= far.column - near.column - 1
        if spare >= 0:
            for column in range(near.column + 1, far.column):
                lane = _Cell(column, _LANE_HEIGHT, link=link.number)
                columns[column].append(lane)
                near.after.append(lane)
                lane.before.append(near)
                near = lane
        near.after.append(far)
        far.before.append(near)
    return columns


def _order(columns: list[list[_Cell]], *, forward: bool) -> None:
    """Sort each column by where its neighbours stand in the column before."""
    for column in columns if forward else reversed(columns):
        for cell in column:
            sides = cell.before if forward else cell.after
            if sides:
                cell.y = sum(side.y for side in sides) / len(sides)
        column.sort(key=lambda cell: cell.y)
        # Positions count, not lengths: a column of many must not pull its neighbours apart.
        for index, cell in enumerate(column):
            cell.y = index - (len(column) - 1) / 2


def _settle(columns: list[list[_Cell]], gap: float) -> None:
    for column in columns:
        _stack(column, [cell.y * 100 for cell in column], gap)
    for sweep in range(_SWEEPS * 2):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            _stack(column, [_wish(cell) for cell in column], gap)


def _wish(cell: _Cell) -> float:
    sides = cell.before + cell.after
    return sum(side.y for side in sides) / len(sides) if sides else cell.y


def _stack(column: Sequence[_Cell], wishes: Sequence[float], gap: float) -> None:
    heights = [cell.height for cell in column]
    for cell, y in zip(column, spread(wishes, heights, gap), strict=True):
        cell.y = y


def spread(wishes: Sequence[float], heights: Sequence[float], gap: float) -> list[float]:
    """Find the middles nearest to the wishes, in their order, that keep ``gap`` between neighbours.

    Neighbours whose wishes collide are pooled and share the mean of what they want.
    """
    offsets = [0.0]
    for above, below in pairwise(heights):
        offsets.append(offsets[-1] + (above + below) / 2 + gap)
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=False):
        total, count = wish - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            last, many = pools.pop()
            total, count = total + last, count + many
        pools.append((total, count))
    shifts = [total / count for total, count in pools for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=False)]


def _labels(
    links: Iterable[Link],
    ranks: Sequence[int],
    middles: Sequence[float],
    centres: dict[int, Point],
    lanes: dict[int, list[tuple[float, float, float]]],
) -> dict[int, Point]:
    """Put each label into the gap after its source, level with where its link goes on."""
    wanted: dict[int, list[tuple[float, Link]]] = {}
    for link in links:
        if link.label[0]:
            onward = lanes[link.number][0][2] if link.number in lanes else centres[link.target][1]
            wanted.setdefault(ranks[link.source], []).append(((onward + centres[link.source][1]) / 2, link))
    labels = {}
    for rank, entries in wanted.items():
        entries.sort(key=lambda entry: (entry[0], entry[1].number))
        ys = spread([wish for wish, _ in entries], [link.label[1] for _, link in entries], 4.0)
        labels.update({link.number: (middles[rank], y) for (_, link), y in zip(entries, ys, strict=True)})
    return labels
