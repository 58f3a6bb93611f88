"""The body of a cell as entries: ``key: text``, and indented lines below that belong to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import dedent
from typing import NamedTuple, NoReturn

from genxai_nb.errors import LineInvalid, suggest
from genxai_nb.graph.lexer import lines_above

_KEY = re.compile(r"(?P<key>[^\W\d][\w-]*)[^\S\n]*:(?P<gap>\s*)(?P<text>.*)")


class Line(NamedTuple):
    """A line of a value: its text, its line in the body from 1, and the column where the text begins."""

    text: str
    number: int
    column: int


class Entry:
    """A key of a body with its value, not yet read.

    Attributes:
        key: The key.
        number: The line that it stands on, from 1.
        lines: The value's lines, without the indentation that they share.
        inline: Whether the value begins on the key's own line.
    """

    def __init__(self, body: Body, key: str, first: Line) -> None:
        self.body = body
        self.key = key
        self.number = first.number
        self.lines = [first] if first.text else []
        self.inline = bool(first.text)
        self.end = first.column

    @property
    def text(self) -> str:
        """The value as it is written."""
        return "\n".join(line.text for line in self.lines)

    def settle(self, below: list[tuple[int, str]]) -> None:
        """Take the lines below the key into the value."""
        while below and not below[-1][1].strip():
            below.pop()
        rows = dedent("\n".join(text for _, text in below)).split("\n")
        for (number, text), row in zip(below, rows, strict=False):
            self.lines.append(Line(row, number, len(text) - len(row)))
        if self.lines:
            last = self.lines[-1]
            self.lines[-1] = last._replace(text=last.text.rstrip())

    def refuse(
        self, what: str, hint: str = "", *, row: int = 0, column: int = 0, cause: Exception | None = None
    ) -> NoReturn:
        """Raise LineInvalid with the caret at a row and column of the value's text, or at its end."""
        line = self.lines[min(row, len(self.lines) - 1)] if self.lines else Line("", self.number, self.end)
        if row >= len(self.lines):
            column = len(line.text)
        self.body.refuse(line.number, line.column + max(column, 0), what, hint, cause)

    def refuse_key(self, what: str, hint: str = "") -> NoReturn:
        """Raise LineInvalid with the caret under the key."""
        self.body.refuse(self.number, 0, what, hint)


class Body:
    """A body cut into entries.

    Raises:
        LineInvalid: A line is neither ``key: text`` nor indented, or a key stands there twice.
    """

    def __init__(self, text: str) -> None:
        self.lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.entries: dict[str, Entry] = {}
        entry: Entry | None = None
        below: list[tuple[int, str]] = []
        for number, line in enumerate(self.lines, 1):
            if not line.strip() or line[0].isspace():
                if entry is None and line.strip():
                    self.refuse(number, 0, "The body begins with an indented line.", "Write key: text first.")
                below.append((number, line))
            elif not line.startswith("#"):
                if entry is not None:
                    entry.settle(below)
                entry, below = self._entry(number, line), []
        if entry is not None:
            entry.settle(below)

    def _entry(self, number: int, line: str) -> Entry:
        found = _KEY.match(line)
        if found is None:
            hint = (
                "Indent it if it belongs to the line above."
                if self.entries
                else "Write key: text, a key a line."
            )
            self.refuse(number, 0, "The line has no key.", hint)
        entry = Entry(self, found["key"], Line(found["text"].rstrip(), number, found.start("text")))
        first = self.entries.setdefault(entry.key, entry)
        if first is not entry:
            above = lines_above(number - first.number)
            entry.refuse_key(f"{entry.key!r} is there twice.", f"It stands {above} already; leave one out.")
        return entry

    def check_keys(self, known: Mapping[str, object]) -> None:
        """Refuse the first key that is not known.

        Raises:
            LineInvalid: Names the nearest key.
        """
        for entry in self.entries.values():
            if entry.key not in known:
                entry.refuse_key(f"Unknown field {entry.key!r}.", suggest(entry.key, known))

    def refuse(
        self, number: int, column: int, what: str, hint: str, cause: Exception | None = None
    ) -> NoReturn:
        """Raise LineInvalid at a line and column of the body."""
        line = self.lines[number - 1]
        raise LineInvalid(what, line=line, number=number, column=min(column, len(line)), hint=hint) from cause
