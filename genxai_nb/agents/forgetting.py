"""What of an agent's memory is to be forgotten: which items are meant, shown before, and forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from time import time
from typing import TYPE_CHECKING, NamedTuple

from genxai_nb.errors import InputError, UnknownName
from genxai_nb.memory import registry
from genxai_nb.memory.base import STATUSES
from genxai_nb.memory.words import in_one_form

from .kind_tables import KindTables

if TYPE_CHECKING:
    from pandas import DataFrame

    from genxai_nb.memory.base import Item, Shelf

LEAST = 0.4  # relevance; see `genxai_nb.memory.index.Index`


class Meant(NamedTuple):
    """Which items are meant: those that fit everything that is given."""

    ids: tuple[str, ...]
    query: str
    least: float
    containing: str
    source: str
    status: str
    until: float | None

    def fits(self, item: Item) -> bool:
        """Whether an item fits all but the query."""
        return (
            item.status != "forgotten"
            and (not self.ids or item.id in self.ids)
            and in_one_form(self.containing).lower() in in_one_form(item.text).lower()
            and self.source in {"", item.source}
            and self.status in {"", item.status}
            and (self.until is None or item.at <= self.until)
        )


class Group(NamedTuple):
    """Items of one kind and owner that are meant, each with its relevance to the query, and what forgets some by name."""

    items: list[tuple[Item, float | None]]
    drop: Callable[[Sequence[str]], int]


class Forgetting(KindTables):
    """Forgetting by name, by meaning, by words, by source, by age and by user."""

    def forget(
        self,
        *ids: str,
        query: str = "",
        least: float = LEAST,
        containing: str = "",
        source: str = "",
        status: str = "",
        older_than: timedelta | float | None = None,
        user: str = "",
        kind: str | None = None,
        store: str | None = None,
    ) -> int:
        """Forget items: those of these names, or all that fit everything else that is given.

        Of what lasts, text, parts and embedding are overwritten on the disk, and a mark stays in the table.
        What runs have said, their prompts and replies, stays in their journal. `would_forget` with the same arguments
        shows what would go.

        Args:
            ids: The items' names, such as ``m7``, or ``t2`` for a turn of the conversation.
            query: What they are about, in words: those are meant that are relevant enough by meaning and words, also
                those that hold no more.
            least: How relevant to the query they are at least, from 0 to 1.
            containing: Words that their text contains, whatever their case.
            source: Who said it, such as ``user``.
            status: Their status, such as ``dropped`` or ``replaced``.
            older_than: Seconds, or a timedelta, since they were written.
            user: Those that are kept by user under this name, whoever wrote them.
            kind: One kind; None for all but those of a run.
            store: Where they are kept; None for the settings' store.

        Returns:
            How many were forgotten.

        Raises:
            InputError: Nothing says what to forget, or ``least`` is no number from 0 to 1.
            UnknownName: The agent has no such kind of memory, or there is no such status.
            MissingPackage: Items were embedded by a model that is not installed, and there is a query.
            StoreBusy: Another process reads the store as of before, so that what was forgotten stands in its log.
        """
        meant = _checked(
            Meant(ids, query.strip(), least, containing, source, status, _before(older_than)), user
        )
        groups = list(self._groups(meant, user, kind, store))
        return sum(group.drop([item.id for item, _ in group.items]) for group in groups if group.items)

    def would_forget(
        self,
        *ids: str,
        query: str = "",
        least: float = LEAST,
        containing: str = "",
        source: str = "",
        status: str = "",
        older_than: timedelta | float | None = None,
        user: str = "",
        kind: str | None = None,
        store: str | None = None,
    ) -> DataFrame:
        """What `forget` with the same arguments would forget, as a DataFrame; nothing changes.

        The columns are those of `genxai_nb.memory.frames.item_table`, and ``score``, the relevance to the query, missing
        without one; with a query the most relevant come first.

        Raises:
            InputError: Nothing says what to forget, or ``least`` is no number from 0 to 1.
            UnknownName: The agent has no such kind of memory, or there is no such status.
            MissingPackage: Items were embedded by a model that is not installed, and there is a query.
        """
        from genxai_nb.memory.frames import meant_table

        meant = _checked(
            Meant(ids, query.strip(), least, containing, source, status, _before(older_than)), user
        )
        found = [one for group in self._groups(meant, user, kind, store) for one in group.items]
        return meant_table(sorted(found, key=lambda one: -(one[1] or 0.0)))

    def _groups(self, meant: Meant, user: str, kind: str | None, store: str | None) -> Iterator[Group]:
        held = self._held(store)
        if user:
            shelves = held.shelves_of_user(user, self._chosen(kind) if kind else ())
            yield from (Group(_found(shelf, shelf.model, meant), shelf.forget) for name, shelf in shelves)
            return
        for name in self._chosen(kind):
            if registry.find(name).place != "run":
                opened = held.open(name)
                model = opened.shelf.model if opened.embeds else ""
                yield Group(_found(opened.shelf, model, meant), partial(held.drop, name))


def check_unicode(text: str) -> None:
    """Refuse a text that no store and no embedding takes.

    Raises:
        InputError: It is no valid Unicode text.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{text!r:.60} is no valid Unicode text: it has half of a surrogate pair.",
            hint='Leave that out: text.encode(errors="replace").decode().',
        ) from None


