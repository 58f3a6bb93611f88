"""An agent's tools by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import DefinitionError

if TYPE_CHECKING:
    from genxai_nb.tools.base import Tool


def equip(tools: Iterable[Any]) -> dict[str, Tool]:
    """Find the tools that are given by name among the builtin and installed ones.

    Raises:
        UnknownName: There is no tool of that name; the nearest one is suggested.
    """
    found: dict[str, Tool] = {}
    for item in tools:
        made = _builtin(item) if isinstance(item, str) else item
        found[made.name] = made
    return found


def replaced(tools: Iterable[Any], find: Callable[[str], Any | None]) -> tuple[Tool | str, ...]:
    """Put what ``find`` knows in place of names; functions become tools.

    Raises:
        DefinitionError: A name belongs to something that is no tool and no function.
        SchemaInvalid: A function cannot be a tool.
    """
    return tuple(_taken(item, find(item)) if isinstance(item, str) else item for item in tools)


def _builtin(name: str) -> Tool:
    from genxai_nb.tools import registry

    return registry.find(name)


def _taken(name: str, definition: Any) -> Tool | str:
    if definition is None:
        return name
    from genxai_nb.tools.base import Tool, tool

    if isinstance(definition, Tool):
        return definition
    if not callable(definition):
        raise DefinitionError(f"{name!r} is {definition!r}, not a tool.", hint="Put @tool above a function.")
    return tool(definition)
