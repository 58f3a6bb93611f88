"""Write a picture as one SVG document: ours alone, with no script and nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import pairwise, starmap
from math import hypot

from .layout import FACTS_HEIGHT, LABEL_HEIGHT, LABEL_SIZE, Layout, label_text, label_width
from .lettering import measure, one_line, shorten
from .picture import GLYPHS, Arrow, Card, Picture, Status
from .places import Box, Point, Route

_PAD = 14.0
_TITLE, _SMALL, _CAP_TEXT = 13.0, 11.0, 10.0
_FIRST, _SECOND, _THIRD = 23.0, 42.5, 64.0
_AFTER_ICON = 17.0
_SIDE_BY_SIDE = 3

# The light palette of the notebook's design tokens: a picture lies on its own light card.
_STYLE = """\
.gx{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
.gx .page{fill:#fff}
.gx text{fill:#212121}
.gx .n rect,.gx .card{fill:#fff;stroke:#8a9099;stroke-width:1.2}
.gx .t{font-size:13px;font-weight:600}
.gx .k,.gx .m{font-size:11px;fill:#5c6470}
.gx .s{font-size:11px;font-weight:600;fill:var(--c)}
.gx .i{color:var(--c)}
.gx .idle{--c:#5f6673}.gx .n.idle :is(rect,.card){stroke-dasharray:4 3}.gx .idle .t{fill:#4a515c}
.gx .done{--c:#0b6b57}.gx .n.done :is(rect,.card){stroke:#79ab9f}
.gx .running{--c:#8a5300}.gx .n.running :is(rect,.card){fill:#fff4dd;stroke:#8a5300;stroke-width:1.5}
.gx .paused{--c:#0b57a8}.gx .n.paused :is(rect,.card){fill:#e6f0fb;stroke:#0b57a8;stroke-width:2}
.gx .waiting{--c:#6a3fa0}.gx .n.waiting :is(rect,.card){fill:#f3ecfb;stroke:#6a3fa0;stroke-width:1.5}
.gx .failed{--c:#a8321a}.gx .n.failed :is(rect,.card){fill:#fdeee9;stroke:#a8321a;stroke-width:1.5}
.gx .e path{fill:none;stroke:#8a9099;stroke-width:1.4}
.gx .e .h{fill:#8a9099;stroke:none}
.gx .loop path{stroke-dasharray:5 3}
.gx .took path{stroke:#0b6b57;stroke-width:1.8}.gx .took .h{fill:#0b6b57}
.gx .l rect{fill:#fff}
.gx .l text{font:11px Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#5c6470;text-anchor:middle}
.gx .l.took text{fill:#212121}
.gx .cap circle{fill:#fff;stroke:#8a9099;stroke-width:1.4}
.gx .cap text{font-size:10px;font-weight:600;fill:#5c6470;letter-spacing:.04em;text-anchor:middle}
.gx .end{text-anchor:end}.gx .mid{text-anchor:middle}
"""
_ICONS: dict[Status, str] = {
    "idle": '<circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.5"/>',
    "running": '<path d="M3.2 1.8 10 6 3.2 10.2z" fill="currentColor"/>',
    "done": '<path d="M1.8 6.4 4.8 9.4 10.4 2.8" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round"/>',
    "paused": '<path d="M3 1.8h2.2v8.4H3zM6.9 1.8h2.2v8.4H6.9z" fill="currentColor"/>',
    "waiting": '<path d="M6 .8 11.2 6 6 11.2.8 6z" fill="none" stroke="currentColor" stroke-width="1.4"/>'
    '<path d="M6 3.6v3M6 8.2v.4" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/>',
    "failed": '<path d="M2.5 2.5l7 7M9.5 2.5l-7 7" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round"/>',
}


def svg(picture: Picture, layout: Layout) -> str:
    """Write the drawing of a picture whose parts have their places.

    Every text of the picture is escaped; names that are too long are cut, and whole in a ``<title>``.
    Of a graph with very many nodes only names, icons and ways are drawn.
    """
    width, height = _number(layout.width), _number(layout.height)
    statuses = sorted({card.status for card in picture.cards if card.status})
    icons = "".join(
        f'<symbol id="gx-{status}" viewBox="0 0 12 12">{_ICONS[status]}</symbol>' for status in statuses
    )
    placed = list(zip(picture.cards, layout.boxes, strict=True))
    drawn = [
        (arrow, way) for arrow, way in zip(picture.arrows, layout.routes, strict=True) if way is not None
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gx" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label={_quoted(picture.in_words())}>',
        f"<title>Graph {_text(picture.name)}</title>",
        f"<style>{_STYLE}</style>",
        f"<defs>{icons}</defs>" if icons else "",
        f'<rect class="page" width="{width}" height="{height}" rx="6"/>',
        *_ways(drawn),
        *(_label(arrow, way.label) for arrow, way in drawn if way.label is not None),
        *(_brief_cards(placed) if picture.is_brief else starmap(_card, placed)),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


def _ways(drawn: Iterable[tuple[Arrow, Route]]) -> Iterator[str]:
    """One path for all ways that look alike, and one for their heads; those taken lie above."""
    groups: dict[str, list[Route]] = {}
    for arrow, way in drawn:
        groups.setdefault(_classes("e", arrow), []).append(way)
    for classes, ways in sorted(groups.items(), key=lambda group: ("took" in group[0], group[0])):
        lines = "".join(_path(way.points) for way in ways)
        heads = "".join(_head(way.points, way.tip) for way in ways)
        yield f'<g class="{classes}"><path d="{lines}"/><path class="h" d="{heads}"/></g>'


def _classes(kind: str, arrow: Arrow) -> str:
    return kind + (" loop" if arrow.loop else "") + (" took" if arrow.taken else "")


def _path(points: tuple[Point, ...]) -> str:
    parts = [f"M{_point(points[0])}"]
    start = points[0]
    for one, two, end in zip(points[1::3], points[2::3], points[3::3], strict=True):
        if _is_straight((start, one, two, end)):
            parts.append(f"L{_point(end)}" if end != start else "")
        else:
            parts.append(f"C{_point(one)} {_point(two)} {_point(end)}")
        start = end
    return "".join(parts)


def _is_straight(points: Iterable[Point]) -> bool:
    several = list(points)
    return all(abs(a[0] - b[0]) < 0.2 for a, b in pairwise(several)) or all(
        abs(a[1] - b[1]) < 0.2 for a, b in pairwise(several)
    )


def _head(points: tuple[Point, ...], tip: Point) -> str:
    """A triangle from the way's end to its tip."""
    (x0, y0), (x1, y1) = points[-1], tip
    length = hypot(x1 - x0, y1 - y0) or 1.0
    dx, dy = (y1 - y0) / length * 4.5, (x0 - x1) / length * 4.5
    return f"M{_point(tip)}L{_point((x0 + dx, y0 + dy))} {_point((x0 - dx, y0 - dy))}z"


def _label(arrow: Arrow, middle: Point) -> str:
    text = label_text(arrow.label)
    width, (x, y) = label_width(text) - 4, middle
    box = (
        f'<rect x="{_number(x - width / 2)}" y="{_number(y - LABEL_HEIGHT / 2)}" width="{_number(width)}" '
        f'height="{_number(LABEL_HEIGHT)}" rx="4"/>'
    )
    whole = one_line(arrow.label)
    title = f"<title>{_text(whole)}</title>" if whole != text else ""
    baseline = y + LABEL_SIZE * 0.35
    return (
        f'<g class="{_classes("l", arrow)}">{title}{box}'
        f'<text x="{_number(x)}" y="{_number(baseline)}">{_text(text)}</text></g>'
    )


def _card(card: Card, box: Box) -> str:
    if card.is_cap:
        return _cap(card, box)
    inside = "".join(_lines(card, box.width, box.height))
    status = f" {card.status}" if card.status else ""
    return (
        f'<g class="n{status}" transform="translate({_point((box.x, box.y))})">'
        f'<rect width="{_number(box.width)}" height="{_number(box.height)}" rx="8"/>{inside}</g>'
    )


def _brief_cards(placed: Iterable[tuple[Card, Box]]) -> Iterator[str]:
    """Names and glyphs only, the frames of one status in one path."""
    groups: dict[Status | None, list[tuple[Card, Box]]] = {}
    for card, box in placed:
        if card.is_cap:
            yield _cap(card, box)
        else:
            groups.setdefault(card.status, []).append((card, box))
    for status, cards in groups.items():
        frames = "".join(
            f"M{box.x:.0f} {box.y:.0f}h{box.width:.0f}v{box.height:.0f}h-{box.width:.0f}z" for _, box in cards
        )
        names = "".join(_brief_name(card, box) for card, box in cards)
        yield f'<g class="n {status or ""}"><path class="card" d="{frames}"/>{names}</g>'


def _brief_name(card: Card, box: Box) -> str:
    glyph = f"{GLYPHS[card.status]} " if card.status else ""
    name = shorten(glyph + one_line(card.name), box.width - 2 * _PAD, _TITLE, bold=True)
    y = box.centre[1] + _TITLE * 0.35
    return f'<text class="t" x="{box.x + _PAD:.0f}" y="{y:.0f}">{_text(name)}</text>'


def _cap(card: Card, box: Box) -> str:
    x, y = box.centre
    name = shorten(one_line(card.name), box.width - 2, _CAP_TEXT)
    return (
        f'<g class="cap"><circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(box.width / 2 - 1)}"/>'
        f'<text x="{_number(x)}" y="{_number(y + _CAP_TEXT * 0.35)}">{_text(name)}</text></g>'
    )


def _lines(card: Card, width: float, height: float) -> Iterator[str]:
    whole, kind = one_line(card.name), shorten(one_line(card.kind), width / 3, _SMALL)
    inner = width - 2 * _PAD
    name = shorten(whole, inner, _TITLE, bold=True)
    words = shorten(one_line(card.words), inner - _AFTER_ICON, _SMALL, bold=True)
    yield f"<title>{_text(' · '.join(filter(None, (whole, one_line(card.kind), one_line(card.words)))))}</title>"
    first = _FIRST if height >= FACTS_HEIGHT else height / 2 + _TITLE * 0.35
    yield f'<text class="t" x="{_number(_PAD)}" y="{_number(first)}">{_text(name)}</text>'
    if kind:
        taken = {first: measure(name, _TITLE, bold=True)}
        if card.status:
            taken[_SECOND] = _AFTER_ICON + measure(words, _SMALL, bold=True)
        room = inner - measure(kind, _SMALL) - 8
        # A long name keeps its line; the kind then goes to the next one if it can.
        for baseline in [line for line, used in taken.items() if used <= room][:1]:
            yield f'<text class="k end" x="{_number(width - _PAD)}" y="{_number(baseline)}">{_text(kind)}</text>'
    if card.status:
        yield f'<use class="i" href="#gx-{card.status}" x="14" y="32.5" width="12" height="12"/>'
        yield f'<text class="s" x="{_number(_PAD + _AFTER_ICON)}" y="{_number(_SECOND)}">{_text(words)}</text>'
    yield from _facts(card.facts[:_SIDE_BY_SIDE], width, _THIRD if card.status else _SECOND)


def _facts(facts: tuple[str, ...], width: float, baseline: float) -> Iterator[str]:
    """One fact at the left, two at the sides, three evenly."""
    inner = width - 2 * _PAD
    wanted = [measure(one_line(fact), _SMALL) for fact in facts]
    fits = sum(wanted) + 8 * (len(facts) - 1) <= inner
    for index, fact in enumerate(facts):
        room = wanted[index] + 1 if fits else inner / len(facts) - 4
        last = index == len(facts) - 1 and index > 0
        place, x = ("", _PAD) if index == 0 else (" end", width - _PAD) if last else (" mid", width / 2)
        text = shorten(one_line(fact), room, _SMALL)
        yield f'<text class="m{place}" x="{_number(x)}" y="{_number(baseline)}">{_text(text)}</text>'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _point(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _text(text: str) -> str:
    return escape(one_line(text), quote=False)


def _quoted(text: str) -> str:
    return f'"{escape(one_line(text, 1000))}"'
