"""Where the items of a kind stand: a list of a run's state, or the store beside the journal."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from time import time
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from msgspec import structs

from genxai_nb.errors import StoreError
from genxai_nb.journal.items import Collection, Draft, ItemRow, Items

from .base import Item, Written
from .vectors import Matrix


class ListShelf:
    """Items in a list of plain data, such as a hidden key of a run's state holds; the newest of a name holds.

    Args:
        kind: The kind of memory.
        entries: What is there already: drafts as plain data.
        prefix: What the items' names begin with; None for the kind's first letter.

    Example:
        >>> shelf = ListShelf("working")
        >>> shelf.add([Draft(text="4", about="add")]).added[0].id
        'w1'
        >>> shelf.add([Draft(text="5", about="add")]).replaced[0][0].text
        '4'
    """

    model = ""

    def __init__(self, kind: str, entries: Iterable[Any] = (), prefix: str | None = None) -> None:
        self._kind = kind
        self._prefix = prefix or kind[0]
        self._items: dict[str, Item] = {}
        self._about: dict[str, str] = {}
        self._vectors: dict[str, bytes] = {}
        self.add([msgspec.convert(entry, Draft) for entry in entries])

    def add(
        self,
        drafts: Sequence[Draft],
        *,
        key: str = "",  # noqa: ARG002 - a run's state takes each update once
        model: str = "",
        dims: int = 0,  # noqa: ARG002 - the vectors say it
    ) -> Written:
        """Put items onto it; one whose text holds already, about the same, is there.

        Raises:
            StoreError: Its embeddings are of another model.
        """
        if model and self.model and model != self.model:
            raise StoreError(
                f"This shelf has embeddings of {self.model!r}, not of {model!r}.", hint="Take another."
            )
        self.model = self.model or model
        done = Written(added=[], replaced=[], known=[])
        for draft in drafts:
            same = [
                item
                for item in self._items.values()
                if item.status == "current"
                and item.text == draft.text
                and self._about[item.id] == draft.about
            ]
            if same:
                done.known.append(same[0])
                continue
            old = [
                item
                for item in self._items.values()
                if draft.about and item.status == "current" and self._about[item.id] == draft.about
            ]
            new = self._put(draft)
            done.added.append(new)
            done.replaced.extend((item, new) for item in old)
        return done

    def _put(self, draft: Draft) -> Item:
        number = f"{self._prefix}{len(self._items) + 1}"
        for name, about in self._about.items():
            if draft.about and about == draft.about and self._items[name].status == "current":
                self._items[name] = structs.replace(self._items[name], status="replaced")
        item = Item(
            kind=self._kind,
            id=number,
            text=draft.text,
            source=draft.source,
            rule=draft.rule,
            fields=draft.fields,
            run=draft.run,
        )
        self._items[number], self._about[number] = item, draft.about
        self._vectors[number] = draft.vector
        return item

    def items(self) -> list[Item]:
        """All items in the order of writing, also replaced and forgotten ones."""
        return list(self._items.values())

    def nearest(self, vector: bytes, k: int) -> list[tuple[Item, float]]:
        """The current items with the largest cosine similarity to an embedding, the nearest first."""
        current = [item for item in self.items() if item.status == "current" and self._vectors[item.id]]
        if not current:
            return []
        matrix = Matrix(len(vector) // 4)
        matrix.extend([(number, self._vectors[item.id]) for number, item in enumerate(current)])
        return [(current[number], score) for number, score in matrix.nearest(vector, k)]

    def forget(self, ids: Sequence[str]) -> int:
        """Forget items; tell how many there were."""
        gone = [name for name in dict.fromkeys(ids) if self._is_there(name)]
        for name in gone:
            self._items[name] = structs.replace(
                self._items[name], text="", fields={}, status="forgotten", until=time()
            )
            self._vectors[name], self._about[name] = b"", ""
        return len(gone)

    def _is_there(self, name: str) -> bool:
        return name in self._items and self._items[name].status != "forgotten"


class _Loaded:
    """A collection in memory: its matrix, and the revision that it is true for."""

    __slots__ = ("matrix", "removed", "revision")

    def __init__(self, dims: int, removed: int) -> None:
        self.matrix = Matrix(dims)
        self.removed = removed
        self.revision = -1


_loading = threading.Lock()
_loaded: WeakKeyDictionary[Items, dict[tuple[str, str], _Loaded]] = WeakKeyDictionary()


class StoreShelf:
    """Items in the store beside the journal, by owner and kind, shared by processes.

    The embeddings are loaded once. What was added since, here or by another process, is loaded when it is
    asked for; after an item was replaced or forgotten all are loaded anew.

    Args:
        items: The store's items.
        owner: Whose they are.
        kind: The kind of memory.
        run: The run that writes; empty for a person.

    Example:
        >>> from genxai_nb.journal.items import MemoryItems
        >>> shelf = StoreShelf(MemoryItems(), "clerk", "semantic")
        >>> shelf.add([Draft(text="My name is Ada.")]).added[0].id
        'm1'
    """

    def __init__(self, items: Items, owner: str, kind: str, run: str = "") -> None:
        self._items = items
        self._owner = owner
        self._kind = kind
        self._run = run

    @property
    def model(self) -> str:
        """What makes its embeddings; empty while nothing has."""
        return self._items.collection(self._owner, self._kind).model

    def add(self, drafts: Sequence[Draft], *, key: str = "", model: str = "", dims: int = 0) -> Written:
        """Put items onto it; under the same key only once.

        Raises:
            StoreError: Its embeddings are of another model.
            StoreBusy: The store's lock was not had within half a minute.
        """
        named = [structs.replace(draft, run=draft.run or self._run) for draft in drafts]
        done = self._items.add(
            self._owner, self._kind, named, at=time(), key=key, model=model, dims=dims, wait=30.0
        )
        new = {row.number: self._item(row) for row in done.added}
        return Written(
            added=list(new.values()),
            replaced=[(self._item(row), new[row.ended_by]) for row in done.ended if row.ended_by in new],
            known=[self._item(row) for row in done.known],
        )

    def items(self) -> list[Item]:
        """All items in the order of writing, also replaced and forgotten ones."""
        return [self._item(row) for row in self._items.read(self._owner, self._kind)]

    def nearest(self, vector: bytes, k: int) -> list[tuple[Item, float]]:
        """The current items with the largest cosine similarity to an embedding, the nearest first.

        Raises:
            StoreError: The embedding has another length than theirs.
        """
        has = self._items.collection(self._owner, self._kind)
        if not has.dims:
            return []
        if len(vector) != 4 * has.dims:
            raise StoreError(
                f"The {self._kind} memory of {self._owner!r} has embeddings of {has.dims} numbers, not of {len(vector) // 4}.",
                hint=f"Ask with an embedding of {has.model!r}.",
            )
        with _loading:
            found = self._matrix(has).nearest(vector, k)
        rows = {row.number: row for row in self._items.pick([number for number, _ in found])}
        return [(self._item(rows[number]), score) for number, score in found if number in rows]

    def _matrix(self, has: Collection) -> Matrix:
        """The embeddings of the collection as it is now."""
        kept = _loaded.setdefault(self._items, {})
        loaded = kept.get((self._owner, self._kind))
        if loaded is None or loaded.removed != has.removed:
            loaded = kept[self._owner, self._kind] = _Loaded(has.dims, has.removed)
        if loaded.revision != has.revision:
            loaded.matrix.extend(self._items.vectors(self._owner, self._kind, loaded.matrix.last))
            loaded.revision = has.revision
        return loaded.matrix

    def forget(self, ids: Sequence[str]) -> int:
        """Shred items; tell how many there were."""
        numbers = [int(name[1:]) for name in ids if name[:1] == "m" and name[1:].isdigit()]
        return self._items.forget(self._owner, self._kind, numbers, at=time())

    def _item(self, row: ItemRow) -> Item:
        gone = row.forgotten is not None
        return Item(
            kind=self._kind,
            id=f"m{row.number}",
            text=row.text,
            source=row.source,
            rule=row.rule,
            fields=row.fields,
            run=row.run,
            at=row.at,
            status="forgotten" if gone else "current" if row.holds else "replaced",
            until=row.forgotten if gone else row.until,
        )
