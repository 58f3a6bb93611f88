"""Rows of a database as a model can read them: plain data, within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from genxai_nb.errors import NotStorable
from genxai_nb.tools.results import plain

__all__ = ["bounded", "named_rows"]

MOST_TEXT = 10_000  # characters of one value
MOST_ALL = 1_000_000  # characters of all values


def bounded(value: Any) -> Any:
    """A value as plain data: bytes as hexadecimal, long text cut, what is not known as its text.

    Example:
        >>> bounded(b"ab"), bounded(["x" * 10_001])[0][-24:]
        ('0x6162', 'xxx... (1 character more)')
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return _cut(f"0x{bytes(value).hex()}")
    if isinstance(value, str):
        return _cut(value)
    if isinstance(value, dict):
        return {str(key): bounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [bounded(item) for item in value]
    try:
        return plain(value, "value")
    except NotStorable:
        return _cut(str(value))


def named_rows(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], most: int
) -> tuple[list[dict[str, Any]], bool]:
    """Rows as dicts by column, and whether there are more than are told.

    Args:
        columns: The columns' names; equal ones get a number.
        rows: The rows.
        most: How many rows to tell.
    """
    names: list[str] = []
    for column in columns:
        names.append(column if column not in names else f"{column}_{names.count(column) + len(names)}")
    told: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        if len(told) == most:
            return told, True
        made = {name: bounded(value) for name, value in zip(names, row, strict=True)}
        size += sum(len(value) if isinstance(value, str) else 8 for value in made.values())
        if size > MOST_ALL and told:
            return told, True
        told.append(made)
    return told, False


def _cut(text: str) -> str:
    left = len(text) - MOST_TEXT
    return text if left <= 0 else f"{text[:MOST_TEXT]}... ({left} character{'s' if left > 1 else ''} more)"
