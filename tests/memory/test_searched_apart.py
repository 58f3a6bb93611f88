"""Memories that are searched by an index outside of this process: the same is found, forgotten and mended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import services

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import StoreError
from genxai_nb.journal.connection import Connection
from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.journal.item_rows import SqliteItems
from genxai_nb.journal.items import Draft
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.memory import chroma_vectors, registry
from genxai_nb.memory.base import Query
from genxai_nb.memory.chroma import client_of
from genxai_nb.memory.embed import find_embedder, vectors_of
from genxai_nb.memory.shelves import StoreShelf
from genxai_nb.memory.vectors import packed
from genxai_nb.providers.scripted import Scripted

TEXTS = ("My name is Ada.", "I live in Paris.", "I like green tea.")


def take_back(memory, number: int) -> int:
    """Undo that an item was added."""
    return memory.undo(
        [one for one in memory.changes() if (one.what, one.items) == ("added", (number,))]
    ).count


def shelf(items, owner: str = "clerk") -> StoreShelf:
    return StoreShelf(items, owner, "semantic")


def told(some: StoreShelf, *texts: str, about: str = "") -> list[bytes]:
    vectors = vectors_of("", texts)
    drafts = [
        Draft(text=text, vector=vector, about=about) for text, vector in zip(texts, vectors, strict=True)
    ]
    some.add(drafts, model=find_embedder().model, dims=find_embedder().dims)
    return vectors


def asked(some: StoreShelf, text: str) -> list[tuple[str, float | None]]:
    query = Query(text=text, vector=vectors_of("", [text])[0])
    return [
        (item.text, match.meaning and round(match.meaning, 4), round(match.relevance, 4))
        for item, match in some.search(query, 5)
    ]


def even(seed: int) -> bytes:
    """An embedding of length 1 exactly, so that its bytes are the same wherever it is kept."""
    signs = np.random.default_rng(seed).permutation(np.repeat(np.float32([1, -1, 0, 0]), 128))
    return packed([signs / 16])[0]


def keep(some: StoreShelf, *rows: tuple[str, bytes]) -> None:
    some.add([Draft(text=text, vector=vector) for text, vector in rows], model="m", dims=512)


def nearest(some: StoreShelf, vector: bytes) -> str:
    found = some.search(Query(text="", vector=vector), 1)
    return found[0][0].text if found else ""


def held(folder: Path, pattern: str) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob(pattern) if path.is_file())


def test_an_agent_recalls_by_it_in_its_runs(apart):
    """What was told in one run stands in the request of the next one, found by the index, with its meaning as reason."""
    script = Scripted(lambda _: "Noted.")
    clerk = Agent("clerk", model=script.model, memory=["semantic"], task="{{said}}")
    graph = Graph("talk").node("clerk", clerk)
    graph.parse("START -> clerk -> END")
    graph.run({"said": "I live in Paris. My name is Ada."}, store="journal.db")
    done = graph.run({"said": "Which town is my home in?"}, store="journal.db")

    said = "\n".join(message.text for message in script.requests[-1].messages)
    assert "- I live in Paris." in said.splitlines()
    assert clerk.memory.why(done, store="journal.db")["why"].str.contains("meaning 0").any()


def test_a_memory_finds_the_same_by_each_index(apart, monkeypatch):
    """Items, similarities and their order are those of the exact search, through changes, and after a restart."""
    store = SqliteStore("journal.db")
    memory = shelf(store.items)

    def same() -> None:
        other = SqliteStore("journal.db")
        found = asked(memory, "Which town is my home in?"), asked(memory, "name")
        again = shelf(other.items)
        assert (asked(again, "Which town is my home in?"), asked(again, "name")) == found
        monkeypatch.setenv("GENXAI_VECTORS", "numpy")
        assert (asked(memory, "Which town is my home in?"), asked(memory, "name")) == found
        monkeypatch.setenv("GENXAI_VECTORS", apart)
        assert found[0]
        assert found[1]
        other.close()

    told(memory, *TEXTS)
    same()
    told(memory, "I live in Bonn.", about="home")
    same()
    told(memory, "I live in Rome.", about="home")
    same()
    assert take_back(memory, 5) == 2
    same()
    memory.forget(["m2"])
    same()
    assert "I live in Bonn." in [text for text, *_ in asked(memory, "Which town is my home in?")]
    store.close()


def test_what_is_forgotten_leaves_the_index(apart, tmp_path, monkeypatch):
    """Forgetting items, also one that ended, shreds their embeddings; in a folder no file holds them any more."""
    store = SqliteStore("journal.db")
    memory = shelf(store.items)
    early, ended, late, other = map(even, range(4))
    keep(memory, ("early", early), ("ended", ended))
    crowd = (
        np.random.default_rng(5).standard_normal((1500, 512)).astype("<f4")
    )  # so many are written to its graph
    keep(memory, *((f"thing {n}", row.tobytes()) for n, row in enumerate(crowd)))
    assert nearest(memory, early) == "early"
    keep(memory, ("late", late), ("other", other))
    take_back(memory, 2)
    assert nearest(memory, late) == "late"
    if apart.startswith("chroma:"):
        assert early in held(tmp_path, "*.bin")  # its graph
        assert late in held(tmp_path, "*.sqlite3")  # its log, from which deleted rows do not go by themselves

    assert memory.forget([item.id for item in memory.items() if item.text in {"early", "ended", "late"}]) == 3
    assert not any(vector in held(tmp_path, "*") for vector in (early, ended, late))
    for again in (memory, shelf(SqliteStore("journal.db").items)):
        assert {"early", "late"}.isdisjoint({nearest(again, early), nearest(again, late)})
        assert nearest(again, other) == "other"
    assert not any(vector in held(tmp_path, "*") for vector in (early, ended, late))
    store.close()


def test_what_was_forgotten_without_the_index_is_shredded_when_it_is_opened(apart, tmp_path, monkeypatch):
    """A process without the setting forgets in the store; the next one with it drops the copy."""
    store = SqliteStore("journal.db")
    memory = shelf(store.items)
    first, second = even(0), even(1)
    keep(memory, ("first", first), ("second", second))
    assert nearest(memory, first) == "first"
    assert apart.startswith("chroma+") or first in held(tmp_path, "*.sqlite3")
    monkeypatch.setenv("GENXAI_VECTORS", "numpy")
    assert memory.forget(["m1"]) == 1
    monkeypatch.setenv("GENXAI_VECTORS", apart)

    other = SqliteStore("journal.db")
    assert nearest(shelf(other.items), second) == "second"
    assert nearest(shelf(other.items), first) != "first"
    assert first not in held(tmp_path, "*")
    other.close()
    store.close()


def test_a_collection_that_went_is_filled_again(apart):
    """Another process that forgets drops the collection under this one, which opens it anew."""
    store, other = SqliteStore("journal.db"), SqliteStore("journal.db")
    one, two = shelf(store.items), shelf(other.items)
    told(one, *TEXTS)
    assert asked(one, "name") == asked(two, "name")
    two.forget(["m3"])
    told(one, "My bicycle is red.")

    assert asked(one, "Which tea?") == asked(two, "Which tea?")
    assert "My bicycle is red." in [text for text, *_ in asked(one, "What colour is my bike?")]
    store.close()
    other.close()


def test_a_copy_that_is_not_whole_is_mended_when_it_is_opened(apart):
    """After a kill while it was filled, or with more in it than the store has, it is made like the store."""
    store = SqliteStore("journal.db")
    told(shelf(store.items), *TEXTS)
    expected = asked(shelf(store.items), "Which town is my home in?")
    folder, url = chroma_vectors.parsed(apart)
    client = client_of(folder, url, ())
    there = [
        one for one in client.list_collections() if one.metadata["dims"] == 512 and one.count() == len(TEXTS)
    ]
    assert there  # on the server perhaps also what another test has told
    for collection in there:
        collection.delete(ids=collection.get(include=[])["ids"][:2])
        collection.upsert(ids=["1-0000"], embeddings=[np.ones(512, dtype=np.float32)])

    other = SqliteStore("journal.db")
    assert asked(shelf(other.items), "Which town is my home in?") == expected
    assert len(TEXTS) in [one.count() for one in there if not one.get(ids=["1-0000"])["ids"]]
    other.close()
    store.close()


def test_two_stores_do_not_meet_in_one_place(apart):
    """Items of another journal, and of another owner, under the same numbers are not taken for one's own."""
    stores = [SqliteStore(name) for name in ("a.db", "b.db")]
    for store, text in zip(stores, ("I live in Ulm.", "My name is Eve."), strict=True):
        told(shelf(store.items), text)
        told(shelf(store.items, "other"), "I like cake.")
    found = [
        [text for text, *_ in asked(shelf(store.items), "Which town is my home in?")] for store in stores
    ]

    assert found[0] == ["I live in Ulm."]
    assert "I live in Ulm." not in found[1]
    for store in stores:
        store.close()


