"""A tool as a node of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from genxai_nb.errors import GraphInvalid, InputError, UnknownName, suggest
from genxai_nb.expressions import compile_expression

if TYPE_CHECKING:
    from genxai_nb.calls.call import Handler, Traits


class Options(Protocol):
    """What a tool reads of a node's options."""

    @property
    def name(self) -> str:
        """The node's name."""

    @property
    def into(self) -> str | None:
        """The key that takes the tool's value; None for the tool's name."""

    @property
    def arguments(self) -> Mapping[str, str]:
        """Expressions over the state, by parameter; empty to take equal keys of the state."""


class Called(Protocol):
    """What a node needs of the tool that it calls."""

    name: str
    parameters: tuple[str, ...]
    traits: Traits

    @property
    def handler(self) -> Handler:
        """What answers a call of it."""

    @property
    def version(self) -> str:
        """Content hash of the tool."""


class ToolNode:
    """The body of a node that calls a tool once per visit.

    Args:
        tool: The tool.
        options: The node's options.
        required: The parameters without a default.

    Raises:
        UnknownName: An argument is given that is no parameter.
        GraphInvalid: A required parameter has no argument though others are given.
    """

    kind = "tool"
    threaded = False
    wants_context = True

    def __init__(self, tool: Called, options: Options, *, required: tuple[str, ...]) -> None:
        for name in options.arguments:
            if name not in tool.parameters:
                raise UnknownName(f"parameter of tool {tool.name!r}", name, tool.parameters)
        self._tool = tool
        self._required = required
        self._key = options.into or tool.name.replace("-", "_")
        self._arguments = {name: compile_expression(text) for name, text in options.arguments.items()}
        missing = [name for name in required if name not in self._arguments]
        if self._arguments and missing:
            raise GraphInvalid(
                f"Node {options.name!r} gives no argument for {missing[0]!r} of tool {tool.name!r}.",
                hint=f"Write {tool.name}({missing[0]}=...).",
            )
        self.writes: tuple[str, ...] = (self._key,)
        read = [name for expression in self._arguments.values() for name in sorted(expression.names)]
        self.template: tuple[str, ...] = tuple(dict.fromkeys(read if self._arguments else required))

    @property
    def version(self) -> str:
        """Content hash of the tool."""
        return self._tool.version

    async def run(self, state: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Call the tool with arguments from the state and return its value under the node's key.

        Raises:
            InputError: The state lacks a key that a parameter without default takes its value from.
        """
        arguments = self._evaluated(state) if self._arguments else self._taken(state)
        value = await context.call("tool", self._tool.name, arguments, self._tool.handler, self._tool.traits)
        return {self._key: value}

    def _evaluated(self, state: Mapping[str, Any]) -> dict[str, Any]:
        return {name: expression.evaluate(state) for name, expression in self._arguments.items()}

    def _taken(self, state: Mapping[str, Any]) -> dict[str, Any]:
        for name in self._required:
            if name not in state:
                near = suggest(name, state)
                raise InputError(
                    f"Tool {self._tool.name!r} needs {name!r}, which the state does not have.",
                    hint=f"Write {self._tool.name}({name}=...) with an expression over the state. {near}".strip(),
                )
        return {name: state[name] for name in self._tool.parameters if name in state}
