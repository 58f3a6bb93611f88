"""Where embeddings are searched: an index in this process, or one that ``GENXAI_VECTORS`` names.

The embeddings themselves stand in the store beside their items. An index has a copy of those that hold, is filled from the
store when it is opened, and is dropped and filled anew whenever it cannot be trusted.

A package offers an index by an entry point in the group ``genxai_nb.vectors``: its name is what the setting begins
with, such as ``chroma``, its value leads to a callable that takes a `Place` and returns a `Vectors`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from genxai_nb.errors import UnknownName
from genxai_nb.settings import read_settings

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    import numpy as np

GROUP = "genxai_nb.vectors"
DEFAULT = "numpy"

_BUILTIN = {
    DEFAULT: "genxai_nb.memory.vectors:open_matrix",
    "chroma": "genxai_nb.memory.chroma_vectors:ChromaVectors",
}


class Place(NamedTuple):
    """Which embeddings an index is for.

    Attributes:
        where: The setting that names the index, such as ``chroma:folder``.
        name: The collection's name: letters, digits and ``-``, another one for each collection of each store.
        model: What made the embeddings.
        dims: How many numbers each has.
    """

    where: str
    name: str
    model: str
    dims: int


class Vectors(Protocol):
    """An index of embeddings, each in a slot: the first one that is put in has slot 0, the next one 1.

    What it finds there of another model or length is dropped, never compared. Each method but the first raises a
    LookupError where another process has dropped what it held; then it is opened anew.
    """

    def numbers(self) -> set[int]:
        """The numbers of the items that it held when it was opened."""

    def extend(self, numbers: Sequence[int], vectors: Sequence[bytes]) -> None:
        """Put embeddings into the next slots, in the order of their items' numbers; an empty one is none.

        Whatever else it held of numbers up to the last one goes with the first call.

        Raises:
            StoreError: One has another length.
        """

    def empty(self, slots: Sequence[int]) -> None:
        """Take embeddings out; their slots stay empty."""

    def scores(self, vector: bytes, k: int, words: np.ndarray) -> np.ndarray:
        """The cosine similarity to a vector by slot, at least of the ``k`` most alike; not finite where it is not known.

        Args:
            vector: The vector.
            k: Of how many it has to be known, and of as many of those that have most words.
            words: How much of the question's words the items have, by slot.

        Raises:
            StoreError: The vector has another length.
        """

    def shred(self) -> None:
        """Drop everything, as far as it can from the disk too; it is not used after that."""


def names() -> list[str]:
    """List the names of all indexes, those that come with the package first."""
    return [*_BUILTIN, *sorted({*_entries()} - {*_BUILTIN})]


def chosen() -> str:
    """The setting that names the index of this process.

    Example:
        >>> chosen()
        'numpy'
    """
    return read_settings().vectors or DEFAULT


def is_apart(where: str) -> bool:
    """Whether an index keeps a copy outside of this process."""
    return where != DEFAULT


def open_vectors(place: Place) -> Vectors:
    """Open the index that a place names.

    Raises:
        UnknownName: There is none of that name; the nearest one is suggested.
        MissingPackage: It needs a package that is not installed.
        StoreError: It cannot be reached.
    """
    name = place.where.partition(":")[0].partition("+")[0]
    if name in _BUILTIN:
        module, _, attribute = _BUILTIN[name].partition(":")
        made: Any = getattr(import_module(module), attribute)
    elif name in _entries():
        made = _entries()[name].load()
    else:
        raise UnknownName(
            "index of embeddings",
            name,
            names(),
            hint="GENXAI_VECTORS names it, such as chroma:.genxai/chroma",
        )
    opened: Vectors = made(place)
    return opened


@functools.cache
def _entries() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}
