"""Tables that read well: in a page with wrapped text and muted rows, in a terminal without empty columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

_MOST = 200  # rows that are shown; the frame holds all
_WIDEST = 70  # characters of a column of a terminal
_LONG = {"text-align": "left", "white-space": "pre-wrap", "overflow-wrap": "anywhere", "max-width": "32em"}
_SHORT = {"text-align": "left", "white-space": "nowrap"}
_NARROW = 24  # characters up to which a column is not wrapped
_MUTED = "opacity: 0.55"


def styled(frame: DataFrame, nothing: str, note: str = "") -> DataFrame:
    """The same table, which shows itself so that a person can read it.

    An index that has a name is the first column. Columns in which nothing stands are not shown, times are
    local and to the minute, and rows whose ``status`` is not ``current`` are muted. All text is escaped.

    Args:
        frame: The table.
        nothing: What it says when it has no rows.
        note: A sentence below it.
    """
    from pandas import DataFrame

    class Styled(DataFrame):
        """A table that shows itself."""

        def __repr__(self) -> str:
            return _as_text(frame, nothing, note)

        def _repr_html_(self) -> str | None:
            """Show it as a table of the page; without rows leave it to the plain text."""
            return _as_html(frame, note) if len(frame) else None

    return Styled(frame)


def _as_text(frame: DataFrame, nothing: str, note: str) -> str:
    if not len(frame):
        return nothing
    shown = _shown(frame)
    text = shown.to_string(index=False, max_colwidth=_WIDEST, justify="left")
    return "\n".join(part for part in (text, _rest(frame), note) if part)


def _as_html(frame: DataFrame, note: str) -> str:
    shown = _shown(frame)
    look = shown.style.hide(axis="index").format(escape="html")
    short = [name for name in shown if shown[name].astype("str").str.len().max() <= _NARROW]
    long = [name for name in shown if name not in short]
    look = look.set_properties(subset=short, **_SHORT).set_properties(subset=long, **_LONG)
    if "status" in shown:
        muted = frame["status"].head(_MOST).ne("current").to_numpy()
        look = look.apply(lambda row: [_MUTED if muted[row.name] else ""] * len(row), axis=1)
    look = look.set_table_styles([{"selector": "th", "props": [("text-align", "left")]}])
    below = " ".join(part for part in (_rest(frame), note) if part)
    if below:
        from html import escape

        look = look.set_caption(escape(below)).set_table_styles(
            [{"selector": "caption", "props": [("caption-side", "bottom"), ("text-align", "left")]}],
            overwrite=False,
        )
    return str(look.to_html())


def _shown(frame: DataFrame) -> DataFrame:
    """The first rows as text, without the columns in which nothing stands."""
    from pandas import DataFrame

    first = frame.head(_MOST).reset_index(drop=frame.index.name is None)
    columns: dict[str, Any] = {}
    for name in first:
        column = first[name]
        if column.isna().all() or (column.astype("str") == "").all():
            continue
        if column.dtype.kind == "M":
            local = column.dt.tz_convert(_zone()).dt.strftime("%Y-%m-%d %H:%M")
            columns[str(name)] = local.fillna("")
        elif column.dtype.kind == "f":
            columns[str(name)] = column.map("{:.2f}".format)
        else:
            columns[str(name)] = column
    return DataFrame(columns)


def _rest(frame: DataFrame) -> str:
    left = len(frame) - _MOST
    return f"{left:,} more rows are in the DataFrame." if left > 0 else ""


def _zone() -> Any:
    from datetime import datetime

    return datetime.now().astimezone().tzinfo
