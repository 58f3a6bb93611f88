"""What agents remember, in tables of the journal's SQLite file.

The tables are made at the first write, so that a journal without memories has none. A text stands in its
item's own row, where forgetting overwrites it; ``digest`` finds it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from .connection import Connection
from .items import OF_BODY, Added, Collection, Draft, Entry, ItemRow, Use, counted, kept, other_model

_TABLES = """
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
_USES = ("uses", "wins", "seconds", "used", "mark")
_SAYING = ("fields", "cue", "since", "expires")  # what of a body says what the item says
_COLUMNS = "number, at, until, ended_by, forgotten, about, body, text, key"


class SqliteItems:
    """Keep items in a journal's file.

    Args:
        file: The connection of the journal.
    """

    def __init__(self, file: Connection) -> None:
        self._file = file

    def add(
        self,
        owner: str,
        kind: str,
        drafts: Sequence[Draft],
        *,
        at: float,
        key: str = "",
        model: str = "",
        dims: int = 0,
        wait: float = 5.0,
    ) -> Added:
        """Keep items in one transaction; see `Items.add`.

        Raises:
            StoreError: The collection's embeddings are of another model.
            StoreBusy: The lock was not had in time; nothing was kept.
        """

        def work(connection: sqlite3.Connection) -> Added:
            if not _there(connection):
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
            number, has = _collection(connection, owner, kind)
            if model and has.model and (has.model, has.dims) != (model, dims):
                raise other_model(owner, kind, has, model, dims)
            if not number:
                number = _make(connection, owner, kind)
            done = Added(added=[], ended=[], known=[])
            for draft in drafts:
                _add(connection, number, draft, at, key, done)
            if done.ended or (done.added and model != has.model):
                connection.execute(
                    "UPDATE collection SET model = ?, dims = ?, removed = removed + ? WHERE id = ?",
                    (model or has.model, dims or has.dims, bool(done.ended), number),
                )
            return done

        return self._file.write(work, wait)

    def read(self, owner: str, kind: str) -> list[ItemRow]:
        """All items in the order of writing, also ended and forgotten ones."""

        def work(connection: sqlite3.Connection) -> list[ItemRow]:
            if not _there(connection):
                return []
            number, _ = _collection(connection, owner, kind)
            return _rows(connection, "collection = ? ORDER BY number", number)

        return self._file.read(work)

    def pick(self, numbers: Sequence[int]) -> list[ItemRow]:
        """The items of these numbers, in any order."""
        places = ", ".join("?" * len(numbers))
        return self._file.read(lambda connection: _rows(connection, f"number IN ({places})", *numbers))

    def entries(self, owner: str, kind: str, after: int = 0) -> list[Entry]:
        """What the items that hold are found by, from after a number on, in the order of writing."""

        def work(connection: sqlite3.Connection) -> list[Entry]:
            if not _there(connection):
                return []
            number, _ = _collection(connection, owner, kind)
            rows = connection.execute(
                "SELECT number, coalesce(json_extract(body, '$.cue'), text), coalesce(vector, x''), json_extract(body, '$.since'),"
                " json_extract(body, '$.expires') FROM item WHERE number > ? AND collection = ? AND until IS NULL AND forgotten IS NULL ORDER BY number",
                (after, number),
            )
            return [Entry(*row) for row in rows]

        return self._file.read(work)

    def holding(self, owner: str, kind: str) -> list[int]:
        """The numbers of the items that hold, in the order of writing."""

        def work(connection: sqlite3.Connection) -> list[int]:
            if not _there(connection):
                return []
            number, _ = _collection(connection, owner, kind)
            rows = connection.execute(
                "SELECT number FROM item WHERE collection = ? AND until IS NULL AND forgotten IS NULL"
                " ORDER BY number",
                (number,),
            )
            return [found for (found,) in rows]

        return self._file.read(work)

    def use(self, owner: str, kind: str, uses: Sequence[Use], *, at: float, key: str = "") -> int:
        """Count that items stood in a prompt; under the same key only once. Tell how many were counted."""

        def work(connection: sqlite3.Connection) -> int:
            collection, _ = _collection(connection, owner, kind)
            count = 0
            for use in uses:
                rows = _rows(connection, "number = ? AND collection = ?", use.number, collection)
                if rows and not (key and rows[0].mark == key):
                    body = _body(counted(rows[0], use, at, key))
                    connection.execute("UPDATE item SET body = ? WHERE number = ?", (body, use.number))
                    count += 1
            return count

        if not uses or not self._file.read(_there):
            return 0
        return self._file.write(work)

    def embed(self, owner: str, kind: str, model: str, dims: int, vectors: Mapping[int, bytes]) -> int:
        """Give items that hold embeddings; see `Items.embed`."""

        def work(connection: sqlite3.Connection) -> int:
            collection, has = _collection(connection, owner, kind)
            if has.model != model:
                connection.execute("UPDATE item SET vector = NULL WHERE collection = ?", (collection,))
            given = connection.executemany(
                "UPDATE item SET vector = ? WHERE number = ? AND collection = ? AND until IS NULL AND forgotten IS NULL",
                [(vector, number, collection) for number, vector in vectors.items()],
            ).rowcount
            connection.execute(
                "UPDATE collection SET model = ?, dims = ?, removed = removed + 1 WHERE id = ?",
                (model, dims, collection),
            )
            return max(given, 0)

        return self._file.write(work) if self._file.read(_there) else 0

    def end(self, owner: str, kind: str, numbers: Sequence[int], *, at: float) -> int:
        """Let items hold no longer; tell how many there were. They stay readable."""
        return self._change(owner, kind, numbers, "until = ?", "until IS NULL", at)

    def restore(self, owner: str, kind: str, numbers: Sequence[int]) -> int:
        """Let items hold again that ended and were not forgotten; tell how many there were."""
        return self._change(owner, kind, numbers, "until = NULL, ended_by = NULL", "until IS NOT NULL")

    def _change(
        self, owner: str, kind: str, numbers: Sequence[int], change: str, which: str, *values: float
    ) -> int:
        def work(connection: sqlite3.Connection) -> int:
            collection, _ = _collection(connection, owner, kind)
            # what is changed, and of which items, is one of two texts above
            statement = f"UPDATE item SET {change} WHERE number = ? AND collection = ? AND forgotten IS NULL AND {which}"  # noqa: S608
            changed = [
                connection.execute(statement, (*values, number, collection)).rowcount
                for number in dict.fromkeys(numbers)
            ]
            if any(changed):
                connection.execute("UPDATE collection SET removed = removed + 1 WHERE id = ?", (collection,))
            return sum(changed)

        if not numbers or not self._file.read(_there):
            return 0
        return self._file.write(work)

    def unused(self, owner: str, kind: str, since: float) -> list[int]:
        """The numbers of the items that hold and were neither written nor used since then."""

        def work(connection: sqlite3.Connection) -> list[int]:
            if not _there(connection):
                return []
            number, _ = _collection(connection, owner, kind)
            rows = connection.execute(
                "SELECT number FROM item WHERE collection = ? AND at < ? AND until IS NULL AND forgotten IS NULL"
                " AND coalesce(json_extract(body, '$.used'), at) < ? ORDER BY number",
                (number, since, since),
            )
            return [found for (found,) in rows]

        return self._file.read(work)

    def collection(self, owner: str, kind: str) -> Collection:
        """What is known of the items as a whole."""
        return self._file.read(
            lambda connection: _collection(connection, owner, kind)[1] if _there(connection) else Collection()
        )

    def forget(self, owner: str, kind: str, numbers: Sequence[int], *, at: float) -> int:
        """Shred items and leave a mark of each; tell how many there were.

        Their bytes are overwritten in the file, and its write-ahead log is emptied.
        """

        def work(connection: sqlite3.Connection) -> int:
            collection, _ = _collection(connection, owner, kind)
            count = sum(_forget(connection, collection, number, at) for number in dict.fromkeys(numbers))
            if count:
                connection.execute(
                    "UPDATE collection SET removed = removed + 1 WHERE id = ?",
                    (collection,),
                )
                connection.execute(
                    "UPDATE collection SET model = '', dims = 0 WHERE id = ? AND NOT EXISTS"
                    " (SELECT 1 FROM item WHERE collection = id AND forgotten IS NULL)",
                    (collection,),
                )
            return count

        if not self._file.read(_there):
            return 0
        self._file.read(lambda connection: connection.execute("PRAGMA secure_delete = ON").fetchone())
        try:
            return self._file.write(work)
        finally:
            self._file.read(
                lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            )
            self._file.read(lambda connection: connection.execute("PRAGMA secure_delete = OFF").fetchone())

    def owners(self) -> list[tuple[str, str]]:
        """All owners with the kinds that they have, sorted."""
        return self._file.read(
            lambda connection: (
                connection.execute("SELECT owner, kind FROM collection ORDER BY owner, kind").fetchall()
                if _there(connection)
                else []
            )
        )


