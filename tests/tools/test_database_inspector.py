"""What a named database holds, as far as the policy lets it be known."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from genxai_nb.errors import ToolFailed
from genxai_nb.guard.policy import Policy
from genxai_nb.guard.sql import read_statement
from genxai_nb.tools.builtin.database.engines import ask_database
from genxai_nb.tools.registry import find

inspect = find("database_inspector")


def test_inspector_tells_what_there_is(database: str):
    """Tables, columns, indexes and version; a misspelt table suggests the nearest."""
    assert {row["name"] for row in inspect(connection="shop").rows} == {"items", "secret_keys"}
    described = inspect(connection="shop", operation="describe_table", table_name="items").rows
    assert [row["name"] for row in described] == ["id", "name", "price", "created_at"]
    assert inspect(connection="shop", operation="database_info").rows[0]["tables"] == 2
    inspect(connection="shop", operation="list_indexes")
    with pytest.raises(ToolFailed, match="There is no table 'item'. Did you mean 'items'"):
        inspect(connection="shop", operation="describe_table", table_name="item")
    with pytest.raises(ToolFailed, match="needs a table_name"):
        inspect(connection="shop", operation="describe_table")


def test_inspector_tells_of_listed_tables_only(database: str):
    """Neither the names of other tables nor their indexes are told."""
    made = read_statement("CREATE INDEX IF NOT EXISTS hidden ON secret_keys (word)", database, writing=True)
    ask_database("shop", made, {}, most=1, writing=True, seconds=5)
    inside = SimpleNamespace(policies=(Policy(tables=("items",)),))
    for operation in ("list_tables", "list_indexes"):
        assert "secret_keys" in str(inspect(connection="shop", operation=operation).rows)
        assert "secret_keys" not in str(inspect(connection="shop", operation=operation, context=inside).rows)
