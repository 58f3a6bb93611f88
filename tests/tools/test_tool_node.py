"""A tool as a node: arguments from expressions or from equal keys, its value under one key."""

from __future__ import annotations

from typing import Any

import pytest

from genxai_nb.calls.call import Call, Handler, Scope, Traits
from genxai_nb.errors import ConditionFailed, GraphInvalid, InputError, LineInvalid, UnknownName
from genxai_nb.graph.nodes import NodeLike, NodeOptions
from genxai_nb.tools.base import tool


@tool
def multiply(left: float, right: float, offset: float = 0) -> float:
    """Multiply two numbers."""
    return left * right + offset


class Direct:
    """A context that answers calls by their handlers."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, Any]] = []

    async def call(self, kind: Any, name: str, request: Any, handler: Handler, traits: Traits) -> Any:
        self.made.append((kind, name, request))
        scope = Scope("", "product", 1)
        return await handler(
            Call(
                kind, name, request, scope=scope, ordinal=0, slot="s", head="r1.1", traits=traits, emit=print
            )
        )


async def test_arguments_are_expressions_over_the_state():
    """Each argument is evaluated over the state, and the value goes to the key of into."""
    body = multiply.as_node(
        NodeOptions(name="product", into="area", arguments={"left": "box.width", "right": "len(rows)"})
    )
    context = Direct()
    assert await body.run({"box": {"width": 2.5}, "rows": [1, 2]}, context) == {"area": 5.0}
    assert context.made == [("tool", "multiply", {"left": 2.5, "right": 2})]
    assert (body.kind, body.writes, body.template) == ("tool", ("area",), ("box", "rows"))


async def test_parameters_come_from_equal_keys():
    """Without arguments each parameter takes the key of its name; defaults may be absent."""
    body = multiply.as_node(NodeOptions(name="product"))
    context = Direct()
    assert await body.run({"left": 2, "right": 3, "other": 1}, context) == {"multiply": 6}
    assert await body.run({"left": 2, "right": 3, "offset": 1}, context) == {"multiply": 7}
    assert body.template == ("left", "right")


async def test_missing_key_is_named():
    """An absent key names tool, key and the nearest key of the state; the node is named by who runs it."""
    body = multiply.as_node(NodeOptions(name="product"))
    with pytest.raises(InputError, match=r"^Tool 'multiply' needs 'right'.*Did you mean 'rigth'"):
        await body.run({"left": 2, "rigth": 3}, Direct())


async def test_failing_expression_is_an_error_of_the_run():
    """An argument that names an absent key says so."""
    body = multiply.as_node(NodeOptions(name="product", arguments={"left": "widht", "right": "1"}))
    with pytest.raises(ConditionFailed, match="'widht'"):
        await body.run({"width": 2}, Direct())


def test_arguments_are_checked_when_the_node_is_made():
    """Unknown, missing and unreadable arguments are refused before any run."""
    with pytest.raises(
        UnknownName, match=r"Unknown parameter of tool 'multiply' 'rihgt'. Did you mean 'right'"
    ):
        multiply.as_node(NodeOptions(name="product", arguments={"left": "1", "rihgt": "2"}))
    with pytest.raises(GraphInvalid, match="gives no argument for 'right'"):
        multiply.as_node(NodeOptions(name="product", arguments={"left": "1"}))
    with pytest.raises(LineInvalid):
        multiply.as_node(NodeOptions(name="product", arguments={"left": "1 +", "right": "2"}))


def test_tool_is_node_like():
    """The engine accepts a tool wherever it takes a definition."""
    assert isinstance(multiply, NodeLike)
