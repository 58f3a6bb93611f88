"""The tables of the SQLite journal, and how its file is opened.

An event's place is its head's id and its own number in one integer, which is the row's key: one
B-tree, in order of reading, with the rows in its leaves. Its body is JSON without the kind, which is a
number beside it (see `journal.kinds`); its check sum is that of the whole. ``history`` shows events to people.

A snapshot has the place of the last event that it holds (see `journal.snapshot_rows`).

A head's history is that of its parent up to so many events, then its own. ``run.steps`` is kept while the
run stands; without it, the steps are counted. ``run.token`` is that of the
holder who wrote to it last (see `rows.Claim`).
"""

from __future__ import annotations

import re
import sqlite3
import time
from hashlib import sha256
from pathlib import Path

from genxai_nb.errors import StoreBusy, StoreDamaged, StoreError

from .change_rows import bring_up
from .kinds import KINDS, parted
from .places import made, on_network

VERSION = 5
PATIENCE = 5.0
FAILURES = (sqlite3.Error, UnicodeDecodeError)  # what SQLite says of a damaged file may be no text

_APPLICATION = 0x67786E62
_SNAPSHOT = "CREATE TABLE snapshot (place INTEGER PRIMARY KEY, body TEXT NOT NULL, crc INTEGER NOT NULL)"
_HISTORY = """
CREATE VIEW history AS SELECT
    'r' || head.run AS run,
    'r' || head.run || '.' || head.number AS head,
    head.upto + (place & 0xffffffff) AS n,
    json_extract(:KINDS, '$[' || kind || ']') AS event,
    json_extract(body, '$.node') AS node,
    body
FROM event JOIN head ON head.id = place >> 32
""".strip().replace(":KINDS", "'[" + ",".join(f'"{kind}"' for kind in KINDS) + "]'")
_TABLES = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    head INTEGER,
    parent TEXT,
    graph TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    steps INTEGER,
    token INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE head (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    number INTEGER NOT NULL DEFAULT 1,
    parent INTEGER,
    upto INTEGER NOT NULL DEFAULT 0,
    why TEXT NOT NULL,
    UNIQUE (run, number)
);
CREATE TABLE event (
    place INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    body TEXT NOT NULL,
    crc INTEGER NOT NULL
);
:SNAPSHOT;
CREATE TABLE IF NOT EXISTS blob (hash TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE definition (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    source INTEGER
) WITHOUT ROWID;
CREATE VIEW tip AS SELECT head.id AS head, coalesce(
    (SELECT max(place) FROM event WHERE place > head.id << 32 AND place < (head.id + 1) << 32), head.id << 32
) AS place FROM head;
:HISTORY;
""".replace(":HISTORY", _HISTORY).replace(":SNAPSHOT", _SNAPSHOT)
# The file keeps the text of its tables as it is given: without spaces, it fits into the first page.
_SPACE = re.compile(r"\s*([(),=<>]+|\|\|)\s*|\s+")
_SET_ASIDE = """
DROP VIEW history;
ALTER TABLE run RENAME TO old_run;
ALTER TABLE head RENAME TO old_head;
ALTER TABLE event RENAME TO old_event;
ALTER TABLE definition RENAME TO old_definition;
"""
_TAKE_OVER = """
INSERT INTO event (place, kind, body, crc)
    SELECT place, kind_in(CAST(body AS BLOB)), CAST(rest_of(CAST(body AS BLOB)) AS TEXT), crc FROM old_event;
INSERT OR IGNORE INTO source (id, body) SELECT source_id(source), source FROM old_definition WHERE source != '';
INSERT INTO definition (hash, kind, name, spec, source)
    SELECT hash, kind, name, spec, CASE source WHEN '' THEN NULL ELSE source_id(source) END FROM old_definition;
DROP TABLE old_run;
DROP TABLE old_head;
DROP TABLE old_event;
DROP TABLE old_definition;
"""
_FROM_1 = """
INSERT INTO run (id, head, parent, graph, status, started, ended, steps)
    SELECT id, head, parent, graph, status, started, ended, CASE status WHEN 'running' THEN NULL ELSE steps END
    FROM old_run;
INSERT INTO head (id, run, why) SELECT id, run, why FROM old_head;
"""
_FROM_2 = """
INSERT INTO run (id, head, parent, graph, status, started, ended, steps)
    SELECT id, head, parent, graph, status, started, ended, steps FROM old_run;
INSERT INTO head (id, run, number, parent, upto, why) SELECT id, run, number, parent, upto, why FROM old_head;
"""
_SCRIPTS = {
    0: _TABLES,
    1: f"DROP VIEW progress;{_SET_ASIDE}{_TABLES}{_FROM_1}{_TAKE_OVER}",
    2: f"DROP VIEW tip;{_SET_ASIDE}{_TABLES}{_FROM_2}{_TAKE_OVER}",
    3: f"{_SNAPSHOT};DROP VIEW history;{_HISTORY}",
    4: f"DROP VIEW history;{_HISTORY}",
}


def source_id(text: str) -> int:
    """The id of a text of source, by which equal ones are kept once."""
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big", signed=True)


def opened(path: Path) -> sqlite3.Connection:
    """Open a journal file, and make it and its tables if there is none.

    Raises:
        StoreError: It cannot be opened, is no journal, or was written by a newer version.
        StoreBusy: Another process holds its lock all the time.
    """
    until = time.monotonic() + 2 * PATIENCE
    while True:
        try:
            return _opened(made(path))
        except FAILURES as exc:
            if not is_busy(exc):
                raise failure(path, exc) from exc
            if time.monotonic() > until:
                raise busy(path, 2 * PATIENCE) from exc
            time.sleep(0.02)


def is_busy(exc: Exception) -> bool:
    """Whether an error says that another connection holds the lock."""
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def busy(path: Path, waited: float) -> StoreBusy:
    """Make the error that says that the lock was not had."""
    return StoreBusy(
        f"Another process holds the lock of the journal {str(path)!r} (waited {waited:g} s).",
        hint="Nothing was written; try again.",
    )


def failure(path: Path, exc: Exception) -> StoreError:
    """Make our error of one of SQLite's."""
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    garbled = isinstance(exc, UnicodeDecodeError) or "decode to UTF-8" in str(exc)
    if garbled or code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreDamaged(
            f"The journal {str(path)!r} is damaged or no SQLite file: {exc}.",
            hint="Move it away; a new one is made.",
        )
    return StoreError(
        f"The journal {str(path)!r} cannot be used: {exc}.",
        hint="Check that the place can be written and is not full.",
    )


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        # What is read is of one moment, also while another process makes the tables.
        connection.execute("BEGIN")
        version = _version(connection, path)
        connection.execute("COMMIT")
        local = not on_network(path)
        # Each transaction writes whole pages, and most events are small.
        connection.execute("PRAGMA page_size = 2048")
        # What is forgotten may have left bytes wherever its row was written anew before.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA journal_mode = {'wal' if local else 'delete'}")
        # Without a log, only "extra" makes the end of a transaction itself survive a loss of power.
        connection.execute(f"PRAGMA synchronous = {'full' if local else 'extra'}")
        # A log that is written over stays small, and costs less than one that grows.
        connection.execute("PRAGMA wal_autocheckpoint = 100")
        connection.execute("PRAGMA journal_size_limit = 1048576")
        if version < VERSION:
            _bring_up(connection, path)
        connection.execute("PRAGMA busy_timeout = 0")
    except BaseException:  # undone whatever it was, also an interrupt, and raised on
        connection.close()
        raise
    return connection


def _bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of this version, of none or of those of an earlier one."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)
        if version < VERSION:
            connection.create_function("kind_in", 1, lambda body: parted(body)[0])
            connection.create_function("rest_of", 1, lambda body: parted(body)[1])
            connection.create_function("source_id", 1, source_id)
            for statement in _SCRIPTS[version].split(";"):
                connection.execute(_SPACE.sub(lambda found: found[1] or " ", statement))
            bring_up(connection)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:  # undone whatever it was, also an interrupt, and raised on
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the tables; 0 for an empty file.

    Raises:
        StoreError: The file is not for this version.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if empty and not version:
        return 0
    if application != _APPLICATION:
        raise StoreError(
            f"{str(path)!r} is a SQLite file of something else, not a journal.", hint="Give another path."
        )
    if version > VERSION:
        raise StoreError(
            f"The journal {str(path)!r} has version {version}; this genxai-nb knows {VERSION}.",
            hint="Upgrade genxai-nb, or give another path.",
        )
    return version
