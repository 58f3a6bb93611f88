"""What a graph is made of, beyond what a run records: options, schema, and constants that can change in place."""

from __future__ import annotations

from collections.abc import Iterator
from re import Pattern
from types import FunctionType
from typing import Any

import msgspec
from msgspec import structs

from genxai_nb.agents.definition import Definition
from genxai_nb.graph.build import Graph
from genxai_nb.source import is_own, source_of, uses_of, version_of
from genxai_nb.tools.base import Tool

from .literals import literal, writable

__all__ = ["Fingerprint", "Part", "fingerprint_of"]


class Part(msgspec.Struct, frozen=True):
    """A definition, a constant or an option.

    Attributes:
        version: What is compared.
        text: What is shown where it differs.
    """

    version: str
    text: str = ""


class Fingerprint(msgspec.Struct, frozen=True):
    """The parts of a graph by name."""

    structure: Part
    parts: dict[str, Part]


def fingerprint_of(graph: Graph) -> Fingerprint:
    """Take the fingerprint of a graph.

    Raises:
        GenXAIError: The graph cannot run.
    """
    parts: dict[str, Part] = {}
    _take(graph, parts, "")
    return Fingerprint(Part(graph.structure, graph.lines()), parts)


def _take(graph: Graph, parts: dict[str, Part], path: str) -> None:
    model = graph.schema.model
    if model is not None:
        parts[f"{path}schema"] = Part(version_of(model).hash, source_of(model))
    for name, node in graph.nodes.items():
        prepared = graph.definition_of(name)
        definition = prepared.definition
        text = str(getattr(definition, "spec_text", "")) or source_of(definition)
        parts[path + name] = Part(prepared.version, text)
        said = {
            field.name: getattr(node.options, field.name)
            for field in structs.fields(node.options)
            if field.name not in {"name", "form"}
        }
        parts[f"{path}{name} options"] = Part(repr(said), repr(said))
        if isinstance(definition, Graph):
            _take(definition, parts, f"{path}{name}/")
        for function in _functions_of(definition):
            _used(function, parts, set())
    for key, reducer in graph.schema.reducers.items():
        parts[f"{path}reducer of {key}"] = Part(version_of(reducer).hash, source_of(reducer))
        for function in _functions_of(reducer):
            _used(function, parts, set())
    for edge in graph.edges:
        condition = edge.function
        if condition is not None:
            name = f"{path}condition of {edge.source} -> {edge.target}"
            parts[name] = Part(version_of(condition).hash, source_of(condition))
            for function in _functions_of(condition):
                _used(function, parts, set())


def _functions_of(definition: Any) -> Iterator[FunctionType]:
    """The functions behind a definition, its tools' and the rules of its memory included."""
    if isinstance(definition, Definition):
        rules = (options.get("rule") for options in definition.memory.options.values())
        for function in (*definition.toolbox.values(), *rules):
            yield from _functions_of(function)
        return
    if isinstance(definition, Tool):
        definition = definition.function
    for part in ("__wrapped__", "func", "__func__"):
        if (inner := getattr(definition, part, None)) is not None:
            yield from _functions_of(inner)
    if isinstance(definition, FunctionType):
        yield definition


def _used(function: FunctionType, parts: dict[str, Part], seen: set[int]) -> None:
    """What a function reaches: functions, classes, and constants, by value also those that its version knows by type."""
    if id(function) in seen or not is_own(str(function.__globals__.get("__name__", ""))):
        return
    seen.add(id(function))
    for name, value in uses_of(function):
        if isinstance(value, FunctionType) and is_own(str(value.__globals__.get("__name__", ""))):
            parts[f"function {name}"] = Part(version_of(value).hash, source_of(value))
            _used(value, parts, seen)
        elif isinstance(value, type) and is_own(value.__module__):
            parts[f"class {name}"] = Part(version_of(value).hash, source_of(value))
        elif writable(value) or isinstance(value, Pattern):
            shown = literal(value) if writable(value) else repr(value)
            parts[f"constant {name}"] = Part(shown, shown)
