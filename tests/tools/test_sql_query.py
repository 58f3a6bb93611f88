"""SQL in SQLite, DuckDB and a real PostgreSQL: what works, and what never does."""

from __future__ import annotations

import secrets
import time

import pytest
from asking import FROM_TOOL, asking_once

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import Policy, judge
from genxai_nb.guard.sql import Statement
from genxai_nb.tools.builtin.database.engines import ask_database
from genxai_nb.tools.registry import find

query = find("sql_query")


def ask_forged(text: str, *, writing: bool = False) -> None:
    """Give a statement to the database that no parser has looked at."""
    forged = Statement(text=text, writes=writing, tables=(), functions=(), parameters=(), mark="@")
    ask_database("shop", forged, {}, most=1, writing=writing, seconds=5)


def test_with_and_a_column_created_at(database: str):
    """A WITH query, and names that hold the words of other statements, are read-only all the same."""
    made = query(
        query="WITH recent AS (SELECT * FROM items) SELECT name, created_at FROM recent ORDER BY id",
        connection="shop",
    )
    assert [row["name"] for row in made.rows] == ["anode", "it's :b %s 50%"]
    assert made.rows[0]["created_at"].startswith("2026-01-02")
    assert made.rows[1]["created_at"] is None


def test_parameters_are_values_and_nothing_else(database: str):
    """A value with quotes, colons and percent signs is found as it is; literals with them too."""
    text = "it's :b %s 50%"
    asked = "SELECT id, ':b %s' AS said FROM items WHERE name = :name OR name = ':nothing%s'"
    assert query(query=asked, connection="shop", parameters={"name": text}).rows == [
        {"id": 2, "said": ":b %s"}
    ]
    injected = "x' OR '1'='1"
    assert (
        query(
            query="SELECT id FROM items WHERE name = :name", connection="shop", parameters={"name": injected}
        ).rows
        == []
    )


def test_writes_when_asked(database: str):
    """With read_only=false rows are changed and counted; without it they are not."""
    with pytest.raises(Denied, match=r"changes the database \(INSERT\)"):
        query(query="INSERT INTO items (id, name) VALUES (9, 'x')", connection="shop")
    made = query(
        query="INSERT INTO items (id, name) VALUES (:id, :name)",
        connection="shop",
        parameters={"id": 9, "name": "x"},
        read_only=False,
    )
    assert made.changed == 1
    assert query(query="DELETE FROM items WHERE id = 9", connection="shop", read_only=False).changed == 1


def test_rows_are_bounded(database: str):
    """More rows than asked for are cut and said to be; long values too."""
    made = query(query="SELECT id FROM items ORDER BY id", connection="shop", max_rows=1)
    assert (made.rows, made.truncated) == ([{"id": 1}], True)
    long = {"long": "x" * 20_000}
    (row,) = query(query="SELECT CAST(:long AS TEXT) AS name", connection="shop", parameters=long).rows
    assert row["name"].endswith("characters more)")
    assert len(row["name"]) < 11_000


def test_columns_of_one_name_are_told_apart(database: str):
    """Also from one that has the name that the second of them would get."""
    found = query(query="SELECT 1 AS a, 2 AS a_3, 3 AS a", connection="shop")
    assert [list(row.values()) for row in found.rows] == [[1, 2, 3]]


