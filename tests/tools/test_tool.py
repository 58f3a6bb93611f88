"""A tool made from a typed function: its schema, its call, its refusals."""

from __future__ import annotations

import contextvars
import dataclasses
import enum
import threading
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Le
from pydantic import BaseModel, Field, field_validator

from genxai_nb.calls.call import Call, Scope
from genxai_nb.errors import NotStorable, RunPaused, ToolFailed
from genxai_nb.tools.base import Tool, tool


class Unit(enum.Enum):
    METRE = "m"
    FOOT = "ft"


Town = Literal[*[f"town {number}" for number in range(100)]]


class Box(BaseModel):
    width: float
    height: float


@dataclasses.dataclass
class Pair:
    left: Any
    right: Any


@tool
def area(box: Box, unit: Unit = Unit.METRE, *, times: Annotated[int, Field(ge=1)] = 1) -> float:
    """Compute the area of a box.

    It is counted as often as asked.

    Args:
        box: Width and height.
        unit (Unit): What the numbers
            are measured in.
        times: How many boxes.

    Returns:
        The area.
    """
    return box.width * box.height * times * (1 if unit is Unit.METRE else 0.0929)


def call_of(made: Tool, *, context: Any = None, **arguments: Any) -> Call:
    scope = Scope("", "node", 1)
    return Call(
        "tool",
        made.name,
        arguments,
        scope=scope,
        ordinal=0,
        slot="slot",
        head="r1.1",
        traits=made.traits,
        emit=lambda delta: None,
        context=context,
    )


def test_spec_comes_from_annotations_and_docstring():
    """Types, defaults, bounds and the Args section are all in the JSON schema."""
    spec = area.spec
    assert (spec.name, spec.description) == (
        "area",
        "Compute the area of a box.\n\nIt is counted as often as asked.",
    )
    fields = spec.parameters["properties"]
    assert spec.parameters["required"] == ["box"]
    assert fields["box"]["description"] == "Width and height."
    assert fields["unit"]["description"] == "What the numbers are measured in."
    assert fields["times"] == {
        "default": 1,
        "description": "How many boxes.",
        "minimum": 1,
        "type": "integer",
    }
    assert spec.parameters["$defs"]["Unit"]["enum"] == ["m", "ft"]
    assert "title" not in spec.parameters


def test_tool_can_be_called_like_the_function():
    """Calling a tool calls its function, with positional arguments and without conversion."""
    assert area(Box(width=2, height=3)) == 6
    assert area.__name__ == "area"


async def test_handler_converts_arguments_and_fills_defaults():
    """A model's JSON becomes the types that the function declares."""
    assert await area.handler(call_of(area, box={"width": "2", "height": 3}, times=2)) == 12
    assert await area.handler(call_of(area, box={"width": 10, "height": 1}, unit="ft")) == pytest.approx(
        0.929
    )


async def test_wrong_arguments_are_told_one_line_each():
    """A model reads which parameter is wrong, what it gave and what is expected."""
    with pytest.raises(ToolFailed) as caught:
        await area.handler(call_of(area, box={"width": "wide"}, tims=2, times=0))
    lines = str(caught.value).splitlines()
    assert lines[0] == "The arguments of tool 'area' do not fit."
    assert (
        "- Parameter 'box.width' is 'wide', but should be a valid number, unable to parse string as a number."
        in lines
    )
    assert "- Parameter 'box.height' is missing." in lines
    assert "- Parameter 'times' is 0, but should be greater than or equal to 1." in lines
    assert "- There is no parameter 'tims'. Did you mean 'times'?" in lines
    assert lines[-1] == "It takes (box: Box, unit?: Unit, times?: int)."


def test_choices_and_bounds_are_told_as_they_are_written():
    """What a tool takes is told by its choices, without the bounds that its error names."""

    @tool
    def draw(
        kind: Literal["line", "dot"],
        size: Annotated[int, Le(9)] = 1,
        ends: list[int] | None = None,
        dots: tuple[int, ...] = (),
    ) -> str:
        """Draw."""
        return f"{kind} {size} {ends} {dots}"

    with pytest.raises(ToolFailed, match="should be less than or equal to 9") as caught:
        draw.validate({"kind": "line", "size": 10})
    said = "It takes (kind: 'line' | 'dot', size?: int, ends?: list[int] | None, dots?: tuple[int, ...])."
    assert str(caught.value).splitlines()[-1] == said


