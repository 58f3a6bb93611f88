"""SQL told from its text: whatever is let through as reading changes nothing, and nothing makes the reader raise."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.sql import read_statement

WORDS = st.sampled_from(
    # words of all that a statement may or may not do
    """SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE DROP TABLE CREATE ALTER WITH AS UNION ALL ATTACH PRAGMA
    items other a b id name ( ) , ; . * = :x 'text' "items" 1 -- /* */ RETURNING ON CONFLICT REPLACE VACUUM BEGIN COMMIT
    IN EXISTS LIMIT ORDER BY GROUP HAVING JOIN load_extension writable_schema VIEW TRIGGER INDEX EXPLAIN""".split()  # noqa: SIM905 - it reads better
)


@given(st.text(max_size=60), st.sampled_from(["sqlite", "postgres", "duckdb"]), st.booleans())
def test_any_text_is_read_or_refused_in_words(text: str, dialect: str, writing: bool):
    """No text makes the reader raise anything but its own errors."""
    try:
        statement = read_statement(text, dialect, writing=writing)
    except ToolFailed:
        return
    assert statement.text


@settings(max_examples=400)
@given(st.lists(WORDS, min_size=1, max_size=12))
def test_what_is_let_through_as_reading_changes_nothing(words: list[str]):
    """A real database is the same, bit for bit, after every statement that is let through."""
    try:
        statement = read_statement(" ".join(words), "sqlite")
    except ToolFailed:
        return
    with sqlite3.connect(":memory:") as database:
        database.executescript(
            "CREATE TABLE items (id, name); INSERT INTO items VALUES (1, 'a'); CREATE TABLE other (a, b);"
        )
        before = database.serialize()
        with suppress(sqlite3.Error):
            text = statement.with_parameters(":{}")
            database.execute(text, dict.fromkeys(statement.parameters, 1)).fetchall()
        assert database.serialize() == before
    database.close()


@pytest.mark.parametrize(
    ("query", "dialect", "written"),
    [
        ("select a -- comment\nfrom t /* more */", "sqlite", "SELECT a FROM t"),
        ("SELECT :a || ':b' FROM t", "sqlite", "SELECT <a> || ':b' FROM t"),
        ("SELECT x::int, :a::text FROM t", "postgres", "SELECT CAST(x AS INT), CAST(<a> AS TEXT) FROM t"),
        ("SELECT :a AS b, {'k': c}, d[1:2] FROM t", "duckdb", "SELECT <a> AS b, {'k': c}, d[1:2] FROM t"),
    ],
)
def test_is_written_anew(query: str, dialect: str, written: str):
    """A statement is given on as it was understood, without comments, its parameters where they belong."""
    assert read_statement(query, dialect).with_parameters("<{}>") == written


def test_mark_of_parameters_cannot_be_guessed():
    """Two readings mark parameters differently, so a literal cannot stand for one."""
    first, second = (read_statement("SELECT :a", "sqlite") for _ in range(2))
    assert first.mark != second.mark
    assert first.with_parameters(":{}") == second.with_parameters(":{}") == "SELECT :a"


@pytest.mark.parametrize(
    ("query", "dialect", "tables"),
    [
        # what is changed is a real table, whatever a WITH in front is called
        ("WITH b AS (SELECT 1 AS a) DELETE FROM b", "sqlite", ("b",)),
        ("WITH b AS (SELECT 1 AS a) UPDATE b SET a = 2", "sqlite", ("b",)),
        ("WITH b AS (SELECT 1 AS a) INSERT INTO b SELECT 2", "duckdb", ("b",)),
        ("WITH b AS (SELECT 1 AS a) INSERT INTO b (a) SELECT a FROM b", "postgres", ("b",)),
        ("WITH b AS (SELECT 1 AS i) DELETE FROM a USING b WHERE a.i = b.i", "postgres", ("a",)),
        # names that a database takes for different ones
        ('WITH "B" AS (SELECT 1) SELECT * FROM b', "postgres", ("b",)),
        ("WITH B AS (SELECT 1) SELECT * FROM b", "postgres", ()),
        ("WITH to\N{KELVIN SIGN}ens AS (SELECT 1) SELECT * FROM tokens", "sqlite", ("tokens",)),
        # a table without FROM, as SQLite has it
        ("SELECT 1 FROM a WHERE i IN b", "sqlite", ("a", "b")),
        ("SELECT 1 FROM a WHERE i IN main.b", "sqlite", ("a", "main.b")),
        ("WITH b AS (SELECT 1) SELECT 1 FROM a WHERE i IN b", "sqlite", ("a",)),
        ("SELECT 1 FROM a WHERE i IN b", "duckdb", ("a",)),
        # functions that give rows, of which only those of their own arguments are none
        ("SELECT * FROM histogram_values(b, i)", "duckdb", ("histogram_values",)),
        ("SELECT * FROM a, LATERAL main.histogram(b, i)", "duckdb", ("a", "histogram")),
        ("SELECT * FROM pragma_table_info('b')", "sqlite", ("pragma_table_info",)),
        ("SELECT * FROM a JOIN LATERAL leak(1) ON true", "postgres", ("a", "leak")),
        ("SELECT * FROM ROWS FROM (leak(1), jsonb_each('{}')) AS t", "postgres", ("leak",)),
        ("SELECT * FROM json_each('[1]'), generate_series(1, 3)", "sqlite", ()),
    ],
)
def test_tables_are_those_that_a_database_would_open(query: str, dialect: str, tables: tuple[str, ...]):
    """A policy is asked about each table that is read or changed, however the query hides it."""
    assert read_statement(query, dialect, writing=True).tables == tables


def test_a_query_within_a_query_is_refused():
    """DuckDB would run a statement that is written as data, past all that is looked at here."""
    query = "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM b'))"
    with pytest.raises(Denied, match="json_execute_serialized_sql"):
        read_statement(query, "duckdb")
