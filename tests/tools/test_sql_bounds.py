"""What a query may take: rows without end, values of gigabytes and lists of millions stay out of this process."""

from __future__ import annotations

import json
import resource
import sqlite3

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.builtin.database.rows import bounded
from genxai_nb.tools.registry import find

query = find("sql_query")

MANY_LARGE = {
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 300) SELECT hex(zeroblob(2500000)) FROM c",
    "postgres": "SELECT repeat('x', 5000000) FROM generate_series(1, 300)",
    "duckdb": "SELECT repeat('x', 5000000) FROM range(300)",
}
ONE_LARGE = {
    "sqlite": f"SELECT {', '.join(['hex(zeroblob(4900000))'] * 150)}",
    "postgres": "SELECT repeat('x', 900000000)",
    "duckdb": "SELECT repeat('x', 1200000000)",
}
LISTS = {
    "sqlite": "SELECT json_group_array(value) FROM (SELECT 1 AS value FROM json_each('[1,2,3,4]'))",
    "postgres": "SELECT array_agg(n) AS n FROM generate_series(1, 2000000) AS t(n)",
    "duckdb": "SELECT list(range) AS n FROM range(2000000)",
}


def grown(statement: str) -> tuple[object, int]:
    """What came of a query, and by how many bytes this process grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        came: object = query(query=statement, connection="shop")
    except ToolFailed as exc:
        came = exc
    return came, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def test_rows_are_not_all_held(database: str):
    """Of rows that hold gigabytes a few are told, or the query is refused in words; this process stays small."""
    came, bytes_more = grown(MANY_LARGE[database])
    if database == "duckdb":  # it makes all rows of a page at once
        assert isinstance(came, ToolFailed)
        assert "Ask for fewer or shorter rows" in came.hint
    else:
        assert (came.count, came.truncated) == (99, True)
    assert bytes_more < 100_000_000


def test_one_value_is_not_held(database: str):
    """One row that is larger than the memory it may have is an error in words; this process stays small."""
    came, bytes_more = grown(ONE_LARGE[database])
    if isinstance(came, ToolFailed):
        assert "memory" in str(came).lower()
    else:
        assert len(json.dumps(came.rows)) < 2_000_000
    assert bytes_more < 100_000_000
    assert query(query="SELECT 1 AS one", connection="shop").rows == [{"one": 1}]


def test_long_lists_are_cut(database: str):
    """A list of millions of numbers is told by its beginning, and says how many are left out."""
    came, bytes_more = grown(LISTS[database])
    assert len(json.dumps(came.rows)) < 2_000_000
    if database != "sqlite":
        assert came.rows[0]["n"][-1].endswith(" more)")
    assert bytes_more < 100_000_000


def test_reading_makes_no_files(database: str, served, tmp_path):
    """Sorting more than fits the memory is refused rather than written to the disk beside the database."""
    sort = {
        "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000) "
        "SELECT hex(zeroblob(2000)) || x AS y FROM c ORDER BY y LIMIT 1 OFFSET 999999",
        "postgres": "SELECT 1",
        "duckdb": "SELECT max(length(y)) FROM (SELECT repeat('x', 3000) || range AS y FROM range(1000000) "
        "ORDER BY y OFFSET 1)",
    }[database]
    came, _ = grown(sort)
    if database != "postgres":
        assert "memory" in str(came).lower()
    assert not [file for file in tmp_path.parent.rglob("*.tmp*") if file.is_dir() and "duck" in file.name]


def test_a_database_with_a_log_is_read(tmp_path, monkeypatch):
    """SQLite's write-ahead log, for which reading makes an index file, is no obstacle."""
    made = sqlite3.connect(tmp_path / "log.db")
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("CREATE TABLE a AS SELECT 7 AS b")
    made.commit()
    made.close()
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", f"sqlite:///{tmp_path / 'log.db'}")
    assert query(query="SELECT b FROM a", connection="shop").rows == [{"b": 7}]


def test_what_is_told_has_one_room():
    """Texts, keys, lists and nesting share one room, and what does not fit is counted."""
    told = bounded({"a": ["x" * 9_000] * 1_000, "b": list(range(10**6))})
    assert len(json.dumps(told)) < 1_100_000
    assert told["a"][-1].endswith(" more)")
    assert told["..."] == "1 more"
    deep: list = []
    for _ in range(500):
        deep = [deep]
    assert len(json.dumps(bounded(deep))) < 2_000
