"""What an SQL statement would do, told from its text, and what of that may be done.

A statement is read by sqlglot into a tree, judged by an allow-list of what trees may hold, and written anew from
the tree. What a database is given is that text, so it cannot understand another statement than the one judged.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from genxai_nb.errors import Denied, MissingPackage, ToolFailed

from .tables import WRITES, tables_of

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

__all__ = ["Dialect", "Statement", "read_statement"]

Dialect = Literal["sqlite", "postgres", "duckdb"]

LONGEST = 100_000  # characters

_READS = {"Select", "Union", "Intersect", "Except", "Values", "Subquery"}
_CREATED = {"TABLE", "VIEW", "INDEX"}
_NEVER = {
    "Command", "Pragma", "Attach", "Detach", "Copy", "Set", "Use", "Transaction", "Commit", "Rollback", "Kill",
    "LoadData", "Install", "Analyze", "Grant", "Revoke", "Describe", "Show", "Lock", "Into", "ReadCSV", "ReadParquet",
    "SessionParameter", "Introducer", "Cache", "Uncache", "Refresh",
}  # fmt: skip

# functions that reach files, the network, the server or other sessions, or that only wait; * for any end
_REACHING: dict[Dialect, tuple[str, ...]] = {
    "sqlite": ("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "fsdir", "zipfile", "sqlar_*"),
    "postgres": (
        "pg_read_*", "pg_ls_*", "pg_stat_file", "pg_sleep*", "pg_terminate_*", "pg_cancel_*", "pg_reload_*",
        "pg_rotate_*", "pg_notify", "pg_advisory_*", "pg_try_advisory_*", "pg_logical_*", "pg_replication_*",
        "pg_create_*", "pg_drop_*", "pg_export_*", "pg_promote", "pg_switch_*", "pg_backup_*", "pg_file_*",
        "pg_import_*", "pg_wal_*", "pg_log_*", "pg_current_logfile", "pg_hba_*", "pg_config", "pg_show_*",
        "pg_stat_reset*", "pg_prewarm", "lo_*", "loread", "lowrite", "dblink*", "set_config", "setval", "nextval",
        "query_to_xml*", "table_to_xml*", "schema_to_xml*", "database_to_xml*", "cursor_to_xml*", "currtid*",
        "binary_upgrade_*", "inet_*", "xpath_table", "crosstab*", "ts_stat", "ts_rewrite",
    ),
    "duckdb": (
        "pg_*", "sleep*", "read_*", "parquet_*", "glob", "sniff_csv", "getenv", "query", "query_table", "sqlite_*", "postgres_*",
        "mysql_*", "iceberg_*", "delta_*", "duckdb_secrets", "which_secret", "pragma_*", "load_*", "st_read",
        "checkpoint", "force_checkpoint", "write_log", "parse_duckdb_log", "duckdb_logs*", "current_setting",
        "json_execute_*", "*_external_resource*", "*_grammar_extension*", "enable_*", "disable_*", "truncate_*", "python_*",
        "pandas_*", "arrow_*", "seq_scan",
    ),
}  # fmt: skip


# tables of the server that hold passwords, which a superuser's connection could read
_SECRET = {
    "pg_authid", "pg_shadow", "pg_user_mapping", "pg_user_mappings", "_pg_user_mappings", "user_mapping_options",
    "pg_subscription",
}  # fmt: skip


class Statement(Struct, frozen=True, kw_only=True):
    """One statement that may be given to a database.

    Attributes:
        text: It written anew, with a mark in the place of each parameter.
        writes: It changes something.
        tables: The tables that it names, with their schema if they are named with one.
        functions: The functions that it calls by a name that sqlglot does not know, in lower case.
        parameters: The names of its parameters.
        ours: It is this package's own.
        mark: What stands in front of and behind a parameter's name in the text.
    """

    text: str
    writes: bool
    tables: tuple[str, ...]
    functions: tuple[str, ...]
    parameters: tuple[str, ...]
    mark: str
    ours: bool = False

    def with_parameters(self, form: str, *, escape: tuple[str, str] = ("", "")) -> str:
        """The text with each parameter in a driver's form, such as ``:{}`` or ``${}``.

        Args:
            form: How a parameter is written.
            escape: What has to be replaced in the rest of the text, and by what.
        """
        text = self.text.replace(*escape) if escape[0] else self.text
        for name in self.parameters:
            text = text.replace(f"{self.mark}{name}{self.mark}", form.format(name))
        return text


def read_statement(query: str, dialect: Dialect, *, writing: bool = False) -> Statement:
    """Read the one statement of a query and refuse what may not be done.

    Args:
        query: The SQL, with parameters as ``:name``.
        dialect: Whose SQL it is.
        writing: Statements that change something are allowed too.

    Raises:
        ToolFailed: It cannot be read, or is not one statement.
        Denied: It does what may not be done.
        MissingPackage: sqlglot is not installed.

    Example:
        >>> read = read_statement("WITH a AS (SELECT * FROM t) SELECT created_at FROM a WHERE id = :id", "sqlite")
        >>> read.writes, read.tables, read.parameters
        (False, ('t',), ('id',))
    """
    tree = _parsed(query, dialect)
    try:
        return _judged(tree, dialect, writing=writing)
    except _errors() as exc:  # where a query is nested deeply, sqlglot comes to the end of the stack
        raise ToolFailed("The query is nested too deeply.") from exc


def _judged(tree: Expr, dialect: Dialect, *, writing: bool) -> Statement:
    kinds = {type(node).__name__ for node in tree.walk()}
    writes = type(tree).__name__ in WRITES or bool(kinds & WRITES) or _locks(tree)
    _check_kinds(tree, kinds)
    if writes and not writing:
        raise Denied(
            f"The query changes the database ({_first_write(kinds)}), and it was asked for as read-only.",
            hint="Give read_only=false if it is meant to.",
        )
    functions = tuple(sorted(_functions(tree)))
    for name in functions:
        if any(fnmatchcase(name, form) for form in _REACHING[dialect]):
            raise Denied(
                f"The function {name!r} reaches beyond the tables of the database.", hint="Do without it."
            )
    tables = tuple(sorted(set(tables_of(tree, dialect))))
    for table in tables:
        if dialect == "postgres" and table.rpartition(".")[2].lower() in _SECRET:
            raise Denied(
                f"The table {table!r} holds passwords.", hint="pg_roles tells of roles without them."
            )
    return _written(tree, dialect, writes=writes, tables=tables, functions=functions)


def _errors() -> tuple[type[Exception], ...]:
    from sqlglot.errors import SqlglotError

    return SqlglotError, RecursionError


def _parsed(query: str, dialect: Dialect) -> Expr:
    try:
        import sqlglot
        from sqlglot.errors import SqlglotError
    except ImportError as exc:
        raise MissingPackage("sqlglot", "tools") from exc
    if len(query) > LONGEST:
        raise ToolFailed(f"The query has {len(query)} characters; {LONGEST} is the most.")
    if "\x00" in query:
        raise ToolFailed("The query has a NUL character in it.")
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of each statement that it does not know
    try:
        text = _with_dollars(query) if dialect == "duckdb" else query
        trees = [tree for tree in sqlglot.parse(text, dialect=dialect) if tree is not None]
    except SqlglotError as exc:
        errors = getattr(exc, "errors", None) or [{}]
        where = (
            f"line {errors[0].get('line')}, column {errors[0].get('col')}: " if errors[0].get("line") else ""
        )
        said = errors[0].get("description") or str(exc)
        raise ToolFailed(f"The query cannot be read: {where}{said}.") from exc
    except RecursionError as exc:
        raise ToolFailed("The query is nested too deeply.") from exc
    except (IndexError, KeyError, AttributeError, TypeError, ValueError) as exc:  # of the parser, at odd text
        raise ToolFailed("The query cannot be read.") from exc
    if len(trees) != 1:
        raise ToolFailed(f"The query has {len(trees)} statements; give one.")
    found: Expr = trees[0]
    return found


def _with_dollars(query: str) -> str:
    """The query with its parameters as ``$name``: in DuckDB ``:name`` can be the end of an alias or of a slice."""
    from sqlglot.dialects.dialect import Dialect as Known
    from sqlglot.tokenizer_core import TokenType

    operands = {
        TokenType.STRING, TokenType.NUMBER, TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET,
    }  # fmt: skip
    tokens = Known.get_or_raise("duckdb").tokenize(query)
    places = [
        tokens[n].start
        for n in range(len(tokens) - 1)
        if tokens[n].token_type == TokenType.COLON
        and tokens[n + 1].start == tokens[n].end + 1
        and tokens[n + 1].text.isidentifier()
        and (n == 0 or tokens[n - 1].token_type not in operands)
    ]
    letters = list(query)
    for place in places:
        letters[place] = "$"
    return "".join(letters)


def _check_kinds(tree: Expr, kinds: set[str]) -> None:
    root = type(tree).__name__
    never = sorted(kinds & _NEVER)
    if never or root not in _READS | WRITES:
        what = _said(tree) if root not in _READS | WRITES else never[0].upper()
        raise Denied(
            f"{what} is no statement that may be made here.",
            hint="Queries (SELECT, WITH, VALUES), INSERT, UPDATE, DELETE, and CREATE, DROP or ALTER of tables may.",
        )
    for node in tree.walk():
        kind = type(node).__name__
        if kind in {"Create", "Drop", "Alter"} and str(node.args.get("kind", "")).upper() not in _CREATED:
            raise Denied(
                f"{kind.upper()} {node.args.get('kind', '')} may not be made here.",
                hint="Only tables, views, indexes.",
            )


def _said(tree: Expr) -> str:
    first = tree.sql().split()[:1]
    return first[0].upper() if first else type(tree).__name__.upper()


def _locks(tree: Expr) -> bool:
    return any(node.args.get("locks") for node in tree.walk())


def _first_write(kinds: set[str]) -> str:
    return next((kind.upper() for kind in sorted(kinds & WRITES)), "FOR UPDATE")


def _functions(tree: Expr) -> Iterator[str]:
    from sqlglot import exp

    for node in tree.find_all(exp.Func):
        if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc | exp.CombinedAggFunc):
            yield str(node.name or node.this).lower().strip('"')


def _written(
    tree: Expr, dialect: Dialect, *, writes: bool, tables: tuple[str, ...], functions: tuple[str, ...]
) -> Statement:
    from sqlglot import exp

    mark = f"genxai_{secrets.token_hex(8)}_"
    names: list[str] = []
    for node in list(tree.find_all(exp.Placeholder, exp.Parameter)):
        name = node.name
        if (
            (isinstance(node, exp.Parameter) and dialect != "duckdb")
            or not name.isidentifier()
            or not name.isascii()
        ):
            raise ToolFailed(
                "A parameter is written as :name, with a value for it in parameters.",
                hint="Write WHERE id = :id and give parameters={'id': 7}.",
            )
        names.append(name)
        node.replace(exp.Var(this=f"{mark}{name}{mark}"))
    return Statement(
        text=tree.sql(dialect=dialect, comments=False),
        writes=writes,
        tables=tables,
        functions=functions,
        parameters=tuple(dict.fromkeys(names)),
        mark=mark,
    )
