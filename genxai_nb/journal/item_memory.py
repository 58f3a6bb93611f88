"""What agents remember, as long as their process lives."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from msgspec import structs

from .changes import BY_HAND, SAME_ABOUT, SAME_WORDS, Cause, Change, What, change_of, standings, taken_back
from .items import (
    Added,
    Collection,
    Draft,
    Ending,
    Entry,
    ItemRow,
    Undone,
    Use,
    counted,
    forgotten,
    kept,
    other_model,
    says,
)


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
        self._log: dict[tuple[str, str], list[tuple[Change, str]]] = {}  # each with the key of its write
        self._changes = 0
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
            done = Added(added=[], ended=[], known=[], changes=[])
            for draft in drafts:
                self._add((owner, kind), draft, at, key, done)
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

    def _add(self, place: tuple[str, str], draft: Draft, at: float, key: str, done: Added) -> None:
        rows = self._rows.setdefault(place, {})
        holding = [row for row in rows.values() if row.holds]
        same = [row for row in holding if row.text == draft.text and not draft.again]
        if known := [row for row in same if says(row, draft)]:
            done.known.append(known[0])
            return
        self._last += 1
        row = kept(draft, self._last, at)
        cause = Cause(why=draft.rule, run=draft.run, agent=draft.agent, key=key)
        done.changes.append(self._note(place, change_of("added", [row.number], at, cause), key))
        about = [old.number for old in holding if draft.about and old.about == draft.about]
        gone = {*draft.replaces, *(old.number for old in same)} - {*about}
        words = [old.number for old in holding if old.number in gone]
        ends: list[tuple[What, str, list[int]]] = [
            ("replaced", SAME_ABOUT, about),
            ("merged", SAME_WORDS, words),
        ]
        for what, why, numbers in ends:
            for number in numbers:
                rows[number] = structs.replace(rows[number], until=at, ended_by=row.number)
                done.ended.append(rows[number])
            if numbers:
                because = structs.replace(cause, why=why)
                done.changes.append(self._note(place, change_of(what, numbers, at, because, row.number), key))
        rows[row.number] = row
        self._vectors[row.number] = draft.vector
        done.added.append(row)

    def _note(self, place: tuple[str, str], change: Change, key: str) -> Change:
        self._changes += 1
        numbered = structs.replace(change, number=self._changes)
        self._log.setdefault(place, []).append((numbered, key))
        return numbered

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

    def use(
        self,
        owner: str,
        kind: str,
        uses: Sequence[Use],
        *,
        at: float,
        key: str = "",
        wait: float = 5.0,  # noqa: ARG002 - no lock to wait for
    ) -> int:
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

    def end(
        self,
        owner: str,
        kind: str,
        numbers: Sequence[int],
        *,
        at: float,
        what: Ending = "faded",
        cause: Cause = BY_HAND,
        wait: float = 5.0,  # noqa: ARG002 - no lock to wait for
    ) -> Change | None:
        """Let items hold no longer, or drop them; see `Items.end`."""
        with self._lock:
            rows = self._rows.get((owner, kind), {})
            gone = [
                number
                for number in dict.fromkeys(numbers)
                if (row := rows.get(number)) and (row.is_there if what == "dropped" else row.holds)
            ]
            if not gone:
                return None
            for number in gone:
                old = rows[number]
                rows[number] = structs.replace(
                    old,
                    until=at if old.until is None else old.until,
                    dropped=at if what == "dropped" else None,
                )
            self._changed(owner, kind)
            return self._note((owner, kind), change_of(what, gone, at, cause), cause.key)

    def undo(
        self, owner: str, kind: str, numbers: Sequence[int], *, at: float, cause: Cause = BY_HAND
    ) -> Undone:
        """Take changes back; see `Items.undo`."""
        with self._lock:
            place = owner, kind
            rows, keys = self._rows.get(place, {}), {c.number: key for c, key in self._log.get(place, ())}
            log = [change for change, _ in self._log.get(place, ())]
            now, new = taken_back(log, numbers, self._changes + 1, at, cause)
            if not new:
                return Undone(count=0, changes=[])
            self._log[place] = [(change, keys.get(change.number, cause.key)) for change in now]
            made = [change for change in new if change.number > self._changes]
            self._changes += len(made)
            touched = {number for change in new for number in change.items}
            before = {number: rows[number] for number in rows.keys() & touched}
            for number, standing in standings(now, sorted(touched)).items():
                if number in before and before[number].forgotten is None:
                    rows[number] = structs.replace(rows[number], **standing._asdict())
            made += self._settle(place, sorted(before), at, cause)
            count = sum(rows[number].holds != old.holds for number, old in before.items())
            self._changed(owner, kind)
            return Undone(count=count, changes=made)

    def _settle(
        self, place: tuple[str, str], numbers: Sequence[int], at: float, cause: Cause
    ) -> list[Change]:
        """Let the newest one hold of those that tell of the same."""
        rows, made = self._rows[place], []
        for about in dict.fromkeys(rows[number].about for number in numbers if rows[number].holds):
            holding = [n for n, row in rows.items() if row.holds and about and row.about == about]
            if len(holding) > 1:
                for number in holding[:-1]:
                    rows[number] = structs.replace(rows[number], until=at, ended_by=holding[-1])
                because = structs.replace(cause, why=SAME_ABOUT)
                change = change_of("replaced", holding[:-1], at, because, holding[-1])
                made.append(self._note(place, change, cause.key))
        return made

    def changes(self, owner: str, kind: str, *, key: str = "") -> list[Change]:
        """All changes in order, or those of one write."""
        with self._lock:
            log = self._log.get((owner, kind), ())
            return [change for change, of in log if not key or of == key]

    def _changed(self, owner: str, kind: str) -> None:
        has = self._collections[owner, kind]
        self._collections[owner, kind] = structs.replace(
            has, revision=has.revision + 1, removed=has.removed + 1
        )

    def unused(self, owner: str, kind: str, since: float) -> list[int]:
        """The numbers of the items that hold and were neither written nor used since then."""
        return [row.number for row in self.read(owner, kind) if row.holds and (row.used or row.at) < since]

    def collection(self, owner: str, kind: str) -> Collection:
        """What is known of the items as a whole."""
        return self._collections.get((owner, kind), Collection())

    def forget(
        self, owner: str, kind: str, numbers: Sequence[int], *, at: float, cause: Cause = BY_HAND
    ) -> int:
        """Shred items and leave a mark of each; tell how many there were."""
        with self._lock:
            rows = self._rows.get((owner, kind), {})
            there = [n for n in dict.fromkeys(numbers) if n in rows and rows[n].forgotten is None]
            for number in there:
                rows[number] = forgotten(rows[number], at)
                self._vectors.pop(number, None)
            if there:
                if all(row.forgotten is not None for row in rows.values()):
                    has = self._collections[owner, kind]
                    self._collections[owner, kind] = structs.replace(has, model="", dims=0)
                self._changed(owner, kind)
                self._note((owner, kind), change_of("forgotten", there, at, cause), cause.key)
                self._keys = {
                    name: done
                    for name, done in self._keys.items()
                    if not {row.number for row in done.added}.intersection(there)
                }
            return len(there)

    def owners(self) -> list[tuple[str, str]]:
        """All owners with the kinds that they have, sorted."""
        return sorted(self._rows)
