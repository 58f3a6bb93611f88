"""What agents remember, kept beside the runs: items, and what a store has to do for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct, structs

from genxai_nb.errors import StoreError

from .changes import BY_HAND, Cause, Change

OF_BODY = (
    "source",
    "rule",
    "fields",
    "run",
    "agent",
    "cue",
    "since",
    "expires",
)  # of a draft, beside its text


class Draft(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An item that is to be kept.

    Attributes:
        text: What is remembered.
        source: Who said it, such as ``user``.
        rule: The rule by which it was taken.
        about: What it tells of; it ends the item that told of the same before. Empty for nothing in particular.
        fields: Parts of it by name, such as a fact's subject.
        run: The run that it comes from; empty for none.
        agent: The agent that writes it; empty for a person.
        cue: What it is found by; empty for its text.
        since: From when it is so, if that was said.
        expires: Until when it is so, if that was said.
        replaces: The numbers of items whose place it takes, beside that which tells of the same.
        again: It is kept also if its text holds already, because it happened once more.
        vector: The embedding of what it is found by, as little-endian float32; empty for none.
    """

    text: str
    source: str = ""
    rule: str = ""
    about: str = ""
    fields: dict[str, str] = {}
    run: str = ""
    agent: str = ""
    cue: str = ""
    since: float | None = None
    expires: float | None = None
    replaces: tuple[int, ...] = ()
    again: bool = False
    vector: bytes = b""


class Use(Struct, frozen=True, kw_only=True):
    """That an item stood in a prompt.

    Attributes:
        number: The item's number.
        won: What it was used for went well.
        seconds: How long that took.
    """

    number: int
    won: bool = True
    seconds: float = 0.0


