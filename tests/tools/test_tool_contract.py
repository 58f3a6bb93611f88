"""What every builtin tool has to keep."""

from __future__ import annotations

import pytest

from genxai_nb.calls.call import Call, Scope
from genxai_nb.errors import ToolFailed
from genxai_nb.tools.base import Tool
from genxai_nb.tools.registry import find, names


@pytest.fixture(params=names())
def builtin(request: pytest.FixtureRequest) -> Tool:
    return find(request.param)


def test_is_described_to_a_model(builtin: Tool):
    """Name, description and each parameter are told, in a schema that takes nothing else."""
    spec = builtin.spec
    assert spec.name == builtin.name
    assert spec.description
    assert spec.parameters["type"] == "object"
    assert spec.parameters["additionalProperties"] is False
    for name, schema in spec.parameters["properties"].items():
        assert schema.get("description"), name


async def test_wrong_arguments_never_reach_the_function(builtin: Tool):
    """An argument that the tool does not have is refused in words."""
    call = Call(
        "tool",
        builtin.name,
        {"no_such_parameter": 1},
        scope=Scope("", "node", 1),
        ordinal=0,
        slot="slot",
        head="r1.1",
        traits=builtin.traits,
        emit=lambda hint: None,
    )
    with pytest.raises(ToolFailed, match="There is no parameter 'no_such_parameter'"):
        await builtin.handler(call)


def test_effect_follows_from_what_is_said(builtin: Tool):
    """Only a tool that says it is harmless is called without being recorded first."""
    assert builtin.effect is not (builtin.read_only or builtin.idempotent)
    assert builtin.traits.effect is builtin.effect
