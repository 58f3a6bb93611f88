"""What every index of embeddings has to do. A new one is tested by being registered."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import services
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import StoreError, UnknownName
from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.journal.items import Draft
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.memory import chroma_vectors, registry, spaces
from genxai_nb.memory.base import Query
from genxai_nb.memory.chroma import client_of
from genxai_nb.memory.embed import find_embedder, vectors_of
from genxai_nb.memory.shelves import StoreShelf
from genxai_nb.memory.spaces import Place
from genxai_nb.memory.vectors import packed, unit
from genxai_nb.providers.scripted import Scripted

APART = [name for name in spaces.names() if spaces.is_apart(name)]
PLACES = {"numpy": ["numpy"], "chroma": ["chroma:folder", "chroma+server"]}
TEXTS = ("My name is Ada.", "I live in Paris.", "I like green tea.")
NOTHING = np.zeros(0, dtype=np.float32)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with services.chroma(tmp_path_factory.mktemp("chroma")) as url:
        yield url


def placed(where: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The setting that names an index: one that is empty, or a server that the tests share."""
    if where == "chroma+server":
        return f"chroma+{request.getfixturevalue('server')}"
    return f"chroma:{folder / 'chroma'}" if where == "chroma:folder" else where


@pytest.fixture(params=[where for name in spaces.names() for where in PLACES[name]])
def place(request, tmp_path):
    """An empty collection of embeddings in each place where there can be one."""
    return Place(placed(request.param, request, tmp_path), f"genxai-{secrets.token_hex(8)}", "m", 4)


@pytest.fixture(params=[where for name in APART for where in PLACES[name]])
def apart(request, tmp_path, monkeypatch):
    """Each index outside of this process, set for all memories."""
    where = placed(request.param, request, tmp_path)
    monkeypatch.setenv("GENXAI_VECTORS", where)
    return where


def scores(vectors, asked, k=50, words=None):
    found = vectors.scores(packed([np.float32(asked)])[0], k, NOTHING if words is None else np.float32(words))
    return [round(float(score), 5) if np.isfinite(score) else None for score in found]


def test_the_similarity_is_the_cosine_of_each_slot(place):
    """Slots are filled in order, also in several steps; an empty embedding is like nothing."""
    vectors = spaces.open_vectors(place)
    assert vectors.numbers() == set()
    vectors.extend([3, 4], packed([np.float32([3, 0, 0, 0]), np.float32([0, 2, 0, 0])]))
    vectors.extend([9, 11], [b"", *packed([np.float32([1, 1, 0, 0])])])

    first, second, third, fourth = scores(vectors, [5, 0, 0, 0], words=[0, 0, 0, 0])
    assert (first, second, fourth) == (1.0, 0.0, pytest.approx(0.5**0.5, abs=1e-5))
    assert not third


def test_of_few_it_tells_the_nearest_and_those_with_the_words(place):
    """With a small k the most alike are known, and so is the one that has the words."""
    vectors = spaces.open_vectors(place)
    rows = [np.float32([1, number / 10, 0, 0]) for number in range(20)]
    vectors.extend(range(1, 21), packed(rows))
    words = [0.0] * 20
    words[19] = 1.0
    found = scores(vectors, [1, 0, 0, 0], k=2, words=words)

    assert found[:2] == [1.0, pytest.approx(1 / 1.01**0.5, abs=1e-5)]
    assert found[19] == pytest.approx(1 / (1 + 1.9**2) ** 0.5, abs=1e-5)


def test_what_is_taken_out_is_found_no_more(place):
    """Its slot stays, and the others keep theirs."""
    vectors = spaces.open_vectors(place)
    vectors.extend([1, 2, 3], packed([np.float32([1, 0, 0, 0])] * 3))
    vectors.empty([0, 2])

    assert [bool(score) for score in scores(vectors, [1, 0, 0, 0], words=[0, 0, 0])] == [False, True, False]