def test_description_in_an_annotation_is_told_to_models():
    """A field's own description holds, unless the docstring has one."""

    @tool
    def paint(  # noqa: D417 - the wall says it itself
        wall: Annotated[str, Field(description="Which wall.")],
        colour: Annotated[str, Field(description="Overruled.")] = "red",
    ) -> str:
        """Paint a wall.

        Args:
            colour: What with.
        """
        return f"{wall} {colour}"

    told = {name: field["description"] for name, field in paint.spec.parameters["properties"].items()}
    assert told == {"wall": "Which wall.", "colour": "What with."}


def test_of_many_choices_the_nearest_is_told():
    """A choice of a hundred is not listed; what is near to the wrong value is named, and how many there are."""

    @tool
    def visit(town: Town, others: list[Town] | None = None) -> str:
        """Visit towns."""
        return f"{town} {others}"

    with pytest.raises(ToolFailed) as caught:
        visit.validate({"town": "tawn 42", "others": ["x"]})
    lines = str(caught.value).splitlines()
    assert (
        lines[1] == "- Parameter 'town' is 'tawn 42', which is none of 100 choices. Did you mean 'town 42'?"
    )
    assert lines[2].startswith("- Parameter 'others.0' is 'x', which is none of 100 choices. Known: town 0,")
    eight = " | ".join(f"'town {number}'" for number in range(8))
    assert lines[3] == f"It takes (town: {eight} | ... 92 more, others?: list[{eight} | ... 92 more] | None)."


async def test_long_values_are_cut_in_the_explanation():
    """A wrong value of any length takes one short line."""

    @tool
    def half(number: int) -> int:
        return number // 2

    with pytest.raises(ToolFailed) as caught:
        await half.handler(call_of(half, number="x" * 10_000))
    assert len(str(caught.value)) < 400


async def test_plain_function_runs_in_a_thread_with_its_context():
    """A plain function is off the loop but sees the caller's context variables."""
    place = contextvars.ContextVar("place", default="nowhere")

    @tool
    def where() -> str:
        return f"{place.get()} {threading.current_thread() is threading.main_thread()}"

    place.set("here")
    assert await where.handler(call_of(where)) == "here False"


async def test_async_function_runs_on_the_loop():
    """An async tool is awaited in the caller's thread."""

    @tool
    async def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert await where.handler(call_of(where)) is True


@pytest.mark.parametrize("error", [ValueError("no such town"), StopIteration(), SystemExit(3)])
@pytest.mark.parametrize("inline", [False, True])
async def test_what_a_tool_raises_becomes_tool_failed(error: BaseException, inline: bool):
    """Type and text of the exception are told, and the cause is kept, also for the ones a future cannot carry."""

    def plain_one() -> None:
        raise error

    async def async_one() -> None:
        if not isinstance(error, StopIteration):  # a coroutine cannot raise it
            raise error
        raise ValueError

    made = tool(async_one if inline else plain_one)
    with pytest.raises(ToolFailed) as caught:
        await made.handler(call_of(made))
    cause = caught.value.__cause__
    assert str(caught.value) == f"Tool {made.name!r} raised {type(cause).__name__}: {cause}"
    assert type(cause) in {type(error), ValueError}


@pytest.mark.parametrize("error", [ToolFailed("the town is closed"), RunPaused("later")])
async def test_errors_that_others_act_on_pass_unchanged(error: Exception):
    """A pause inside a tool and a tool's own ToolFailed are not wrapped."""

    def plain_one() -> None:
        raise error

    async def async_one() -> None:
        raise error

    for made in (tool(plain_one), tool(async_one)):
        with pytest.raises(type(error)) as caught:
            await made.handler(call_of(made))
        assert caught.value is error
        assert error.__cause__ is None


