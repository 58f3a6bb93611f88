"""Collections of Chroma: in a folder, on a real server, through the tool that searches."""

from __future__ import annotations

import secrets

import chromadb
import numpy as np
import pytest
import services
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genxai_nb.errors import InputError, StoreError
from genxai_nb.memory.chroma import ChromaStore
from genxai_nb.memory.embed import find_embedder

TEXTS = {
    "battery": "An anode oxidises while a battery gives current.",
    "cat": "A cat sleeps in the sun.",
    "train": "The night train to Vienna leaves at nine.",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with services.chroma(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@pytest.fixture(params=["folder", "server"])
def store(request: pytest.FixtureRequest, tmp_path):
    """An empty collection, in each of the places where there can be one."""
    name = f"c{secrets.token_hex(6)}"
    if request.param == "folder":
        return ChromaStore(name, str(tmp_path))
    return ChromaStore(name, url=request.getfixturevalue("server"))


def test_finds_by_meaning(store: ChromaStore):
    """The text that means the same is the nearest, with its exact cosine similarity, and at most k are given."""
    assert store.add(TEXTS) == 3
    question = "When does the sleeper to Austria depart?"
    first, _ = store.search(question, 2)
    asked, text = find_embedder().embed([question, TEXTS["train"]])
    assert first == ("train", TEXTS["train"], pytest.approx(float(asked @ text), abs=1e-5))
    assert len(store.search(question, 50)) == 3


def test_texts_are_replaced_and_removed(store: ChromaStore):
    """A name that is there gets the new text; what is removed is found no more."""
    store.add(TEXTS)
    store.add({"cat": "A dog barks at the postman."})
    store.remove("train", "none of this name")
    assert {near.id: near.text for near in store.search("animals", 5)} == {
        "battery": TEXTS["battery"],
        "cat": "A dog barks at the postman.",
    }
    assert len(store) == 2


def test_another_process_finds_what_was_added(store: ChromaStore):
    """What was added is there for a client that is opened anew."""
    store.add(TEXTS)
    other = ChromaStore(store.name, url=store.where) if "http" in store.where else None
    if other is None:
        client = chromadb.PersistentClient(
            store.where, settings=chromadb.config.Settings(anonymized_telemetry=False)
        )
        assert client.get_collection(store.name, embedding_function=None).count() == 3
    else:
        assert len(other) == 3


def test_missing_collection_is_told_with_its_neighbours(store: ChromaStore):
    """Searching in what is not there suggests what is; an empty place says how to begin."""
    with pytest.raises(StoreError, match=f"Unknown collection of Chroma '{store.name}'"):
        store.search("x", 1)
    store.add({"a": "b"})
    wrong = ChromaStore(
        f"{store.name}s", **({"url": store.where} if "http" in store.where else {"folder": store.where})
    )
    with pytest.raises(StoreError, match=f"Did you mean '{store.name}'"):
        wrong.search("x", 1)


def test_vectors_of_an_unnamed_model_are_never_compared(tmp_path):
    """A collection that somebody else embedded is refused until its metadata name a model, and then as is right."""
    store = ChromaStore("foreign", str(tmp_path))
    store.add({"a": "b"})
    client = store.client
    client.delete_collection("foreign")
    made = client.create_collection("foreign", embedding_function=None)
    made.add(ids=["a"], embeddings=[np.ones(8)], documents=["b"])
    with pytest.raises(StoreError, match="does not say by which model it was embedded"):
        store.search("x", 1)
    made.modify(metadata={"embedding_model": find_embedder().model})
    with pytest.raises(StoreError, match="refuses: .*dimension"):
        store.search("x", 1)


def test_place_is_one(tmp_path):
    """A folder or an address, not both; what cannot be reached is told with what to do."""
    with pytest.raises(InputError, match="Give one of the two"):
        ChromaStore("c", str(tmp_path), url="http://localhost")
    with pytest.raises(StoreError, match="chroma run"):
        ChromaStore("c", url=f"http://127.0.0.1:{services.free_port()}")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be opened"):
        ChromaStore("c", str(tmp_path / "file"))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=6), st.text(max_size=40), max_size=6))
def test_agrees_with_exact_search(tmp_path, texts: dict[str, str]):
    """Of few texts Chroma finds the same as a comparison with each of them."""
    store = ChromaStore(f"c{secrets.token_hex(6)}", str(tmp_path))
    store.add(texts | {"always": "here"})
    rows = find_embedder().embed(["a question", *texts.values(), "here"])
    scores = sorted((float(row @ rows[0]) for row in rows[1:]), reverse=True)
    assert [near.score for near in store.search("a question", 10)] == pytest.approx(scores, abs=1e-5)
