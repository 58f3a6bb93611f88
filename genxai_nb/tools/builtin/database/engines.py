"""Databases that speak SQL: SQLite and PostgreSQL through SQLAlchemy, DuckDB by itself.

Each opens a named connection for one statement, read-only unless it is asked to write, by what the database itself
can refuse: SQLite by its file mode and an authorizer, PostgreSQL by a transaction and a role, DuckDB by its
configuration. That holds whatever the statement is understood as.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from genxai_nb.errors import Denied, MissingPackage, ToolFailed
from genxai_nb.guard.sql import Dialect, Statement
from genxai_nb.tools.connections import Connection, find_connection

from .rows import named_rows

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["DIALECTS", "Answer", "Database", "dialect_of", "open_database", "translated"]

DIALECTS: dict[str, Dialect] = {
    "sqlite": "sqlite",
    "postgresql": "postgres",
    "postgres": "postgres",
    "duckdb": "duckdb",
}
CONNECT = 10  # seconds
STEPS = 1_000  # of SQLite's machine, between two looks at the clock
LONGEST_VALUE = 10_000_000  # bytes

_MEMORY = "512MB"
_STREAM = {"stream_results": True, "max_row_buffer": 4}
_HARMLESS = ("random", "clock_timestamp", "timeofday", "gen_random_uuid", "uuid_generate_v4")

Answer = tuple[list[dict[str, Any]], bool, int]


class Database(Protocol):
    """An open database, for one statement."""

    def ask(self, statement: Statement, parameters: dict[str, Any], most: int) -> Answer:
        """Make a statement; returns at most ``most`` rows, whether there are more, and how many rows it changed.

        Rows are fetched bit by bit until what is told of them is enough, as they may hold more than the memory.
        """


def dialect_of(connection: str) -> Dialect:
    """Whose SQL a connection speaks.

    Raises:
        ToolFailed: There is no such connection, or it is no database of these.
    """
    return DIALECTS[_found(connection).scheme.partition("+")[0]]


def _found(name: str) -> Connection:
    return find_connection(name, "a database", tuple(DIALECTS))


@contextmanager
def open_database(name: str, *, writing: bool, seconds: float) -> Iterator[Database]:
    """Open a named database for one statement.

    Args:
        name: The connection's name.
        writing: Whether it may be changed.
        seconds: How long the statement may take.

    Raises:
        ToolFailed: It cannot be reached, or the statement failed or took too long.
        MissingPackage: Its driver is not installed.
    """
    connection = _found(name)
    dialect = DIALECTS[connection.scheme.partition("+")[0]]
    opened = {"sqlite": _sqlite, "postgres": _postgres, "duckdb": _duckdb}[dialect]
    with translated(connection, seconds), opened(connection, writing, seconds) as database:
        yield database


@contextmanager
def translated(connection: Connection, seconds: float) -> Iterator[None]:
    """Turn what a database raises into words, without the address it was reached at."""
    try:
        yield
    except (ToolFailed, MissingPackage):
        raise
    except Exception as exc:  # each database's driver has errors of its own
        cause = getattr(exc, "orig", None) or exc
        said = str(cause).strip().splitlines() or [type(cause).__name__]
        text = connection.url.reveal()
        line = " ".join(line for line in said[:3] if text not in line and not line.lstrip().startswith("^"))
        if any(word in line.lower() for word in ("interrupt", "statement timeout")):
            raise ToolFailed(
                f"The query took longer than {seconds:g} s.", hint="Ask for less, or give a larger timeout."
            ) from exc
        if "not authorized" in line or "prohibited" in line:
            raise Denied(
                f"The database does not allow that: {line}.", hint="Only tables may be used."
            ) from exc
        raise ToolFailed(f"Database {connection.name!r}: {line}.") from exc


@contextmanager
def _sqlite(connection: Connection, writing: bool, seconds: float) -> Iterator[Database]:  # noqa: FBT001 - one of three
    file = Path(connection.path[1:])
    if not file.is_file():
        raise ToolFailed(f"Database {connection.name!r} is not there.", hint="Its file has to be made first.")
    address = f"file:{quote(str(file.absolute()))}?mode={'rw' if writing else 'ro'}"

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(address, uri=True, timeout=min(seconds, CONNECT), check_same_thread=False)
        raw.execute("PRAGMA trusted_schema = OFF")
        if not writing:
            raw.execute("PRAGMA query_only = ON")
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        raw.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        return raw

    def guard(raw: Any, *, ours: bool) -> None:
        if not ours:  # SQLite makes a table of its own where it is asked for the columns of another
            raw.set_authorizer(_writer if writing else _reader)
        end = monotonic() + seconds
        raw.set_progress_handler(lambda: monotonic() > end, STEPS)

    yield _Alchemy(_engine("sqlite://", creator=connect), guard=guard)


_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION}
_WRITING = _READING | {
    sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_SAVEPOINT,
    sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_CREATE_VIEW, sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_DROP_INDEX, sqlite3.SQLITE_DROP_VIEW, sqlite3.SQLITE_REINDEX,
}  # fmt: skip


def _reader(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
    return _authorized(_READING, action, second)


def _writer(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
    return _authorized(_WRITING, action, second)


def _authorized(actions: set[int], action: int, second: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        denied = second in {"load_extension", "fts3_tokenizer"}
        return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in actions else sqlite3.SQLITE_DENY


@contextmanager
def _postgres(connection: Connection, writing: bool, seconds: float) -> Iterator[Database]:  # noqa: FBT001 - one of three
    try:
        import psycopg  # noqa: F401 - SQLAlchemy imports it later, and says less well that it is missing
    except ImportError as exc:
        raise MissingPackage("psycopg", "postgres") from exc
    address = f"postgresql+psycopg{connection.url.reveal().removeprefix(connection.scheme)}"
    engine = _engine(address, connect_args={"connect_timeout": CONNECT})

    def begin(session: Any) -> None:
        if not writing:
            session.exec_driver_sql("SET TRANSACTION READ ONLY")
        session.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        session.exec_driver_sql(f"SET LOCAL lock_timeout = {int(seconds * 1000)}")
        if not writing and _is_superuser(session):
            session.exec_driver_sql("SET LOCAL ROLE pg_read_all_data")

    def check(session: Any, statement: Statement) -> None:
        if writing or not statement.functions:
            return
        asked = "SELECT proname FROM pg_catalog.pg_proc WHERE proname = ANY(%s) AND provolatile = 'v'"
        volatile = session.exec_driver_sql(asked, (list(statement.functions),)).scalars().all()
        odd = sorted(set(volatile) - set(_HARMLESS))
        if odd:
            raise Denied(
                f"The function {odd[0]!r} may change something, and the query was asked for as read-only.",
                hint="Do without it; the database's owner can declare a harmless one STABLE.",
            )

    yield _Alchemy(engine, begin=begin, check=check)


def _is_superuser(session: Any) -> bool:
    return bool(session.exec_driver_sql("SELECT current_setting('is_superuser') = 'on'").scalar())


class _Alchemy:
    """A database of SQLAlchemy, in one transaction."""

    def __init__(
        self,
        engine: Engine,
        *,
        guard: Callable[..., None] | None = None,
        begin: Callable[[Any], None] | None = None,
        check: Callable[[Any, Statement], None] | None = None,
    ) -> None:
        self.engine = engine
        self._guard = guard
        self._begin = begin
        self._check = check

    def ask(self, statement: Statement, parameters: dict[str, Any], most: int) -> Answer:
        from sqlalchemy import text

        # in SQLAlchemy's own text a colon begins a parameter, also within a literal
        made = text(statement.with_parameters(":{}", escape=(":", "\\:")))
        try:
            with self.engine.begin() as session:
                if self._begin is not None:
                    self._begin(session)
                if self._check is not None:
                    self._check(session, statement)
                if self._guard is not None:
                    self._guard(session.connection.driver_connection, ours=statement.ours)
                streams = not statement.writes and statement.text.startswith(("SELECT", "WITH"))
                options = _STREAM if streams else {}
                with session.execute(made, parameters, execution_options=options) as result:
                    changed = max(result.rowcount, 0) if statement.writes or not result.returns_rows else 0
                    if not result.returns_rows:
                        return [], False, changed
                    return *named_rows(list(result.keys()), result, most), changed
        finally:
            self.engine.dispose()


def _engine(address: str, **options: Any) -> Engine:
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool
    except ImportError as exc:
        raise MissingPackage("sqlalchemy", "tools") from exc
    return create_engine(address, poolclass=NullPool, hide_parameters=True, **options)


@contextmanager
def _duckdb(connection: Connection, writing: bool, seconds: float) -> Iterator[Database]:  # noqa: FBT001 - one of three
    try:
        import duckdb
    except ImportError as exc:
        raise MissingPackage("duckdb", "tools") from exc
    file = Path(connection.path[1:])
    if not file.is_file():
        raise ToolFailed(f"Database {connection.name!r} is not there.", hint="Its file has to be made first.")
    config = {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": _MEMORY,
        "threads": "2",
        "lock_configuration": "true",
    }
    raw = duckdb.connect(str(file), read_only=not writing, config=dict(config))
    clock = threading.Timer(seconds, raw.interrupt)
    clock.start()
    try:
        yield _Duck(raw)
    finally:
        clock.cancel()
        raw.close()


class _Duck:
    """A database of DuckDB."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def ask(self, statement: Statement, parameters: dict[str, Any], most: int) -> Answer:
        made = statement.with_parameters("${}")
        self.raw.execute(made, parameters) if parameters else self.raw.execute(made)
        columns = [column[0] for column in self.raw.description or ()]
        if statement.writes and columns == ["Count"]:
            counted = self.raw.fetchone()
            return [], False, int(counted[0]) if counted else 0
        return *named_rows(columns, iter(self.raw.fetchone, None), most), 0