class ItemRow(Struct, frozen=True, kw_only=True):
    """An item as it is kept. Times are Unix seconds.

    Attributes:
        number: Its number in the store; never given again.
        at: When it was written.
        until: When it ended, because a newer item tells of the same; None while it holds.
        ended_by: The number of that item.
        forgotten: When it was forgotten: then only its number, source, times and uses are left.
        uses: How often it stood in a prompt.
        wins: How often what it was used for went well.
        seconds: How long all of that took.
        used: When it was used last; None for never.
        mark: The key of the write that counted its last use.
        dropped: When it was dropped, because it held no more for long, or there were too many; None if it is there.
    """

    number: int
    text: str
    at: float
    source: str = ""
    rule: str = ""
    about: str = ""
    fields: dict[str, str] = {}
    run: str = ""
    agent: str = ""
    cue: str = ""
    since: float | None = None
    expires: float | None = None
    until: float | None = None
    ended_by: int | None = None
    forgotten: float | None = None
    uses: int = 0
    wins: int = 0
    seconds: float = 0.0
    used: float | None = None
    mark: str = ""
    dropped: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it neither ended nor was forgotten."""
        return self.until is None and self.forgotten is None

    @property
    def is_there(self) -> bool:
        """Whether it was neither dropped nor forgotten."""
        return self.dropped is None and self.forgotten is None


class Added(Struct, frozen=True, kw_only=True):
    """What came of adding items: the new ones, those that ended by them, those that were there, and the changes."""

    added: list[ItemRow]
    ended: list[ItemRow]
    known: list[ItemRow]
    changes: list[Change]


class Undone(Struct, frozen=True, kw_only=True):
    """What came of taking changes back: how many items hold now that did not, or no more; and the new changes."""

    count: int
    changes: list[Change]


Ending = Literal["faded", "dropped"]


class Entry(Struct, frozen=True, array_like=True):
    """What an item that holds is found by: words and their embedding, if there is one, and in which time."""

    number: int
    cue: str
    vector: bytes = b""
    since: float | None = None
    expires: float | None = None


class Collection(Struct, frozen=True, kw_only=True):
    """The items of one kind that one owner has.

    Attributes:
        model: What made the embeddings; empty while there are none.
        dims: How many numbers an embedding has.
        revision: Grows with each change, perhaps also with one of another collection.
        removed: Grows whenever an item ends or is forgotten.
    """

    model: str = ""
    dims: int = 0
    revision: int = 0
    removed: int = 0


class Items(Protocol):
    """Items by owner (an agent's name) and kind, shared by threads and processes like the runs beside them."""

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
        wait: float = 5.0,
    ) -> Added:
        """Keep items in one transaction; one whose text holds already, for the same time, is not kept twice.

        Args:
            owner: Whose they are.
            kind: Of which kind.
            drafts: The items.
            at: The time, in Unix seconds.
            key: Names this write: made again after a crash, it gives what the first one gave.
            model: What made the embeddings.
            dims: How many numbers each has.
            wait: Seconds to wait for the lock.

        Raises:
            StoreError: The collection's embeddings are of another model.
            StoreBusy: The lock was not had in time; nothing was kept.
        """

    def read(self, owner: str, kind: str) -> list[ItemRow]:
        """All items in the order of writing, also ended and forgotten ones."""

    def pick(self, numbers: Sequence[int]) -> list[ItemRow]:
        """The items of these numbers, in any order; a number that was never given is left out."""

    def entries(self, owner: str, kind: str, after: int = 0) -> list[Entry]:
        """What the items that hold are found by, from after a number on, in the order of writing."""

    def holding(self, owner: str, kind: str) -> list[int]:
        """The numbers of the items that hold, in the order of writing."""

    def use(
        self, owner: str, kind: str, uses: Sequence[Use], *, at: float, key: str = "", wait: float = 5.0
    ) -> int:
        """Count that items stood in a prompt; under the same key only once. Tell how many were counted."""

    def embed(self, owner: str, kind: str, model: str, dims: int, vectors: Mapping[int, bytes]) -> int:
        """Give items that hold embeddings; tell how many there were.

        The embeddings of another model go, all in the same transaction, so that those of two never stand side by side.
        """

    def end(
        self,
        owner: str,
        kind: str,
        numbers: Sequence[int],
        *,
        at: float,
        what: Ending = "faded",
        cause: Cause = BY_HAND,
        wait: float = 5.0,
    ) -> Change | None:
        """Let items hold no longer, or drop them, also such as ended before; None if there was none. They stay readable."""

    def undo(
        self, owner: str, kind: str, numbers: Sequence[int], *, at: float, cause: Cause = BY_HAND
    ) -> Undone:
        """Take changes back, or what was undone by one; see `genxai_nb.journal.changes.taken_back`.

        Of items that tell of the same, and come to hold by that, the newest one holds. What was forgotten stays so.
        """

    def changes(self, owner: str, kind: str, *, key: str = "") -> list[Change]:
        """All changes in order, or those of one write."""

    def unused(self, owner: str, kind: str, since: float) -> list[int]:
        """The numbers of the items that hold and were neither written nor used since then."""

    def collection(self, owner: str, kind: str) -> Collection:
        """What is known of the items as a whole."""

    def forget(
        self, owner: str, kind: str, numbers: Sequence[int], *, at: float, cause: Cause = BY_HAND
    ) -> int:
        """Shred the texts, parts and embeddings of items, and leave a mark of each; tell how many there were."""

    def owners(self) -> list[tuple[str, str]]:
        """All owners with the kinds that they have, sorted."""


def other_model(owner: str, kind: str, has: Collection, model: str, dims: int) -> StoreError:
    """Make the error that says that embeddings of two models cannot be compared."""
    return StoreError(
        f"The {kind} memory of {owner!r} has embeddings of {has.model!r} with {has.dims} numbers, "
        f"not of {model!r} with {dims}.",
        hint="Embeddings of two models cannot be compared: embed these items anew by agent.memory.embed().",
    )


def kept(draft: Draft, number: int, at: float) -> ItemRow:
    """The item that is made of a draft."""
    return ItemRow(
        number=number,
        at=at,
        **{name: getattr(draft, name) for name in ("text", "about", *OF_BODY)},
    )


def says(row: ItemRow, draft: Draft) -> bool:
    """Whether an item that holds says what a draft says, in the same words and for the same time."""
    return row.holds and row.text == draft.text and (row.since, row.expires) == (draft.since, draft.expires)


def counted(row: ItemRow, use: Use, at: float, key: str) -> ItemRow:
    """An item that was used once more."""
    return structs.replace(
        row,
        uses=row.uses + 1,
        wins=row.wins + use.won,
        seconds=row.seconds + use.seconds,
        used=at,
        mark=key,
    )


def forgotten(row: ItemRow, at: float) -> ItemRow:
    """What is left of an item that is forgotten."""
    return structs.replace(row, text="", about="", cue="", fields={}, since=None, expires=None, forgotten=at)
