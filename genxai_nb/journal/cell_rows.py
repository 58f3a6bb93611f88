"""The cells that defined something, in a table of the journal's SQLite file.

The table is made at the first write, so that a journal without any has none.
"""

from __future__ import annotations

import sqlite3

import msgspec
from msgspec import structs

from genxai_nb.errors import StoreDamaged

from .cells import CellText, without_keys
from .connection import Connection

_TABLE = """
CREATE TABLE IF NOT EXISTS cell (number INTEGER PRIMARY KEY, notebook TEXT NOT NULL, body TEXT NOT NULL)
"""


class SqliteCells:
    """Keep cells in a journal's file.

    Args:
        file: The connection of the journal.
    """

    def __init__(self, file: Connection) -> None:
        self._file = file

    def add(self, cell: CellText) -> CellText:
        """Keep a cell, without what looks like a key; returns it as it is kept, with its number.

        Raises:
            StoreError: It cannot be kept.
            StoreBusy: The lock was not had within 5 seconds.
        """
        kept = without_keys(cell)
        body = msgspec.json.encode(kept).decode()

        def work(connection: sqlite3.Connection) -> int:
            connection.execute(_TABLE)
            added = connection.execute(
                "INSERT INTO cell (notebook, body) VALUES (?, ?)", (kept.notebook, body)
            )
            return added.lastrowid or 0

        return structs.replace(kept, number=self._file.write(work))

    def of(self, notebook: str) -> list[CellText]:
        """The cells of a notebook, oldest first.

        Raises:
            StoreDamaged: A row cannot be read back.
        """

        def find(connection: sqlite3.Connection) -> list[tuple[int, str]]:
            if not _there(connection):
                return []
            asked = "SELECT number, body FROM cell WHERE notebook = ? ORDER BY number"
            return connection.execute(asked, (notebook,)).fetchall()

        return [_read(number, body) for number, body in self._file.read(find)]

    def notebooks(self) -> list[str]:
        """The notebooks that have any, sorted."""

        def find(connection: sqlite3.Connection) -> list[str]:
            if not _there(connection):
                return []
            asked = "SELECT DISTINCT notebook FROM cell ORDER BY notebook"
            return [notebook for (notebook,) in connection.execute(asked)]

        return self._file.read(find)


def _there(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'cell'").fetchone() is not None


def _read(number: int, body: str) -> CellText:
    try:
        return structs.replace(msgspec.json.decode(body, type=CellText), number=number)
    except (msgspec.DecodeError, UnicodeError) as exc:
        raise StoreDamaged(
            f"The text of cell {number} cannot be read back from the journal: {exc}.",
            hint="Run the notebook's cells again.",
        ) from exc
