"""One SQL statement, with bind parameters, read-only unless it is asked for otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from annotated_types import Interval, MaxLen
from msgspec import Struct

from genxai_nb.errors import GenXAIError, ToolFailed
from genxai_nb.guard.policy import Subject
from genxai_nb.guard.sql import LONGEST, Statement, read_statement
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

from .engines import ask_database, dialect_of

__all__ = ["Table", "sql_query"]


class Table(Struct, Outcome, frozen=True, omit_defaults=True):
    """What a statement gave.

    Attributes:
        rows: The rows, by column.
        count: How many rows are told.
        truncated: There are more.
        changed: How many rows were changed.
    """

    rows: list[dict[str, Any]]
    count: int
    truncated: bool = False
    changed: int = 0


def _needs(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return ("read",) if arguments.get("read_only", True) is True else ("read", "write")


def _tables(arguments: Mapping[str, Any]) -> Iterable[Subject]:
    """The tables that a query names; one that cannot be read counts as a table that no list names.

    How deep a query may be nested depends on where it is read from, so the tool may come to the end of one that was
    not read here.
    """
    try:
        statement = read_statement(
            str(arguments.get("query", "")), dialect_of(str(arguments.get("connection", ""))), writing=True
        )
    except GenXAIError:
        return [("tables", "(unreadable)")]
    return [("tables", table) for table in statement.tables]


@tool(
    category="database",
    tags=["sql"],
    timeout=320,
    permissions=["read", "write"],
    needs=_needs,
    subjects=_tables,
)
def sql_query(
    query: Annotated[str, MaxLen(LONGEST)],
    connection: str,
    *,
    parameters: dict[str, Any] | None = None,
    read_only: bool = True,
    max_rows: Annotated[int, Interval(ge=1, le=10_000)] = 1000,
    timeout: Annotated[float, Interval(ge=0.1, le=300)] = 30,
) -> Table:
    """Make one SQL statement in a named database and return its rows.

    Write values as parameters, never into the query: WHERE city = :city with parameters {"city": "Bonn"}.

    Args:
        query: One statement: SELECT, WITH or VALUES; with read_only=false also INSERT, UPDATE, DELETE, and CREATE,
            DROP or ALTER of tables, views and indexes. The dialect is the database's own: SQLite, PostgreSQL, DuckDB.
        connection: The name of the connection, such as shop.
        parameters: Values of the parameters, by name without the colon.
        read_only: Whether a statement that changes something is refused.
        max_rows: How many rows to return at most.
        timeout: Seconds that it may take.

    Example:
        >>> import os, sqlite3
        >>> with sqlite3.connect("shop.db") as database:
        ...     _ = database.execute("CREATE TABLE IF NOT EXISTS towns AS SELECT 'Bonn' AS name")
        >>> database.close()
        >>> os.environ["GENXAI_CONNECTION_SHOP"] = "sqlite:///shop.db"
        >>> sql_query("SELECT name FROM towns WHERE name LIKE :start", "shop", parameters={"start": "B%"}).rows
        [{'name': 'Bonn'}]
    """
    dialect = dialect_of(connection)
    statement = read_statement(query, dialect, writing=not read_only)
    given = _checked(statement, parameters or {})
    rows, truncated, changed = ask_database(
        connection, statement, given, most=max_rows, writing=statement.writes, seconds=timeout
    )
    return Table(rows, len(rows), truncated, changed)


def _checked(statement: Statement, parameters: dict[str, Any]) -> dict[str, Any]:
    missing = [name for name in statement.parameters if name not in parameters]
    if missing:
        raise ToolFailed(
            f"Parameter :{missing[0]} has no value.", hint=f"Give parameters={{{missing[0]!r}: ...}}."
        )
    unknown = [name for name in parameters if name not in statement.parameters]
    if unknown:
        raise ToolFailed(
            f"The query has no parameter :{unknown[0]}.", hint=f"Write :{unknown[0]} where it belongs."
        )
    odd = next((name for name, value in parameters.items() if isinstance(value, dict)), None)
    if odd is not None:
        raise ToolFailed(
            f"Parameter :{odd} is an object.", hint="Give text, a number, true, false, null or a list."
        )
    return parameters
