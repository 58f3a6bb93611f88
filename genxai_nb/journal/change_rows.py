"""Changes of what agents remember, in a table of the journal's SQLite file beside the items."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b

import msgspec
from msgspec import structs

from .changes import SAME_ABOUT, WHATS, Change

TABLE = """
CREATE TABLE change (
    number INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    collection INTEGER NOT NULL,
    what INTEGER NOT NULL,
    items TEXT NOT NULL,
    other INTEGER,
    undone INTEGER,
    run TEXT,
    agent TEXT,
    why TEXT,
    key INTEGER
)"""
# What items tell of a time when changes were not kept.
FROM_ITEMS = f"""
INSERT INTO change (at, collection, what, items, other, run, agent, why)
    SELECT * FROM (
        SELECT at AS time, collection, {WHATS.index("added")}, '[' || number || ']', NULL,
            json_extract(body, '$.run'), json_extract(body, '$.agent'), json_extract(body, '$.rule') FROM item
        UNION ALL SELECT old.until, old.collection, {WHATS.index("replaced")}, '[' || old.number || ']', old.ended_by,
            json_extract(new.body, '$.run'), json_extract(new.body, '$.agent'), '{SAME_ABOUT}'
            FROM item AS old JOIN item AS new ON new.number = old.ended_by WHERE old.until IS NOT NULL
        UNION ALL SELECT until, collection, {WHATS.index("faded")}, '[' || number || ']', NULL, NULL, NULL, NULL
            FROM item WHERE until IS NOT NULL AND ended_by IS NULL
        UNION ALL SELECT forgotten, collection, {WHATS.index("forgotten")}, '[' || number || ']', NULL, NULL, NULL, NULL
            FROM item WHERE forgotten IS NOT NULL
    ) ORDER BY time
"""  # noqa: S608 - nothing in it comes from elsewhere


def note(connection: sqlite3.Connection, collection: int, change: Change, key: str = "") -> Change:
    """Keep a change under the next number, and the key of the write that made it."""
    made = connection.execute(
        "INSERT INTO change (at, collection, what, items, other, run, agent, why, key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            change.at,
            collection,
            WHATS.index(change.what),
            msgspec.json.encode(change.items).decode(),
            change.other,
            change.run or None,
            change.agent or None,
            change.why or None,
            _short(key) if key else None,
        ),
    )
    return structs.replace(change, number=made.lastrowid or 0)


def changes(connection: sqlite3.Connection, collection: int, key: str = "") -> list[Change]:
    """All changes of a collection in order, or those of one write."""
    rows = connection.execute(
        "SELECT number, at, what, items, other, undone, coalesce(run, ''), coalesce(agent, ''), coalesce(why, '')"
        " FROM change WHERE collection = ? AND (? IS NULL OR key = ?) ORDER BY number",
        (collection, *[_short(key) if key else None] * 2),
    )
    return [
        Change(
            number=number,
            at=at,
            what=WHATS[what],
            items=tuple(msgspec.json.decode(items)),
            other=other,
            undone=undone,
            run=run,
            agent=agent,
            why=why,
        )
        for number, at, what, items, other, undone, run, agent, why in rows
    ]


def next_number(connection: sqlite3.Connection) -> int:
    """The number that the next change gets in this transaction."""
    last: int = connection.execute("SELECT coalesce(max(number), 0) FROM change").fetchone()[0]
    return last + 1


def mark(connection: sqlite3.Connection, change: Change) -> None:
    """Keep by which change one was undone."""
    connection.execute("UPDATE change SET undone = ? WHERE number = ?", (change.undone, change.number))


def bring_up(connection: sqlite3.Connection) -> None:
    """Make the table in a file that has items, and put in what they tell."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'item'").fetchone():
        connection.execute(TABLE.strip())
        connection.execute(FROM_ITEMS)


def _short(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
