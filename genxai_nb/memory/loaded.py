"""What the collections of a store are found by, as far as this process has loaded it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from hashlib import blake2b
from weakref import WeakKeyDictionary

from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.journal.items import Collection, ItemRow, Items

from . import spaces
from .base import Query
from .index import Index, Match

_MOST = 500  # items that are picked at once; a database takes so many numbers
_loading = threading.Lock()


class _Loaded:
    """What a collection is found by, and the revision that it is true for."""

    __slots__ = ("index", "model", "removed", "revision", "where")

    def __init__(self, index: Index, has: Collection, where: str) -> None:
        self.index = index
        self.model = has.model
        self.removed = has.removed
        self.revision = -1
        self.where = where


_loaded: WeakKeyDictionary[Items, dict[tuple[str, str], _Loaded]] = WeakKeyDictionary()
_locks: WeakKeyDictionary[Items, dict[tuple[str, str], threading.Lock]] = WeakKeyDictionary()


def _lock_of(items: Items, owner: str, kind: str) -> threading.Lock:
    """The lock of one collection: filling an index of one holds up no search in another."""
    with _loading:
        _loaded.setdefault(items, {})
        return _locks.setdefault(items, {}).setdefault((owner, kind), threading.Lock())


def search(items: Items, owner: str, kind: str, has: Collection, query: Query, k: int) -> list[Match]:
    """Which items that hold fit a query best, the best first.

    Args:
        items: The store's items.
        owner: Whose they are.
        kind: Of which kind.
        has: What is known of them as a whole.
        query: The query.
        k: How many at most.

    Raises:
        StoreError: The index that ``GENXAI_VECTORS`` names cannot be reached.
    """
    vector = query.vector if has.dims else b""

    def searched() -> list[Match]:
        try:
            return _index(items, owner, kind, has).search(query.text, vector, k, query.at)
        except BaseException:  # whatever it was, the index may be half filled
            _loaded[items].pop((owner, kind), None)
            raise

    with _lock_of(items, owner, kind):
        try:
            return searched()
        except LookupError:  # another process dropped what the index held
            return searched()


def forget(items: Items, owner: str, kind: str, numbers: Sequence[int], *, at: float) -> int:
    """Shred items, before them the copy of their collection that an index has outside of this process.

    Until both are done nobody in this process searches the collection, which would fill the copy again.

    Raises:
        StoreError: The index cannot be reached, or its copy not be dropped; nothing is forgotten.
    """
    with _lock_of(items, owner, kind):
        has, where = items.collection(owner, kind), _where(items)
        apart = has.dims and spaces.is_apart(where)
        if apart and any(row.forgotten is None for row in picked(items, numbers)):
            _loaded[items].pop((owner, kind), None)
            spaces.open_vectors(_place(items, owner, kind, has, where)).shred()
        return items.forget(owner, kind, numbers, at=at)


def picked(items: Items, numbers: Sequence[int]) -> list[ItemRow]:
    """The items of however many numbers."""
    parts = (numbers[start : start + _MOST] for start in range(0, len(numbers), _MOST))
    return [row for part in parts for row in items.pick(part)]


def _index(items: Items, owner: str, kind: str, has: Collection) -> Index:
    """What the collection is found by as it is now."""
    kept, where = _loaded[items], _where(items)
    loaded = kept.get((owner, kind))
    if loaded is None or (loaded.model, loaded.where) != (has.model, where) or _is_worn(loaded, has):
        loaded = kept[owner, kind] = _Loaded(_opened(items, owner, kind, has, where), has, where)
    if loaded.revision != has.revision:
        loaded.index.extend(items.entries(owner, kind, loaded.index.last))
        loaded.revision = has.revision
    if loaded.removed != has.removed:
        if not loaded.index.keep(items.holding(owner, kind)):
            del kept[owner, kind]  # one that had ended holds again
            return _index(items, owner, kind, has)
        loaded.removed = has.removed
    return loaded.index


def _is_worn(loaded: _Loaded, has: Collection) -> bool:
    """Whether more of it is gone than there, or something may have got an embedding."""
    return loaded.index.wasted or bool(loaded.removed != has.removed and has.dims and loaded.index.is_bare)


def _opened(items: Items, owner: str, kind: str, has: Collection, where: str) -> Index:
    """An empty index over embeddings; a copy that still has what was forgotten is shredded first."""
    if not has.dims:
        return Index()

    def opened() -> spaces.Vectors:
        return spaces.open_vectors(_place(items, owner, kind, has, where))

    vectors = opened()
    there = vectors.numbers() - set(items.holding(owner, kind)) if spaces.is_apart(where) else set()
    if any(row.forgotten is not None for row in picked(items, sorted(there))):
        vectors.shred()
        vectors = opened()
    return Index(vectors)


def _where(items: Items) -> str:
    """The index that is set; what is kept in memory only leaves this process by no index."""
    return spaces.DEFAULT if isinstance(items, MemoryItems) else spaces.chosen()


def _place(items: Items, owner: str, kind: str, has: Collection, where: str) -> spaces.Place:
    name = ""
    if spaces.is_apart(where):  # two stores have different first items, wherever their files are moved
        first = next(iter(items.read(owner, kind)), None)
        said = f"{owner}\n{kind}\n{first and first.number}\n{first and first.at!r}"
        name = f"genxai-{blake2b(said.encode(), digest_size=16).hexdigest()}"
    return spaces.Place(where, name, has.model, has.dims)
