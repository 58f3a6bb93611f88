"""Measure memory: exact search, recall from a store, a durable add against a bare commit of the same bytes.

python tests/bench/bench_memory.py
"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from genxai_nb.journal.items import Draft
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.memory.base import Query
from genxai_nb.memory.embed import SharedWords
from genxai_nb.memory.semantic import Semantic
from genxai_nb.memory.shelves import StoreShelf
from genxai_nb.memory.vectors import Matrix

ROUNDS, WRITES = 5, 200
RANDOM = np.random.default_rng(7)


def drafts(count: int, dims: int = 512) -> list[Draft]:
    """Facts with random embeddings of unit length."""
    vectors = RANDOM.standard_normal((count, dims)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        Draft(
            text=f"My colour number {number} is somewhat greenish blue.",
            source="user",
            rule="my",
            about=f"user colour number {number}",
            fields={"subject": "user", "predicate": f"colour number {number}", "object": "greenish blue"},
            run="r1",
            vector=vector.tobytes(),
        )
        for number, vector in enumerate(vectors)
    ]


def spent(work, items) -> float:
    """The median time of one piece of work, in milliseconds."""
    times = []
    for item in items:
        began = perf_counter()
        work(item)
        times.append(perf_counter() - began)
    return median(times) * 1000


def bare(folder: Path):
    """A commit of an item's bytes into a table of one column each, as the journal opens its files."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for pragma in (
        "page_size = 2048",
        "journal_mode = wal",
        "synchronous = full",
        "wal_autocheckpoint = 100",
        "journal_size_limit = 1048576",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE item (number INTEGER PRIMARY KEY, text TEXT, body TEXT, vector BLOB)")

    def commit(draft: Draft) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO item (text, body, vector) VALUES (?, ?, ?)",
            (draft.text, f"{draft.source}{draft.rule}{draft.about}{draft.fields}", draft.vector),
        )
        connection.execute("COMMIT")

    return commit


def durable_add() -> None:
    """A durable add against a bare commit, in turns, so that both meet the same disk."""
    ratios, ours, theirs = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder, items = Path(name), drafts(2 * WRITES)
            store = SqliteStore(folder / "journal.db")
            commit = bare(folder)

            def add(draft: Draft, store: SqliteStore = store) -> None:
                store.items.add("clerk", "semantic", [draft], at=1.0, key=draft.about, model="m", dims=512)

            spent(add, items[:WRITES])
            spent(commit, items[:WRITES])
            ours.append(spent(add, items[WRITES:]))
            theirs.append(spent(commit, items[WRITES:]))
            ratios.append(ours[-1] / theirs[-1])
            store.close()
    print(
        f"durable add   {median(ours):.3f} ms   bare commit {median(theirs):.3f} ms   ratio {median(ratios):.2f}"
    )


def search() -> None:
    """Exact search over embeddings in memory, and over a collection of the store with its items read."""
    for count in (10_000, 100_000):
        vectors = RANDOM.standard_normal((count, 512)).astype("<f4")
        asked = [vector.tobytes() for vector in RANDOM.standard_normal((200, 512)).astype("<f4")]
        matrix = Matrix(512)
        matrix.extend([(number + 1, vector.tobytes()) for number, vector in enumerate(vectors)])
        spent(lambda vector, matrix=matrix: matrix.nearest(vector, 5), asked[:50])
        times = [spent(lambda vector, matrix=matrix: matrix.nearest(vector, 5), [one]) for one in asked]
        print(f"exact search {count:>7,} x 512   median {median(times):.3f} ms   best {min(times):.3f} ms")
    with tempfile.TemporaryDirectory() as name:
        store = SqliteStore(Path(name) / "journal.db")
        store.items.add("clerk", "semantic", drafts(10_000), at=1.0, model=SharedWords.model, dims=512)
        memory = Semantic(StoreShelf(store.items, "clerk", "semantic"))
        asked = [Query(text="", vector=draft.vector) for draft in drafts(200)]
        memory.recall(asked[0])
        print(f"recall from a store of 10,000   median {spent(memory.recall, asked):.3f} ms")
        store.close()


if __name__ == "__main__":
    search()
    durable_add()
