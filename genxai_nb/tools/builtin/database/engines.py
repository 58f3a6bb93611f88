"""Databases that speak SQL: SQLite, PostgreSQL and DuckDB, each asked by a child process.

How a database is opened, and what it refuses itself, stands in `genxai_nb.tools.builtin.database.drivers`.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from genxai_nb.errors import Denied, MissingPackage, ToolFailed
from genxai_nb.guard.sql import Dialect, Statement
from genxai_nb.tools.child import ask_child
from genxai_nb.tools.connections import Connection, find_connection

__all__ = ["DIALECTS", "Answer", "ask_database", "dialect_of"]

DIALECTS: dict[str, Dialect] = {
    "sqlite": "sqlite",
    "postgresql": "postgres",
    "postgres": "postgres",
    "duckdb": "duckdb",
}
GRACE = 15  # seconds for the child to start and to connect, beside those of the statement
MOST_WRITTEN = 64_000_000  # bytes of a file that reading may make, such as the index of SQLite's log

_LESS = "Ask for fewer or shorter rows, such as by LIMIT and substr(column, 1, 1000)."
_CHILD = str(Path(__file__).with_name("drivers.py"))
# how each driver writes a parameter, and what it would take for one in the rest of the text
_FORMS: dict[Dialect, tuple[str, tuple[str, str]]] = {
    "sqlite": (":{}", ("", "")),
    "postgres": ("%({})s", ("%", "%%")),
    "duckdb": ("${}", ("", "")),
}
_PACKAGES: dict[Dialect, tuple[str, str]] = {
    "postgres": ("psycopg", "postgres"),
    "duckdb": ("duckdb", "tools"),
}

Answer = tuple[list[dict[str, Any]], bool, int]


def dialect_of(connection: str) -> Dialect:
    """Whose SQL a connection speaks.

    Raises:
        ToolFailed: There is no such connection, or it is no database of these.
    """
    return _dialect(_found(connection))


def _found(name: str) -> Connection:
    return find_connection(name, "a database", tuple(DIALECTS))


def _dialect(connection: Connection) -> Dialect:
    return DIALECTS[connection.scheme.partition("+")[0]]


def ask_database(
    name: str, statement: Statement, parameters: dict[str, Any], *, most: int, writing: bool, seconds: float
) -> Answer:
    """Make a statement in a named database.

    Args:
        name: The connection's name.
        statement: The statement.
        parameters: The values of its parameters.
        most: How many rows are told at most.
        writing: Whether the database may be changed.
        seconds: How long the statement may take.

    Returns:
        The rows, whether there are more, and how many were changed.

    Raises:
        ToolFailed: The database cannot be reached, or the statement failed, or needs more than it may have.
        Denied: The database does not allow it.
        MissingPackage: Its driver is not installed.
    """
    connection = _found(name)
    dialect = _dialect(connection)
    package = _PACKAGES.get(dialect)
    if package and find_spec(package[0]) is None:
        raise MissingPackage(*package)
    form, escape = _FORMS[dialect]
    task = {
        "dialect": dialect,
        "url": _address(connection, dialect, writing=writing),
        "text": statement.with_parameters(form, escape=escape if parameters else ("", "")),
        "functions": statement.functions,
        "ours": statement.ours,
        "parameters": parameters,
        "most": most,
        "writing": writing,
        "seconds": seconds,
    }
    said = ask_child(
        _CHILD,
        {},
        json.dumps(task, default=str).encode(),
        seconds=seconds + GRACE,
        what="The query",
        done="answered",
        hint=_LESS,
        disk=None if writing else MOST_WRITTEN,
    )
    if "rows" in said:
        return said["rows"], said["truncated"], said["changed"]
    raise _failure(said, connection, seconds)


def _address(connection: Connection, dialect: Dialect, *, writing: bool) -> str:
    """Where the driver finds the database."""
    if dialect == "postgres":
        return f"postgresql{connection.url.reveal().removeprefix(connection.scheme)}"
    file = Path(connection.path[1:])
    if not file.is_file():
        raise ToolFailed(f"Database {connection.name!r} is not there.", hint="Its file has to be made first.")
    if dialect == "duckdb":
        return str(file)
    return f"file:{quote(str(file.absolute()))}?mode={'rw' if writing else 'ro'}"


def _failure(said: dict[str, Any], connection: Connection, seconds: float) -> ToolFailed:
    """What a database has against a statement, in words and without the address it was reached at."""
    if "volatile" in said:
        return Denied(
            f"The function {said['volatile']!r} may change something, and the query was asked for as read-only.",
            hint="Do without it; the database's owner can declare a harmless one STABLE.",
        )
    if "unreadable" in said:
        return ToolFailed(
            f"Connection {connection.name!r} is no address that PostgreSQL's driver can read.",
            hint="Write signs in its user and password by their codes: @ as %40, / as %2F, % as %25.",
        )
    address, lines = connection.url.reveal(), str(said["failed"]).splitlines()
    kept = [line for line in lines[:3] if address not in line and not line.lstrip().startswith("^")]
    line = " ".join(kept)[:1000]
    if any(word in line.lower() for word in ("interrupt", "statement timeout")):
        return ToolFailed(
            f"The query took longer than {seconds:g} s.", hint="Ask for less, or give a larger timeout."
        )
    if "out of memory" in line.lower():
        return ToolFailed("The query needs more memory than it may have.", hint=_LESS)
    if "not authorized" in line or "prohibited" in line:
        return Denied(f"The database does not allow that: {line}.", hint="Only tables may be used.")
    return ToolFailed(f"Database {connection.name!r}: {line}.")
