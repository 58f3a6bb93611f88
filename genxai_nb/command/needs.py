"""Which names a graph needs, through its agents, their tools, and the functions that all of these call."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from genxai_nb.agents.definition import Definition
from genxai_nb.export.unrun import Unrun
from genxai_nb.graph.build import Graph
from genxai_nb.source import inner_codes, paths_of

__all__ = ["needed"]


def needed(
    graph: Graph, known: Mapping[str, Any], space: Mapping[str, Any], sought: Container[str]
) -> list[str]:
    """The names among those sought that running the graph comes upon, in the order of finding.

    Args:
        graph: The graph.
        known: Definitions by the names that graphs and agents use.
        space: The variables of its functions.
        sought: The names to look for.
    """
    walk = _Walk(known, space, sought)
    walk.value(graph)
    return list(walk.found)


class _Walk:
    def __init__(self, known: Mapping[str, Any], space: Mapping[str, Any], sought: Container[str]) -> None:
        self.found: dict[str, None] = {}
        self._known = known
        self._space = space
        self._sought = sought
        self._seen: set[int] = set()

    def name(self, name: str) -> None:
        if name in self._sought:
            self.found[name] = None
        else:
            self.value(self._known.get(name, self._space.get(name)))

    def value(self, value: Any) -> None:
        if value is None or id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, Graph):
            for node in value.nodes.values():
                self._either(node.what if node.definition is None else node.definition)
        elif isinstance(value, Definition):
            for tool in value.tools:
                self._either(tool)
        else:
            for function in _functions_of(value):
                if function.__globals__ is self._space:
                    for name in _globals_of(function.__code__):
                        if not isinstance(self._space.get(name), Unrun):
                            self.name(name)

    def _either(self, value: Any) -> None:
        if isinstance(value, str):
            self.name(value)
        else:
            self.value(value)


def _functions_of(value: Any) -> Iterator[FunctionType]:
    """The plain functions behind a function, a tool, a wrapper, a method, or the methods of a class."""
    seen = set()
    while value is not None and id(value) not in seen:
        seen.add(id(value))
        if isinstance(value, type):
            yield from (item for item in vars(value).values() if isinstance(item, FunctionType))
        if isinstance(value, FunctionType):
            yield value
        parts = ("__wrapped__", "__func__", "func", "function")
        value = next((getattr(value, part) for part in parts if hasattr(value, part)), None)


def _globals_of(code: CodeType) -> Iterator[str]:
    """The global names that code looks up, also in the functions inside it."""
    return (path[0] for inner in inner_codes(code) for path in paths_of(inner))
