"""Where a graph finds what it names: given definitions, tools, models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from genxai_nb.calls.call import Traits
from genxai_nb.errors import UnknownName

if TYPE_CHECKING:
    from genxai_nb.calls.call import Call, CallKind, Handler
    from genxai_nb.tools.base import Tool

    from .definition import Definition

Known = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


class StandardLookup:
    """Finds given definitions first, then builtin and installed tools; models by their provider.

    Args:
        known: Definitions by name, or a function that returns them anew at each look-up.

    Example:
        >>> lookup = StandardLookup({"count": len})
        >>> lookup.find("count") is len, lookup.names()["calculator"], lookup.find("nothing")
        (True, 'tool', None)
    """

    def __init__(self, known: Known | None = None) -> None:
        self._known: Callable[[], Mapping[str, Any]] = known if callable(known) else (lambda: known or {})
        self._equipped: dict[str, tuple[tuple[Any, ...], Definition]] = {}

    def find(self, name: str) -> Any | None:
        """The definition of that name, or None. An agent comes with those of its tools that are known here."""
        definition = self._known().get(name)
        if definition is None:
            return self._builtin(name)
        from .definition import Definition

        return self._equip(name, definition) if isinstance(definition, Definition) else definition

    def names(self) -> dict[str, str]:
        """All known names with their kind."""
        from genxai_nb.tools import registry

        known = {name: kind_of(definition) for name, definition in self._known().items()}
        return dict.fromkeys(registry.names(), "tool") | known

    def resolve(self, kind: CallKind, name: str) -> tuple[Handler, Traits]:
        """How a model, a tool or an agent is called by name.

        Raises:
            UnknownName: There is none of that name; the nearest one is suggested.
            SetupError: The model needs a package or a key that is not there.
        """
        if kind == "model":
            from genxai_nb.providers.registry import model_call

            return model_call(name)
        from .definition import Definition

        definition = self.find(name)
        if kind == "tool" and definition is not None:
            tool = _as_tool(definition)
            if tool is not None:
                return tool.handler, tool.traits
        if kind == "agent" and isinstance(definition, Definition):
            return _asking(definition), Traits()
        raise UnknownName(kind, name, [known for known, what in self.names().items() if what == kind])

    def _builtin(self, name: str) -> Tool | None:
        from genxai_nb.tools import registry

        from .toolbox import find_builtin

        return find_builtin(name) if name in registry.names() else None

    def _equip(self, name: str, agent: Definition) -> Definition:
        """Give an agent the tools it names, and the same object again as long as none of them changed."""
        known = self._known()
        parts = (agent, *(known.get(tool) for tool in agent.tools if isinstance(tool, str)))
        before = self._equipped.get(name)
        if before is None or not _same(before[0], parts):
            before = self._equipped[name] = (parts, agent.with_tools(known.get))
        return before[1]


def kind_of(definition: Any) -> str:
    """Say what a definition is: ``agent``, ``tool``, ``graph`` or ``function``."""
    from genxai_nb.graph.build import Graph
    from genxai_nb.tools.base import Tool

    from .definition import Definition

    kinds = {Definition: "agent", Tool: "tool", Graph: "graph"}
    return next((name for kind, name in kinds.items() if isinstance(definition, kind)), "function")


def _same(some: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    return len(some) == len(others) and all(one is other for one, other in zip(some, others, strict=True))


def _as_tool(definition: Any) -> Tool | None:
    from genxai_nb.tools.base import Tool, tool

    if isinstance(definition, Tool):
        return definition
    return tool(definition) if kind_of(definition) == "function" else None


def _asking(agent: Definition) -> Handler:
    from genxai_nb.messages import user

    from .visit import answer

    async def ask(call: Call) -> str:
        asked = agent.prompt.around(user(call.request))
        changes = await answer(agent, asked, call.context, {}, lambda outcome: {"answer": outcome.text})
        text: str = changes["answer"]
        return text

    return ask
