"""An agent's tools by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import DefinitionError, ToolFailed

from .selection import is_group, nearest, read_group

if TYPE_CHECKING:
    from genxai_nb.messages import ToolSpec
    from genxai_nb.tools.base import Tool
    from genxai_nb.tools.connections import Connection
    from genxai_nb.tools.stores import VectorStore


def equip(tools: Iterable[Any]) -> dict[str, Tool]:
    """Find the tools that are given by name among the builtin and installed ones.

    Raises:
        UnknownName: There is no tool, category or tag of that name; the nearest one is suggested.
    """
    found: dict[str, Tool] = {}
    for item in tools:
        if is_group(item):
            for name in read_group(item).names:
                found.setdefault(name, find_builtin(name))
            continue
        made = find_builtin(item) if isinstance(item, str) else item
        found[made.name] = made
    return found


def offered(tools: Iterable[Any], toolbox: Mapping[str, Tool], text: str) -> tuple[ToolSpec, ...]:
    """The tools that a model is told of when it answers a text: all, but of ``@group/count`` the nearest only."""
    wanted: set[str] = set()
    for item in tools:
        if not is_group(item):
            wanted.add(item if isinstance(item, str) else item.name)
            continue
        names, most = read_group(item)
        specs = [toolbox[name].spec for name in names]
        wanted |= set(names) if most is None else nearest(text, specs, most)
    return tuple(tool.spec for name, tool in toolbox.items() if name in wanted)


def replaced(tools: Iterable[Any], find: Callable[[str], Any | None]) -> tuple[Tool | str, ...]:
    """Put what ``find`` knows in place of names; functions become tools.

    Raises:
        DefinitionError: A name belongs to something that is no tool and no function.
        SchemaInvalid: A function cannot be a tool.
    """
    return tuple(_taken(item, find(item)) if isinstance(item, str) else item for item in tools)


def find_builtin(name: str) -> Tool:
    """A builtin or installed tool; what it needs of memory is offered to it.

    Raises:
        UnknownName: There is none of that name.
    """
    from genxai_nb.tools import registry, stores

    if not stores.embeds():
        stores.offer_embedder(_embed)
        stores.offer_opener(_open)
    return registry.find(name)


def _embed(texts: Sequence[str]) -> Any:
    from genxai_nb.memory.embed import find_embedder

    return find_embedder().embed(texts)


def _open(connection: Connection) -> VectorStore:
    """Open the collection of Chroma that a connection leads to.

    It is ``chroma:///folder#papers`` or ``chroma+http://host:8000/#papers``; a token for a server stands in the
    place of the password: ``chroma+https://:token@host/#papers``.

    Raises:
        ToolFailed: The connection names no collection.
    """
    from genxai_nb.memory.chroma import ChromaStore

    if not connection.fragment:
        raise ToolFailed(
            f"Connection {connection.name!r} names no collection.",
            hint="Write it behind a #, such as chroma:///folder#papers.",
        )
    _, _, transport = connection.scheme.partition("+")
    if not transport:
        return ChromaStore(connection.fragment, connection.path)
    port = f":{connection.port}" if connection.port else ""
    token = connection.password.reveal() if connection.password else ""
    headers = {"Authorization": f"Bearer {token}"} if token else None
    return ChromaStore(connection.fragment, url=f"{transport}://{connection.host}{port}", headers=headers)


def _taken(name: str, definition: Any) -> Tool | str:
    if definition is None:
        return name
    from genxai_nb.tools.base import Tool, tool

    if isinstance(definition, Tool):
        return definition
    if not callable(definition):
        raise DefinitionError(f"{name!r} is {definition!r}, not a tool.", hint="Put @tool above a function.")
    return tool(definition)
