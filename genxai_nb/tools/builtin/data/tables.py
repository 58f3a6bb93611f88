"""Tables as CSV: filter, sort, compute, group, check."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from annotated_types import Interval, MaxLen
from msgspec import Struct

from genxai_nb.errors import ConditionFailed, LineInvalid, ToolFailed, suggest
from genxai_nb.expressions import compile_expression
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

from .formats import LARGEST, read_csv, typed, write_csv

__all__ = ["Problem", "Table", "csv_processor"]

MOST_ROWS = 1_000
MOST_CHARACTERS = 200_000
MOST_NAMED = 2_000_000  # characters of the names in all rows that are told

Operator = Literal[
    "eq", "ne", "gt", "ge", "lt", "le", "contains", "starts_with", "ends_with", "in", "empty", "not_empty"
]
Function = Literal["count", "sum", "mean", "median", "min", "max", "first", "last", "distinct"]
Row = dict[str, Any]


class Problem(Struct, frozen=True):
    """What is wrong with a row; rows count from 1, without the header."""

    row: int
    what: str


class Table(Struct, Outcome, frozen=True, omit_defaults=True):
    """A table.

    Attributes:
        columns: The names of its columns.
        rows: Its rows, numbers and booleans as such, the first thousand.
        count: How many rows it has.
        csv: The same as CSV; a text that a spreadsheet would run has an apostrophe in front.
        valid: Every row fits, for validate.
        problems: The rows that do not.
        truncated: There is more than what is told.
    """

    columns: list[str]
    rows: list[Row]
    count: int
    csv: str = ""
    valid: bool | None = None
    problems: list[Problem] = []
    truncated: bool = False


@tool(category="data", tags=["csv", "table"], read_only=True, idempotent=True, timeout=60)
def csv_processor(  # noqa: PLR0913 - one tool, so that a model chooses among few
    data: Annotated[str, MaxLen(LARGEST)],
    operation: Literal["parse", "filter", "transform", "aggregate", "validate"],
    delimiter: str = ",",
    *,
    has_header: bool = True,
    filter_column: str | None = None,
    filter_operator: Operator = "eq",
    filter_value: str | float | bool | list[str | float] | None = None,
    group_by: list[str] | None = None,
    aggregates: Annotated[dict[str, Function], MaxLen(50)] | None = None,
    transform_rules: Annotated[dict[str, str], MaxLen(50)] | None = None,
    columns: list[str] | None = None,
    sort_by: str | None = None,
    descending: bool = False,
    limit: Annotated[int, Interval(ge=1, le=MOST_ROWS)] = MOST_ROWS,
) -> Table:  # fmt: skip
    r"""Read a table in CSV, filter it, compute columns, group and sum up, or check it.

    A filter, columns, sort_by and limit hold for each operation: the rows are filtered first, and cut last.

    Args:
        data: The table as CSV.
        operation: parse and filter give rows, transform computes columns, aggregate groups and sums up,
            validate tells the rows that do not fit.
        delimiter: What parts the cells.
        has_header: The first line names the columns; else they are column_1, column_2 and so on.
        filter_column: The column to filter by.
        filter_operator: How its cell is compared with filter_value; as numbers if both are.
        filter_value: What to compare with; a list for in.
        group_by: The columns to group by; none for one group of all rows.
        aggregates: What to compute of which column, such as {"price": "mean"}.
        transform_rules: New columns as expressions over the others, such as {"total": "price * amount"}.
        columns: The columns to keep, in this order.
        sort_by: The column to sort by, after all else.
        descending: Sort the largest first.
        limit: How many rows to tell.

    Example:
        >>> table = "kind,price\na,1\nb,5\na,3\n"
        >>> csv_processor(table, "aggregate", group_by=["kind"], aggregates={"price": "mean"}).rows
        [{'kind': 'a', 'price_mean': 2}, {'kind': 'b', 'price_mean': 5}]
    """
    names, cells = read_csv(data, delimiter, has_header=has_header)
    if operation == "validate":
        return _validated(names, cells)
    rows = [dict(zip(names, typed(row, len(names)), strict=True)) for row in cells]
    if operation == "filter" and filter_column is None:
        raise ToolFailed("Operation filter needs a filter_column.", hint=f"Columns: {', '.join(names)}.")
    if filter_column is not None:
        column, fits = _column(filter_column, names), _test(filter_operator, filter_value)
        rows = [row for row in rows if fits(row[column])]
    if operation == "transform":
        names = _computed(rows, names, transform_rules or {})
    elif operation == "aggregate":
        names, rows = _grouped(rows, names, group_by or [], aggregates or {})
    if sort_by is not None:
        key = _column(sort_by, names)
        rows.sort(key=lambda row: _rank(row[key]), reverse=descending)
    kept = [_column(name, names) for name in columns] if columns else names
    return _told(kept, rows, limit, delimiter)


def _told(names: list[str], rows: list[Row], limit: int, delimiter: str) -> Table:
    shown = [{name: row[name] for name in names} for row in rows[:limit]]
    text, named = write_csv(names, [list(row.values()) for row in shown], delimiter), sum(map(len, names))
    while shown and (len(text) > MOST_CHARACTERS or named * len(shown) > MOST_NAMED):
        shown = shown[: len(shown) // 2]
        text = write_csv(names, [list(row.values()) for row in shown], delimiter)
    return Table(names, shown, len(rows), text, truncated=len(shown) < len(rows))


def _column(name: str, names: list[str]) -> str:
    if name in names:
        return name
    raise ToolFailed(
        f"There is no column {name!r}.", hint=suggest(name, names) or f"Columns: {', '.join(names)}."
    )


# ── filtering and sorting ────────────────────────────────────────────────────────────────────────


def _test(operator: Operator, wanted: Any) -> Callable[[Any], bool]:
    if operator == "empty":
        return lambda cell: cell is None
    if operator == "not_empty":
        return lambda cell: cell is not None
    if wanted is None:
        raise ToolFailed(f"Operator {operator} needs a filter_value.")
    if operator == "in":
        options = [_comparable(item) for item in (wanted if isinstance(wanted, list) else [wanted])]
        return lambda cell: _comparable(cell) in options
    if isinstance(wanted, list):
        raise ToolFailed(f"Operator {operator} takes one filter_value, not a list.", hint="Use operator in.")
    return _compared(operator, wanted)


def _compared(operator: Operator, wanted: Any) -> Callable[[Any], bool]:
    value, text = _comparable(wanted), str(wanted).casefold()
    of_texts: dict[str, Callable[[str], bool]] = {
        "contains": lambda cell: text in cell,
        "starts_with": lambda cell: cell.startswith(text),
        "ends_with": lambda cell: cell.endswith(text),
    }
    if operator in of_texts:
        return lambda cell: cell is not None and of_texts[operator](_shown(cell).casefold())
    if operator in {"eq", "ne"}:
        return lambda cell: (_comparable(cell) == value) is (operator == "eq")
    if value is None:
        raise ToolFailed(
            f"Operator {operator} needs a filter_value.", hint="Use empty or not_empty for no value."
        )
    order: dict[str, Callable[[Any], bool]] = {
        "gt": lambda cell: cell > value,
        "ge": lambda cell: cell >= value,
        "lt": lambda cell: cell < value,
        "le": lambda cell: cell <= value,
    }
    kind = str if isinstance(value, str) else (int, float)
    return lambda cell: isinstance(_comparable(cell), kind) and order[operator](_comparable(cell))


def _comparable(value: Any) -> Any:
    """A cell or a given value as it is compared: numbers as numbers, texts without regard to case."""
    if isinstance(value, str):
        (value,) = typed([value], 1)
    return value.casefold() if isinstance(value, str) else value


def _shown(cell: Any) -> str:
    return {True: "true", False: "false"}[cell] if isinstance(cell, bool) else str(cell)


def _rank(cell: Any) -> tuple[int, Any]:
    """Where a cell stands in order: nothing, booleans and numbers, then texts."""
    if cell is None:
        return 0, 0
    return (2, cell.casefold()) if isinstance(cell, str) else (1, cell)


# ── computing ────────────────────────────────────────────────────────────────────────────────────


def _computed(rows: list[Row], names: list[str], rules: dict[str, str]) -> list[str]:
    """Add a column for each rule; a later rule may use an earlier one's column."""
    if not rules:
        raise ToolFailed(
            "Operation transform needs transform_rules.", hint='Such as {"total": "price * amount"}.'
        )
    names, room = list(names), LARGEST
    for name, text in rules.items():
        try:
            expression = compile_expression(text)
        except LineInvalid as exc:
            raise ToolFailed(f"{text!r} is no expression: {exc.what}", hint=exc.hint) from exc
        for used in sorted(expression.names):
            _column(used, names)
        for number, row in enumerate(rows, 1):
            try:
                row[name] = expression.evaluate(row)
            except ConditionFailed as exc:
                raise ToolFailed(f"{text!r} fails in row {number}: {exc.what}", hint=exc.hint) from exc
            room -= _room_of(row[name], text, number)
            if room < 0:
                raise ToolFailed(
                    f"The computed columns have more than {LARGEST} characters.", hint="Compute less."
                )
        if name not in names:
            names.append(name)
    return names