def test_what_lives_in_memory_stays_there(apart, tmp_path):
    """A store in memory is searched in this process, whatever index is set."""
    memory = shelf(MemoryItems())
    told(memory, *TEXTS)

    assert asked(memory, "name")
    assert not (tmp_path / "chroma").exists()


def test_another_process_finds_what_was_added_on_a_server(chroma_server, monkeypatch):
    """Two processes write one memory and search it in one server: each finds what the other told."""
    monkeypatch.setenv("GENXAI_VECTORS", f"chroma+{chroma_server}")
    store = SqliteStore("journal.db")
    memory = shelf(store.items)
    told(memory, *TEXTS)
    assert asked(memory, "name")
    code = (
        "from genxai_nb import Agent\n"
        "clerk = Agent('clerk', memory=['semantic'])\n"
        "clerk.memory.remember('My bicycle is red.', store='journal.db')\n"
        "print([one.item.text for one in clerk.memory.recall('In which city is my home?', store='journal.db')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ}, capture_output=True, text=True, check=True
    )

    assert "I live in Paris." in done.stdout
    assert "My bicycle is red." in [text for text, *_ in asked(memory, "What colour is my bike?")]
    store.close()


def test_a_server_that_is_gone_is_told_and_nothing_is_half_forgotten(tmp_path, monkeypatch):
    """Search and forgetting say that Chroma is not reached, and the text stays until it is."""
    store = SqliteStore("journal.db")
    memory = shelf(store.items)
    with services.chroma(tmp_path) as url:
        monkeypatch.setenv("GENXAI_VECTORS", f"chroma+{url}")
        told(memory, *TEXTS)
        assert asked(memory, "name")
    with pytest.raises(StoreError, match="Chroma"):
        asked(memory, "name")
    with pytest.raises(StoreError, match="Chroma"):
        memory.forget(["m1"])
    assert memory.items()[0].text == TEXTS[0]
    store.close()


