"""What agents remember, as long as their process lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import structs

from .items import Added, Collection, Draft, Entry, ItemRow, Use, counted, forgotten, kept, other_model


class MemoryItems:
    """Items that live as long as their process.

    Example:
        >>> items = MemoryItems()
        >>> items.add("clerk", "semantic", [Draft(text="My name is Ada.", about="user name")], at=1).added[0].number
        1
        >>> changed = items.add("clerk", "semantic", [Draft(text="My name is Eve.", about="user name")], at=2)
        >>> [row.text for row in changed.ended]
        ['My name is Ada.']
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[int, ItemRow]] = {}
        self._vectors: dict[int, bytes] = {}
        self._collections: dict[tuple[str, str], Collection] = {}
        self._keys: dict[tuple[str, str, str], Added] = {}
        self._last = 0
        self._lock = threading.Lock()

    def add(
        self,
        owner: str,
        kind: str,
        drafts: Sequence[Draft],
        *,
        at: float,
        key: str = "",
        model: str = "",
        dims: int = 0,
        wait: float = 5.0,  # noqa: ARG002 - no lock to wait for
    ) -> Added:
        """Keep items; see `Items.add`.

        Raises:
            StoreError: The collection's embeddings are of another model.
        """
        with self._lock:
            if key and (before := self._keys.get((owner, kind, key))):
                return before
            has = self._collections.get((owner, kind), Collection())
            if model and has.model and (has.model, has.dims) != (model, dims):
                raise other_model(owner, kind, has, model, dims)
            done = Added(added=[], ended=[], known=[])
            for draft in drafts:
                self._add(self._rows.setdefault((owner, kind), {}), draft, at, done)
            if done.added:
                self._collections[owner, kind] = Collection(
                    model=model or has.model,
                    dims=dims or has.dims,
                    revision=has.revision + 1,
                    removed=has.removed + bool(done.ended),
                )
            if key and done.added:
                self._keys[owner, kind, key] = done
            return done

    def _add(self, rows: dict[int, ItemRow], draft: Draft, at: float, done: Added) -> None:
        holding = [row for row in rows.values() if row.holds]
        same = [row for row in holding if row.text == draft.text]
        if same and not draft.again:
            done.known.append(same[0])
            return
        self._last += 1
        row = kept(draft, self._last, at)
        for old in holding:
            if (draft.about and old.about == draft.about) or old.number in draft.replaces:
                rows[old.number] = structs.replace(old, until=at, ended_by=row.number)
                done.ended.append(rows[old.number])
        rows[row.number] = row
        self._vectors[row.number] = draft.vector
        done.added.append(row)

    def read(self, owner: str, kind: str) -> list[ItemRow]:
        """All items in the order of writing, also ended and forgotten ones."""
        with self._lock:
            return list(self._rows.get((owner, kind), {}).values())

    def pick(self, numbers: Sequence[int]) -> list[ItemRow]:
        """The items of these numbers, in any order."""
        with self._lock:
            return [row for rows in self._rows.values() for n in numbers if (row := rows.get(n))]

    def entries(self, owner: str, kind: str, after: int = 0) -> list[Entry]:
        """What the items that hold are found by, from after a number on, in the order of writing."""
        rows = (row for row in self.read(owner, kind) if row.holds and row.number > after)
        return [
            Entry(row.number, row.cue or row.text, self._vectors.get(row.number, b""), row.since, row.expires)
            for row in rows
        ]

    def holding(self, owner: str, kind: str) -> list[int]:
        """The numbers of the items that hold, in the order of writing."""
        return [row.number for row in self.read(owner, kind) if row.holds]

    def use(self, owner: str, kind: str, uses: Sequence[Use], *, at: float, key: str = "") -> int:
        """Count that items stood in a prompt; under the same key only once. Tell how many were counted."""
        with self._lock:
            rows, count = self._rows.get((owner, kind), {}), 0
            for use in uses:
                row = rows.get(use.number)
                if row is not None and not (key and row.mark == key):
                    rows[use.number] = counted(row, use, at, key)
                    count += 1
            return count

    def embed(self, owner: str, kind: str, model: str, dims: int, vectors: Mapping[int, bytes]) -> int:
        """Give items that hold embeddings; see `Items.embed`."""
        with self._lock:
            rows, has = self._rows.get((owner, kind), {}), self._collections.get((owner, kind), Collection())
            if has.model != model:
                for number in rows:
                    self._vectors.pop(number, None)
            given = {
                number: vector for number, vector in vectors.items() if number in rows and rows[number].holds
            }
            self._vectors |= given
            self._collections[owner, kind] = Collection(
                model=model, dims=dims, revision=has.revision + 1, removed=has.removed + 1
            )
            return len(given)

    def end(self, owner: str, kind: str, numbers: Sequence[int], *, at: float) -> int:
        """Let items hold no longer; tell how many there were. They stay readable."""
        with self._lock:
            return self._change(owner, kind, numbers, lambda row: row.holds, until=at)

    def restore(self, owner: str, kind: str, numbers: Sequence[int]) -> int:
        """Let items hold again that ended and were not forgotten; tell how many there were."""
        with self._lock:
            return self._change(
                owner,
                kind,
                numbers,
                lambda row: row.until is not None and row.forgotten is None,
                until=None,
                ended_by=None,
            )

    def _change(
        self,
        owner: str,
        kind: str,
        numbers: Sequence[int],
        is_meant: Callable[[ItemRow], bool],
        **changes: Any,
    ) -> int:
        rows, count = self._rows.get((owner, kind), {}), 0
        for number in dict.fromkeys(numbers):
            if number in rows and is_meant(rows[number]):
                rows[number] = structs.replace(rows[number], **changes)
                count += 1
        if count:
            has = self._collections[owner, kind]
            self._collections[owner, kind] = structs.replace(
                has, revision=has.revision + 1, removed=has.removed + 1
            )
        return count

    def unused(self, owner: str, kind: str, since: float) -> list[int]:
        """The numbers of the items that hold and were neither written nor used since then."""
        return [row.number for row in self.read(owner, kind) if row.holds and (row.used or row.at) < since]

    def collection(self, owner: str, kind: str) -> Collection:
        """What is known of the items as a whole."""
        return self._collections.get((owner, kind), Collection())

    def forget(self, owner: str, kind: str, numbers: Sequence[int], *, at: float) -> int:
        """Shred items and leave a mark of each; tell how many there were."""
        with self._lock:
            rows, count = self._rows.get((owner, kind), {}), 0
            for number in dict.fromkeys(numbers):
                row = rows.get(number)
                if row is None or row.forgotten is not None:
                    continue
                rows[number] = forgotten(row, at)
                self._vectors.pop(number, None)
                count += 1
            if count:
                has = self._collections[owner, kind]
                gone = Collection() if all(row.forgotten is not None for row in rows.values()) else has
                self._collections[owner, kind] = structs.replace(
                    gone, revision=has.revision + 1, removed=has.removed + 1
                )
                self._keys = {
                    name: done
                    for name, done in self._keys.items()
                    if not {row.number for row in done.added}.intersection(numbers)
                }
            return count

    def owners(self) -> list[tuple[str, str]]:
        """All owners with the kinds that they have, sorted."""
        return sorted(self._rows)
