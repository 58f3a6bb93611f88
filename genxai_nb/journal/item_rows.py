"""What agents remember, in tables of the journal's SQLite file.

The tables are made at the first write, so that a journal without memories has none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from genxai_nb.errors import StoreBusy

from .change_rows import changes, mark, next_number, note
from .changes import BY_HAND, Cause, Change, change_of, standings, taken_back
from .connection import Connection
from .item_table import (
    DROPPED,
    ENDED,
    STANDS,
    add,
    body_of,
    collection_for,
    collection_of,
    forget,
    rows_of,
    rows_where,
    settle,
    there,
    touch,
)
from .items import Added, Collection, Draft, Ending, Entry, ItemRow, Undone, Use, counted, other_model


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
            number, has = collection_for(connection, owner, kind)
            if model and has.model and (has.model, has.dims) != (model, dims):
                raise other_model(owner, kind, has, model, dims)
            done = Added(added=[], ended=[], known=[], changes=[])
            for draft in drafts:
                add(connection, number, draft, at, key, done)
            if len(done.changes) < len(done.added):  # some were written before a crash
                done.changes[:] = changes(connection, number, key)
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
            if not there(connection):
                return []
            number, _ = collection_of(connection, owner, kind)
            return rows_where(connection, "collection = ? ORDER BY number", number)

        return self._file.read(work)

    def pick(self, numbers: Sequence[int]) -> list[ItemRow]:
        """The items of these numbers, in any order."""
        places = ", ".join("?" * len(numbers))
        return self._file.read(lambda connection: rows_where(connection, f"number IN ({places})", *numbers))

    def entries(self, owner: str, kind: str, after: int = 0) -> list[Entry]:
        """What the items that hold are found by, from after a number on, in the order of writing."""

        def work(connection: sqlite3.Connection) -> list[Entry]:
            if not there(connection):
                return []
            number, _ = collection_of(connection, owner, kind)
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
            if not there(connection):
                return []
            number, _ = collection_of(connection, owner, kind)
            rows = connection.execute(
                "SELECT number FROM item WHERE collection = ? AND until IS NULL AND forgotten IS NULL"
                " ORDER BY number",
                (number,),
            )
            return [found for (found,) in rows]

        return self._file.read(work)

    def use(
        self, owner: str, kind: str, uses: Sequence[Use], *, at: float, key: str = "", wait: float = 5.0
    ) -> int:
        """Count that items stood in a prompt; under the same key only once. Tell how many were counted."""

        def work(connection: sqlite3.Connection) -> int:
            collection, _ = collection_of(connection, owner, kind)
            count = 0
            for use in uses:
                rows = rows_where(connection, "number = ? AND collection = ?", use.number, collection)
                if rows and not (key and rows[0].mark == key):
                    body = body_of(counted(rows[0], use, at, key))
                    connection.execute("UPDATE item SET body = ? WHERE number = ?", (body, use.number))
                    count += 1
            return count

        if not uses or not self._file.read(there):
            return 0
        return self._file.write(work, wait)

    def embed(self, owner: str, kind: str, model: str, dims: int, vectors: Mapping[int, bytes]) -> int:
        """Give items that hold embeddings; see `Items.embed`."""

        def work(connection: sqlite3.Connection) -> int:
            collection, has = collection_of(connection, owner, kind)
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

        return self._file.write(work) if self._file.read(there) else 0

    def end(
        self,
        owner: str,
        kind: str,
        numbers: Sequence[int],
        *,
        at: float,
        what: Ending = "faded",
        cause: Cause = BY_HAND,
        wait: float = 5.0,
    ) -> Change | None:
        """Let items hold no longer, or drop them; see `Items.end`."""
        ended = DROPPED if what == "dropped" else ENDED

        def work(connection: sqlite3.Connection) -> Change | None:
            collection, _ = collection_of(connection, owner, kind)
            gone = [
                number
                for number in dict.fromkeys(numbers)
                if connection.execute(ended, {"at": at, "number": number, "of": collection}).rowcount
            ]
            if not gone:
                return None
            touch(connection, collection)
            return note(connection, collection, change_of(what, gone, at, cause), cause.key)

        if not numbers or not self._file.read(there):
            return None
        return self._file.write(work, wait)

    def undo(
        self, owner: str, kind: str, numbers: Sequence[int], *, at: float, cause: Cause = BY_HAND
    ) -> Undone:
        """Take changes back; see `Items.undo`."""

        def work(connection: sqlite3.Connection) -> Undone:
            collection, _ = collection_of(connection, owner, kind)
            log, first = changes(connection, collection), next_number(connection)
            now, new = taken_back(log, numbers, first, at, cause)
            made = [
                note(connection, collection, one, cause.key)
                for one in sorted(new, key=lambda one: one.number)
                if one.number >= first
            ]
            for change in new:
                mark(connection, change)
            touched = sorted({number for change in new for number in change.items})
            before = {row.number: row for row in rows_of(connection, touched) if row.forgotten is None}
            for number, standing in standings(now, before).items():
                connection.execute(STANDS, {"number": number, **standing._asdict()})
            made += settle(connection, collection, list(before), at, cause)
            if made:
                touch(connection, collection)
            after = rows_of(connection, list(before))
            return Undone(count=sum(row.holds != before[row.number].holds for row in after), changes=made)

        if not numbers or not self._file.read(there):
            return Undone(count=0, changes=[])
        return self._file.write(work)

    def changes(self, owner: str, kind: str, *, key: str = "") -> list[Change]:
        """All changes in order, or those of one write."""

        def work(connection: sqlite3.Connection) -> list[Change]:
            return changes(connection, collection_of(connection, owner, kind)[0], key)

        return self._file.read(work) if self._file.read(there) else []

    def unused(self, owner: str, kind: str, since: float) -> list[int]:
        """The numbers of the items that hold and were neither written nor used since then."""

        def work(connection: sqlite3.Connection) -> list[int]:
            if not there(connection):
                return []
            number, _ = collection_of(connection, owner, kind)
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
            lambda connection: (
                collection_of(connection, owner, kind)[1] if there(connection) else Collection()
            )
        )

    def forget(
        self, owner: str, kind: str, numbers: Sequence[int], *, at: float, cause: Cause = BY_HAND
    ) -> int:
        """Shred items and leave a mark of each; tell how many there were.

        Their bytes are overwritten in the file, and its write-ahead log is emptied, also if nothing is left to forget.

        Raises:
            StoreBusy: Another process keeps the log; the items are forgotten, and forgetting again empties it.
        """

        def work(connection: sqlite3.Connection) -> int:
            collection, _ = collection_of(connection, owner, kind)
            gone = [number for number in dict.fromkeys(numbers) if forget(connection, collection, number, at)]
            if gone:
                touch(connection, collection)
                note(connection, collection, change_of("forgotten", gone, at, cause), cause.key)
                connection.execute(
                    "UPDATE collection SET model = '', dims = 0 WHERE id = ? AND NOT EXISTS"
                    " (SELECT 1 FROM item WHERE collection = id AND forgotten IS NULL)",
                    (collection,),
                )
            return len(gone)

        if not self._file.read(there):
            return 0
        count = self._file.write(work)
        if not self._file.empty_log():
            raise StoreBusy(
                "What is forgotten is overwritten, but for the journal's log: another process reads as of before.",
                hint="End it, and forget again.",
            )
        return count

    def owners(self) -> list[tuple[str, str]]:
        """All owners with the kinds that they have, sorted."""
        return self._file.read(
            lambda connection: (
                connection.execute("SELECT owner, kind FROM collection ORDER BY owner, kind").fetchall()
                if there(connection)
                else []
            )
        )
