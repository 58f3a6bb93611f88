"""What a real PostgreSQL holds back by itself: transactions, roles, passwords, functions."""

from __future__ import annotations

import pytest

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.sql import Statement
from genxai_nb.tools.builtin.database.engines import ask_database
from genxai_nb.tools.registry import find

query = find("sql_query")


def test_owner_reads_in_a_read_only_transaction(postgres_server, monkeypatch):
    """Who is no superuser but owns a table cannot change it when reading."""
    import psycopg

    with psycopg.connect(postgres_server) as connection:
        connection.execute("CREATE ROLE clerk LOGIN")
        connection.execute("CREATE TABLE desk (a INT)")
        connection.execute("ALTER TABLE desk OWNER TO clerk")
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", postgres_server.replace("owner@", "clerk@"))
    forged = Statement(
        text="INSERT INTO desk VALUES (1)", writes=False, tables=(), functions=(), parameters=(), mark="@"
    )
    with pytest.raises(ToolFailed, match="read-only transaction"):
        ask_database("shop", forged, {}, most=1, writing=False, seconds=5)
    with psycopg.connect(postgres_server) as connection:
        connection.execute("DROP TABLE desk")
        connection.execute("DROP ROLE clerk")


def test_superuser_reads_as_a_lesser_role(postgres_server, monkeypatch):
    """A superuser's connection reads as pg_read_all_data, which can reach no file of the server."""
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", postgres_server)
    made = query(
        query="SELECT current_user AS me, current_setting('is_superuser') AS super", connection="shop"
    )
    assert made.rows == [{"me": "pg_read_all_data", "super": "off"}]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT rolpassword FROM pg_authid",
        "SELECT passwd FROM pg_catalog.pg_shadow",
        'SELECT a FROM "pg_authid" AS a',
        "WITH a AS (TABLE Pg_AuthId) TABLE a",
        "SELECT id FROM items WHERE name IN (SELECT passwd FROM pg_shadow)",
        "SELECT * FROM information_schema.user_mapping_options",
        "SELECT subconninfo FROM pg_subscription",
    ],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_passwords_of_the_server_are_not_told(text: str, read_only: bool, postgres_server, monkeypatch):
    """A superuser's connection does not tell what roles and other servers are signed in with."""
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", postgres_server)
    with pytest.raises(Denied, match="holds passwords"):
        query(query=text, connection="shop", read_only=read_only)
    assert query(query="SELECT rolname FROM pg_roles LIMIT 1", connection="shop").count == 1


def test_literals_are_what_they_were_read_as(postgres_server, monkeypatch):
    """A server that takes a backslash for an escape does not see another statement than was judged."""
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("ALTER ROLE owner SET standard_conforming_strings = off")
        monkeypatch.setenv("GENXAI_CONNECTION_SHOP", postgres_server)
        try:
            made = query(
                query="SELECT 'a\\' AS x, ', (SELECT word FROM secret_keys) --' AS y", connection="shop"
            )
        finally:
            connection.execute("ALTER ROLE owner RESET standard_conforming_strings")
    assert made.rows == [{"x": "a\\", "y": ", (SELECT word FROM secret_keys) --"}]


def test_volatile_function_is_refused_when_reading(postgres_server, monkeypatch):
    """A user's function that may change something is refused by name; a stable one is not."""
    import psycopg

    with psycopg.connect(postgres_server) as connection:
        for name, kind in (("odd", "VOLATILE"), ("even", "STABLE")):
            connection.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS INT {kind} LANGUAGE SQL AS 'SELECT 1'"
            )
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", postgres_server)
    assert query(query="SELECT even() AS a, random() < 2 AS b", connection="shop").rows == [
        {"a": 1, "b": True}
    ]
    with pytest.raises(Denied, match="'odd' may change something"):
        query(query="SELECT odd()", connection="shop")
