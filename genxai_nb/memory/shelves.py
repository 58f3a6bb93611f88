"""Where the items of a kind stand: a list of a run's state, or the store beside the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import time
from typing import Any

import msgspec
from msgspec import structs

from genxai_nb.errors import StoreError
from genxai_nb.journal.changes import Cause, Change
from genxai_nb.journal.items import Draft, Ending, Entry, ItemRow, Items, Undone, Use

from . import loaded
from .base import Item, Query, Status, Written
from .index import Index, Match
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
        self._drafts: dict[str, Draft] = {}
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
        done = Written(added=[], replaced=[], known=[], changes=[])
        for draft in drafts:
            same = [
                item
                for item in self._items.values()
                if item.status == "current"
                and item.text == draft.text
                and self._drafts[item.id].about == draft.about
            ]
            if same and not draft.again:
                done.known.append(same[0])
                continue
            old = [
                item
                for item in self._items.values()
                if draft.about and item.status == "current" and self._drafts[item.id].about == draft.about
            ]
            new = self._put(draft)
            done.added.append(new)
            done.replaced.extend((item, new) for item in old)
        return done

    def _put(self, draft: Draft) -> Item:
        number = f"{self._prefix}{len(self._items) + 1}"
        for name, other in self._drafts.items():
            if draft.about and other.about == draft.about and self._items[name].status == "current":
                self._items[name] = structs.replace(self._items[name], status="replaced")
        item = Item(
            kind=self._kind,
            id=number,
            text=draft.text,
            source=draft.source,
            rule=draft.rule,
            fields=draft.fields,
            run=draft.run,
            agent=draft.agent,
            since=draft.since,
            until=draft.expires,
        )
        self._items[number], self._drafts[number] = item, draft
        return item

    def items(self) -> list[Item]:
        """All items in the order of writing, also replaced and forgotten ones."""
        return list(self._items.values())

    def search(self, query: Query, k: int) -> list[tuple[Item, Match]]:
        """The current items that fit a query best, the best first."""
        current = [item for item in self.items() if item.status == "current"]
        drafts = [self._drafts[item.id] for item in current]
        index = Index(Matrix(len(query.vector) // 4))
        index.extend(
            [
                Entry(number, draft.cue or draft.text, draft.vector, draft.since, draft.expires)
                for number, draft in enumerate(drafts)
            ]
        )
        return [
            (current[match.number], match) for match in index.search(query.text, query.vector, k, query.at)
        ]

    def forget(self, ids: Sequence[str]) -> int:
        """Forget items; tell how many there were."""
        gone = [name for name in dict.fromkeys(ids) if self._is_there(name)]
        for name in gone:
            self._items[name] = structs.replace(
                self._items[name], text="", fields={}, status="forgotten", until=time()
            )
            self._drafts[name] = Draft(text="")
        return len(gone)

    def _is_there(self, name: str) -> bool:
        return name in self._items and self._items[name].status != "forgotten"


_DAY = 86400.0
_PATIENCE = 30.0  # seconds that a run waits for the lock before what it remembers is lost


class StoreShelf:
    """Items in the store beside the journal, by owner and kind, shared by processes.

    What they are found by is loaded once. What was added since, here or by another process, is loaded when it
    is asked for, and what was replaced or forgotten is taken out.

    Args:
        items: The store's items.
        owner: Whose they are.
        kind: The kind of memory.
        run: The run that writes; empty for a person.
        agent: The agent that writes; empty for a person.

    Example:
        >>> from genxai_nb.journal.item_memory import MemoryItems
        >>> shelf = StoreShelf(MemoryItems(), "clerk", "semantic")
        >>> shelf.add([Draft(text="My name is Ada.")]).added[0].id
        'm1'
    """

    def __init__(self, items: Items, owner: str, kind: str, run: str = "", agent: str = "") -> None:
        self._items = items
        self._owner = owner
        self._kind = kind
        self._run = run
        self._agent = agent

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
        named = [
            structs.replace(draft, run=draft.run or self._run, agent=draft.agent or self._agent)
            for draft in drafts
        ]
        done = self._items.add(
            self._owner, self._kind, named, at=time(), key=key, model=model, dims=dims, wait=_PATIENCE
        )
        new = {row.number: self._item(row) for row in done.added}
        return Written(
            added=list(new.values()),
            replaced=[(self._item(row), new[row.ended_by]) for row in done.ended if row.ended_by in new],
            known=[self._item(row) for row in done.known],
            changes=done.changes,
        )

    def items(self) -> list[Item]:
        """All items in the order of writing, also replaced and forgotten ones."""
        return [self._item(row) for row in self._items.read(self._owner, self._kind)]

    def search(self, query: Query, k: int) -> list[tuple[Item, Match]]:
        """The current items that fit a query best, the best first.

        Raises:
            StoreError: The query's embedding has another length than theirs, or the index cannot be reached.
        """
        has = self._items.collection(self._owner, self._kind)
        if has.dims and query.vector and len(query.vector) != 4 * has.dims:
            raise StoreError(
                f"The {self._kind} memory of {self._owner!r} has embeddings of {has.dims} numbers, not of {len(query.vector) // 4}.",
                hint=f"Ask with an embedding of {has.model!r}.",
            )
        found = loaded.search(self._items, self._owner, self._kind, has, query, k)
        if not found:
            return []
        rows = {row.number: row for row in self._items.pick([match.number for match in found])}
        return [(self._item(rows[match.number]), match) for match in found if match.number in rows]

    def use(self, uses: Sequence[Use], *, key: str = "") -> int:
        """Count that items stood in a prompt; under the same key only once. Tell how many were counted."""
        return self._items.use(self._owner, self._kind, uses, at=time(), key=key, wait=_PATIENCE)

    def unembedded(self, model: str) -> list[Entry]:
        """The current items that have no embedding of a model."""
        entries = self._items.entries(self._owner, self._kind)
        return [entry for entry in entries if not entry.vector] if self.model == model else entries

    def embed(self, model: str, dims: int, vectors: Mapping[int, bytes]) -> int:
        """Give items embeddings; those of another model go."""
        return self._items.embed(self._owner, self._kind, model, dims, vectors)

    def unused(self, days: int) -> list[Item]:
        """The items that hold and were neither written nor used for so many days."""
        numbers = self._items.unused(self._owner, self._kind, time() - days * _DAY)
        return [self._item(row) for row in loaded.picked(self._items, numbers)]

    def end(self, items: Sequence[Item], what: Ending, why: str, key: str = "") -> Change | None:
        """Let items end, or drop them; None if they had ended."""
        numbers = sorted(number_of(item.id) for item in items)
        cause = Cause(why=why, run=self._run, agent=self._agent, key=key)
        return self._items.end(
            self._owner, self._kind, numbers, at=time(), what=what, cause=cause, wait=_PATIENCE
        )

    def changes(self, key: str = "") -> list[Change]:
        """All changes of its items in order, or those of one write."""
        return self._items.changes(self._owner, self._kind, key=key)

    def undo(self, changes: Sequence[Change]) -> Undone:
        """Take changes back; what was forgotten stays so."""
        return self._items.undo(self._owner, self._kind, [one.number for one in changes], at=time())

    def forget(self, ids: Sequence[str]) -> int:
        """Shred items; tell how many there were.

        Raises:
            StoreError: The index outside of this process that has copies cannot be reached; nothing is forgotten.
        """
        numbers = [number_of(name) for name in ids]
        return loaded.forget(self._items, self._owner, self._kind, numbers, at=time())

    def _item(self, row: ItemRow) -> Item:
        return Item(
            kind=self._kind,
            id=f"m{row.number}",
            text=row.text,
            source=row.source,
            rule=row.rule,
            fields=row.fields,
            run=row.run,
            agent=row.agent,
            at=row.at,
            since=row.since or row.at,
            until=row.forgotten or _until(row),
            status=_status(row),
            uses=row.uses,
            wins=row.wins,
            seconds=row.seconds,
            used=row.used,
        )


def number_of(name: str) -> int:
    """The number of an item in the store by its name; 0 for a name of something else."""
    return int(name[1:]) if name[:1] == "m" and name[1:].isdecimal() else 0


def _until(row: ItemRow) -> float | None:
    """Until when it held; what was dropped or said anew later ended when its time was over."""
    if row.expires is not None and row.until is not None:
        return min(row.until, row.expires)
    return row.until or row.expires


def _status(row: ItemRow) -> Status:
    if row.forgotten is not None:
        return "forgotten"
    if row.dropped is not None:
        return "dropped"
    if row.until is not None:
        return "replaced"
    return "expired" if row.expires is not None and row.expires <= time() else "current"