def test_a_copy_that_could_not_be_filled_is_filled_when_its_server_is_back(tmp_path, monkeypatch):
    """What was half done when the server went leaves nothing behind in this process."""
    store = SqliteStore("journal.db")
    memory = shelf(store.items)
    with services.chroma(tmp_path) as url:
        monkeypatch.setenv("GENXAI_VECTORS", f"chroma+{url}")
        told(memory, *TEXTS)
        found = asked(memory, "Which town is my home in?")
    told(memory, "My bicycle is red.")
    for _ in range(2):
        with pytest.raises(StoreError, match="Chroma"):
            asked(memory, "What colour is my bike?")
    with services.chroma(tmp_path, int(url.rpartition(":")[2])):
        assert "My bicycle is red." in [text for text, *_ in asked(memory, "What colour is my bike?")]
        assert asked(memory, "Which town is my home in?")[:1] == found[:1]
        take_back(memory, 1)
    with pytest.raises(StoreError, match="Chroma"):
        asked(memory, "name")
    with services.chroma(tmp_path, int(url.rpartition(":")[2])):
        assert TEXTS[0] not in [text for text, *_ in asked(memory, "name")]
        assert "My bicycle is red." in [text for text, *_ in asked(memory, "What colour is my bike?")]
    store.close()


def test_a_search_amid_forgetting_brings_nothing_back(tmp_path, monkeypatch):
    """Another thread that searches while items are forgotten fills the copy only after they are."""
    monkeypatch.setenv("GENXAI_VECTORS", f"chroma:{tmp_path / 'chroma'}")
    early, other = even(1), even(2)

    class Slow(SqliteItems):
        def forget(self, *args, **options) -> int:
            searching.start()
            searching.join(2)  # as far as it comes
            return super().forget(*args, **options)

    journal = Connection(tmp_path / "journal.db")
    memory = shelf(Slow(journal))
    keep(memory, ("early", early), ("other", other))
    assert nearest(memory, early) == "early"
    searching = Thread(target=nearest, args=(memory, early))
    assert memory.forget(["m1"]) == 1
    searching.join()
    assert nearest(memory, other) == "other"
    assert early not in held(tmp_path / "chroma", "*")
    journal.close()


def test_a_script_asks_for_the_package_that_the_index_needs(monkeypatch):
    """With Chroma set, an agent that is searched by meaning needs its extra; with numpy, or no such kind, it does not."""
    assert "chroma" not in registry.extras_of(["semantic"])
    monkeypatch.setenv("GENXAI_VECTORS", "chroma:folder")
    assert "chroma" in registry.extras_of(["semantic"])
    assert registry.extras_of(["working"]) == set()


def test_filling_one_collection_holds_up_no_search_in_another(tmp_path):
    """While an index is being opened for one agent's memory, another agent's is searched."""
    (tmp_path / "slow.py").write_text(SLOW, "utf-8")
    about = tmp_path / "slow-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text("[genxai_nb.vectors]\nslow = slow:opened\n", "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "GENXAI_VECTORS": "slow"}
    done = subprocess.run(
        [sys.executable, str(tmp_path / "slow.py")], env=environment, capture_output=True, text=True
    )

    assert done.stdout.split() == ["second", "first"], done.stderr


SLOW = """
import threading

from genxai_nb.journal.items import Draft
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.memory.base import Query
from genxai_nb.memory.shelves import StoreShelf
from genxai_nb.memory.vectors import Matrix

begun, go_on = threading.Event(), threading.Event()


def opened(place):
    import __main__

    if place.model == "first":
        __main__.begun.set()
        assert __main__.go_on.wait(30)
    return Matrix(place.dims)


def search(owner):
    StoreShelf(items, owner, "semantic").search(Query(text="", vector=VECTOR), 1)
    print(owner, flush=True)


if __name__ == "__main__":
    VECTOR = b"\\0\\0\\x80\\x3f" * 4
    items = SqliteStore("journal.db").items
    for owner in ("first", "second"):
        items.add(owner, "semantic", [Draft(text=owner, vector=VECTOR)], at=1.0, model=owner, dims=4)
    first = threading.Thread(target=search, args=["first"])
    first.start()
    assert begun.wait(30)
    second = threading.Thread(target=search, args=["second"], daemon=True)
    second.start()
    second.join(20)
    go_on.set()
    first.join()
"""
