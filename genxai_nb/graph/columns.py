"""The rows of a DataFrame as inputs of runs, and what these came to as columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import MissingPackage, StateInvalid, UnknownName

from .rows import Row

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Columns", "inputs_of", "with_results"]

Columns = str | Sequence[str] | Mapping[str, str] | None

RESULTS = ("result", "status", "cost", "run_id")


def inputs_of(frame: object, columns: Columns, fields: Collection[str]) -> list[dict[str, Any] | None]:
    """The input of each row: the columns' values by key, without cells that are missing; None if all are.

    Args:
        frame: The DataFrame.
        columns: A column, several, or keys of the state by column; None for all that the state knows.
        fields: The fields of the state's schema; none for a dict state.

    Raises:
        StateInvalid: It is no DataFrame, or none of its columns is of the state.
        UnknownName: It has no such column, or the state no such field; the nearest one is named.
    """
    try:
        import pandas
    except ModuleNotFoundError as exc:
        raise MissingPackage("pandas", "notebook") from exc
    if not isinstance(frame, pandas.DataFrame):
        what = f"map takes a DataFrame, and was given a {type(frame).__name__}."
        raise StateInvalid(what, hint="For a list of inputs take batch; a Series has to_frame().")
    keys = _keys(frame, columns, fields)
    cells = {key: frame[column].tolist() for column, key in keys.items()}
    there = {key: frame[column].notna().tolist() for column, key in keys.items()}
    rows = []
    for number in range(len(frame)):
        given = {key: _plain(cells[key][number]) for key in cells if there[key][number]}
        rows.append(given or None)
    return rows


def _keys(frame: DataFrame, columns: Columns, fields: Collection[str]) -> dict[Any, str]:
    known = list(frame.columns)
    if columns is None:
        keys = {name: str(name) for name in known if not fields or name in fields}
        if not keys:
            what = (
                f"The DataFrame has none of the state's keys; its columns are {', '.join(map(str, known))}."
            )
            raise StateInvalid(what, hint='Say which one to take: column={"a column": "a key"}.')
    elif isinstance(columns, Mapping):
        keys = dict(columns)
    else:
        keys = {name: name for name in ([columns] if isinstance(columns, str) else columns)}
    for name, key in keys.items():
        if known.count(name) > 1:
            raise StateInvalid(f"The DataFrame has {known.count(name)} columns {name!r}.", hint="Rename one.")
        if name not in known:
            raise UnknownName("column", str(name), map(str, known))
        if fields and key not in fields:
            raise UnknownName("field", str(key), fields)
    return keys


def _plain(value: Any) -> Any:
    """A cell without what only pandas knows."""
    convert = getattr(value, "to_pydatetime", None) or getattr(value, "to_pytimedelta", None)
    return value if convert is None else convert()


def with_results(frame: DataFrame, rows: Sequence[Row]) -> DataFrame:
    """The DataFrame with four more columns: ``result status cost run_id``; those of a run before are replaced."""
    import pandas

    found = frame.copy()
    for name in RESULTS:
        values = [getattr(row, name) for row in rows]
        kind = "float64" if name == "cost" else "object"
        found[name] = pandas.Series(values, index=frame.index, dtype=kind)
    return found
