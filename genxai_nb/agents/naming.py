"""What a namespace defines, by the names that graphs, cells and people use."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from genxai_nb.errors import DefinitionError, UnknownName, suggest
from genxai_nb.graph.build import Graph
from genxai_nb.tools.base import Tool

from .agent import Agent

NODES = ("agent", "function", "tool", "graph")  # which of them a name in a graph means: the first one
SCHEMA = "schema"

_SHELLS = frozenset({"In", "Out", "exit", "get_ipython", "open", "quit"})  # what IPython puts into a notebook
_NOT_A_PERSONS = frozenset({"IPython", "genxai_nb", "ipykernel", "pydantic", "typing"})


class Named(NamedTuple):
    """A definition: its name, its kind, the object."""

    name: str
    kind: str
    value: Any


class Namespace(Mapping[str, Any]):
    """The definitions among variables by name, looked up anew each time.

    An agent is found by its own name, whatever variable holds it; a function by its variable.

    Args:
        variables: The notebook's variables, or a file's.
        kinds: The kinds to find; of two of one name, the one of the earlier kind is found.
        hidden: What a shell put there itself.

    Example:
        >>> writer = Agent("fact-checker")
        >>> Namespace({"checker": writer})["fact-checker"] is writer
        True
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        kinds: tuple[str, ...] = NODES,
        hidden: Mapping[str, Any] | None = None,
    ) -> None:
        self._variables = variables
        self._kinds = kinds
        self._hidden = hidden or {}

    def __getitem__(self, name: str) -> Any:
        variable = variable_of(name)
        if variable in self._variables:  # the usual case, asked at each start of a node
            found = _named(variable, self._variables[variable])
            if found and found.name == variable and found.kind == self._kinds[0]:
                return found.value
        found = self._all().get(variable)
        if found is None:
            raise KeyError(name)
        return found.value

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return True  # an empty one is still this one: it may have definitions later

    def only(self, *kinds: str) -> Namespace:
        """The definitions of some kinds only."""
        return Namespace(self._variables, kinds, self._hidden)

    def kinds(self) -> dict[str, str]:
        """The kind of each name."""
        return {name: found.kind for name, found in self._all().items()}

    def _all(self) -> dict[str, Named]:
        found: dict[str, Named] = {}
        for variable, value in list(self._variables.items()):
            if variable.startswith("_") or self._hidden.get(variable, self) is value:
                continue
            item = _named(variable, value)
            if item and item.kind in self._kinds:
                other = found.get(item.name)
                if other is None or self._kinds.index(item.kind) < self._kinds.index(other.kind):
                    found[item.name] = item
        return found


def variable_of(name: str) -> str:
    """The variable that a definition is bound to, which is also its name among others."""
    return name.replace("-", "_")


def kind_of(value: Any) -> str:
    """Tell what kind of definition a value is; empty for anything else."""
    if isinstance(value, Agent):
        return "agent"
    if isinstance(value, Tool):
        return "tool"
    if isinstance(value, Graph):
        return "graph"
    room = str(getattr(value, "__module__", "")).partition(".")[0]
    if room in _NOT_A_PERSONS:
        return ""
    if inspect.isfunction(value):
        return "" if value.__name__ == "<lambda>" else "function"
    pydantic = sys.modules.get("pydantic")
    return SCHEMA if pydantic and isinstance(value, type) and issubclass(value, pydantic.BaseModel) else ""


def inserted(variables: Mapping[str, Any], path: str) -> Any:
    """Give the object that ``$name`` or ``$name.attribute`` stands for.

    Raises:
        UnknownName: There is no such variable.
        DefinitionError: What it holds has no such attribute.
    """
    first, *attributes = path.split(".")
    if first not in variables:
        known = (name for name in variables if not name.startswith("_") and name not in _SHELLS)
        raise UnknownName("variable", first, known)
    value, reached = variables[first], first
    for attribute in attributes:
        if isinstance(value, Mapping) and attribute in value:
            value = value[attribute]
        elif not attribute.startswith("_") and hasattr(value, attribute):
            value = getattr(value, attribute)
        else:
            inside = map(str, value if isinstance(value, Mapping) else dir(value))
            raise DefinitionError(
                f"{reached!r} has no attribute {attribute!r}.",
                hint=suggest(attribute, (name for name in inside if not name.startswith("_"))),
            )
        reached = f"{reached}.{attribute}"
    return value


def choose_graph(space: Mapping[str, Any], name: str | None, file: str) -> Graph:
    """Take the graph of that name, or the only one that is no part of another.

    Raises:
        UnknownName: There is no such graph; names the nearest.
        DefinitionError: There is none at all, or no name was given and there are several.
    """
    graphs: dict[str, Graph] = {}
    for variable, value in space.items():
        if isinstance(value, Graph) and not variable.startswith("_"):
            graphs[variable] = graphs[variable_of(value.name)] = value
    if not graphs:
        raise DefinitionError(
            f"{file} defines no graph.", hint='It needs a Graph("..."), or a cell %%genxai graph NAME.'
        )
    if name is not None:
        found = graphs.get(variable_of(name))
        if found is None:
            raise UnknownName("graph", name, {graph.name for graph in graphs.values()})
        return found
    several = list({id(graph): graph for graph in graphs.values()}.values())
    whole = [graph for graph in several if not any(_is_part(graph, other, graphs) for other in several)]
    if len(whole) != 1:
        names = sorted(graph.name for graph in whole or several)
        raise DefinitionError(
            f"{file} defines {len(names)} graphs: {', '.join(names)}.",
            hint=f"Name one of them behind the file: {file} {names[0]}",
        )
    return whole[0]


def _is_part(graph: Graph, other: Graph, graphs: Mapping[str, Graph]) -> bool:
    nodes = other.nodes.values()
    return graph is not other and any(
        (node.definition or graphs.get(variable_of(node.what))) is graph for node in nodes
    )


def _named(variable: str, value: Any) -> Named | None:
    kind = kind_of(value)
    if not kind:
        return None
    return Named(variable if kind in {"function", SCHEMA} else variable_of(value.name), kind, value)
