"""How much goes into a tool, and how much comes out of it."""

from __future__ import annotations

import asyncio
import json

import pytest

from genxai_nb.calls.call import Call, Scope
from genxai_nb.errors import GenXAIError, ToolFailed
from genxai_nb.tools.base import Tool, tool
from genxai_nb.tools.child import ask_child
from genxai_nb.tools.registry import find, names
from genxai_nb.tools.results import plain

HUGE = {
    "text": "x" * 13_000_000,
    "list": ["x"] * 1_100_000,
    "object": dict.fromkeys(range(1_100_000), 1),
    "nested": [["x" * 1_000_000] * 3] * 5,
}


async def called(made: Tool, arguments: dict) -> object:
    """What comes of a call as the engine makes it."""
    call = Call(
        "tool",
        made.name,
        arguments,
        scope=Scope("", "node", 1),
        ordinal=0,
        slot="slot",
        head="r1.1",
        traits=made.traits,
        emit=lambda hint: None,
    )
    return await made.handler(call)


@pytest.mark.parametrize("kind", HUGE)
@pytest.mark.parametrize("name", names())
def test_no_tool_takes_more_than_its_room(name: str, kind: str):
    """Arguments that are too large, whatever their shape and name, are refused in a few words."""
    made = find(name)
    for parameter in made.parameters:
        with pytest.raises(ToolFailed) as caught:
            made.validate({parameter: HUGE[kind]})
        assert "12000000 is the most" in str(caught.value)
        assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("csv_processor", {"data": "a", "operation": "parse", "columns": [1.5] * 90_000}),
        ("mongodb_query", {"connection": "x", "collection": "y", "document": ["x"] * 90_000}),
        ("http_client", {"url": "http://example.com", "headers": {str(n): n for n in range(90_000)}}),
        ("api_caller", {str(n): 1 for n in range(90_000)}),
        ("calculator", {"x" * 1_000_000: 1}),
    ],
)
def test_many_faults_are_told_shortly(name: str, arguments: dict):
    """Of thousands of arguments that do not fit a few are told, and how many there are."""
    with pytest.raises(ToolFailed) as caught:
        find(name).validate(arguments)
    assert len(str(caught.value)) < 10_000


async def test_long_errors_are_cut():
    """An error that repeats what it was given is cut before a model reads it."""

    @tool
    def echo(text: str) -> str:
        """Fail.

        Args:
            text: What to say.
        """
        raise ToolFailed(text) if text.startswith("x") else ValueError(text)

    for letter in "xy":
        with pytest.raises(ToolFailed) as caught:
            await called(echo, {"text": letter * 1_000_000})
        assert len(str(caught.value)) < 25_000
        assert "characters more" in str(caught.value)


ODD = [
    ("directory_scanner", {"path": ".", "file_pattern": "*a" * 5_000}),
    ("regex_matcher", {"text": "x", "pattern": "x", "flags": "i" * 200_000}),
    ("html_parser", {"html": "<p>", "selectors": {"a": "b" * 200_000}}),
    ("html_parser", {"html": "<p>", "selectors": {f"n{n}": "b" for n in range(20_000)}}),
    ("file_reader", {"path": "a/" * 1_000_000}),
    ("csv_processor", {"data": "a\n1", "operation": "parse", "delimiter": "x" * 1_000_000}),
    ("csv_processor", {"data": "a\n1", "operation": "parse", "sort_by": "x" * 1_000_000}),
    ("json_processor", {"data": {"a": "x" * 6_000_000}, "operation": "parse"}),
    ("json_processor", {"data": [["x" * 100_000]] * 60, "operation": "prettify"}),
    (
        "json_processor",
        {"data": json.dumps([["x" * 400_000]] * 10), "operation": "query", "query_path": "$..*"},
    ),
    (
        "json_processor",
        {
            "data": json.dumps(["x" * 400_000] * 3),
            "operation": "transform",
            "transform_rules": {f"k{n}": "$" for n in range(90)},
        },
    ),
]


@pytest.mark.parametrize(("name", "arguments"), ODD, ids=[f"{name}-{n}" for n, (name, _) in enumerate(ODD)])
async def test_what_would_be_large_is_refused_in_words(name: str, arguments: dict):
    """Patterns, names, paths and queries that would cost much, or tell much, are refused in words."""
    with pytest.raises(GenXAIError) as caught:
        await called(find(name), arguments)
    assert "raised" not in str(caught.value)
    assert len(str(caught.value)) < 25_000


def test_child_tells_no_more_than_it_may(tmp_path):
    """An answer of a child that would fill this process is refused by the child itself."""
    script = tmp_path / "large.py"
    script.write_text("def answer(data, asked):\n    return {'x': 'x' * asked['size']}\n", "utf-8")
    assert ask_child(str(script), {"size": 10}, b"", seconds=20, what="It") == {"x": "x" * 10}
    with pytest.raises(ToolFailed, match="It cannot be read: the answer would have"):
        ask_child(str(script), {"size": 300_000_000}, b"", seconds=20, what="It")
    with pytest.raises(ToolFailed, match="takes too many words"):
        ask_child(str(script), {"size": 1, "x": "x" * 200_000}, b"", seconds=20, what="It")


async def test_what_comes_out_has_a_size():
    """The largest that each reader of data takes comes out within the same size."""
    for name, arguments in (
        ("json_processor", {"data": json.dumps(["x" * 4_000_000]), "operation": "parse"}),
        ("xml_processor", {"data": f"<a>{'<b/>' * 40_000}</a>", "operation": "to_dict"}),
        ("csv_processor", {"data": "a\n" + "x\n" * 90_000, "operation": "parse"}),
    ):
        made = await called(find(name), arguments)
        assert len(json.dumps(plain(made, "x"))) < 6_000_000


SIBLINGS = f"<a>{'<b/>' * 400_000}</a>"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("xml_processor", {"data": SIBLINGS, "operation": "to_dict"}),
        ("xml_processor", {"data": SIBLINGS, "operation": "prettify"}),
        ("xml_processor", {"data": SIBLINGS, "operation": "query", "xpath": "b"}),
        ("data_transformer", {"data": SIBLINGS, "source_format": "xml", "output_path": "a.json"}),
        (
            "data_transformer",
            {"data": f"[{'1,' * 300_000}1]", "target_format": "xml", "output_path": "a.xml"},
        ),
    ],
)
async def test_many_siblings_are_read_in_the_time_of_the_tool(name: str, arguments: dict):
    """Hundreds of thousands of equal elements, each of which must not be met again for the next one, are no bomb."""
    made = find(name)
    async with asyncio.timeout(made.timeout):
        assert await called(made, arguments)
