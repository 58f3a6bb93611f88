"""Asks a database in a child process, as one row of a query can hold more than all memory.

Each database is opened for one statement, and read-only unless it is to be written to, by what it can refuse itself:
SQLite by its file mode and an authorizer, PostgreSQL by a transaction and a role, DuckDB by its configuration. That
holds whatever the statement is understood as.
"""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from runpy import run_path
from time import monotonic

TYPE_CHECKING = False  # as in typing, which is not needed otherwise
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

named_rows = run_path(str(Path(__file__).with_name("rows.py")))["named_rows"]

CONNECT = 10  # seconds
CHECK = 1_000  # milliseconds between two looks of PostgreSQL whether anybody still waits for it
STEPS = 1_000  # of SQLite's machine, between two looks at the clock
LONGEST_VALUE = 10_000_000  # bytes
DUCKDB_MEMORY = "512MB"

# virtual tables of SQLite whose rows are made of their arguments alone
OF_ARGUMENTS = ("json_each('1')", "json_tree('1')", "generate_series(1, 1)")
HARMLESS = ("random", "clock_timestamp", "timeofday", "gen_random_uuid", "uuid_generate_v4")


def answer(data: bytes, _asked: dict[str, Any]) -> dict[str, Any]:
    """What the database says to a statement, or what it has against it."""
    task = json.loads(data)
    try:
        rows, truncated, changed = ASKED[task["dialect"]](task)
    except (MemoryError, SystemExit):
        raise
    except Exception as exc:  # noqa: BLE001 - each driver has errors of its own
        return {"failed": str(exc).strip() or type(exc).__name__}
    return {"rows": rows, "truncated": truncated, "changed": changed}


def from_sqlite(task: dict[str, Any]) -> tuple[list[dict[str, Any]], bool, int]:
    """What SQLite says."""
    import sqlite3

    raw = sqlite3.connect(task["url"], uri=True, timeout=min(task["seconds"], CONNECT))
    raw.execute("PRAGMA trusted_schema = OFF")
    raw.execute("PRAGMA temp_store = MEMORY")
    if not task["writing"]:
        raw.execute("PRAGMA query_only = ON")
    raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    raw.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for table in OF_ARGUMENTS:  # they are made now, as the authorizer allows no virtual table to be made
        with contextlib.suppress(sqlite3.OperationalError):
            raw.execute(f"SELECT 1 FROM {table}").close()  # noqa: S608 - our own text
    if not task["ours"]:  # SQLite makes a table of its own where it is asked for the columns of another
        raw.set_authorizer(authorizer(writing=task["writing"]))
    end = monotonic() + task["seconds"]
    raw.set_progress_handler(lambda: monotonic() > end, STEPS)
    cursor = raw.execute(task["text"], task["parameters"])
    if cursor.description is None:
        raw.commit()
        return [], False, max(cursor.rowcount, 0)
    rows, truncated = named_rows([column[0] for column in cursor.description], cursor, task["most"])
    raw.commit()
    return rows, truncated, max(cursor.rowcount, 0) if task["writing"] else 0


def authorizer(*, writing: bool) -> Callable[..., int]:
    """What SQLite asks before each part of a statement."""
    import sqlite3

    actions = {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    }
    if writing:
        actions |= {
            sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_SAVEPOINT,
            sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_CREATE_VIEW,
            sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_DROP_INDEX,
            sqlite3.SQLITE_DROP_VIEW, sqlite3.SQLITE_REINDEX,
        }  # fmt: skip

    def authorize(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_FUNCTION:
            denied = second in {"load_extension", "fts3_tokenizer"}
            return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK
        return sqlite3.SQLITE_OK if action in actions else sqlite3.SQLITE_DENY

    return authorize


def from_postgres(task: dict[str, Any]) -> tuple[list[dict[str, Any]], bool, int]:
    """What PostgreSQL says."""
    import psycopg

    refuse_unreadable(task["url"])
    writing, milliseconds = task["writing"], int(task["seconds"] * 1000)
    with psycopg.connect(task["url"], connect_timeout=CONNECT, prepare_threshold=None) as session:
        session.read_only = not writing
        session.execute(f"SET LOCAL statement_timeout = {milliseconds}")
        session.execute(f"SET LOCAL lock_timeout = {milliseconds}")
        session.execute("SET LOCAL standard_conforming_strings = on")  # as the statement was read
        with contextlib.suppress(psycopg.Error), session.transaction():  # not known to all servers
            session.execute(f"SET LOCAL client_connection_check_interval = {CHECK}")
        if not writing:
            refuse_volatile(session, task["functions"])
            if session.info.parameter_status("is_superuser") == "on":
                session.execute("SET LOCAL ROLE pg_read_all_data")
        cursor = session.cursor()
        given = task["parameters"] or None
        if writing:
            cursor.execute(task["text"], given)
            if cursor.description is None:
                return [], False, max(cursor.rowcount, 0)
            rows, truncated = named_rows([column.name for column in cursor.description], cursor, task["most"])
            return rows, truncated, max(cursor.rowcount, 0)
        found = cursor.stream(task["text"], given)  # one row at a time, as the server makes them
        first = next(found, None)
        columns = [column.name for column in cursor.description or ()]
        return *named_rows(columns, () if first is None else chained(first, found), task["most"]), 0


def refuse_unreadable(url: str) -> None:
    """Refuse an address that the driver's own error would quote, password and all."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        host = str(conninfo_to_dict(url).get("host", ""))
    except ProgrammingError:
        raise SystemExit({"unreadable": True}) from None
    if "@" in host:  # the end of a password, which was taken for the host's beginning
        raise SystemExit({"unreadable": True})


def chained(first: Any, others: Any) -> Any:
    """A row and those that follow it."""
    yield first
    yield from others


def refuse_volatile(session: Any, functions: list[str]) -> None:
    """Refuse a function that may change something although the query was asked for as read-only."""
    asked = "SELECT proname FROM pg_catalog.pg_proc WHERE proname = ANY(%s) AND provolatile = 'v'"
    volatile = {name for (name,) in session.execute(asked, (functions,))} if functions else set()
    odd = sorted(volatile - set(HARMLESS))
    if odd:
        raise SystemExit({"volatile": odd[0]})


def from_duckdb(task: dict[str, Any]) -> tuple[list[dict[str, Any]], bool, int]:
    """What DuckDB says."""
    import duckdb

    config = {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": "",
        "memory_limit": DUCKDB_MEMORY,
        "threads": "2",
        "lock_configuration": "true",
    }
    with duckdb.connect(task["url"], read_only=not task["writing"], config=dict(config)) as raw:
        clock = threading.Timer(task["seconds"], raw.interrupt)
        clock.daemon = True
        clock.start()
        raw.execute(task["text"], task["parameters"]) if task["parameters"] else raw.execute(task["text"])
        columns = [column[0] for column in raw.description or ()]
        if task["writing"] and columns == ["Count"]:
            counted = raw.fetchone()
            return [], False, int(counted[0]) if counted else 0
        return *named_rows(columns, iter(raw.fetchone, None), task["most"]), 0


ASKED = {"sqlite": from_sqlite, "postgres": from_postgres, "duckdb": from_duckdb}
