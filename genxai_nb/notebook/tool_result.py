"""What a tool returned, as a person reads it: its parts as rows, lists of parts as tables, an image as an image."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.draw.figures import counted
from genxai_nb.graph.draw.lettering import one_line, visible
from genxai_nb.secrets import redact
from genxai_nb.templates import readable

from . import style
from .markup import Markup, element, image, joined
from .record_account import cut
from .record_html import SEPARATOR

if TYPE_CHECKING:
    from genxai_nb.tools.outcome import Outcome

_MOST_ROWS = 50
_MOST_COLUMNS = 12
_CELL = 200  # characters of a table's cell
_TEXT = 20_000
_SHORT, _FEW_LINES = 300, 8
_DEEPEST = 3
_THUMBNAIL = (320, 240)
_LOOK = 5.0  # seconds that a picture may take
_IMAGE_PARTS = {"path", "format", "width", "height"}

_NARROW = "width:auto"
_CAPTION = "caption-side:bottom;text-align:left;padding:0 12px 6px"


def outcome_bundle(outcome: Outcome) -> dict[str, str]:
    """Make what the value of a builtin tool shows when it is displayed in a cell."""
    from genxai_nb.tools.results import plain

    return result_bundle(type(outcome).__name__, plain(outcome, type(outcome).__name__))


def result_bundle(name: str, value: Any, foot: str = "") -> dict[str, str]:
    """Make a value that a tool returned readable, as HTML without a script and as plain text.

    Known secrets stand by their names, all text is escaped, tables show their first fifty rows and texts their
    first 20,000 characters, and both say so.

    Args:
        name: The tool's name.
        value: Plain data, as `genxai_nb.tools.results.plain` makes it.
        foot: A line below it.
    """
    if value is None or value in ("", [], {}):
        value = "Nothing."
    page = element(
        "section",
        Markup(f"<style>{style.STYLE}</style>"),
        element(
            "div",
            element("b", one_line(name), class_="gx-name"),
            *((SEPARATOR, element("span", _size(value))) if _size(value) else ()),
            class_="gx-bar",
            style="padding:8px 12px",
        ),
        _picture(value),
        _part(value, 0)
        if isinstance(value, Mapping | list)
        else element("div", _text(value), class_="gx-note", style=style.PART),
        element("div", foot, class_="gx-foot", style=style.PART) if foot else None,
        class_="gx-record",
        role="region",
        aria_label=f"Result of {one_line(name)}",
        style=style.FRAME,
    )
    text = cut(visible(redact(readable(value))), _TEXT)
    return {"text/html": str(page), "text/plain": "\n".join(filter(None, (text, foot)))}


def _part(value: Any, depth: int) -> Markup:
    if isinstance(value, Mapping) and value and depth < _DEEPEST:
        rows = [
            element(
                "tr",
                element("td", cut(one_line(str(key)), _CELL), class_="gx-key", style=style.LEFT),
                element("td", _part(item, depth + 1), style=style.LEFT),
            )
            for key, item in value.items()
        ]
        return _table(element("tbody", *rows))
    if _is_table(value):
        return _rows(value)
    if isinstance(value, Sequence) and not isinstance(value, str) and value and depth < _DEEPEST:
        return _items(value, depth)
    return _text(value)


def _is_table(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) > 0
        and all(isinstance(item, Mapping) for item in value)
    )


def _rows(items: Sequence[Mapping[str, Any]]) -> Markup:
    """Dicts as the rows of a table, whose columns are all their keys."""
    columns = list(dict.fromkeys(key for item in items[:_MOST_ROWS] for key in item))
    shown = columns[:_MOST_COLUMNS]
    head = element("tr", *(_head(key, items[0].get(key)) for key in shown))
    body = [
        element("tr", *(_cell(item[key]) if key in item else element("td") for key in shown))
        for item in items[:_MOST_ROWS]
    ]
    left = [
        counted(more, word)
        for more, word in (
            (len(items) - _MOST_ROWS, "more row"),
            (len(columns) - _MOST_COLUMNS, "more column"),
        )
        if more > 0
    ]
    said = element("caption", f"and {', '.join(left)}", style=_CAPTION) if left else None
    return _table(said, element("thead", head), element("tbody", *body))


def _head(key: str, first: Any) -> Markup:
    name = cut(one_line(key), 60)
    if _is_number(first):
        return element("th", name, scope="col", class_="gx-num", style=f"{style.RIGHT};{_NARROW}")
    return element("th", name, scope="col", style=_NARROW)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any) -> Markup:
    text = "" if value is None else cut(one_line(_words(value)), _CELL)
    if _is_number(value):
        return element("td", text, class_="gx-num", style=style.RIGHT)
    return element("td", text, style=style.LEFT)


def _items(items: Sequence[Any], depth: int) -> Markup:
    if all(not isinstance(item, Mapping | list) for item in items):
        shown = cut(", ".join(one_line(_words(item)) for item in items[: 4 * _MOST_ROWS]), _TEXT)
        more = len(items) - 4 * _MOST_ROWS
        return joined(shown, f" and {more} more" if more > 0 else None)
    rows = [element("tr", element("td", _part(item, depth + 1))) for item in items[:_MOST_ROWS]]
    if len(items) > _MOST_ROWS:
        rows.append(element("tr", element("td", f"and {len(items) - _MOST_ROWS} more")))
    return _table(element("tbody", *rows))


def _text(value: Any) -> Markup:
    text = _words(value)
    if len(text) <= _SHORT and text.count("\n") < _FEW_LINES:
        return element("div", text, class_="gx-text", style=style.TEXT) if "\n" in text else joined(text)
    whole = element("div", cut(text, _TEXT), class_="gx-text", style=style.TEXT)
    glance = element("span", f"{one_line(text[:_CELL])[:160].rstrip()}…", class_="gx-glance")
    return element("details", element("summary", glance), whole)


def _words(value: Any) -> str:
    return redact(visible(readable(value)))


def _table(*parts: Markup | None) -> Markup:
    table = element("table", *parts, class_="gx-table", style="margin:0;border-collapse:collapse")
    return element("div", table, class_="gx-wide", style="overflow:auto")


def _size(value: Any) -> str:
    if not isinstance(value, Mapping):
        return ""
    tables = [(key, item) for key, item in value.items() if _is_table(item)]
    return ", ".join(f"{len(item):,} {one_line(key)}" for key, item in tables[:3])


def _picture(value: Any) -> Markup | None:
    """A small copy of an image that the tool has written or looked at, if it lies where tools may read."""
    if not isinstance(value, Mapping) or not value.keys() >= _IMAGE_PARTS:
        return None
    if not isinstance(value["path"], str):
        return None
    from genxai_nb.guard.paths import Roots
    from genxai_nb.tools.builtin.file.images import ask_image

    asked = {"operation": "thumbnail", "width": _THUMBNAIL[0], "height": _THUMBNAIL[1], "format": "PNG"}
    try:
        with Roots().open(value["path"]) as file, TemporaryFile() as made:
            ask_image(file, value["path"], asked, made, seconds=_LOOK)
            made.seek(0)
            source = f"data:image/png;base64,{b64encode(made.read()).decode()}"
    except GenXAIError:
        return None  # it is told in words all the same
    drawn = image(source, f"{value['width']} × {value['height']} pixels", "max-width:100%")
    return element("div", drawn, class_="gx-picture", style=style.PICTURE)
