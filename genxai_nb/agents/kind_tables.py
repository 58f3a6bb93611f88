"""What only some kinds of an agent's memory can be asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from genxai_nb.errors import UnknownName
from genxai_nb.journal import open_store
from genxai_nb.journal.opening import find_store
from genxai_nb.memory import registry

from .held import Held

if TYPE_CHECKING:
    from pandas import DataFrame

    from genxai_nb.memory.base import Item

    from .entity_map import EntityMap
    from .held import Conversing, Options


COUNTED = 5000  # episodes, the newest ones, of which rates are reckoned and procedures proposed


class KindTables:
    """Success rates of episodes, facts around an entity, procedures that are proposed.

    Args:
        agent: The agent.
        options: The options of each of its kinds of memory.

    Attributes:
        options: The options of each of its kinds.
        summaries: The summaries of the conversation of ``ask``, the latest last.
    """

    def __init__(self, agent: Conversing, options: Options) -> None:
        self._agent = agent
        self.options = options
        self.summaries: list[dict[str, Any]] = []

    @property
    def kinds(self) -> tuple[str, ...]:
        """Its kinds of memory."""
        return tuple(self.options)

    @cached_property
    def own_rules(self) -> dict[str, dict[str, str]]:
        """The rules of one's own by which kinds are written: each one's name and version, by kind."""
        rules = {kind: options["rule"] for kind, options in self.options.items() if options.get("rule")}
        if not rules:
            return {}
        from genxai_nb.source import version_of

        return {
            kind: {"name": rule.__name__, "version": version_of(rule).hash} for kind, rule in rules.items()
        }

    def proposals(self, *, store: str | None = None) -> DataFrame:
        """The procedures that its episodes suggest: tasks that were done again and again by the same tools.

        See `genxai_nb.memory.frames.proposal_table` for the columns.

        Args:
            store: Where it is kept; None for the settings' store.

        Raises:
            UnknownName: The agent lacks episodic or procedural memory.
        """
        from genxai_nb.memory.frames import proposal_table

        self._chosen("episodic"), self._chosen("procedural")
        return proposal_table(self._held(store).proposals(COUNTED))

    def accept(self, proposal: str, *, name: str = "", store: str | None = None) -> Item:
        """Make a procedure of a proposal, with the counts of the episodes that suggest it.

        Args:
            proposal: Its name, as `proposals` shows it.
            name: Another name for the procedure; a procedure of that name is replaced.
            store: Where it is kept; None for the settings' store.

        Raises:
            UnknownName: Nothing of that name is proposed, or the agent lacks episodic or procedural memory.
        """
        self._chosen("episodic"), self._chosen("procedural")
        held = Held(self._agent, open_store(store))
        found = {one.name: one for one in held.proposals(COUNTED)}
        if proposal not in found:
            raise UnknownName("proposed procedure", proposal, found)
        return held.accept(found[proposal], name or proposal)

    def related(self, entity: str, *, hops: int = 2, store: str | None = None) -> DataFrame:
        """The facts of its semantic memory that can be reached from an entity, the nearest first.

        See `genxai_nb.memory.frames.link_table` for the columns.

        Args:
            entity: What to begin at, such as ``Ada``; ``user`` for the person.
            hops: Over how many facts at most.
            store: Where it is kept; None for the settings' store.

        Raises:
            UnknownName: The agent has no semantic memory.
        """
        from genxai_nb.memory.entities import related
        from genxai_nb.memory.frames import link_table

        (name,) = self._chosen("semantic")
        return link_table(related(self._held(store).items(name), entity, hops))

    def entities(self, about: str = "", *, hops: int = 2, store: str | None = None) -> EntityMap:
        """The entities of its semantic memory and the facts between them, drawn in a notebook.

        Args:
            about: The entity around which to draw; empty for all.
            hops: Over how many facts from it at most.
            store: Where it is kept; None for the settings' store.

        Raises:
            UnknownName: The agent has no semantic memory.
        """
        from genxai_nb.memory.entities import related

        from .entity_map import EntityMap

        (name,) = self._chosen("semantic")
        items = self._held(store).items(name)
        facts = [link.item for link in related(items, about, hops)] if about else items
        return EntityMap(self._agent.name, [item for item in facts if item.status == "current"])

    def rates(self, by: Literal["task", "tool"] = "task", *, store: str | None = None) -> DataFrame:
        """How often its episodes went well, by task or by tool; of the newest 5,000.

        See `genxai_nb.memory.frames.rate_table` for the columns.

        Args:
            by: ``task``, with the variants of a task together, or ``tool``.
            store: Where it is kept; None for the settings' store.

        Raises:
            UnknownName: The agent has no episodic memory, or there is no such grouping.
        """
        from genxai_nb.memory.frames import rate_table

        if by not in {"task", "tool"}:
            raise UnknownName("grouping of episodes", str(by), ("task", "tool"))
        (name,) = self._chosen("episodic")
        items = self._held(store).items(name)
        return rate_table([item for item in items if item.status == "current"][-COUNTED:], by)

    def _chosen(self, kind: str | None) -> tuple[str, ...]:
        if kind is None:
            return self.kinds
        if kind not in self.kinds:
            raise UnknownName(
                f"kind of memory of {self._agent.name!r}",
                kind,
                self.kinds,
                hint=f"Define the agent with memory: {', '.join((*self.kinds, kind))}"
                if registry.is_known(kind)
                else "",
            )
        return (kind,)

    def _held(self, store: str | None, run: Any = None) -> Held:
        return Held(self._agent, find_store(store), run)