def test_endless_query_ends(database: str):
    """A query that would not end is stopped when its time is over."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    began = time.perf_counter()
    with pytest.raises(ToolFailed, match="took longer than 0.3 s"):
        query(query=endless, connection="shop", timeout=0.3)
    assert time.perf_counter() - began < 2


ABUSE = [
    "SELECT 1; DROP TABLE items",
    "SELECT 1; --\nDROP TABLE items",
    "SELECT 1 /* */; DELETE FROM items",
    "DELETE FROM items",
    "UPDATE items SET name = 'x'",
    "WITH gone AS (DELETE FROM items RETURNING *) SELECT * FROM gone",
    "INSERT INTO items (id) SELECT 77",
    "CREATE TABLE other AS SELECT 1 AS a",
    "CREATE TEMP TABLE other (a INT)",
    "DROP TABLE items",
    "ALTER TABLE items ADD COLUMN x INT",
    "TRUNCATE TABLE items",
    "SELECT * INTO other FROM items",
    "SELECT * FROM items FOR UPDATE",
    "ATTACH DATABASE '/tmp/other.db' AS other",
    "DETACH DATABASE main",
    "PRAGMA writable_schema = 1",
    "PRAGMA table_info(items)",
    "SELECT load_extension('/tmp/x.so')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/x', 'y')",
    "VACUUM INTO '/tmp/copy.db'",
    "REINDEX",
    "ANALYZE",
    "EXPLAIN SELECT 1",
    "COPY items TO '/tmp/items.csv'",
    "COPY items TO PROGRAM 'touch /tmp/x'",
    "COPY items FROM PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_catalog.pg_read_file('/etc/passwd')",
    "SELECT \"pg_read_file\"('/etc/passwd')",
    "SELECT PG_READ_BINARY_FILE('/etc/passwd')",
    "SELECT * FROM pg_ls_dir('/')",
    "SELECT pg_sleep(100)",
    "SELECT * FROM items WHERE pg_sleep_for('100 s') IS NULL",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT set_config('role', 'owner', false)",
    "SET ROLE owner",
    "RESET ROLE",
    "SELECT pg_terminate_backend(1)",
    "SELECT dblink('host=127.0.0.1', 'SELECT 1')",
    "SELECT query_to_xml('DELETE FROM items', true, true, '')",
    "SELECT nextval('s')",
    "DO $$ BEGIN DELETE FROM items; END $$",
    "CALL something()",
    "CREATE FUNCTION f() RETURNS INT LANGUAGE SQL AS 'SELECT 1'",
    "CREATE EXTENSION dblink",
    "ALTER SYSTEM SET fsync = off",
    "GRANT ALL ON items TO PUBLIC",
    "LISTEN channel",
    "NOTIFY channel",
    "LOCK TABLE items",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT a",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DECLARE c CURSOR FOR SELECT 1",
    "SHOW ALL",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd.csv'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM parquet_scan('/tmp/x.parquet')",
    "SELECT * FROM sqlite_scan('/tmp/x.db', 't')",
    "SELECT getenv('HOME')",
    "SELECT * FROM query('DELETE FROM items')",
    "INSTALL httpfs",
    "LOAD httpfs",
    "EXPORT DATABASE '/tmp/x'",
    "SET enable_external_access = true",
    "SELECT * FROM duckdb_secrets()",
    "SELECT 1 \x00",
    "SELECT * FROM items WHERE id = ?",
    "SELECT * FROM items WHERE id = $1",
    "SELECT * FROM items WHERE id = :missing",
    "",
    ";",
    "-- nothing",
    "sel ect",
    "(" * 3000 + "SELECT 1" + ")" * 3000,
    "SELECT 1" + "::int" * 9000,
    "SELECT a" + ".a" * 9000,
    "SELECT " + "NOT " * 9000 + "1",
]


@pytest.mark.parametrize("text", ABUSE)
def test_abuse_is_refused(text: str, database: str):
    """Nothing but reading tables comes through a read-only query, in any of the databases."""
    with pytest.raises(ToolFailed):
        query(query=text, connection="shop")


@pytest.mark.parametrize("text", [text for text in ABUSE if len(text) > 1_000])
def test_policy_judges_what_is_nested_without_end(text: str, database: str):
    """A query whose end no parser comes to reaches no table by that, however deep the stack is where it is judged."""
    found = query.traits.subjects({"query": text, "connection": "shop"})
    assert judge([Policy(tables=("items",))], "sql_query", ("read",), found).verdict == "deny"


def test_depth_of_the_stack_hides_no_table(database: str):
    """What is too deep to be judged where the policy stands is denied, though the tool could read it."""
    text = "SELECT " + "(" * 60 + "word" + ")" * 60 + " FROM secret_keys"
    given = {"query": text, "connection": "shop"}

    def judged(depth: int) -> str:
        if depth:
            return judged(depth - 1)
        found = query.traits.subjects(given)
        return judge([Policy(tables=("items",))], "sql_query", ("read",), found).verdict

    for depth in range(0, 900, 30):
        try:
            assert judged(depth) == "deny"
        except RecursionError:
            break


def test_abuse_changed_nothing(database: str):
    """After all that, the tables are what they were."""
    assert query(query="SELECT COUNT(*) AS n FROM items", connection="shop").rows == [{"n": 2}]
    assert len(find("database_inspector")(connection="shop").rows) == 2


WRITING = [
    text
    for text in ABUSE
    if not text.startswith(
        ("DELETE", "UPDATE", "WITH", "INSERT", "CREATE T", "DROP", "ALTER T", "TRUNC", "SELECT * INTO")
    )
]


@pytest.mark.parametrize("text", WRITING)
def test_writing_opens_no_other_door(text: str, database: str):
    """With read_only=false, files, settings, code, other sessions and second statements stay out of reach."""
    with pytest.raises(ToolFailed):
        query(query=text, connection="shop", read_only=False)


def test_database_itself_refuses(database: str):
    """What the parser would miss, the database refuses by its mode, role or authorizer."""
    for text in (
        "DELETE FROM items",
        "ATTACH ':memory:' AS x",
        "CREATE TABLE y (a INT)",
        "COPY items TO '/tmp/y.csv'",
    ):
        with pytest.raises(ToolFailed):
            ask_forged(text)
    assert query(query="SELECT COUNT(*) AS n FROM items", connection="shop").rows == [{"n": 2}]


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_sqlite_writes_tables_only(served, database: str):
    """When writing is asked for, the authorizer still refuses settings, triggers and other files."""
    for text in (
        "PRAGMA writable_schema = 1",
        "CREATE TRIGGER t AFTER INSERT ON items BEGIN DELETE FROM items; END",
        "ATTACH ':memory:' AS x",
        "CREATE VIRTUAL TABLE v USING fts5(a)",
    ):
        with pytest.raises(Denied, match="does not allow"):
            ask_forged(text, writing=True)


ROWS_OF_ARGUMENTS = {
    "sqlite": [
        "SELECT value AS n FROM json_each('[1, 2]')",
        "SELECT items.id AS n FROM items, json_each('[1]') AS j WHERE j.value <= items.id ORDER BY 1",
        "SELECT atom AS n FROM json_tree('{\"a\": [1, 2]}') WHERE atom IS NOT NULL",
    ],
    "postgres": [
        "SELECT value::int AS n FROM jsonb_array_elements('[1, 2]'::jsonb)",
        "SELECT * FROM generate_series(1, 2) AS n",
        "SELECT * FROM unnest(ARRAY[1, 2]) AS n",
        "SELECT * FROM generate_subscripts(ARRAY[7, 8], 1) AS n",
        "SELECT part::int AS n FROM string_to_table('1,2', ',') AS part",
    ],
    "duckdb": [
        "SELECT CAST(value AS INT) AS n FROM json_each('[1, 2]')",
        "SELECT CAST(atom AS INT) AS n FROM json_tree('[1, 2]') WHERE atom IS NOT NULL",
        "SELECT range + 1 AS n FROM range(2)",
        "SELECT unnest AS n FROM unnest([1, 2])",
    ],
}
ROWS_OF_THE_DATABASE = {
    "sqlite": [
        "SELECT * FROM pragma_table_info('items')",
        "SELECT * FROM dbstat",
        "SELECT * FROM sqlite_stmt",
    ],
    "postgres": ["SELECT * FROM pg_stat_get_activity(NULL)", "SELECT * FROM pg_ls_waldir()"],
    "duckdb": ["SELECT * FROM duckdb_settings()", "SELECT * FROM pragma_table_info('items')"],
}


def test_rows_of_arguments_alone_are_read(database: str):
    """Functions that make rows of their arguments, such as json_each, are no tables to the policy."""
    for text in ROWS_OF_ARGUMENTS[database]:
        assert [row["n"] for row in query(query=text, connection="shop").rows] == [1, 2], text
        found = query.traits.subjects({"query": text, "connection": "shop"})
        assert judge([Policy(tables=("items",))], "sql_query", ("read",), found).verdict == "allow", text


def test_rows_of_the_database_itself_are_not(database: str):
    """Functions that tell of the database itself are refused by it, or count as tables that the policy lists."""
    for text in ROWS_OF_THE_DATABASE[database]:
        found = query.traits.subjects({"query": text, "connection": "shop"})
        verdict = judge([Policy(tables=("items",))], "sql_query", ("read",), found).verdict
        if verdict == "allow" or database == "sqlite":
            with pytest.raises(ToolFailed):
                query(query=text, connection="shop")


@pytest.mark.parametrize(
    ("asked", "tables"),
    [
        ("SELECT * FROM items", ["items"]),
        ("SELECT * FROM items WHERE id IN (SELECT 1 FROM secret_keys)", ["items", "secret_keys"]),
        ("WITH secret_keys AS (SELECT * FROM secret_keys) SELECT * FROM secret_keys", ["secret_keys"]),
        (
            "SELECT * FROM secret_keys WHERE 1 IN (WITH secret_keys AS (SELECT 1 AS a) SELECT a FROM secret_keys)",
            ["secret_keys"],
        ),
        ("SELECT * FROM main.items, (SELECT * FROM secret_keys) AS x", ["main.items", "secret_keys"]),
        ("UPDATE items SET name = (SELECT word FROM secret_keys)", ["items", "secret_keys"]),
    ],
)
def test_policy_sees_the_tables(asked: str, tables: list[str], database: str):
    """The tables of a query are those that it really names, whatever its WITH is called."""
    found = query.traits.subjects({"query": asked, "connection": "shop"})
    assert found == [("tables", table) for table in tables]
    policy = Policy(tables=("items", "main.items"))
    wanted = "deny" if "secret_keys" in tables else "allow"
    assert judge([policy], "sql_query", query.traits.needs({"read_only": True}), found).verdict == wanted


def test_needs_writing_only_when_asked():
    """Reading needs read; anything but read_only=true needs write too."""
    needs = query.traits.needs
    assert [needs(given) for given in ({}, {"read_only": True}, {"read_only": False}, {"read_only": "no"})] == [
        ("read",), ("read",), ("read", "write"), ("read", "write"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/at.db", "is not there"),
        ("mysql://a/b", "leads to 'mysql'"),
        ("postgresql://owner:correct-horse-battery@127.0.0.1:1/x", "Database 'shop': connection"),
    ],
)
def test_what_cannot_be_reached_is_told_without_its_password(url: str, said: str, monkeypatch):
    """A wrong connection is told by name; its password is never repeated."""
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", url)
    with pytest.raises(ToolFailed, match=said) as caught:
        query(query="SELECT 1", connection="shop")
    assert "correct-horse" not in str(caught.value)


@pytest.mark.parametrize("password", ["horse%zzcorrect", "correct%00horse", "bat@horse", "a%20horse%"])
def test_password_that_makes_an_address_unreadable_is_not_told(password: str, monkeypatch):
    """The driver would quote it, or take the end of it for the host."""
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", f"postgresql://owner:{password}@127.0.0.1:1/x")
    with pytest.raises(ToolFailed, match="'shop' is no address that PostgreSQL's driver can read") as caught:
        query(query="SELECT 1", connection="shop")
    assert "horse" not in str(caught.value)


def test_agent_reads_what_only_the_database_knows(database: str, monkeypatch):
    """An agent answers with a value that stands in the database only, and never sees the connection."""
    word = secrets.token_hex(8)
    kept = {"connection": "shop", "parameters": {"word": word}, "read_only": False}
    query(query="INSERT INTO secret_keys VALUES (:word)", **kept)
    asked = {"query": "SELECT word FROM secret_keys WHERE word <> 'hidden'", "connection": "shop"}
    answer, script = asking_once("sql_query", asked)
    query(query="DELETE FROM secret_keys WHERE word = :word", **kept)
    assert word in answer
    assert "shop.db" not in repr(script.requests)
    assert answer.startswith(FROM_TOOL)
