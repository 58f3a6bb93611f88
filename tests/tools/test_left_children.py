"""A call that nobody waits for any more ends the process that works on it."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from children import running_child, wait_for_end, wait_until
from data_bombs import moving_gif

from genxai_nb import Graph, tool
from genxai_nb.errors import NodeFailed, RunCancelled
from genxai_nb.loop import run_in_worker, while_awaited
from genxai_nb.tools.child import ask_child
from genxai_nb.tools.registry import find

query = find("sql_query")
SLOW = {
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
    "postgres": "SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b",
    "duckdb": "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = sqrt(a.range)",
}


def asked(text: str) -> dict[str, object]:
    return {"query": text, "connection": "shop", "timeout": 300.0}


def asking() -> bool:
    """Whether a thread still waits for a child."""
    frames = sys._current_frames().values()
    return any(frame.f_code is ask_child.__code__ for top in frames for frame, _ in traceback.walk_stack(top))


def test_a_cancelled_run_ends_its_query(database: str):
    """The child that asks each kind of database is gone, and its worker free, as soon as its run is cancelled."""
    run = Graph("slow").node("ask", query).parse("START -> ask -> END").start(asked(SLOW[database]))
    future = run.begin()
    child = running_child("drivers.py")
    assert asking()
    run.cancel()
    with pytest.raises(RunCancelled):
        future.result(timeout=30)
    wait_for_end(child)
    wait_until(lambda: not asking(), "the worker does not become free")
    assert query(query="SELECT 1 AS one", connection="shop").rows == [{"one": 1}]


def test_a_server_learns_that_nobody_waits(postgres_server, monkeypatch):
    """PostgreSQL does not go on with a query whose run is cancelled."""
    import psycopg

    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", postgres_server)
    others = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
    run = Graph("slow").node("ask", query).parse("START -> ask -> END").start(asked(SLOW["postgres"]))
    run.begin()
    with psycopg.connect(postgres_server, autocommit=True) as looking:

        def running() -> bool:
            return looking.execute(f"{others} AND query ILIKE '%generate_series%'").fetchone() == (1,)

        try:
            wait_until(running, "the query does not begin")
        finally:
            run.cancel()
        wait_until(lambda: not running(), "the query goes on")


@pytest.mark.parametrize("limited", ["node", "tool"])
def test_a_query_out_of_time_is_ended(limited: str, monkeypatch, tmp_path):
    """The time of a node and that of a tool end what the tool's function has begun."""
    (tmp_path / "shop.db").touch()
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", f"sqlite:///{tmp_path / 'shop.db'}")

    @tool(timeout=3 if limited == "tool" else None)
    def count() -> int:
        """Count for ever."""
        return query(**asked(SLOW["sqlite"])).count

    graph = Graph("late").node("count", count, timeout=3 if limited == "node" else None)
    future = graph.parse("START -> count -> END").start({}).begin()
    child = running_child("drivers.py")
    with pytest.raises(NodeFailed, match=r"(took longer than|gave no answer within) 3 s"):
        future.result(timeout=30)
    wait_for_end(child)


def look_at_frames() -> object:
    Path("many.gif").write_bytes(moving_gif(2_200_000))
    return find("image_processor")("many.gif", "analyze", timeout=60)


SLOW_CALLS: dict[str, Callable[[], object]] = {
    "matching.py": lambda: find("regex_matcher")("a" * 60 + "b", "(a+)+$", timeout=10),
    "queries.py": lambda: find("json_processor")([["x"] * 900] * 900, "query", "$..[?@..[?@]]", timeout=30),
    "html_reader.py": lambda: find("html_parser")("<div>" * 390_000, timeout=30),
    "image_reader.py": look_at_frames,
}


@pytest.mark.parametrize("script", SLOW_CALLS)
async def test_every_tool_with_a_child_ends_it(script: str):
    """The children of other tools are ended in the same way."""
    waiting = asyncio.create_task(run_in_worker(SLOW_CALLS[script]))
    child = await asyncio.to_thread(running_child, script)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    await asyncio.to_thread(wait_for_end, child)


async def test_what_begins_after_the_wait_is_ended_at_once():
    """A worker that had not begun its work when the wait for it was over learns that when it does."""
    begun, go_on, ended = threading.Event(), threading.Event(), []

    def work() -> None:
        begun.set()
        go_on.wait(30)
        with while_awaited(lambda: ended.append("at once")):
            ended.append("inside")
        done.set()

    done = threading.Event()
    waiting = asyncio.create_task(run_in_worker(work))
    await asyncio.to_thread(begun.wait, 30)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    go_on.set()
    assert await asyncio.to_thread(done.wait, 30)
    assert ended == ["at once", "inside"]
