"""Agents, tools and graphs as calls of the public API."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import NODEFAULT, Struct, structs

from genxai_nb.agents.answer import Question
from genxai_nb.agents.definition import Definition
from genxai_nb.graph.build import Graph
from genxai_nb.graph.definition import END, START, Edge, Node
from genxai_nb.graph.functions import Human
from genxai_nb.graph.reducers import BUILTIN
from genxai_nb.memory.registry import DEFAULT
from genxai_nb.tools import registry
from genxai_nb.tools.base import Tool

from .closure import Closure
from .literals import Code, call, writable
from .pieces import LATE, Import, Piece
from .requirements import Requirements
from .telling import told_by
from .units import Units
from .unrun import Unrun, UnrunAgent, unrun_of

__all__ = ["Workflow", "is_made"]

_PUBLIC = "genxai_nb"


class Workflow:
    """Collects what a graph is made of.

    Args:
        graph: The graph; of one that was not made at reading, what stands for it.
        units: The namespaces that it comes from.

    Attributes:
        closure: What was collected.
        name: What the script calls the graph.
        title: The graph's own name; empty where it is not known.
        schema: The model of its state, or what stands for it; None for a dict.
        requirements: What has to be installed for it.
        labels: Where each node's definition stands, by node.
    """

    def __init__(self, graph: Graph | Unrun, units: Units) -> None:
        self.closure = Closure(units, self._take_ours)
        self.requirements = Requirements()
        self.labels: dict[str, str] = {}
        self._names: dict[int, tuple[Any, str]] = {}
        self._count = 0
        if isinstance(graph, Graph):
            self.title, self.schema = graph.name, graph.schema.model
            self.name = self._graph(graph)
        else:
            self.closure.need(units.home, graph.name)
            told = told_by(self.closure.pieces.values(), units.home.space, self.requirements)
            self.title, self.schema = told.title, told.schema
            self.name = graph.name

    # ── names ────────────────────────────────────────────────────────────────────────────────

    def public(self, name: str) -> Code:
        """A public name of the package, as the script calls it."""
        return self.closure.bring(Import(_PUBLIC, name, name))

    def _take_ours(self, value: Any, name: str) -> bool:
        """Write an agent or a graph that a variable of the person holds; a tool is carried by its own text."""
        if isinstance(value, Definition):
            self._agent(value, name)
        elif isinstance(value, Graph):
            self._graph(value, name)
        elif isinstance(value, UnrunAgent):
            self._unrun_agent(value)
        else:
            return False
        return True

    def _named(self, value: Any, name: str, wanted: str) -> tuple[str, bool]:
        """The variable of an agent or graph in the script, and whether it has been written already."""
        kept = self._names.get(id(value))
        if kept is not None:
            return kept[1], True
        home = self.closure.units.home
        name = name or self.closure.variable(home, value, wanted)
        if name and self.closure.rebound(home, name):
            self.closure.need(home, name)
            return name, True
        if name:
            self.closure.names.claim(name, value)
        else:
            name = self.closure.names.new_name(wanted)
        self._names[id(value)] = value, name
        return name, False

    def _add(self, name: str, text: str, used: dict[str, None]) -> None:
        self._count += 1
        home = self.closure.units.home
        order = (LATE[0], self._count)
        label = self.closure.label_of(home, name)
        self.closure.add(home, Piece(names=(name,), text=text, label=label, order=order, now=frozenset(used)))

    # ── agents and tools ─────────────────────────────────────────────────────────────────────

    def _agent(self, agent: Definition, name: str = "") -> str:
        """Write an agent; returns its name in the script."""
        variable, there = self._named(agent, name, agent.key)
        if there:
            return variable
        used: dict[str, None] = {str(self.public("Agent")): None}
        words = {key: self._field(agent, key, value, used) for key, value in _fields_of(agent)}
        self.requirements.note_model(agent.model or "")
        self.requirements.note_memory(agent.memory.kinds)
        self._add(
            variable, call(str(self.public("Agent")), [agent.name], words, before=f"{variable} = "), used
        )
        return variable

    def _unrun_agent(self, agent: UnrunAgent) -> None:
        """Write an agent of a cell of ours whose fields take values that were not made."""
        used: dict[str, None] = {str(self.public("Agent")): None}
        words = {key: self._said(key, value, used) for key, value in agent.said.items()}
        self.requirements.note_call(
            {key: ast.Constant(value) for key, value in words.items() if isinstance(value, str)}
        )
        maker = str(self.public("Agent"))
        self._add(agent.name, call(maker, [agent.name], words, before=f"{agent.name} = "), used)

    def _said(self, key: str, value: Any, used: dict[str, None]) -> Any:
        """What a field of a cell says, as an argument."""
        if isinstance(value, list):
            return [self._said(key, item, used) for item in value]
        if isinstance(value, dict):
            return {name: self._said(key, item, used) for name, item in value.items()}
        if writable(value):
            return self._tool(value, used) if key == "tools" and isinstance(value, str) else value
        if isinstance(value, Unrun):
            self.closure.need(self.closure.units.home, value.name)
            used[value.name] = None
            return Code(f"{value.name}{value.within}")
        return self._tool(value, used) if isinstance(value, Tool) else self._refer(value, key, used)

    def _field(self, agent: Definition, key: str, value: Any, used: dict[str, None]) -> Any:
        if key == "tools":
            return [self._tool(item, used) for item in value]
        if isinstance(value, Struct):  # a policy, by what it says
            given = structs.asdict(value)
            defaults = {field.name: field.default for field in structs.fields(value)}
            value = {name: said for name, said in given.items() if said != defaults[name]}
        if isinstance(value, (tuple, frozenset)):
            value = list(value)
        if isinstance(value, Mapping):
            value = {name: list(said) if isinstance(said, tuple) else said for name, said in value.items()}
        if key == "memory":
            return self._said(key, value, used)
        if writable(value):
            return value
        found = self.closure.refer(value, f"{agent.key}_{key}")
        used[_root(found)] = None
        return found

    def _tool(self, item: Any, used: dict[str, None]) -> Any:
        """A tool as an argument: the name of a builtin one, or the variable of one's own."""
        name = item if isinstance(item, str) else item.name
        if name in registry.names() and (isinstance(item, str) or registry.find(name) is item):
            self.requirements.note_tool(name)
            return name
        if isinstance(item, str):
            return item
        found = self._own_tool(item)
        used[_root(found)] = None
        return found

    def _own_tool(self, item: Tool) -> Code:
        closure = self.closure
        units = (closure.units.of(item.function.__globals__), closure.units.home)
        for unit in units:
            for value in (item, item.function):
                if found := closure.variable(unit, value, item.function.__name__):
                    closure.need(unit, found)
                    plain = value is item.function and not _is_plain(item)
                    return self._made_tool(item, found) if plain else Code(found)
        return self._made_tool(item, str(closure.refer(item.function, item.name)))

    def _made_tool(self, item: Tool, function: str) -> Code:
        """A tool whose options stand nowhere but in the tool."""
        name = self.closure.names.new_name(f"{item.name}_tool".replace("-", "_"))
        words = {key: said for key, said in _said_of(item) if said}
        maker = call(str(self.public("tool")), (), words) if words else str(self.public("tool"))
        used = dict.fromkeys([_root(maker), _root(function)])
        self._add(name, f"{name} = {maker}({function})", used)
        return Code(name)

    # ── graphs ───────────────────────────────────────────────────────────────────────────────

    def _graph(self, graph: Graph, name: str = "") -> str:
        """Write a graph with its nodes and edges; returns its name in the script."""
        wanted = "asking" if _asked(graph) else graph.name.replace("-", "_").replace(" ", "_")
        variable, there = self._named(graph, name, wanted)
        if there:
            return variable
        if (asked := _asked(graph)) is not None:
            agent = self._agent(asked)
            self.labels[graph.name] = self._label_of(agent, asked)
            self._add(variable, f"{variable} = {agent}.as_graph()", {agent: None})
            return variable
        maker = self.public("Graph")
        used: dict[str, None] = {str(maker): None}
        nodes = [self._node(graph, variable, node, used) for node in graph.nodes.values()]
        edges = [self._edge(variable, edge, used) for edge in graph.edges]
        words = self._words_of(graph, used)
        head = call(str(maker), [graph.name], words, before=f"{variable} = ")
        self._add(variable, "\n".join([head, *nodes, *edges]), used)
        return variable

    def _words_of(self, graph: Graph, used: dict[str, None]) -> dict[str, Any]:
        words: dict[str, Any] = {}
        unrun = unrun_of(graph.schema.model)
        if unrun is not None:
            words["state"] = self._said("state", unrun, used)
        elif graph.schema.model is not None:
            words["state"] = self._refer(graph.schema.model, "State", used)
        if graph.schema.reducers:
            builtin = {reducer: name for name, reducer in BUILTIN.items()}
            words["reducers"] = {
                key: builtin.get(reducer) or self._refer(reducer, f"reduce_{key}", used)
                for key, reducer in graph.schema.reducers.items()
            }
        if graph.limit is not None:
            words["limit"] = graph.limit
        asked = {name: self._definition(found, name, used) for name, found in self._asked_by_name(graph)}
        if asked:
            words["lookup"] = {
                name: Code(text) if isinstance(text, str) else text for name, text in asked.items()
            }
        return words

    def _refer(self, value: Any, wanted: str, used: dict[str, None]) -> Code:
        found = self.closure.refer(value, wanted)
        used.update(dict.fromkeys(_names_in(found)))
        return found

    def _asked_by_name(self, graph: Graph) -> Iterator[tuple[str, Any]]:
        """Agents and tools of one's own that functions ask by name: ``context.agent("critic", ...)``."""
        for piece in list(self.closure.pieces.values()):
            for name in _asked_in(piece.text):
                found = graph.lookup.find(name)
                if found is not None and not (isinstance(found, Tool) and name in registry.names()):
                    yield name, found

    def _node(self, graph: Graph, variable: str, node: Node, used: dict[str, None]) -> str:
        definition = definition_of(graph, node)
        what = self._definition(definition, node.name, used)
        self.labels[node.name] = self._label_of(str(what), definition)
        options = dict(_options_of(node))
        words = {key: said for key, said in options.items() if key != "arguments"}
        own = {key: said for key, said in options.get("arguments", {}).items() if key.isidentifier()}
        if any(key in _NODE for key in own) or len(own) < len(options.get("arguments", {})):
            words["arguments"] = options["arguments"]
        else:
            words = {**own, **words}
        return call(f"{variable}.node", [node.name, what], words)

    def _label_of(self, what: str, definition: Any) -> str:
        root = _root(what)
        for piece in self.closure.pieces.values():
            if root in piece.names:
                return piece.label
        return "" if isinstance(definition, Human) else self.closure.label_of(self.closure.units.home, root)

    def _definition(self, definition: Any, name: str, used: dict[str, None]) -> Any:
        """A node's definition as an argument."""
        if isinstance(definition, Definition):
            found: Any = Code(self._agent(definition))
        elif isinstance(definition, Graph):
            found = Code(self._graph(definition))
        elif isinstance(definition, Tool):
            found = self._tool(definition, used)
        elif isinstance(definition, Human):
            words = {"choices": list(definition.choices)} if definition.choices else {}
            found = Code(call(str(self.public("human")), [definition.prompt], words))
        else:
            found = self.closure.refer(definition, name)
        if isinstance(found, Code):
            used.update(dict.fromkeys(_names_in(found)))
        return found

    def _edge(self, variable: str, edge: Edge, used: dict[str, None]) -> str:
        ends = [self.public(end) if end in {START, END} else end for end in (edge.source, edge.target)]
        used.update(dict.fromkeys(str(end) for end in ends if isinstance(end, Code)))
        words: dict[str, Any] = {}
        function = edge.function
        if function is not None:
            words["when"] = self._refer(function, f"when_{edge.source}", used)
        elif edge.when is not None:
            words["when"] = edge.when
        if edge.otherwise:
            words["otherwise"] = True
        words |= {key: said for key in ("limit", "each") if (said := getattr(edge, key)) is not None}
        if edge.each is not None:
            words["item"] = edge.item
        return call(f"{variable}.edge", ends, words)


