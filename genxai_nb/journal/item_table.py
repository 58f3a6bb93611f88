"""Items in tables of the journal's SQLite file: their rows, one by one.

A text stands in its item's own row, where forgetting overwrites it; ``digest`` finds it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import structs

from .change_rows import TABLE, note
from .changes import SAME_ABOUT, SAME_WORDS, Cause, Change, change_of
from .items import OF_BODY, Added, Collection, Draft, ItemRow, kept, says

TABLES = (
    f"{TABLE};"
    + """
CREATE TABLE collection (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    dims INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, kind)
);
CREATE TABLE item (
    number INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    digest INTEGER,
    text TEXT NOT NULL,
    at REAL NOT NULL,
    until REAL,
    ended_by INTEGER,
    forgotten REAL,
    about TEXT,
    key TEXT,
    body TEXT NOT NULL,
    vector BLOB
);
CREATE INDEX item_digest ON item (digest);
CREATE INDEX item_about ON item (about, collection) WHERE about IS NOT NULL AND until IS NULL;
CREATE INDEX item_ended ON item (ended_by) WHERE ended_by IS NOT NULL;
CREATE VIEW memory AS SELECT owner, kind, number, at, until, forgotten, text, body
FROM item JOIN collection ON collection.id = item.collection;
"""
)
_USES = ("uses", "wins", "seconds", "used", "mark", "dropped")
_SAYING = ("fields", "cue", "since", "expires")  # what of a body says what the item says
_COLUMNS = "number, at, until, ended_by, forgotten, about, body, text, key"
ENDED = "UPDATE item SET until = :at WHERE number = :number AND collection = :of AND until IS NULL AND forgotten IS NULL"
DROPPED = (
    "UPDATE item SET until = coalesce(until, :at), body = json_set(body, '$.dropped', :at)"
    " WHERE number = :number AND collection = :of AND forgotten IS NULL AND json_extract(body, '$.dropped') IS NULL"
)
STANDS = (
    "UPDATE item SET until = :until, ended_by = :ended_by, body = CASE WHEN :dropped IS NULL"
    " THEN json_remove(body, '$.dropped') ELSE json_set(body, '$.dropped', :dropped) END WHERE number = :number"
)


def there(connection: sqlite3.Connection) -> bool:
    """Whether the file has items."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'item'").fetchone() is not None


def collection_of(connection: sqlite3.Connection, owner: str, kind: str) -> tuple[int, Collection]:
    """A collection's id and what is known of it; 0 if there is none."""
    row = connection.execute(
        "SELECT id, model, dims, removed, coalesce((SELECT max(number) FROM item), 0) FROM collection"
        " WHERE owner = ? AND kind = ?",
        (owner, kind),
    ).fetchone()
    if row is None:
        return 0, Collection()
    number, model, dims, removed, last = row
    return number, Collection(model=model, dims=dims, revision=last + removed, removed=removed)


def collection_for(connection: sqlite3.Connection, owner: str, kind: str) -> tuple[int, Collection]:
    """A collection's id and what is known of it; it is made, and the tables are, where there are none."""
    try:
        number, has = collection_of(connection, owner, kind)
    except sqlite3.OperationalError:  # asking first would cost as much with each item
        if there(connection):
            raise
        for statement in TABLES.split(";"):
            connection.execute(statement)
        number, has = 0, Collection()
    return number or _make(connection, owner, kind), has


def _make(connection: sqlite3.Connection, owner: str, kind: str) -> int:
    made = connection.execute(
        "INSERT INTO collection (owner, kind, model, dims) VALUES (?, ?, '', 0)", (owner, kind)
    )
    return made.lastrowid or 0


def add(
    connection: sqlite3.Connection, collection: int, draft: Draft, at: float, key: str, done: Added
) -> None:
    """Keep an item, and take note of all that changes by it."""
    digest, earlier = _digest(draft.text), list[int]()
    for row, written_by in _found(connection, "digest = ? AND collection = ?", digest, collection):
        if row.text == draft.text and key and written_by == key:  # this same write was made before a crash
            done.added.append(row)
            done.ended.extend(rows_where(connection, "ended_by = ?", row.number))
            return
        if says(row, draft) and not draft.again:
            done.known.append(row)
            return
        if row.text == draft.text and row.holds and not draft.again:  # said before of another time
            earlier.append(row.number)
    made = connection.execute(
        "INSERT INTO item (collection, digest, text, at, about, key, body, vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            collection,
            digest,
            draft.text,
            at,
            draft.about or None,
            key or None,
            body_of(draft),
            draft.vector or None,
        ),
    )
    number = made.lastrowid or 0
    cause = Cause(why=draft.rule, run=draft.run, agent=draft.agent, key=key)
    done.changes.append(note(connection, collection, change_of("added", [number], at, cause), key))
    about = _ended(connection, collection, number, at, _about(connection, collection, draft.about, number))
    words = _ended(connection, collection, number, at, {*draft.replaces, *earlier} - {number})
    if about:
        because = structs.replace(cause, why=SAME_ABOUT)
        done.changes.append(
            note(connection, collection, change_of("replaced", about, at, because, number), key)
        )
    if words:
        because = structs.replace(cause, why=SAME_WORDS)
        done.changes.append(
            note(connection, collection, change_of("merged", words, at, because, number), key)
        )
    if about or words:
        done.ended.extend(rows_where(connection, "ended_by = ? ORDER BY number", number))
    done.added.append(kept(draft, number, at))


