"""Rows of a database as a model can read them: plain data, within bounds.

The child that asks a database runs this as a file too, so it imports nothing of this package.
"""

from __future__ import annotations

from datetime import date, time

TYPE_CHECKING = False  # as in typing, whose import takes longer than many a query
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

__all__ = ["bounded", "named_rows"]

MOST_TEXT = 10_000  # characters of one text
MOST_ALL = 1_000_000  # characters of all that is told
PLAIN = 8  # characters that a number counts as
DEEPEST = 50


class Room:
    """How many characters may still be told."""

    def __init__(self) -> None:
        self.left = MOST_ALL

    def take(self, text: str) -> str:
        """As much of a text as there is room for."""
        most = max(min(MOST_TEXT, self.left), 0)
        self.left -= min(len(text), most) + PLAIN
        over = len(text) - most
        return text if over <= 0 else f"{text[:most]}... ({over} character{'s' if over > 1 else ''} more)"

    def fitting(self, items: Iterable[Any]) -> Iterable[Any]:
        """The first of some items, as long as there is room."""
        for item in items:
            if self.left <= 0:
                return
            yield item


def bounded(value: Any, room: Room | None = None, depth: int = 0) -> Any:
    """A value as plain data: bytes as hexadecimal, long texts and lists cut, what is not known as its text.

    Args:
        value: The value.
        room: The room that it shares with others; by default it has all of it for itself.
        depth: How deep in another value it stands.

    Example:
        >>> bounded(b"ab"), bounded(["x" * 10_001])[0][-24:]
        ('0x6162', 'xxx... (1 character more)')
    """
    room = room or Room()
    if depth > DEEPEST:
        return room.take(str(value))
    if isinstance(value, dict):
        told = {
            room.take(str(key)): bounded(item, room, depth + 1) for key, item in room.fitting(value.items())
        }
        return told if len(told) == len(value) else {**told, "...": f"{len(value) - len(told)} more"}
    if isinstance(value, list | tuple | set | frozenset):
        items = [bounded(item, room, depth + 1) for item in room.fitting(value)]
        return items if len(items) == len(value) else [*items, f"... ({len(value) - len(items)} more)"]
    if value is None or isinstance(value, bool | int | float):
        room.left -= PLAIN
        return value if value is None or type(value) in {bool, int, float} else _number(value)
    return room.take(_text(value))


def _number(value: Any) -> Any:
    """A number of a driver's own kind as Python's."""
    return int(value) if isinstance(value, int) else float(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"0x{bytes(value).hex()}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


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
        name, number = column, names.count(column) + len(names)
        while name in names:
            name, number = f"{column}_{number}", number + 1
        names.append(name)
    told: list[dict[str, Any]] = []
    room = Room()
    for row in rows:
        if len(told) == most:
            return told, True
        made = {name: bounded(value, room) for name, value in zip(names, row, strict=True)}
        if room.left <= 0 and told:
            return told, True
        told.append(made)
    return told, False
