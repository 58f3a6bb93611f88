"""Vector stores and an embedder, offered by rooms above for tools to search in.

A program offers a store under a name, or a person sets a connection of that name; a tool takes the name. What is
offered stands in this process only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from genxai_nb.errors import ToolFailed, suggest

from .connections import Connection, connection_names, find_connection

__all__ = [
    "Match",
    "VectorStore",
    "embed",
    "embeds",
    "find_store",
    "offer_embedder",
    "offer_opener",
    "offer_store",
    "store_names",
]

Embed = Callable[[Sequence[str]], Any]
Open = Callable[[Connection], "VectorStore"]


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

    def search(self, query: str, k: int) -> Sequence[tuple[str, str, float]]:
        """Id, text and score of the nearest to a query, the nearest first, at most ``k``."""


_stores: dict[str, VectorStore] = {}
_embed: Embed | None = None
_open: Open | None = None


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


def offer_opener(open_store: Open | None) -> None:
    """Say how a connection becomes a store; None for no way."""
    global _open
    _open = open_store


def embeds() -> bool:
    """Whether a way from texts to vectors is offered."""
    return _embed is not None


def store_names() -> list[str]:
    """The stores that are offered, sorted."""
    return sorted(_stores)


def find_store(name: str, context: Any = None) -> VectorStore:
    """The store of that name: of the context if it brings stores along, one that is offered, or a connection's.

    Raises:
        ToolFailed: There is none of that name.
    """
    brought: dict[str, VectorStore] = getattr(context, "stores", None) or {}
    known = {**_stores, **brought}
    if name in known:
        return known[name]
    connections = connection_names()
    if _open is not None and name.lower() in connections:
        return _open(find_connection(name, "a vector store", ("chroma",)))
    raise ToolFailed(
        f"There is no vector store {name!r}.",
        hint=suggest(name, [*known, *connections])
        or "A person can offer one, or set a connection such as chroma:///folder#collection.",
    )


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