def _there(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'item'").fetchone() is not None


def _collection(connection: sqlite3.Connection, owner: str, kind: str) -> tuple[int, Collection]:
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


def _make(connection: sqlite3.Connection, owner: str, kind: str) -> int:
    made = connection.execute(
        "INSERT INTO collection (owner, kind, model, dims) VALUES (?, ?, '', 0)", (owner, kind)
    )
    return made.lastrowid or 0


def _add(
    connection: sqlite3.Connection, collection: int, draft: Draft, at: float, key: str, done: Added
) -> None:
    digest = _digest(draft.text)
    for row, written_by in _found(connection, "digest = ? AND collection = ?", digest, collection):
        if row.text == draft.text and key and written_by == key:  # this same write was made before a crash
            done.added.append(row)
            done.ended.extend(_rows(connection, "ended_by = ?", row.number))
            return
        if row.text == draft.text and row.holds and not draft.again:
            done.known.append(row)
            return
    made = connection.execute(
        "INSERT INTO item (collection, digest, text, at, about, key, body, vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            collection,
            digest,
            draft.text,
            at,
            draft.about or None,
            key or None,
            _body(draft),
            draft.vector or None,
        ),
    )
    number = made.lastrowid or 0
    ended = 0
    if draft.about:
        ended += connection.execute(
            "UPDATE item SET until = ?, ended_by = ? WHERE about = ? AND collection = ? AND until IS NULL"
            " AND number != ?",
            (at, number, draft.about, collection, number),
        ).rowcount
    for old in {*draft.replaces} - {number}:
        ended += connection.execute(
            "UPDATE item SET until = ?, ended_by = ? WHERE number = ? AND collection = ? AND until IS NULL"
            " AND forgotten IS NULL",
            (at, number, old, collection),
        ).rowcount
    if ended:
        done.ended.extend(_rows(connection, "ended_by = ? ORDER BY number", number))
    done.added.append(kept(draft, number, at))


def _body(item: Draft | ItemRow) -> str:
    """What stands in an item's body: its parts, where they hold anything, and how it was used."""
    names = OF_BODY if isinstance(item, Draft) else (*OF_BODY, *_USES)
    return msgspec.json.encode({name: value for name in names if (value := getattr(item, name))}).decode()


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _forget(connection: sqlite3.Connection, collection: int, number: int, at: float) -> int:
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


def _rows(connection: sqlite3.Connection, where: str, *values: Any) -> list[ItemRow]:
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
