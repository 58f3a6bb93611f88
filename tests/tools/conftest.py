"""Three kinds of databases with the same two tables."""

from __future__ import annotations

import sqlite3

import duckdb
import pytest
import services

MAKE = (
    "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC(8, 2), created_at TIMESTAMP)",
    "INSERT INTO items VALUES (1, 'anode', 1.50, '2026-01-02 03:04:05'), (2, 'it''s :b %s 50%', NULL, NULL)",
    "CREATE TABLE secret_keys (word TEXT)",
    "INSERT INTO secret_keys VALUES ('hidden')",
)


@pytest.fixture(scope="session")
def postgres_server():
    with services.postgres() as url:
        import psycopg

        with psycopg.connect(url) as connection:
            for statement in MAKE:
                connection.execute(statement)
        yield url


@pytest.fixture(scope="session", params=["sqlite", "duckdb", "postgres"])
def served(request, tmp_path_factory) -> tuple[str, str]:
    """A kind of database and the URL of one with two tables."""
    if request.param == "postgres":
        return request.param, request.getfixturevalue("postgres_server")
    file = tmp_path_factory.mktemp("shop") / "shop.db"
    connection = (sqlite3 if request.param == "sqlite" else duckdb).connect(str(file))
    for statement in MAKE:
        connection.execute(statement)
    if request.param == "sqlite":
        connection.commit()
    connection.close()
    return request.param, f"{request.param}:///{file}"


@pytest.fixture
def database(served, monkeypatch) -> str:
    """The kind of the database that the connection shop leads to."""
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", served[1])
    return served[0]