async def test_context_is_given_and_not_part_of_the_schema():
    """A parameter named context receives the call's context and no model is told of it."""

    @tool
    def look(name: str, context) -> str:
        return f"{name} {context}"

    assert list(look.spec.parameters["properties"]) == ["name"]
    assert look.parameters == ("name",)
    assert await look.handler(call_of(look, name="Ann", context="from above")) == "Ann from above"


async def test_result_is_plain_data():
    """Models, dataclasses, tuples, sets and enums come back as what JSON has."""

    @tool
    def mixed() -> Any:
        return {"box": Box(width=1, height=2), 3: (Unit.FOOT, {2, 1}), "pair": Pair(None, [True])}

    assert await mixed.handler(call_of(mixed)) == {
        "box": {"width": 1.0, "height": 2.0},
        "3": ["ft", [1, 2]],
        "pair": {"left": None, "right": [True]},
    }


async def test_result_without_plain_form_is_refused_with_its_path():
    """A value that cannot be kept names where it is."""

    @tool
    def odd() -> Any:
        return {"found": [1, object()]}

    with pytest.raises(NotStorable, match=r"odd\.found\[1\] is a builtins\.object"):
        await odd.handler(call_of(odd))


def test_options_are_kept_and_give_the_traits():
    """Timeout, category and tags are the decorator's; only a harmless tool has no effect."""

    @tool(category="data", tags=["text"], timeout=5, permissions=["network"])
    def fetch(address: str) -> str:
        return address

    assert (fetch.category, fetch.tags, fetch.timeout) == ("data", ("text",), 5)
    assert (fetch.traits.effect, fetch.traits.timeout, fetch.traits.permissions) == (True, 5, {"network"})
    assert not tool(idempotent=True)(fetch.function).traits.effect
    assert not tool(read_only=True)(fetch.function).effect


async def test_parameter_may_have_any_python_name():
    """Names that a pydantic model keeps for itself are fine as parameters."""

    @tool
    def odd_names(model_config: int, schema: str, copy: bool, _private: int = 2) -> list[Any]:
        return [model_config, schema, copy, _private]

    answer = await odd_names.handler(call_of(odd_names, model_config=1, schema="s", copy=True))
    assert answer == [1, "s", True, 2]


def test_version_follows_the_function_and_its_options():
    """Another body or another effect is another version; the same definition is the same."""

    def make(step: int, **options: Any) -> Tool:
        @tool(**options)
        def shift(number: int) -> int:
            return number + step

        return shift

    assert make(1).version == make(1).version
    assert make(1).version != make(2).version
    assert make(1).version != make(1, read_only=True).version


async def test_default_that_json_cannot_show_is_the_functions_own():
    """A default that is no plain value stays out of the schema and reaches the function as it is."""
    marker = object()

    @tool
    def same(value: Any = marker) -> bool:
        return value is marker

    assert same.spec.parameters["properties"] == {"value": {}}
    assert await same.handler(call_of(same)) is True
    assert repr(same) == "Tool('same', value)"


async def test_own_checks_of_a_type_are_told_in_their_words():
    """The message of a model's own validator reaches the one who called."""

    class Even(BaseModel):
        number: int

        @field_validator("number")
        @classmethod
        def _is_even(cls, number: int) -> int:
            if number % 2:
                raise ValueError("must be even")
            return number

    def halve(even: Even) -> int:
        return even.number // 2

    halve.__annotations__["even"] = Even  # a class of this test has no name that the annotation could find
    made = tool(halve)
    with pytest.raises(ToolFailed, match=r"Parameter 'even.number' is 3: Value error, must be even"):
        await made.handler(call_of(made, even={"number": 3}))


async def test_tool_without_parameters_says_so():
    """An argument for a tool that takes none is told as such."""

    @tool
    def now() -> str:
        return "12:00"

    with pytest.raises(ToolFailed, match=r"There is no parameter 'zone'. The tool takes none"):
        await now.handler(call_of(now, zone="UTC"))
