"""What every builtin tool has to keep."""

from __future__ import annotations

import contextlib
from typing import get_type_hints

import pytest
from jsonschema import Draft202012Validator

from genxai_nb.calls.call import Call, Scope
from genxai_nb.errors import ToolFailed
from genxai_nb.guard.policy import judge
from genxai_nb.tools.base import Tool
from genxai_nb.tools.outcome import Outcome
from genxai_nb.tools.registry import describe, find, names


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


def test_schema_is_one_that_validators_take(builtin: Tool):
    """The parameters are a JSON schema, and what is required is among them."""
    schema = builtin.spec.parameters
    Draft202012Validator.check_schema(schema)
    assert set(schema.get("required", ())) <= set(schema["properties"]) == set(builtin.parameters)


def test_says_in_words_what_it_does(builtin: Tool):
    """A sentence of description, a category, and what it needs; the list of tools says the same."""
    row = next(row for row in describe() if row.name == builtin.name)
    assert builtin.description.split("\n")[0].endswith(".")
    assert row.description.endswith(".")
    assert row.category == builtin.category


def test_has_a_time_in_which_it_ends(builtin: Tool):
    """Each call has a limit: the tool's, or for code the one that is asked for, as a person may be asked before."""
    if builtin.name == "code_executor":
        assert builtin.spec.parameters["properties"]["timeout"]["maximum"] == 300
    else:
        assert builtin.timeout


def test_returns_what_a_notebook_shows(builtin: Tool):
    """What it returns is a number, or an Outcome, for which notebooks have a display."""
    kind = get_type_hints(builtin.function)["return"]
    assert kind == int | float or issubclass(kind, Outcome)


@pytest.mark.parametrize(
    "wrong",
    [object(), {"no": {"such": "thing"}}, [[[]]], float("nan")],
    ids=["object", "dict", "list", "nan"],
)
def test_arguments_of_a_wrong_type_are_refused_in_words(builtin: Tool, wrong: object):
    """For each parameter: it is taken as one of its type, or a line says what is wrong; nothing else is raised."""
    for name in builtin.parameters:
        with contextlib.suppress(ToolFailed):
            builtin.validate({name: wrong})
    if builtin.spec.parameters.get("required"):
        with pytest.raises(ToolFailed):
            builtin.validate({})


@pytest.mark.parametrize(
    "wrong",
    [None, 1, True, "", "x", "http://[", [], ["a", 1, None], {}, {"a": [{"b": 1}]}, {"email": {"to": 5}}],
    ids=repr,
)
def test_policy_can_judge_arguments_of_any_type(builtin: Tool, wrong: object):
    """What a model gives is judged before it is checked, so nothing that it gives may make that fail."""
    needs, subjects = builtin.traits.needs, builtin.traits.subjects
    for name in builtin.parameters:
        given = {name: wrong}
        permissions = builtin.permissions if needs is None else needs(given)
        about = subjects(given) if callable(subjects) else ()
        assert judge([], builtin.name, permissions, about).verdict in {"allow", "ask", "deny"}


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
