"""What every index of embeddings has to do. A new one is tested by being registered."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genxai_nb.errors import StoreError, UnknownName
from genxai_nb.memory import spaces
from genxai_nb.memory.spaces import Place
from genxai_nb.memory.vectors import packed, unit

NOTHING = np.zeros(0, dtype=np.float32)


@pytest.fixture
def place(where):
    """An empty collection of embeddings in each place where there can be one."""
    return Place(where, f"genxai-{secrets.token_hex(8)}", "m", 4)


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
