"""Plain data from text and back: JSON, CSV, XML, YAML, Parquet, each read strictly and within bounds."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from genxai_nb.errors import LineInvalid, MissingPackage, ToolFailed
from genxai_nb.tools.child import ask_child

from .markup import element_data, read_xml, refuse_indents, write_xml

__all__ = [
    "LARGEST",
    "Format",
    "read_csv",
    "read_data",
    "read_json",
    "typed",
    "write_csv",
    "write_data",
]

LARGEST = 5_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 1_000
MOST_CELLS = 3_000_000
LONGEST_NAMES = 100_000  # characters of the names of all columns
MOST_NAMED = 100_000_000  # characters of the names in all rows
LARGEST_YAML = 300_000

Format = Literal["json", "csv", "xml", "yaml", "parquet"]

_PARQUET = str(Path(__file__).with_name("parquet_rows.py"))
_LONGEST = 30.0  # seconds

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def read_json(text: str) -> Any:
    """Read JSON as the standard has it.

    Raises:
        ToolFailed: It is none; says the line and column. NaN, a key twice and deep nesting are refused.
    """
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_no_number, object_pairs_hook=_unique)
    except json.JSONDecodeError as exc:
        raise ToolFailed(f"This is no JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}.") from exc
    except ValueError as exc:
        raise ToolFailed(f"This is no JSON: {exc}.") from exc
    except RecursionError as exc:
        raise ToolFailed("This JSON is nested too deeply.") from exc


def _finite(text: str) -> float:
    number = float(text)
    if abs(number) == float("inf"):
        raise ValueError(f"{text:.40} is a larger number than any that is kept")
    return number


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # adds
        raise ValueError(f"the key {twice!r} is there twice")
    return made


def read_csv(
    text: str, delimiter: str = ",", *, has_header: bool = True
) -> tuple[list[str], list[list[str]]]:
    """Read a table as column names and rows of texts.

    Raises:
        ToolFailed: The delimiter is none, a name is there twice, or the table is too large.
    """
    if len(delimiter) != 1 or delimiter in '\n\r"\0':
        raise ToolFailed(
            f"{delimiter!r} cannot part cells.", hint="Take one character, such as , ; or a tab."
        )
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error as exc:
        raise ToolFailed(f"This is no CSV: {exc}.") from exc
    if not rows:
        return [], []
    width = max(map(len, rows))
    if len(rows) > MOST_ROWS or width > MOST_COLUMNS:
        raise ToolFailed(
            f"The table has {len(rows)} rows and {width} columns; {MOST_ROWS} and {MOST_COLUMNS} are the most."
        )
    if width * len(rows) > MOST_CELLS:
        raise ToolFailed(
            f"The table has {len(rows)} rows and {width} columns; {MOST_CELLS} cells are the most.",
            hint="Leave out rows or columns; one that no row fills counts too.",
        )
    if not has_header:
        return [f"column_{number}" for number in range(1, width + 1)], rows
    _refuse_long_names(rows)
    columns = [name.strip() or f"column_{number}" for number, name in enumerate(rows[0], 1)]
    twice = next((name for number, name in enumerate(columns) if name in columns[:number]), None)
    if twice is not None:
        raise ToolFailed(f"Two columns are named {twice!r}.", hint="Rename one, or say has_header=false.")
    return columns, rows[1:]


def _refuse_long_names(rows: list[list[str]]) -> None:
    """Refuse names that would be told again and again, as part of each row."""
    size, count = sum(map(len, rows[0])), len(rows) - 1
    if size > LONGEST_NAMES or size * count > MOST_NAMED:
        raise ToolFailed(
            f"The names of the columns have {size} characters, which would be told with each of {count} rows.",
            hint="Shorten them in the first line, or say has_header=false.",
        )


def write_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]], delimiter: str = ",") -> str:
    r"""Write a table; a text that a spreadsheet would run as a formula gets an apostrophe in front.

    Example:
        >>> write_csv(["a"], [["=1+1"], ["-5"]])
        "a\n'=1+1\n-5\n"
    """
    made = io.StringIO()
    writer = csv.writer(made, delimiter=delimiter, lineterminator="\n")
    writer.writerow([_harmless(name) for name in columns])
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return made.getvalue()


def _harmless(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def read_data(text: str | bytes, kind: Format, delimiter: str = ",") -> Any:
    """Read plain data.

    Raises:
        ToolFailed: It is not of that format.
    """
    if isinstance(text, str) and len(text) > LARGEST:
        raise ToolFailed(f"The data has {len(text)} characters; {LARGEST} is the most.")
    if kind == "parquet":
        return _read_parquet(text if isinstance(text, bytes) else text.encode())
    plain = _decoded(text) if isinstance(text, bytes) else text
    readers: dict[str, Callable[[str], Any]] = {"json": read_json, "yaml": _read_yaml, "xml": _read_tree}
    if kind in readers:
        return readers[kind](plain)
    columns, rows = read_csv(plain, delimiter)
    return [dict(zip(columns, typed(row, len(columns)), strict=True)) for row in rows]


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ToolFailed(f"The data is not UTF-8: byte {exc.start} does not fit.") from exc


def _read_tree(text: str) -> Any:
    root = read_xml(text)
    return {root.tag: element_data(root)}


def _read_yaml(text: str) -> Any:
    from genxai_nb.yaml_core import load

    _refuse_long_yaml(len(text))
    try:
        return load(text)
    except LineInvalid as exc:
        raise ToolFailed(f"This YAML is not read: {exc.what} at line {exc.number}.") from exc


def _refuse_long_yaml(size: int) -> None:
    """Refuse what PyYAML, which takes seconds for a megabyte, would hold everything up with."""
    if size > LARGEST_YAML:
        raise ToolFailed(
            f"{size} characters are too much for YAML; {LARGEST_YAML} is the most.",
            hint="Use JSON, or a part of it.",
        )


def typed(row: list[str], width: int) -> list[Any]:
    """The cells of a row, numbers and booleans as such; nothing where it has no cell."""
    return [_value(cell) for cell in row[:width]] + [None] * (width - len(row))


def _value(cell: str) -> Any:
    if _NUMBER.fullmatch(cell) and not (cell.lstrip("+-")[:1] == "0" and cell.lstrip("+-")[1:2].isdigit()):
        whole = cell.lstrip("+-").isdigit() and len(cell) < 16
        number = int(cell) if whole else float(cell)
        return number if whole or abs(number) < float("inf") else cell
    return {"true": True, "false": False, "": None}.get(cell.lower(), cell)


def _read_parquet(data: bytes) -> list[dict[str, Any]]:
    if find_spec("pyarrow") is None:
        raise MissingPackage("pyarrow", "tools")
    bounds = {"most_rows": MOST_ROWS, "most_columns": MOST_COLUMNS, "most_bytes": 4 * LARGEST}
    said = ask_child(_PARQUET, bounds, data, seconds=_LONGEST, what="The table")
    made: list[dict[str, Any]] = said["rows"]
    return made


def _parquet() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as exc:
        raise MissingPackage("pyarrow", "tools") from exc
    return pyarrow, parquet


def write_data(value: Any, kind: Format, delimiter: str = ",") -> bytes:
    """Write plain data.

    Raises:
        ToolFailed: The format cannot hold it: a table needs a list of objects.
    """
    if kind == "json":
        refuse_indents(value)
        return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False).encode()
    if kind == "yaml":
        return _yaml(value).encode()
    if kind == "xml":
        return write_xml(value)
    rows = _rows(value, kind)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if len(columns) > MOST_COLUMNS or len(columns) * len(rows) > MOST_CELLS:
        raise ToolFailed(
            f"The table would have {len(rows)} rows and {len(columns)} columns.",
            hint=f"{MOST_COLUMNS} columns and {MOST_CELLS} cells are the most.",
        )
    if kind == "csv":
        return write_csv(columns, [[row.get(name) for name in columns] for row in rows], delimiter).encode()
    arrow, parquet = _parquet()
    made = io.BytesIO()
    try:
        parquet.write_table(arrow.Table.from_pylist(rows), made)
    except (arrow.ArrowException, OverflowError) as exc:
        raise ToolFailed(
            f"Parquet cannot hold it: {str(exc)[:200]}.", hint="Give each column one type."
        ) from exc
    return made.getvalue()


def _yaml(value: Any) -> str:
    import yaml

    from genxai_nb.yaml_core import is_plain_scalar

    _refuse_long_yaml(len(json.dumps(value, ensure_ascii=False, default=str)))

    class Dumper(yaml.SafeDumper):
        """Quotes texts that YAML 1.2 would read as something else, and what PyYAML would write as a line break."""

        def text(self, text: str) -> yaml.ScalarNode:
            quoted = is_plain_scalar(text) or any(mark in text for mark in "\x85\u2028\u2029")
            return self.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)

        def ignore_aliases(self, _data: Any) -> bool:  # aliases are not read here
            return True

    Dumper.add_representer(str, Dumper.text)
    made: str = yaml.dump(value, Dumper=Dumper, allow_unicode=True, sort_keys=False)
    return made


def _rows(value: Any, kind: str) -> list[dict[str, Any]]:
    """A list of objects, also if it is all that an object holds."""
    while isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    rows = [value] if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ToolFailed(f"{kind} holds a list of objects, which this is not.", hint="Query the list first.")
    return rows
