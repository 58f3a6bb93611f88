"""What the notebook itself defines: agents, tools, functions, graphs and schemas by name."""

from __future__ import annotations

import builtins
import inspect
import keyword
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import DefinitionError, UnknownName, suggest
from genxai_nb.graph.build import Graph
from genxai_nb.tools.base import Tool

NODES = ("agent", "function", "tool", "graph")  # which of them a name in a graph means: the first one
SCHEMA = "schema"
RESULT = "result"  # the variable of a run's result, if none is named

_SHELLS = frozenset({"In", "Out", "exit", "get_ipython", "open", "quit"})  # what IPython puts into a notebook
_NOT_A_PERSONS = frozenset({"IPython", "ipykernel", "pydantic", "typing"})


class Named(NamedTuple):
    """A definition of the notebook: its name, its kind, the object."""

    name: str
    kind: str
    value: Any


class Notebook(Mapping[str, Any]):
    """The definitions of a notebook's variables by name, looked up anew each time.

    An agent is found by its own name, whatever variable holds it; a function by its variable.

    Args:
        variables: The notebook's variables.
        kinds: The kinds to find; of two of one name, the one of the earlier kind is found.
        hidden: What a shell put there itself.

    Example:
        >>> writer = Agent("fact-checker")
        >>> Notebook({"checker": writer})["fact-checker"] is writer
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
        return True  # an empty notebook is still this notebook: it may have definitions later

    def only(self, *kinds: str) -> Notebook:
        """The definitions of some kinds only."""
        return Notebook(self._variables, kinds, self._hidden)

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


def bindable(variables: Mapping[str, Any], name: str, *, ours: bool, result: bool = False) -> str:
    """Return the variable for a name, if it may be bound.

    Args:
        variables: The notebook's variables.
        name: The name.
        ours: What the variable holds now was bound by us.
        result: A result is to be bound, which never takes a definition's place, nor one a result's.

    Raises:
        DefinitionError: The variable holds something else, or cannot be a variable.
    """
    variable = variable_of(name)
    if not variable.isidentifier() or keyword.iskeyword(variable):
        raise DefinitionError(
            f"{name!r} cannot be a variable of the notebook.",
            hint="Take letters, digits and '_', a letter first, and no word of Python's own.",
        )
    if variable in variables and not ours:
        kind = type(variables[variable]).__name__
        raise DefinitionError(
            f"The notebook has a {variable!r} of its own already, of type {kind}.",
            hint=f"Choose another name, or type: del {variable}",
        )
    if result and (kind := kind_of(variables.get(variable))):
        raise DefinitionError(
            f"{variable!r} is the {kind} of that name; a result would replace it.",
            hint="Choose another name for the result: --as NAME.",
        )
    if not result and variable == RESULT:
        raise DefinitionError(f"{variable!r} is where results go.", hint="Choose another name.")
    if variable not in variables and hasattr(builtins, variable):
        raise DefinitionError(f"{name!r} would hide Python's own {variable!r}.", hint="Choose another name.")
    return variable


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


def _named(variable: str, value: Any) -> Named | None:
    kind = kind_of(value)
    if not kind:
        return None
    return Named(variable if kind in {"function", SCHEMA} else variable_of(value.name), kind, value)
