"""An agent's kinds of memory, each opened on the shelf that its items stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from genxai_nb.memory import registry, scopes

if TYPE_CHECKING:
    from genxai_nb.journal.items import Items
    from genxai_nb.memory.base import Kind
    from genxai_nb.memory.shelves import StoreShelf

Options = Mapping[str, Mapping[str, Any]]


class Remembering(Protocol):
    """Whose memory it is, as far as it has to be known to open it: a name, and kinds with their options."""

    @property
    def name(self) -> str: ...  # noqa: D102 - said above
    @property
    def memory(self) -> Any: ...  # noqa: D102 - said above


def owner_of(agent: Remembering, kind: str) -> str:
    """Under whose name the store keeps what a kind of an agent remembers."""
    return scopes.owner_of(agent.name, agent.memory.options[kind])


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
