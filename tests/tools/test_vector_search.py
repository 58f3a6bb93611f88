"""Search by meaning: in an offered store, among texts, among vectors."""

from __future__ import annotations

import secrets
from contextlib import nullcontext

import numpy as np
import pytest
import services
from asking import asking_once
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.agents.toolbox import find_builtin
from genxai_nb.errors import ToolFailed
from genxai_nb.memory.chroma import ChromaStore
from genxai_nb.tools.registry import find
from genxai_nb.tools.stores import Match, offer_embedder, offer_store

search = find("vector_search")


class Notes:
    """A store that finds texts by shared words."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def search(self, query, k):
        words = set(query.split())
        found = [
            Match(str(n), text, len(words & set(text.split())) / len(words))
            for n, text in enumerate(self.texts)
        ]
        return sorted(found, key=lambda match: -match.score)[:k]


@pytest.fixture
def notes():
    word = secrets.token_hex(8)
    offer_store("notes", Notes("an anode oxidises", f"the code is {word}", "nothing"))
    yield word
    offer_store("notes", None)


@pytest.fixture
def embedder():
    """Vectors of two numbers: how many letters a and b a text has."""
    offer_embedder(
        lambda texts: np.array([[text.count("a"), text.count("b")] for text in texts], dtype=float)
    )
    yield
    offer_embedder(None)


def test_searches_an_offered_store(notes: str):
    """A store is found by its name, and what lies below the threshold is left out."""
    found = search(query="the code", store="notes", threshold=0.5)
    assert [match.text for match in found.matches] == [f"the code is {notes}"]
    with pytest.raises(ToolFailed, match="There is no vector store 'note'. Did you mean 'notes'"):
        search(query="x", store="note")


def test_searches_texts(embedder):
    """Texts that are given are compared by the offered embedding, the nearest first."""
    found = search(query="aab", texts=["b", "aa", "aab"], top_k=2)
    assert [match.text for match in found.matches] == ["aab", "aa"]
    assert found.matches[0].score == 1


def test_cosine_is_exact():
    """Vectors are compared by the cosine of their angle; equal ones keep their order; zero is like nothing."""
    vectors = {"a": [3.0, 4.0], "b": [6.0, 8.0], "c": [4.0, -3.0], "zero": [0.0, 0.0]}
    found = search(query_vector=[3.0, 4.0], vectors=vectors, top_k=3)
    assert found.matches == [Match("a", "", 1.0), Match("b", "", 1.0), Match("c", "", 0.0)]
    near = search(query_vector=[3.0, 4.0], vectors=vectors, threshold=0.5)
    assert [match.id for match in near.matches] == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"query": "x"}, "Give one of store, texts and vectors; none is given"),
        ({"query": "x", "store": "a", "texts": ["b"]}, "store and texts is given"),
        ({"store": "a"}, "needs a query"),
        ({"query": "x", "texts": ["b"]}, "Nothing here turns text into vectors"),
        ({"vectors": {"a": [1.0]}}, "needs a query_vector"),
        ({"vectors": {"a": [1.0]}, "query_vector": [1.0, 2.0]}, "'a' has 1 numbers, and the query has 2"),
        ({"vectors": {str(n): [] for n in range(10_001)}, "query_vector": []}, "10000 is the most"),
    ],
)
def test_refuses_in_words(arguments: dict, said: str):
    """What does not fit together is told."""
    with pytest.raises(ToolFailed, match=said):
        search(**arguments)


@given(st.lists(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3), max_size=8))
def test_agrees_with_the_definition(rows: list):
    """The best match has the greatest cosine of all."""
    query = [1.0, -2.0, 0.5]
    vectors = {str(n): row for n, row in enumerate(rows)}
    found = search(query_vector=query, vectors=vectors, threshold=-1).matches
    sizes = [np.linalg.norm(row) * np.linalg.norm(query) for row in rows]
    cosines = [
        float(np.dot(row, query) / size) if size else 0.0 for row, size in zip(rows, sizes, strict=True)
    ]
    assert [match.score for match in found] == pytest.approx(sorted(cosines, reverse=True)[:5], abs=1e-5)


def test_agent_finds_what_only_the_store_knows(notes: str):
    """An agent answers with a word that stands in the store only."""
    assert notes in asking_once("vector_search", {"query": "the code", "store": "notes"})[0]


@pytest.mark.parametrize("place", ["folder", "server"])
def test_agent_searches_by_the_name_of_a_connection(place: str, tmp_path, monkeypatch):
    """An agent finds a word that only the collection knows; it is told the connection's name and no address."""
    word = secrets.token_hex(8)
    texts = {"cat": "A cat sleeps in the sun.", "code": f"The code of the vault is {word}."}
    with nullcontext() if place == "folder" else services.chroma(tmp_path) as server:
        where = {"url": server} if server else {"folder": str(tmp_path)}
        ChromaStore("papers", **where).add(texts)
        address = f"chroma+{server}/#papers" if server else f"chroma://{tmp_path}#papers"
        monkeypatch.setenv("GENXAI_CONNECTION_LIBRARY", address)
        answer, *_ = asking_once("vector_search", {"query": "What opens the vault?", "store": "library"})
    assert word in answer


def test_connection_without_a_collection_is_told(tmp_path, monkeypatch):
    """A connection that names no collection, and one that is none, say what to write."""
    tool = find_builtin("vector_search")
    monkeypatch.setenv("GENXAI_CONNECTION_LIBRARY", f"chroma://{tmp_path}")
    with pytest.raises(ToolFailed, match="names no collection"):
        tool(query="x", store="library")
    monkeypatch.setenv("GENXAI_CONNECTION_LIBRARY", f"chroma://{tmp_path}#none")
    with pytest.raises(ToolFailed, match="Unknown collection of Chroma 'none'"):
        tool(query="x", store="library")
    with pytest.raises(ToolFailed, match="Did you mean 'library'"):
        tool(query="x", store="librari")