def definition_of(graph: Graph, node: Node) -> Any:
    """What a node runs; of one that was not made at reading, what stands for it.

    Raises:
        UnknownName: Nothing of its name is found.
    """
    found = graph.lookup.find(node.what) if node.definition is None else node.definition
    return graph.definition_of(node.name).definition if found is None else found


def is_made(graph: Graph | Unrun) -> bool:
    """Whether a graph was made at reading, with all its nodes."""
    if isinstance(graph, Unrun) or unrun_of(graph.schema.model) is not None:
        return False
    found = (definition_of(graph, node) for node in graph.nodes.values())
    return all(is_made(each) for each in found if isinstance(each, Graph | Unrun))


def _asked(graph: Graph) -> Definition | None:
    """The agent whose questions a graph answers, if it is such a graph."""
    definitions = [node.definition for node in graph.nodes.values()]
    only = definitions[0] if len(definitions) == 1 else None
    return only.agent if isinstance(only, Question) else None


_NODE = frozenset(inspect.signature(Graph.node).parameters)


def _options_of(node: Node) -> Iterator[tuple[str, Any]]:
    """What was said of a node, where it differs from what holds anyway."""
    for field in structs.fields(node.options):
        value = getattr(node.options, field.name)
        made = field.default_factory
        default = field.default if made is NODEFAULT else made()
        if field.name == "name" or field.name not in _NODE or value == default:
            continue
        yield field.name, list(value) if isinstance(value, tuple) else value


