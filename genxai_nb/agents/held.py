"""What an agent holds in memory, each kind opened on the shelf that its items stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from msgspec.structs import replace

from genxai_nb.memory import registry, scopes

from .history import memory_key
from .recalled import noted_in, places_of, said_in, turns_in, turns_of

if TYPE_CHECKING:
    from genxai_nb.journal.changes import Change
    from genxai_nb.journal.events import Event
    from genxai_nb.journal.items import Draft, Items
    from genxai_nb.journal.store import Store
    from genxai_nb.memory.base import Item, Kind
    from genxai_nb.memory.proposals import Proposal
    from genxai_nb.memory.shelves import StoreShelf
    from genxai_nb.messages import Message

Options = Mapping[str, Mapping[str, Any]]

_BATCH = 64  # items that are embedded and written at once
_LOOKED_AT = 20  # runs that are searched for the latest one of an agent


class Remembering(Protocol):
    """Whose memory it is, as far as it has to be known to open it: a name, and kinds with their options."""

    @property
    def name(self) -> str: ...  # noqa: D102 - said above
    @property
    def memory(self) -> Any: ...  # noqa: D102 - said above


class Conversing(Remembering, Protocol):
    """Whose memory it is, with what was said to it by ``ask``."""

    @property
    def conversation(self) -> list[Message]: ...  # noqa: D102 - said above


def owner_of(agent: Remembering, kind: str) -> str:
    """Under whose name the store keeps what a kind of an agent remembers."""
    return scopes.owner_of(agent.name, agent.memory.options[kind])


def run_key(agent: Remembering, kind: str) -> str:
    """The hidden key of a run's state that holds what a kind of an agent remembers; agents that share it have one."""
    return memory_key(kind, "" if agent.memory.options[kind].get("shared") else agent.name)


def shelf_of(items: Items, agent: Remembering, kind: str, run: str = "") -> StoreShelf:
    """The shelf in the store on which a kind of an agent stands; with a run, the agent writes in it."""
    from genxai_nb.memory.shelves import StoreShelf

    return StoreShelf(items, owner_of(agent, kind), kind, run, agent.name if run else "")


def open_lasting(items: Items, agent: Remembering, kind: str, run: str = "") -> Kind:
    """Open a kind that lasts."""
    return registry.open_kind(kind, shelf_of(items, agent, kind, run), agent.memory.options[kind])


def open_listed(
    agent: Remembering, kind: str, entries: Iterable[Any] = (), prefix: str | None = None
) -> Kind:
    """Open a kind on a list: what a run's state holds, or the turns of a conversation."""
    from genxai_nb.memory.shelves import ListShelf

    return registry.open_kind(kind, ListShelf(kind, entries, prefix), agent.memory.options[kind])


def lasts(kind: str) -> bool:
    """Whether the items of a kind are kept across runs."""
    return bool(registry.find(kind).place == "store")


class Logged(NamedTuple):
    """A change, and the kind of memory that it is of."""

    kind: str
    change: Change


