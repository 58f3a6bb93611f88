"""Search by meaning and words against plain models of both."""

from __future__ import annotations

import os
from collections import Counter
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.journal.items import Entry
from genxai_nb.memory.index import LEAST_MEANING, LEAST_WORDS, MEANING, Index
from genxai_nb.memory.vectors import Matrix, best, packed, unit
from genxai_nb.memory.words import K1, Words, words_of

WORDS = ["red", "green", "tea", "car", "house", "name"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)


def bm25(texts: list[str], query: str) -> list[float]:
    """The share of a question's words that each text has, written down as the formula says."""
    counts, asked = [Counter(text.split()) for text in texts], set(query.split())

    def idf(word):
        having = sum(word in count for count in counts)
        return log(1 + (len(texts) - having + 0.5) / (having + 0.5))

    full = sum(map(idf, asked))
    return [
        min(sum(idf(w) * c[w] * (K1 + 1) / (c[w] + K1) for w in asked) / full, 1) if full else 0.0
        for c in counts
    ]


def test_the_words_that_tell():
    """Common and short words do not count, nor does a plural; numbers do."""
    assert words_of("What are the Cats' names in 1984, at 7 o'clock?") == [
        "cat",
        "name",
        "1984",
        "7",
        "clock",
    ]


@given(st.lists(TEXTS, min_size=1, max_size=12), TEXTS, st.sets(st.integers(0, 11)))
def test_words_are_scored_as_the_formula_says(texts, query, gone):
    """Whatever is put in and taken out again, the scores are those of the items that are there."""
    words = Words()
    for slot, text in enumerate(texts):
        words.add(slot, text)
    for slot in gone & set(range(len(texts))):
        words.remove(slot)
    there = [slot for slot in range(len(texts)) if slot not in gone]
    scores = words.scores(query, len(texts))

    expected = bm25([texts[slot] for slot in there], query)
    assert scores[there].tolist() == pytest.approx(expected, abs=1e-5)
    assert not scores[[slot for slot in range(len(texts)) if slot in gone]].any()


@given(st.integers(1, 40), st.integers(0, 12), st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_the_search_is_exact(count, k, first, seed):
    """The matrix finds what sorting all cosine similarities finds, however it has grown."""
    random = np.random.default_rng(seed)
    vectors = random.integers(-2, 3, (count, 4)).astype(np.float32)
    asked = random.integers(-2, 3, 4).astype(np.float32)
    rows, matrix = packed(vectors), Matrix(4)
    matrix.extend(range(first), rows[:first])
    matrix.extend(range(first, count), rows[first:])
    scores = matrix.scores(packed([asked])[0])
    found = best(scores, k)

    assert np.allclose(scores, unit(vectors) @ unit(asked), atol=1e-6)
    assert np.allclose(scores[found], np.sort(scores)[::-1][:k], atol=1e-6)
    assert len(set(found)) == len(found) == min(k, count)
    assert len(matrix) == count


@pytest.mark.parametrize("load", [0.0, 1000.0, OSError()], ids=["idle", "busy", "unknown"])
def test_the_search_is_the_same_on_an_idle_machine_and_a_busy_one(monkeypatch, load):
    """Whichever way the product is taken, the similarities are those of the formula."""

    def told():
        if isinstance(load, OSError):
            raise load
        return load, load, load

    monkeypatch.setattr(os, "getloadavg", told)
    vectors, asked = np.random.default_rng(3).standard_normal((301, 64)).astype("<f4"), np.float32(range(64))
    matrix = Matrix(64)
    matrix.extend(range(301), packed(vectors))

    assert np.allclose(matrix.scores(packed([asked])[0]), unit(vectors) @ unit(asked), atol=1e-6)


@given(st.integers(0, 3000), st.integers(0, 40), st.integers(1, 500), st.integers(0, 2**32 - 1))
def test_the_best_of_many_are_those_that_sorting_finds(count, k, values, seed):
    """Of however many scores, with whatever ties, the first of a sort by score and place; what is out stays out."""
    random = np.random.default_rng(seed)
    scores = random.integers(0, values, count).astype(np.float32)
    scores[random.random(count) < 0.3] = -np.inf

    order = [place for place in np.argsort(-scores, kind="stable").tolist() if np.isfinite(scores[place])]
    assert best(scores, k) == order[:k]


ENTRIES = st.lists(
    st.tuples(TEXTS, st.lists(st.integers(-2, 2), min_size=3, max_size=3), st.booleans()), max_size=12
)


@given(ENTRIES, TEXTS, st.lists(st.integers(-2, 2), min_size=3, max_size=3), st.sets(st.integers(1, 12)))
def test_meaning_and_words_are_fused_as_the_formula_says(rows, query, asked, gone):
    """Relevance, order and what is left out are those of a plain loop over the items that are left."""
    vectors = [packed([np.float32(vector)])[0] if has else b"" for _, vector, has in rows]
    index = Index(Matrix(3))
    index.extend([Entry(n, text, vectors[n - 1]) for n, (text, _, _) in enumerate(rows, 1)])
    index.keep({n for n in range(1, len(rows) + 1) if n not in gone})
    found = index.search(query, packed([np.float32(asked)])[0], 12)

    left = [n for n in range(1, len(rows) + 1) if n not in gone]
    model = {}
    for n, words in zip(left, bm25([rows[n - 1][0] for n in left], query), strict=True):
        meaning = float(unit(np.float32(rows[n - 1][1])) @ unit(np.float32(asked))) if rows[n - 1][2] else 0.0
        if meaning >= LEAST_MEANING or words >= LEAST_WORDS:
            model[n] = MEANING * max(meaning, 0) + (1 - MEANING) * words if rows[n - 1][2] else words
    assert {match.number: pytest.approx(match.relevance, abs=1e-5) for match in found} == model
    assert [match.relevance for match in found] == sorted((m.relevance for m in found), reverse=True)


def test_what_holds_for_a_time_is_found_in_that_time_only():
    """Before its beginning and from its end on an item is not found."""
    index = Index()
    index.extend([Entry(1, "red tea", b"", 10.0, 20.0), Entry(2, "red car", b"", None, 15.0)])

    found = {at: [match.number for match in index.search("red", b"", 5, at)] for at in (9, 10, 15, 20)}
    assert found == {9: [2], 10: [1, 2], 15: [1], 20: []}


def test_the_index_says_when_one_is_missing_and_when_it_is_mostly_waste():
    """Something that should be there and is not is told, and so is that more is gone than there."""
    index = Index()
    index.extend([Entry(n, "red tea") for n in range(1, 41)])

    assert index.keep(range(1, 41)) is True
    assert index.keep([1, 99]) is False
    assert (len(index), index.wasted) == (1, True)