def test_embeddings_of_another_length_are_refused(place):
    """Neither put in nor asked for, with what to do."""
    vectors = spaces.open_vectors(place)
    with pytest.raises(StoreError, match=r"embedding of 3 numbers is among those of 4.*memory\.embed"):
        vectors.extend([1], packed([np.float32([1, 0, 0])]))
    with pytest.raises(StoreError, match="embedding of 5 numbers is among those of 4"):
        scores(vectors, [1, 0, 0, 0, 0])


def test_what_another_model_made_is_dropped_and_never_compared(place):
    """Opened for another model or another length, the same collection begins empty."""
    vectors = spaces.open_vectors(place)
    vectors.extend([1], packed([np.float32([1, 0, 0, 0])]))

    for other in (place._replace(model="n"), place._replace(model="n", dims=8)):
        assert spaces.open_vectors(other).numbers() == set()


def test_what_is_shredded_is_gone(place):
    """An index that is opened again begins empty."""
    vectors = spaces.open_vectors(place)
    vectors.extend([1], packed([np.float32([1, 0, 0, 0])]))
    vectors.shred()

    assert spaces.open_vectors(place).numbers() == set()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=1, max_size=12),
    st.lists(st.integers(-3, 3), min_size=4, max_size=4),
    st.sets(st.integers(0, 11)),
)
def test_it_agrees_with_a_plain_loop(place, rows, asked, gone):
    """Of few embeddings each similarity is that of the formula, whatever was taken out again."""
    vectors = spaces.open_vectors(place._replace(name=f"genxai-{secrets.token_hex(8)}"))
    vectors.extend(range(1, len(rows) + 1), packed(map(np.float32, rows)))
    out = [slot for slot in gone if slot < len(rows)]
    if out:
        vectors.empty(out)
    expected = unit(np.float32(rows)) @ unit(np.float32(asked))
    found = vectors.scores(packed([np.float32(asked)])[0], 12, np.zeros(len(rows), dtype=np.float32))

    for slot in range(len(rows)):
        if slot in out:
            assert not np.isfinite(found[slot]) or found[slot] == 0
        else:
            assert found[slot] == pytest.approx(expected[slot], abs=1e-5)


def test_an_index_that_there_is_not_is_named():
    """A misspelt one suggests the right one and the setting; a place that is none says what to write."""
    with pytest.raises(UnknownName, match=r"Unknown index of embeddings 'chrom'.*GENXAI_VECTORS"):
        spaces.open_vectors(Place("chrom:folder", "c", "m", 4))
    for where in ("chroma", "chroma:", "chroma+ftp://host"):
        with pytest.raises(StoreError, match=f"'{where.replace('+', '.')}' names no place for Chroma"):
            spaces.open_vectors(Place(where, "c", "m", 4))


# --- as the index of a memory ---


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
    assert memory.undo(["m5"], ["m4"]) == 2
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
    memory.undo(["m2"], [])
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


def test_another_process_finds_what_was_added_on_a_server(server, monkeypatch):
    """Two processes write one memory and search it in one server: each finds what the other told."""
    monkeypatch.setenv("GENXAI_VECTORS", f"chroma+{server}")
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


def test_an_index_of_another_package_is_opened_by_its_name(tmp_path):
    """An entry point in the group is all that it takes."""
    (tmp_path / "shop.py").write_text("def vectors(place):\n    return ('opened', place.where)\n", "utf-8")
    about = tmp_path / "shop-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text("[genxai_nb.vectors]\nshop = shop:vectors\n", "utf-8")
    code = (
        "from genxai_nb.memory import spaces\n"
        "print(spaces.names(), spaces.open_vectors(spaces.Place('shop:here', 'c', 'm', 4)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == f"{[*spaces.names(), 'shop']} ('opened', 'shop:here')"


def test_a_script_asks_for_the_package_that_the_index_needs(monkeypatch):
    """With Chroma set, an agent that is searched by meaning needs its extra; with numpy, or no such kind, it does not."""
    assert "chroma" not in registry.extras_of(["semantic"])
    monkeypatch.setenv("GENXAI_VECTORS", "chroma:folder")
    assert "chroma" in registry.extras_of(["semantic"])
    assert registry.extras_of(["working"]) == set()