class Held:
    """All that an agent remembers, as a person looks at it.

    Args:
        agent: The agent.
        store: Where it is kept.
        run: The run whose conversation and values are meant, its id or its result; None for the latest one in
            which the agent took part, and the conversation of ``ask`` if there was one.
    """

    def __init__(self, agent: Conversing, store: Store, run: Any = None) -> None:
        self._agent = agent
        self._store = store
        self._run = run

    @cached_property
    def events(self) -> Sequence[Event]:
        """The events of the run.

        Raises:
            RunNotFound: There is no such run.
        """
        if self._run is not None:
            return list(self._store.read(str(getattr(self._run, "run_id", self._run))))
        for row in self._store.runs()[:_LOOKED_AT]:
            events = list(self._store.read(row.run))
            if next(places_of(self._agent.name, events), None):
                return events
        return ()

    def open(self, kind: str) -> Kind:
        """Open a kind on what is there."""
        agent, place = self._agent, registry.find(kind).place
        if place == "store":
            return open_lasting(self._store.items, agent, kind)
        if place == "run":
            return open_listed(agent, kind, noted_in(run_key(agent, kind), self.events))
        asked = self._run is None and agent.conversation
        said = agent.conversation if asked else said_in(agent.name, self.events)
        return open_listed(agent, kind, turns_of(agent.name, said), "t")

    def items(self, kind: str) -> list[Item]:
        """All items of a kind, also those that hold no more."""
        return self.open(kind).shelf.items()

    def texts(self) -> dict[str, str]:
        """The texts of the items that last, by name; empty for those that are forgotten."""
        kinds = filter(lasts, self._agent.memory.kinds)
        return {item.id: item.text for kind in kinds for item in self.items(kind)}

    def forgotten(self) -> set[str]:
        """The names of the items that were to last and are forgotten."""
        return {name for name, text in self.texts().items() if not text}

    def model(self, kind: str) -> str | None:
        """What makes the embeddings of a kind, empty without any; None while nothing is there."""
        has = self._store.items.collection(owner_of(self._agent, kind), kind)
        return has.model if has.revision else None

    def write(self, kind: str, draft: Draft) -> Item:
        """Keep an item of a kind that lasts, with its embedding.

        Raises:
            MissingPackage: The items there were embedded by a model that is not installed.
            StoreBusy: The store's lock was not had within half a minute.
        """
        from genxai_nb.memory.base import Visit
        from genxai_nb.memory.embed import find_embedder, installed_model, vectors_of

        if hasattr(registry.find(kind), "complete"):
            opened: Any = self.open(kind)
            draft = opened.complete(draft, Visit(at=time()))
        shelf = shelf_of(self._store.items, self._agent, kind)
        model = (shelf.model or installed_model()) if registry.find(kind).embeds else ""
        if model:
            draft = replace(draft, vector=vectors_of(model, [draft.cue or draft.text])[0])
        done = shelf.add([draft], model=model, dims=find_embedder(model).dims if model else 0)
        return (done.added or done.known)[0]

    def proposals(self, counted: int) -> list[Proposal]:
        """The procedures that its newest episodes suggest and that it does not have yet."""
        from genxai_nb.memory.proposals import proposals

        opened: Any = self.open("procedural")
        return proposals(self.items("episodic")[-counted:], opened.shelf.items(), opened.after)

    def accept(self, proposal: Proposal, name: str) -> Item:
        """Keep a procedure that was proposed, with the counts of its episodes."""
        from genxai_nb.journal.items import Use
        from genxai_nb.memory.procedural import procedure
        from genxai_nb.memory.shelves import number_of

        draft = procedure(proposal.when, list(proposal.steps), name=name, rule="accepted")
        item = self.write("procedural", draft)
        number = number_of(item.id)
        shelf = shelf_of(self._store.items, self._agent, "procedural")
        shelf.use([Use(number=number, seconds=seconds) for seconds in proposal.seconds])
        return next(one for one in shelf.items() if one.id == item.id)

    def embed(self, kind: str, progress: Callable[[int, int], None]) -> int:
        """Embed items of a kind that have no embedding of the model in use; tell how many there were."""
        from genxai_nb.memory.embed import find_embedder, installed_model, vectors_of

        embedder, shelf = find_embedder(installed_model()), shelf_of(self._store.items, self._agent, kind)
        left = shelf.unembedded(embedder.model)
        for start in range(0, len(left), _BATCH):
            some = left[start : start + _BATCH]
            vectors = vectors_of(embedder.model, [entry.cue for entry in some])
            shelf.embed(
                embedder.model,
                embedder.dims,
                {entry.number: vector for entry, vector in zip(some, vectors, strict=True)},
            )
            progress(start + len(some), len(left))
        return len(left)

    def log(self, kinds: tuple[str, ...]) -> Iterator[Logged]:
        """All changes of some kinds of what lasts, kind by kind, each in order."""
        for kind in filter(lasts, kinds):
            for change in shelf_of(self._store.items, self._agent, kind).changes():
                yield Logged(kind, change)

    def undo(self, kind: str, changes: Sequence[Change]) -> int:
        """Take changes of a kind back; tell how many items changed by that."""
        return shelf_of(self._store.items, self._agent, kind).undo(changes).count

    def shelves_of_user(self, user: str, kinds: Sequence[str]) -> Iterator[tuple[str, StoreShelf]]:
        """What is kept by user under a name, of some kinds or of all: each kind with its shelf."""
        from genxai_nb.memory.shelves import StoreShelf

        for owner, kind in self._store.items.owners():
            if owner == f"user/{user}" and (not kinds or kind in kinds):
                yield kind, StoreShelf(self._store.items, owner, kind)

    def drop(self, kind: str, ids: Sequence[str]) -> int:
        """Forget items of a kind; tell how many there were."""
        if lasts(kind):
            return self.open(kind).shelf.forget(ids)
        self._agent.memory.summaries.clear()  # they may tell what is forgotten
        turns = turns_in(self._agent.conversation)
        self._agent.conversation[:] = [
            message for number, turn in enumerate(turns, 1) if f"t{number}" not in ids for message in turn
        ]
        return len(ids)