def _before(older_than: timedelta | float | None) -> float | None:
    seconds = older_than.total_seconds() if isinstance(older_than, timedelta) else older_than
    return None if seconds is None else time() - seconds


def _checked(meant: Meant, user: str) -> Meant:
    check_unicode(meant.query)
    given = (meant.ids, meant.query, meant.containing.strip(), meant.source, meant.status, user)
    if not any(given) and meant.until is None:
        raise InputError(
            "Nothing says what to forget.",
            hint='Write forget("m7"), forget(containing="Paris") or forget(query="where I live").',
        )
    if meant.status not in {"", *STATUSES}:
        raise UnknownName("status of an item", str(meant.status), STATUSES)
    if type(meant.least) not in {int, float} or not 0 <= meant.least <= 1:
        raise InputError(
            f"least={meant.least!r} is no relevance.", hint="Give a number from 0 to 1, such as least=0.4."
        )
    return meant


def _found(shelf: Shelf, model: str, meant: Meant) -> list[tuple[Item, float | None]]:
    """The items of a shelf that are meant, with their relevance."""
    items = [item for item in shelf.items() if meant.fits(item)]
    if not meant.query:
        return [(item, None) for item in items]
    relevance = _relevance(shelf, model, items, meant.query)
    return [(item, score) for item in items if (score := relevance.get(item.id, 0.0)) >= meant.least]


def _relevance(shelf: Shelf, model: str, items: list[Item], query: str) -> dict[str, float]:
    """How relevant items are; those that hold no more are in no index, and are embedded for this once."""
    from genxai_nb.journal.items import Draft
    from genxai_nb.memory.base import Query
    from genxai_nb.memory.embed import vectors_of
    from genxai_nb.memory.shelves import ListShelf

    gone = [item for item in items if item.status != "current"]
    texts = [query, *(item.text for item in gone)]
    asked, *vectors = vectors_of(model, texts) if model else [b""] * len(texts)
    aside = ListShelf("item")
    drafts = [
        Draft(text=item.text, vector=vector, again=True) for item, vector in zip(gone, vectors, strict=True)
    ]
    names = {new.id: item.id for new, item in zip(aside.add(drafts).added, gone, strict=True)}
    wanted = Query(text=query, vector=asked, at=time())
    there = [(item.id, match.relevance) for item, match in shelf.search(wanted, max(len(items), 1))]
    past = [(names[item.id], match.relevance) for item, match in aside.search(wanted, max(len(gone), 1))]
    return dict(past + there)