def _room_of(cell: Any, text: str, number: int) -> int:
    """The characters that a computed cell takes."""
    if isinstance(cell, str):
        return len(cell)
    if cell is None or isinstance(cell, bool | int | float):
        return 0
    raise ToolFailed(
        f"{text!r} gives in row {number} what is a {type(cell).__name__}.",
        hint="A cell holds text or a number.",
    )


def _grouped(
    rows: list[Row], names: list[str], group_by: list[str], aggregates: dict[str, Function]
) -> tuple[list[str], list[Row]]:
    keys = [_column(name, names) for name in group_by]
    for name in aggregates:
        _column(name, names)
    groups: dict[tuple[Any, ...], list[Row]] = {} if keys else {(): rows}
    if keys:
        for row in rows:
            groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    computed = {f"{name}_{function}": (name, function) for name, function in aggregates.items()}
    made = [
        {
            **dict(zip(keys, group, strict=True)),
            **({} if computed else {"count": len(members)}),
            **{new: _aggregated(name, function, members) for new, (name, function) in computed.items()},
        }
        for group, members in groups.items()
    ]
    return [*keys, *(computed or ["count"])], made


def _aggregated(name: str, function: Function, rows: list[Row]) -> Any:
    cells = [row[name] for row in rows if row[name] is not None]
    of_any: dict[str, Callable[[list[Any]], Any]] = {
        "count": len,
        "distinct": lambda found: len(set(map(_comparable, found))),
        "first": lambda found: found[0] if found else None,
        "last": lambda found: found[-1] if found else None,
        "min": lambda found: min(found, key=_rank, default=None),
        "max": lambda found: max(found, key=_rank, default=None),
    }
    if function in of_any:
        return of_any[function](cells)
    text = next((cell for cell in cells if isinstance(cell, str | bool)), None)
    if text is not None:
        raise ToolFailed(
            f"Column {name!r} holds {text!r}, so it has no {function}.",
            hint="Filter the rows, or take count.",
        )
    of_numbers: dict[str, Callable[[Iterable[Any]], Any]] = {
        "sum": sum,
        "mean": statistics.mean,
        "median": statistics.median,
    }
    return of_numbers[function](cells) if cells else None


def _validated(names: list[str], cells: list[list[str]]) -> Table:
    problems = [
        Problem(number, f"has {len(row)} cells in place of {len(names)}")
        for number, row in enumerate(cells, 1)
        if len(row) != len(names)
    ]
    for column, name in enumerate(names):
        kinds = [_kind(row[column]) for row in cells if column < len(row) and row[column]]
        usual = Counter(kinds).most_common(1)
        if usual and usual[0][0] == "number" and usual[0][1] >= 0.9 * len(kinds) > usual[0][1] - 1:
            problems += [
                Problem(number, f"holds {row[column][:40]!r} in column {name!r}, which has numbers else")
                for number, row in enumerate(cells, 1)
                if column < len(row) and row[column] and _kind(row[column]) != "number"
            ]
    problems.sort(key=lambda problem: problem.row)
    return Table(
        names, [], len(cells), valid=not problems, problems=problems[:100], truncated=len(problems) > 100
    )


def _kind(cell: str) -> str:
    (value,) = typed([cell], 1)
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else "text"