def _about(connection: sqlite3.Connection, collection: int, about: str, number: int = 0) -> list[int]:
    """The numbers of the items that hold and tell of a subject, but for one."""
    if not about:
        return []
    rows = connection.execute(
        "SELECT number FROM item WHERE about = ? AND collection = ? AND until IS NULL AND forgotten IS NULL"
        " AND number != ? ORDER BY number",
        (about, collection, number),
    )
    return [found for (found,) in rows]


def _ended(
    connection: sqlite3.Connection, collection: int, by: int, at: float, numbers: Iterable[int]
) -> list[int]:
    """End items by a newer one, those of them that hold; return their numbers."""
    return [
        number
        for number in sorted(numbers)
        if connection.execute(
            "UPDATE item SET until = ?, ended_by = ? WHERE number = ? AND collection = ? AND until IS NULL"
            " AND forgotten IS NULL",
            (at, by, number, collection),
        ).rowcount
    ]


def settle(
    connection: sqlite3.Connection, collection: int, numbers: Sequence[int], at: float, cause: Cause
) -> list[Change]:
    """Let the newest one hold of those that tell of the same as these do."""
    made = []
    told = dict.fromkeys(row.about for row in rows_of(connection, numbers) if row.holds and row.about)
    for about in told:
        *older, newest = _about(connection, collection, about)
        if older:
            ended = _ended(connection, collection, newest, at, older)
            because = structs.replace(cause, why=SAME_ABOUT)
            made.append(note(connection, collection, change_of("replaced", ended, at, because, newest)))
    return made


def touch(connection: sqlite3.Connection, collection: int) -> None:
    """Let those who have loaded a collection know that items of it hold no more, or again."""
    connection.execute("UPDATE collection SET removed = removed + 1 WHERE id = ?", (collection,))


def body_of(item: Draft | ItemRow) -> str:
    """What stands in an item's body: its parts, where they hold anything, and how it was used."""
    names = OF_BODY if isinstance(item, Draft) else (*OF_BODY, *_USES)
    return msgspec.json.encode({name: value for name in names if (value := getattr(item, name))}).decode()


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def forget(connection: sqlite3.Connection, collection: int, number: int, at: float) -> int:
    """Shred an item; tell how many that were."""
    row = connection.execute(
        "SELECT body FROM item WHERE number = ? AND collection = ? AND forgotten IS NULL",
        (number, collection),
    ).fetchone()
    if row is None:
        return 0
    left = {name: value for name, value in msgspec.json.decode(row[0]).items() if name not in _SAYING}
    connection.execute(
        "UPDATE item SET text = '', digest = NULL, about = NULL, vector = NULL, key = NULL, body = ?, forgotten = ?"
        " WHERE number = ?",
        (msgspec.json.encode(left).decode(), at, number),
    )
    return 1


def rows_of(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[ItemRow]:
    """The items of however many numbers."""
    return [row for number in numbers for row in rows_where(connection, "number = ?", number)]


def rows_where(connection: sqlite3.Connection, where: str, *values: Any) -> list[ItemRow]:
    """The items for which a condition holds."""
    return [row for row, _ in _found(connection, where, *values)]


def _found(connection: sqlite3.Connection, where: str, *values: Any) -> list[tuple[ItemRow, str | None]]:
    """Items with the keys of the writes that made them."""
    # the condition is one of those in this file; only the values come from elsewhere
    found = connection.execute(f"SELECT {_COLUMNS} FROM item WHERE {where}", values)  # noqa: S608
    return [
        (
            ItemRow(
                number=number,
                at=at,
                until=until,
                ended_by=ended_by,
                forgotten=forgotten,
                about=about or "",
                text=text,
                **msgspec.json.decode(body),
            ),
            key,
        )
        for number, at, until, ended_by, forgotten, about, body, text, key in found
    ]
