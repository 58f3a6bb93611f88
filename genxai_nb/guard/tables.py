"""The tables that an SQL statement opens, told from its tree."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

__all__ = ["WRITES", "tables_of"]

WRITES = {"Insert", "Update", "Delete", "Merge", "Create", "Drop", "Alter", "TruncateTable"}

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)

# functions whose rows are made of their arguments alone
_OF_ARGUMENTS = (
    "json*_each*", "json_tree", "json*_array_elements*", "json*_object_keys", "json*_to_record*",
    "json*_populate_record*", "jsonb_path_query*", "regexp_*", "string_to_table", "repeat*", "xmltable",
    "generate_subscripts",
)  # fmt: skip


def tables_of(tree: Expr, dialect: str) -> Iterator[str]:
    """The tables that a statement reads or changes, but for the names of its own ``WITH``.

    A function that gives rows counts as a table of its name, unless it is known to look at nothing else than its
    arguments: what it opens cannot be told from the text.

    Args:
        tree: The statement.
        dialect: Whose SQL it is.
    """
    from sqlglot import exp

    for node in tree.walk():
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            if node.db or _is_changed(node) or not _is_named_above(node, node.this):
                yield ".".join(part for part in (node.catalog, node.db, node.name) if part)
        elif isinstance(node, exp.Anonymous) and _gives_rows(node):
            name = str(node.name).lower()
            if not any(fnmatchcase(name, form) for form in _OF_ARGUMENTS):
                yield name
        elif (
            isinstance(node, exp.In)
            and dialect == "sqlite"
            and isinstance(node.args.get("field"), exp.Column)
        ):
            column = node.args["field"]  # there, x IN b looks into the table b
            if column.table or not _is_named_above(column, column.this):
                yield ".".join(part for part in (column.table, column.name) if part)


def _is_changed(node: Expr) -> bool:
    """Whether a table is the one that is written to, for which no ``WITH`` can stand."""
    from sqlglot import exp

    above = node.parent
    if isinstance(above, exp.Schema):
        node, above = above, above.parent
    return type(above).__name__ in WRITES and node.arg_key != "using"


def _gives_rows(node: Expr) -> bool:
    from sqlglot import exp

    above = node.parent
    if isinstance(above, exp.Dot):
        above = above.parent
    return isinstance(above, exp.Table | exp.Lateral | exp.From | exp.Join) or (
        isinstance(above, exp.In) and above.args.get("field") is node
    )


def _is_named_above(node: Expr, name: Expr) -> bool:
    """Whether a name is that of a ``WITH`` that can be seen from a node."""
    below, above = node, node.parent
    while above is not None:
        if type(above).__name__ == "With":
            # inside of the list itself, earlier names can be seen, and all of them if it is recursive
            names = (
                above.expressions
                if above.args.get("recursive")
                else above.expressions[: _place(above, below)]
            )
            if _has(names, name):
                return True
        else:
            own = above.args.get("with_")
            if own is not None and own is not below and _has(own.expressions, name):
                return True
        below, above = above, above.parent
    return False


def _place(listed: Expr, one: Expr) -> int:
    return next((n for n, cte in enumerate(listed.expressions) if cte is one), 0)


def _has(ctes: list[Expr], name: Expr) -> bool:
    return any(_folded(cte.args["alias"].this) == _folded(name) for cte in ctes)


def _folded(name: Expr) -> str:
    """A name as databases compare it: ASCII letters alone have no case, and in quotes they too have one."""
    return str(name.name) if name.args.get("quoted") else str(name.name).translate(_LOWER)
