"""Measure memory: exact search, recall for a prompt, a durable add against a bare commit of the same bytes.

python tests/bench/bench_memory.py

No setting of BLAS is made.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, time

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from recall_data import FACTS, facts, questions

from genxai_nb.journal.items import Draft, Entry
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.memory import registry
from genxai_nb.memory.base import Kind, Query
from genxai_nb.memory.budget import shared_out
from genxai_nb.memory.index import Index
from genxai_nb.memory.shelves import ListShelf, StoreShelf
from genxai_nb.memory.vectors import Matrix, best

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
    """Exact search over embeddings in memory."""
    for count in (10_000, 100_000):
        vectors = RANDOM.standard_normal((count, 512)).astype("<f4")
        asked = [vector.tobytes() for vector in RANDOM.standard_normal((200, 512)).astype("<f4")]
        matrix = Matrix(512)
        matrix.extend(range(count), [vector.tobytes() for vector in vectors])
        spent(lambda vector, matrix=matrix: best(matrix.scores(vector), 5), asked[:50])
        times = [spent(lambda vector, matrix=matrix: best(matrix.scores(vector), 5), [one]) for one in asked]
        print(f"exact search {count:>7,} x 512   median {median(times):.3f} ms   best {min(times):.3f} ms")


def beside_chroma() -> None:
    """A query of 10,000 embeddings here and in Chroma, in turns: same vectors, same k, one process, if it is installed."""
    try:
        import chromadb
    except ModuleNotFoundError:
        print("chromadb is not installed")
        return
    vectors = RANDOM.standard_normal((10_000, 512)).astype("<f4")
    index = Index(Matrix(512))
    index.extend([Entry(n, "", vector.tobytes()) for n, vector in enumerate(vectors, 1)])
    settings = chromadb.Settings(anonymized_telemetry=False)
    asked = RANDOM.standard_normal((200, 512)).astype("<f4")
    with tempfile.TemporaryDirectory() as folder:
        for name, client in (
            ("memory", chromadb.EphemeralClient(settings)),
            ("folder", chromadb.PersistentClient(folder, settings)),
        ):
            theirs = client.create_collection(
                f"bench-{name}", embedding_function=None, metadata={"hnsw:space": "cosine"}
            )
            for start in range(0, 10_000, 1000):
                some = vectors[start : start + 1000]
                theirs.add(ids=[str(start + n) for n in range(1000)], embeddings=list(some))
            ours, others = [], []
            for vector in asked:
                ours.append(spent(lambda one: index.search("", one.tobytes(), 5), [vector]))
                others.append(
                    spent(
                        lambda one, theirs=theirs: theirs.query(query_embeddings=[one], n_results=5), [vector]
                    )
                )
            ratios = [there / here for here, there in zip(ours, others, strict=True)]
            print(
                f"query of 10,000   {median(ours):.3f} ms, best {min(ours):.3f}   Chroma in a {name} {median(others):.3f} ms, "
                f"best {min(others):.3f}   ratio {median(ratios):.1f}, of the best {min(others) / min(ours):.1f}"
            )


def by_chroma() -> None:
    """Recall from a memory of 10,000 facts with GENXAI_VECTORS=chroma:folder: filled, searched, forgotten from."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["GENXAI_VECTORS"] = f"chroma:{name}/chroma"
        store = SqliteStore(Path(name) / "journal.db")
        shelf = StoreShelf(store.items, "clerk", "semantic")
        shelf.add(drafts(10_000), model="m", dims=512)
        asked = [
            Query(text="colour", vector=one.tobytes())
            for one in RANDOM.standard_normal((50, 512)).astype("<f4")
        ]
        filled = spent(lambda one: shelf.search(one, 5), asked[:1])
        searched = spent(lambda one: shelf.search(one, 5), asked)
        forgotten = spent(lambda one: shelf.forget([one]), ["m7"])
        del os.environ["GENXAI_VECTORS"]
        exact = [shelf.search(one, 5) for one in asked[:1]] and spent(lambda one: shelf.search(one, 5), asked)
        print(
            f"a memory of 10,000 in Chroma: filled {filled / 1000:.1f} s, search {searched:.2f} ms (exact {exact:.2f} ms), "
            f"one forgotten {forgotten / 1000:.2f} s"
        )
        store.close()


def recall(each: int) -> None:
    """Recall for a prompt from six kinds, those that last with so many items each, embeddings made before."""
    texts = facts()
    vectors = drafts(each)
    lasting = ("long_term", "episodic", "semantic", "procedural")
    with tempfile.TemporaryDirectory() as name:
        store = SqliteStore(Path(name) / "journal.db")
        kinds: list[Kind] = []
        for kind in registry.names():
            named = [
                Draft(
                    text=f"{texts[n % 500]} ({n})",
                    source="user",
                    fields={"subject": "Ada", "object": f"thing {n}", "importance": "0.6", "outcome": "done"},
                    vector=one.vector if kind in lasting else b"",
                )
                for n, one in enumerate(vectors)
            ]
            if kind in lasting:
                shelf = StoreShelf(store.items, "clerk", kind)
                shelf.add(named, model="m", dims=512)
                kinds.append(registry.open_kind(kind, shelf))
            else:
                entries = msgspec.to_builtins(named[:100])  # a run's values; older ones are not looked at
                kinds.append(registry.open_kind(kind, ListShelf(kind, entries)))
        asked = [
            Query(text=one.question, vector=RANDOM.standard_normal(512).astype("<f4").tobytes(), at=time())
            for one in questions(FACTS, held_back=False)
        ]

        def prompt(query: Query) -> None:
            shared_out({kind.name: kind.recall(query, 5) for kind in kinds}, 2000)

        prompt(asked[0])
        for kind in kinds:
            print(f"recall {kind.name:<11} {each:>6,} items   median {spent(kind.recall, asked):.3f} ms")
        times = [spent(prompt, [one]) for one in asked]
        print(
            f"recall for a prompt, six kinds, {4 * each:,} items   median {median(times):.3f} ms   best {min(times):.3f} ms"
        )
        store.close()


if __name__ == "__main__":
    search()
    beside_chroma()
    by_chroma()
    recall(2_500)
    recall(10_000)
    durable_add()
