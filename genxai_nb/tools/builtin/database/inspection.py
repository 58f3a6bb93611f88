"""What a database holds: its tables, their columns, keys and indexes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Interval
from msgspec import Struct, structs

from genxai_nb.errors import ToolFailed, suggest
from genxai_nb.guard.policy import Subject, judge, policies_of
from genxai_nb.guard.sql import Dialect, read_statement
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

from .engines import ask_database, dialect_of

__all__ = ["Inspected", "database_inspector"]

MOST = 1_000

Operation = Literal["list_tables", "describe_table", "list_indexes", "database_info"]


class Inspected(Struct, Outcome, frozen=True, omit_defaults=True):
    """What was found: rows, and the database's kind.

    Attributes:
        database: The kind of database.
        rows: One row a table, column or index.
        truncated: There are more.
    """

    database: str
    rows: list[dict[str, Any]]
    truncated: bool = False


_SQLITE = {
    "list_tables": "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') "
    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    "describe_table": 'SELECT name, type, "notnull" = 0 AS nullable, dflt_value AS "default", pk AS primary_key '
    "FROM pragma_table_info(:table) ORDER BY cid",
    "list_indexes": "SELECT m.tbl_name AS \"table\", m.name, m.sql LIKE 'CREATE UNIQUE%' AS is_unique, m.sql "
    "FROM sqlite_schema AS m WHERE m.type = 'index' AND (:table = '' OR m.tbl_name = :table) ORDER BY m.name",
    "database_info": "SELECT sqlite_version() AS version, (SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table') "
    "AS tables",
}
_POSTGRES = {
    "list_tables": "SELECT table_schema AS schema, table_name AS name, LOWER(table_type) AS type "
    "FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2",
    "describe_table": "SELECT column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable, "
    'column_default AS "default" FROM information_schema.columns '
    "WHERE table_name = :table AND (:schema = '' OR table_schema = :schema) "
    "AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY ordinal_position",
    "list_indexes": 'SELECT schemaname AS schema, tablename AS "table", indexname AS name, indexdef AS sql '
    "FROM pg_catalog.pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'information_schema') "
    "AND (:table = '' OR tablename = :table) ORDER BY 1, 2, 3",
    "database_info": "SELECT version() AS version, current_database() AS name, "
    "(SELECT COUNT(*) FROM information_schema.tables "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')) AS tables",
}
_DUCKDB = {
    "list_tables": "SELECT table_schema AS schema, table_name AS name, LOWER(table_type) AS type "
    "FROM information_schema.tables ORDER BY 1, 2",
    "describe_table": "SELECT column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable, "
    'column_default AS "default" FROM information_schema.columns '
    "WHERE table_name = :table AND (:schema = '' OR table_schema = :schema) ORDER BY ordinal_position",
    "list_indexes": 'SELECT schema_name AS schema, table_name AS "table", index_name AS name, is_unique, sql '
    "FROM duckdb_indexes() WHERE (:table = '' OR table_name = :table) ORDER BY 1, 2, 3",
    "database_info": "SELECT version() AS version, current_database() AS name, "
    "(SELECT COUNT(*) FROM information_schema.tables) AS tables",
}
_QUERIES: dict[Dialect, dict[str, str]] = {"sqlite": _SQLITE, "postgres": _POSTGRES, "duckdb": _DUCKDB}


def _subjects(arguments: Mapping[str, Any]) -> list[Subject]:
    return [("tables", str(arguments["table_name"]))] if arguments.get("table_name") else []


@tool(
    category="database",
    tags=["sql", "schema"],
    read_only=True,
    timeout=160,
    permissions=["read"],
    subjects=_subjects,
)
def database_inspector(
    connection: str,
    operation: Operation = "list_tables",
    *,
    table_name: str | None = None,
    timeout: Annotated[float, Interval(ge=0.1, le=60)] = 15,
    context: Any = None,
) -> Inspected:
    """Tell what a named SQL database holds.

    Args:
        connection: The name of the connection.
        operation: list_tables; describe_table for the columns of one; list_indexes of all or of one; database_info
            for its version and size.
        table_name: The table, with its schema in front of a dot if it is not the usual one.
        timeout: Seconds that it may take.
        context: The context of the call.

    Example:
        >>> import os, sqlite3
        >>> with sqlite3.connect("stock.db") as database:
        ...     _ = database.execute("CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        >>> database.close()
        >>> os.environ["GENXAI_CONNECTION_STOCK"] = "sqlite:///stock.db"
        >>> [row["name"] for row in database_inspector("stock", "describe_table", table_name="items").rows]
        ['id', 'name']
    """
    dialect = dialect_of(connection)
    if operation == "describe_table" and not table_name:
        raise ToolFailed("describe_table needs a table_name.", hint="list_tables tells which there are.")
    schema, _, table = (table_name or "").rpartition(".")
    rows, truncated = _asked(connection, dialect, operation, (schema, table), timeout)
    if operation == "describe_table" and not rows:
        listed, _ = _asked(connection, dialect, "list_tables", ("", ""), timeout)
        names = [row["name"] for row in listed]
        raise ToolFailed(f"There is no table {table_name!r}.", hint=suggest(table, _allowed(names, context)))
    if operation in {"list_tables", "list_indexes"}:
        seen = set(_allowed([_table_of(row) for row in rows], context))
        rows = [row for row in rows if _table_of(row) in seen]
    return Inspected(dialect, rows, truncated)


def _asked(
    connection: str, dialect: Dialect, operation: str, named: tuple[str, str], seconds: float
) -> tuple[list[dict[str, Any]], bool]:
    statement = structs.replace(read_statement(_QUERIES[dialect][operation], dialect), ours=True)
    given = dict(zip(("schema", "table"), named, strict=True))
    values = {name: value for name, value in given.items() if name in statement.parameters}
    rows, truncated, _ = ask_database(
        connection, statement, values, most=MOST, writing=False, seconds=seconds
    )
    return rows, truncated


def _table_of(row: dict[str, Any]) -> str:
    """The table that a row is, or that the index in it is of, as a policy names it."""
    schema, name = row.get("schema"), str(row.get("table", row["name"]))
    return name if schema in {None, "public", "main"} else f"{schema}.{name}"


def _allowed(names: list[str], context: Any) -> list[str]:
    """The tables that the policy lets be known."""
    policies = policies_of(context)
    return [
        name
        for name in names
        if judge(policies, "database_inspector", (), [("tables", name)]).verdict != "deny"
    ]
