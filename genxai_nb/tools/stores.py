"""Vector stores and an embedder, offered by rooms above for tools to search in.

A program offers a store under a name; a tool takes the name. What is offered stands in this process only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from genxai_nb.errors import ToolFailed, suggest

__all__ = [
    "Match",
    "VectorStore",
    "embed",
    "embeds",
    "find_store",
    "offer_embedder",
    "offer_store",
    "store_names",
]

Embed = Callable[[Sequence[str]], Any]


class Match(NamedTuple):
    """Something that was found: its id, its text, and how near it is, 1 for equal."""

    id: str
    text: str
    score: float


@runtime_checkable
class VectorStore(Protocol):
    """What can be searched by meaning.

    Example:
        >>> class Notes:
        ...     def search(self, query, k):
        ...         return [Match("n1", "Anodes oxidise.", 0.9)][:k]
        >>> offer_store("notes", Notes())
        >>> find_store("notes").search("anode", 1)[0].text
        'Anodes oxidise.'
    """

    def search(self, query: str, k: int) -> Sequence[Match]:
        """The nearest to a query, the nearest first, at most ``k``."""


_stores: dict[str, VectorStore] = {}
_embed: Embed | None = None


def offer_store(name: str, store: VectorStore | None) -> None:
    """Let tools search in a store under a name; None to offer it no more."""
    if store is None:
        _stores.pop(name, None)
    else:
        _stores[name] = store


def offer_embedder(embed: Embed | None) -> None:
    """Say how texts become vectors; None for no way."""
    global _embed
    _embed = embed


def embeds() -> bool:
    """Whether a way from texts to vectors is offered."""
    return _embed is not None


def store_names() -> list[str]:
    """The stores that are offered, sorted."""
    return sorted(_stores)


def find_store(name: str, context: Any = None) -> VectorStore:
    """The store of that name: of the context if it brings stores along, else one that is offered.

    Raises:
        ToolFailed: There is none of that name.
    """
    brought: dict[str, VectorStore] = getattr(context, "stores", None) or {}
    known = {**_stores, **brought}
    if name not in known:
        raise ToolFailed(
            f"There is no vector store {name!r}.",
            hint=suggest(name, known) or "No store is offered to tools here.",
        )
    return known[name]


def embed(texts: Sequence[str]) -> Any:
    """Texts as rows of vectors of unit length.

    Raises:
        ToolFailed: Nothing that embeds is offered here.
    """
    if _embed is None:
        raise ToolFailed(
            "Nothing here turns text into vectors.", hint="Give query_vector, or search in a store."
        )
    return _embed(texts)
