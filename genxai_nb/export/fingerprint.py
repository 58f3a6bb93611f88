"""What a graph is made of, beyond what a run records: options, schema, and constants that can change in place."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

import msgspec
from msgspec import structs

from genxai_nb.agents.definition import Definition
from genxai_nb.graph.build import Graph
from genxai_nb.source import is_own, source_of, uses_of, version_of
from genxai_nb.tools.base import Tool

from .literals import writable

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
            _constants(function, parts, set())
    for edge in graph.edges:
        if edge.decide is not None and edge.decide.__closure__:
            for cell in edge.decide.__closure__:
                if isinstance(cell.cell_contents, FunctionType):
                    text = source_of(cell.cell_contents)
                    version = version_of(cell.cell_contents).hash
                    parts[f"{path}{edge.source} -> {edge.target} condition"] = Part(version, text)


def _functions_of(definition: Any) -> Iterator[FunctionType]:
    """The functions behind a definition, its tools' included."""
    if isinstance(definition, Definition):
        for tool in definition.toolbox.values():
            yield from _functions_of(tool)
        return
    if isinstance(definition, Tool):
        definition = definition.function
    for part in ("__wrapped__", "func", "__func__"):
        if (inner := getattr(definition, part, None)) is not None:
            yield from _functions_of(inner)
    if isinstance(definition, FunctionType):
        yield definition


def _constants(function: FunctionType, parts: dict[str, Part], seen: set[int]) -> None:
    """Constants that a function reaches and that its version only knows by type."""
    if id(function) in seen or not is_own(str(function.__globals__.get("__name__", ""))):
        return
    seen.add(id(function))
    for name, value in uses_of(function):
        if isinstance(value, FunctionType):
            _constants(value, parts, seen)
        elif isinstance(value, (list, dict, set)) and writable(value):
            shown = repr(sorted(value, key=repr) if isinstance(value, set) else value)
            parts[f"constant {name}"] = Part(shown, shown)
