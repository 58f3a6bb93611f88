"""The record as HTML: no script, nothing loaded from elsewhere, readable without its style sheet."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

from genxai_nb.graph.draw import Layout, Picture, layout, svg
from genxai_nb.graph.draw.figures import counted, short_count, short_time
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.draw.picture import GLYPHS

from . import style
from .markup import Markup, element, image, joined
from .record_account import Account, Row, Value, cut
from .record_text import left_out, shown_first

_LARGEST_PICTURE = 120_000
_PAGE, _TALL, _TALLEST = 820.0, 640.0, 880.0
_SMALLEST_SCALE = 0.72  # below it words are hard to read
_CENTRED = "display:block;margin:0 auto"
_MOST_ROWS = 60
_MOST_VALUES = 24
_GLANCE = 160
_SHORT, _FEW_LINES = 480, 10
_ALT = 600
_TEXT_GLYPHS = GLYPHS | {"running": GLYPHS["running"] + "\ufe0e"}  # else some systems draw it as an emoji

# Between parts of a line where no style sheet sets them apart.
SEPARATOR = element("span", " · ", class_="gx-gone")


def html_record(account: Account, room: int, picture: Markup | None) -> Markup:
    """Write a record; ``room`` is how many characters each longer text may take."""
    label = f"Run {account.run} of {account.graph}: {account.headline}"
    return element(
        "section",
        Markup(f"<style>{style.STYLE}</style>"),
        _head(account),
        _note(account, room),
        picture,
        _value_table(account, room) if account.values else None,
        _node_table(account, room),
        _foot(account),
        class_="gx-record",
        role="region",
        aria_label=one_line(label),
        style=style.FRAME,
    )


def picture_part(picture: Picture) -> Markup:
    """The picture as an image on a light card; in words, when it is too large to be kept."""
    placed = layout(picture)
    data = b64encode(svg(picture, placed).encode()).decode()
    if len(data) > _LARGEST_PICTURE:
        said = f"The picture of {counted(len(picture.cards), 'node')} is too large to be kept here."
        return element("div", said, class_="gx-note gx-dim", style=style.PART)
    source, alt = f"data:image/svg+xml;base64,{data}", cut(one_line(picture.in_words()), _ALT)
    least = round(placed.width * _SMALLEST_SCALE)
    if least <= _PAGE and placed.height * _SMALLEST_SCALE <= _TALLEST:
        width = max(least, round(placed.width * min(1.0, _TALL / placed.height)))
        drawn = image(
            source, alt, f"{_CENTRED};width:{width}px;max-width:100%;min-width:{least}px;height:auto"
        )
    else:
        drawn = _zoomable(source, alt, placed)
    return joined(
        element("div", drawn, class_="gx-picture", style=style.PICTURE),
        element("div", placed.note, class_="gx-note gx-dim", style=style.PART) if placed.note else None,
    )


def _zoomable(source: str, alt: str, placed: Layout) -> Markup:
    """A large picture: small at first, at full size when it is opened."""
    shown = image(source, alt, f"{_CENTRED};max-width:100%;max-height:{_TALL:.0f}px")
    size = f"Full size ({placed.width:.0f} × {placed.height:.0f})"
    x, y = placed.boxes[0].centre
    start = element("span", class_="gx-start", style=f"left:{x:.0f}px;top:{y:.0f}px")
    return element(
        "details",
        element("summary", element("span", size, class_="gx-dim"), element("div", start, shown)),
        class_="gx-zoom",
    )


def _head(account: Account) -> Markup:
    sums = [*account.sums, short_time(account.seconds)]
    return element(
        "div",
        element("b", account.graph, class_="gx-name"),
        SEPARATOR,
        element("span", account.run),
        SEPARATOR,
        element(
            "b", f"{_TEXT_GLYPHS[account.status]} {account.headline}", class_=f"gx-pill gx-{account.status}"
        ),
        SEPARATOR,
        element("span", " · ".join(sums), class_="gx-sums"),
        class_="gx-bar",
        style="padding:8px 12px",
    )


def _note(account: Account, room: int) -> Markup | None:
    parts: list[str] = []
    if account.trouble is not None:
        what, where, hint = account.trouble
        parts += [element("b", cut(what, max(room, 1000)))]
        parts += [f" {where}"] if where else []
        parts += [Markup("<br>"), hint]
        if account.resumes:
            parts += [": ", element("code", f"%genxai resume {account.run}", class_="gx-code")]
    for limit in account.limits:
        parts += [*([Markup("<br>")] if parts else []), limit]
    tone = account.status if account.trouble else "idle"
    return element("div", *parts, class_=f"gx-note gx-{tone}", style=style.PART) if parts else None


def _value_table(account: Account, room: int) -> Markup:
    shown = list(account.values.items())[:_MOST_VALUES]
    rest = len(account.values) - len(shown)
    rows = [
        element(
            "tr",
            element("td", key, class_="gx-key", style=style.LEFT),
            element("td", _long(value, room), style=style.LEFT),
        )
        for key, value in shown
    ]
    if rest:
        rows.append(
            element("tr", element("td", f"and {counted(rest, 'more key')}", colspan="2", style=style.LEFT))
        )
    return _table("What the run wrote", None, rows)


def _long(value: Value, room: int) -> Markup:
    """A value as it is, if it is short; else a glance at it that opens to the whole."""
    whole = value.text.strip()
    if value.glance == one_line(whole) and len(whole) <= _SHORT and whole.count("\n") < _FEW_LINES:
        return _text(whole) if "\n" in whole else joined(whole)
    if len(value.glance) <= _GLANCE:
        return joined(value.glance)
    if room <= _GLANCE:
        return joined(cut(value.glance, _GLANCE))
    glance = value.glance[:_GLANCE].rstrip() + "…"
    return element(
        "details",
        element("summary", element("span", glance, class_="gx-glance")),
        _text(cut(value.text, room)),
    )


def _text(text: str) -> Markup:
    return element("div", text, class_="gx-text", style=style.TEXT)


def _node_table(account: Account, room: int) -> Markup:
    shown, rest = shown_first(account.rows, _MOST_ROWS)
    head = element(
        "tr",
        element("th", "node", scope="col", style=style.LEFT),
        element("th", "status", scope="col", style=style.LEFT),
        *(
            element("th", name, scope="col", class_=_number_class(name), style=style.RIGHT)
            for name in ("tokens", "cost", "time")
        ),
    )
    rows = [_node_row(row, room) for row in shown]
    if rest:
        rows.append(element("tr", element("td", left_out(rest), colspan="5", style=style.LEFT)))
    return _table("Nodes", head, rows)


def _number_class(name: str) -> str:
    return "gx-num gx-cost" if name == "cost" else "gx-num"


def _node_row(row: Row, room: int) -> Markup:
    figures = {
        "tokens": short_count(row.tokens) if row.tokens else "-",
        "cost": row.cost,
        "time": "-" if row.seconds is None else short_time(row.seconds),
    }
    return element(
        "tr",
        element("td", _node_cell(row, room), style=style.LEFT),
        element(
            "td",
            f"{_TEXT_GLYPHS[row.status]} {row.words}",
            class_=f"gx-state gx-{row.status}",
            style=style.LEFT,
        ),
        *(
            element("td", figure, class_=_number_class(name), style=style.RIGHT)
            for name, figure in figures.items()
        ),
    )


def _node_cell(row: Row, room: int) -> Markup:
    title = joined(
        element("b", cut(one_line(row.name), 80)),
        " ",
        element("span", cut(one_line(row.kind), 40), class_="gx-dim") if row.kind else None,
    )
    parts = list(_said(row, room)) if room else []
    if not parts:
        return title
    return element("details", element("summary", title), element("div", *parts, class_="gx-said"))


def _said(row: Row, room: int) -> Iterable[Markup]:
    if row.prompt:
        yield from _labelled("prompt", row.prompt, room)
    if row.memories:
        yield from _labelled("memories", row.memories, room)
    if row.reply:
        yield from _labelled(f"reply of {row.model}" if row.model else "reply", row.reply, room)
    if row.tools:
        yield from _labelled("tools called", ", ".join(row.tools), room)
    for key, text in row.wrote.items():
        if text != row.reply:
            yield from _labelled(f"wrote {key}", text, room)
    if row.error:
        yield from _labelled("error", row.error, room)


def _labelled(label: str, text: str, room: int) -> Iterable[Markup]:
    yield element("span", cut(one_line(label), 80))
    yield _text(cut(text, room))


def _table(label: str, head: Markup | None, rows: Iterable[Markup]) -> Markup:
    return element(
        "div",
        element(
            "table",
            element("thead", head) if head else None,
            element("tbody", *rows),
            class_="gx-table",
            aria_label=label,
            style="width:100%;table-layout:auto;margin:0;border-collapse:collapse",
        ),
        class_="gx-wide",
        style="overflow:auto",
    )


def _foot(account: Account) -> Markup:
    models = list(dict.fromkeys(row.model for row in account.rows if row.model))
    return element(
        "div",
        element("span", f"Model: {cut(one_line(', '.join(models)), 200)}") if models else None,
        " ",
        element("span", element("code", f"%genxai show {account.run}", class_="gx-code")),
        class_="gx-foot",
        style=style.PART,
    )
