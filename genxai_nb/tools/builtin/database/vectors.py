"""Searching by meaning: in a store that is offered, among texts, or among vectors."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Interval, MaxLen
from msgspec import Struct

from genxai_nb.errors import GenXAIError, ToolFailed
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome
from genxai_nb.tools.stores import Match, embed, find_store

from .rows import bounded

__all__ = ["Nearest", "vector_search"]

MOST_VECTORS = 10_000


class Nearest(Struct, Outcome, frozen=True):
    """What was found, the nearest first; ``searched`` tells where."""

    matches: list[Match]
    searched: str


@tool(category="database", tags=["search", "vectors"], read_only=True, timeout=60, permissions=["read"])
def vector_search(
    query: Annotated[str, MaxLen(10_000)] | None = None,
    *,
    store: str | None = None,
    texts: Annotated[list[str], MaxLen(1000)] | None = None,
    vectors: dict[str, list[float]] | None = None,
    query_vector: list[float] | None = None,
    top_k: Annotated[int, Interval(ge=1, le=100)] = 5,
    threshold: Annotated[float, Interval(ge=-1, le=1)] = 0.0,
    context: Any = None,
) -> Nearest:
    """Find what is nearest in meaning to a query.

    Search in a store by its name, or among texts or vectors that are given.

    Args:
        query: What to look for, in words.
        store: The name of a vector store that is offered here, or of a connection to a collection of Chroma.
        texts: Texts to search among, if there is no store.
        vectors: Vectors to search among, by id, all of one length.
        query_vector: What to look for, as a vector like those given.
        top_k: How many to return at most.
        threshold: The least cosine similarity that counts, 1 for equal.
        context: The context of the call.

    Example:
        >>> vector_search(query_vector=[1, 0], vectors={"east": [2, 0], "north": [0, 1]}, threshold=0.5).matches[0][:2]
        ('east', '')
    """
    given = [
        name
        for name, value in (("store", store), ("texts", texts), ("vectors", vectors))
        if value is not None
    ]
    if len(given) != 1:
        raise ToolFailed(f"Give one of store, texts and vectors; {' and '.join(given) or 'none'} is given.")
    if store is not None:
        if not query:
            raise ToolFailed("A search in a store needs a query.")
        try:
            rows = find_store(store, context).search(query, top_k)
        except GenXAIError as exc:
            raise ToolFailed(exc.what, hint=exc.hint) from exc
        found = [Match(str(name), bounded(str(text)), float(score)) for name, text, score in rows]
        return Nearest([match for match in found[:top_k] if match.score >= threshold], f"store {store}")
    if texts is not None:
        if not query:
            raise ToolFailed("A search among texts needs a query.")
        first, *others = embed([query, *texts])
        matches = _nearest(first, others, top_k, threshold)
        return Nearest(
            [Match(str(n), bounded(texts[n]), score) for n, score in matches], f"{len(texts)} texts"
        )
    return _among(vectors or {}, query, query_vector, top_k, threshold)


def _among(
    vectors: dict[str, list[float]],
    query: str | None,
    query_vector: list[float] | None,
    top_k: int,
    threshold: float,
) -> Nearest:
    import numpy as np

    if query_vector is None:
        if not query:
            raise ToolFailed("A search among vectors needs a query_vector, or a query of the same embedding.")
        query_vector = list(embed([query])[0])
    if len(vectors) > MOST_VECTORS:
        raise ToolFailed(f"{len(vectors)} vectors are given; {MOST_VECTORS} is the most.")
    odd = next((name for name, vector in vectors.items() if len(vector) != len(query_vector)), None)
    if odd is not None:
        raise ToolFailed(
            f"Vector {odd!r} has {len(vectors[odd])} numbers, and the query has {len(query_vector)}."
        )
    rows = np.array(list(vectors.values()), dtype=float).reshape(len(vectors), len(query_vector))
    found = _nearest(np.array(query_vector, dtype=float), rows, top_k, threshold)
    names = list(vectors)
    return Nearest([Match(names[n], "", score) for n, score in found], f"{len(vectors)} vectors")


def _nearest(query: Any, rows: Any, top_k: int, threshold: float) -> list[tuple[int, float]]:
    """Places and cosine similarities, exactly, the nearest first; equal ones in the order given."""
    import numpy as np

    if not len(rows):
        return []
    sizes = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
    scores = np.divide(rows @ query, sizes, out=np.zeros(len(rows)), where=sizes > 0)
    order = np.argsort(-scores, kind="stable")[:top_k]
    return [(int(n), round(float(scores[n]), 6)) for n in order if scores[n] >= threshold]
