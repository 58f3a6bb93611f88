"""Memories as DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from genxai_nb.errors import MissingPackage

from .base import Item, Recalled

if TYPE_CHECKING:
    from pandas import DataFrame

Change = Literal["added", "replaced"]


class Changed(Struct, frozen=True, kw_only=True):
    """What a run changed in a memory.

    Attributes:
        kind: The kind of memory.
        change: ``added``, or ``replaced`` for what took an older item's place.
        id: The new item's name.
        before: The text that held before; empty if nothing did.
        after: The text that holds now.
        rule: The rule by which it was written.
        source: Who said it.
        node: The node whose visit wrote it.
        visit: The number of that visit.
    """

    kind: str
    change: Change
    id: str
    before: str
    after: str
    rule: str
    source: str
    node: str
    visit: int


def item_table(items: Iterable[Item], columns: Sequence[str] = ()) -> DataFrame:
    """Tabulate items in the order of writing.

    The columns are

    - ``kind``, ``id``: the kind of memory, and the item's name there
    - ``text``: what is remembered; empty once it is forgotten
    - ``status``: ``current``, ``replaced`` by a newer one about the same, or ``forgotten``
    - ``source``, ``rule``: who said it, and the rule by which it was written
    - ``run_id``: the run that it comes from; empty for none
    - ``written``, ``until``: when it was written and when it ended (UTC), missing where nobody noted it

    and then the kind's own ones, if they are asked for, as text.

    Args:
        items: The items.
        columns: The kind's own columns.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(items)
    own = {name: _texts(item.fields.get(name, "") for item in rows) for name in columns}
    return _frame(
        {
            "kind": _texts(item.kind for item in rows),
            "id": _texts(item.id for item in rows),
            "text": _texts(item.text for item in rows),
            "status": _texts(item.status for item in rows),
            "source": _texts(item.source for item in rows),
            "rule": _texts(item.rule for item in rows),
            "run_id": _texts(item.run for item in rows),
            "written": _times(item.at or None for item in rows),
            "until": _times(item.until for item in rows),
            **own,
        }
    )


def recalled_table(found: Iterable[Recalled]) -> DataFrame:
    """Tabulate what was recalled, the best first.

    The columns are ``kind``, ``id``, ``score`` (from 0 to 1, each kind says what it measures), ``why`` and
    ``text``.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(found)
    return _frame(
        {
            "kind": _texts(one.item.kind for one in rows),
            "id": _texts(one.item.id for one in rows),
            "score": _pandas().array([one.score for one in rows], dtype="float64"),
            "why": _texts(one.why for one in rows),
            "text": _texts(one.item.text for one in rows),
        }
    )


def change_table(changes: Iterable[Changed]) -> DataFrame:
    """Tabulate what a run changed, in the order of writing.

    The columns are the fields of `Changed`: ``kind``, ``change``, ``id``, ``before``, ``after``, ``rule``,
    ``source``, ``node`` and ``visit``.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(changes)
    columns = {
        name: _texts(getattr(row, name) for row in rows)
        for name in Changed.__struct_fields__
        if name != "visit"
    }
    return _frame({**columns, "visit": _pandas().array([row.visit for row in rows], dtype="int64")})


def _texts(values: Iterable[str]) -> Any:
    return _pandas().array(list(values), dtype="str")


def _times(values: Iterable[float | None]) -> Any:
    pandas = _pandas()
    seconds = pandas.array(list(values), dtype="Float64").to_numpy(dtype="float64", na_value=float("nan"))
    return pandas.to_datetime(seconds, unit="s", utc=True).astype("datetime64[us, UTC]")


def _frame(columns: dict[str, Any]) -> DataFrame:
    frame: DataFrame = _pandas().DataFrame(columns)
    return frame


def _pandas() -> Any:
    try:
        import pandas
    except ModuleNotFoundError as exc:
        raise MissingPackage("pandas", "notebook") from exc
    return pandas