def _fields_of(agent: Definition) -> Iterator[tuple[str, Any]]:
    """The fields of an agent behind its name that hold another value than their default."""
    for field in dataclasses.fields(agent):
        value, usual = getattr(agent, field.name), field.default
        if field.name == "memory":
            value, usual = value.given, (DEFAULT,)
        if field.init and field.name != "name" and value != usual:
            yield field.name, value


def _said_of(item: Tool) -> Iterator[tuple[str, Any]]:
    yield "name", item.name if item.name != item.function.__name__ else ""
    yield "category", item.category if item.category != "general" else ""
    yield "tags", list(item.tags)
    for key in ("timeout", "idempotent", "read_only"):
        yield key, getattr(item, key)
    yield "permissions", sorted(item.permissions)


def _is_plain(item: Tool) -> bool:
    return not any(said for _, said in _said_of(item))


def _asked_in(text: str) -> Iterator[str]:
    if ".agent(" not in text and ".tool(" not in text:
        return
    for part in ast.walk(ast.parse(text)):
        if (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr in {"agent", "tool"}
            and part.args
            and isinstance(part.args[0], ast.Constant)
            and isinstance(part.args[0].value, str)
        ):
            yield part.args[0].value


def _names_in(expression: str) -> Iterator[str]:
    return (part.id for part in ast.walk(ast.parse(expression, mode="eval")) if isinstance(part, ast.Name))


def _root(expression: str) -> str:
    return next(_names_in(expression), expression)
