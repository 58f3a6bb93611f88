"""The offline model choosing tools: what fits is called once, with arguments from the request."""

from __future__ import annotations

import datetime
from typing import Any, Literal

import pytest

from genxai_nb.messages import Message, ModelRequest, ToolCall, ToolResult, assistant, system, user
from genxai_nb.providers.offline.provider import answer
from genxai_nb.tools.base import Tool, tool
from genxai_nb.tools.registry import find

calculator = find("calculator")


@tool
def tide_table(harbour: str, day: datetime.date, height: float = 0) -> str:
    """Tell the tides of a harbour."""
    return ""


@tool
def letter_count(text: str) -> int:
    """Count the letters in a text."""
    return 0


@tool
def search_log(query: str, limit: int = 5, newest: bool = False) -> list[str]:
    """Search the ship's log for entries."""
    return []


@tool
def convert(amount: float, unit: Literal["knots", "km per hour"]) -> float:
    """Convert a speed to another unit."""
    return 0


@tool
def draught_of(ship: str) -> float:
    """Tell the draught of a ship in metres."""
    return 0


@tool
def average(values: list[float]) -> float:
    """Compute the average of values."""
    return 0


@tool
def paint(colours: list[str], coats: int) -> str:
    """Paint the hull."""
    return ""


@tool
def book(berth: dict[str, Any]) -> str:
    """Book a berth."""
    return ""


TOOLS = (calculator, tide_table, letter_count, search_log, convert, draught_of, average, paint, book)
LOG = "The wind turned west. We passed the lighthouse at noon. The crew repaired the mast after the storm."


def calls(
    text: str, *tools: Tool, before: tuple[Message, ...] = (), persona: str = ""
) -> list[tuple[str, Any]]:
    opening = (system(persona),) if persona else ()
    request = ModelRequest(
        model="offline",
        messages=(*opening, *before, user(text)),
        tools=tuple(made.spec for made in tools or TOOLS),
    )
    reply = answer(request)
    assert (reply.stop == "tool_calls") is bool(reply.message.tool_calls)
    return [(call.name, call.arguments) for call in reply.message.tool_calls]


@pytest.mark.parametrize(
    ("asked", "name", "arguments"),
    [
        ("What is 12 * (3 + 4)?", "calculator", {"expression": "12 * (3 + 4)"}),
        ("Please compute sqrt(16) + 2^3 for me.", "calculator", {"expression": "sqrt(16) + 2^3"}),
        ('How many letters has "albatross"?', "letter_count", {"text": "albatross"}),
        (
            "When are the tides in Bergen on 2025-06-01?",
            "tide_table",
            {"harbour": "Bergen", "day": "2025-06-01"},
        ),
        ("What does the log say about the mast?", "search_log", {"query": "the mast"}),
        ('Search the log for "broken mast", limit 3, newest first.', "search_log",
         {"query": "broken mast", "limit": 3, "newest": True}),
        ("Convert the speed 12.5 to knots.", "convert", {"amount": 12.5, "unit": "knots"}),
        ("Convert the speed 12.5 to km per hour.", "convert", {"amount": 12.5, "unit": "km per hour"}),
        ("Compute the average of the values 3, 4 and 8.5.", "average", {"values": [3, 4, 8.5]}),
        ('Paint the hull "red" and "white" with two coats.', "paint", {"colours": ["red", "white"], "coats": 2}),
    ],
)  # fmt: skip
def test_tool_that_fits_is_called_with_arguments_from_the_text(
    asked: str, name: str, arguments: dict[str, Any]
):
    """Numbers, quotations, expressions, choices, dates, names and topics become arguments of the one tool that fits."""
    assert calls(asked) == [(name, arguments)]


@pytest.mark.parametrize(
    "asked",
    [
        "Thank you, that was all.",
        "The trip of 2024-05-01 took 3-4 hours at 5/6 of full speed. Write about it.",
        "Convert the speed.",
        "Write a greeting in 50 words.",
    ],
)
def test_no_tool_is_called_when_none_fits(asked: str):
    """A date is no subtraction, a length no text to count, and a tool that cannot be filled stays uncalled."""
    context = f"{asked}\n\n<notes>\n{LOG}\n</notes>"
    assert calls(context) == []


def test_text_argument_is_the_named_part_of_the_state():
    """A whole text comes from the key that the request names, or that the parameter is named after."""
    given = f"<log>\n{LOG}\n</log>\n\n<note>\nAll is well aboard, and the cook sends his regards to the whole fleet.\n</note>"
    assert calls(f"Count the letters of the log.\n\n{given}") == [("letter_count", {"text": LOG})]
    given = given.replace("note>", "text>")
    assert calls(f"Count the letters.\n\n{given}")[0][1]["text"].startswith("All is well")


def test_parameters_are_taken_from_equal_keys():
    """A key of the state that is named like a parameter is its value."""
    given = "<harbour>\nOslo\n</harbour>\n\n<day>\n2025-01-02\n</day>\n\n<height>\n1.5\n</height>"
    assert calls(f"Tell the tides.\n\n{given}") == [
        ("tide_table", {"harbour": "Oslo", "day": "2025-01-02", "height": 1.5})
    ]
    assert calls('Book a berth.\n\n<berth>\n{"pier": 3}\n</berth>') == [("book", {"berth": {"pier": 3}})]


def test_list_under_the_plural_of_a_parameter_makes_one_call_each():
    """Each item of a list is asked for in one turn, in order."""
    given = "<ships>\n- Fram\n- Gjoa\n- Maud\n</ships>"
    assert calls(f"Tell the draught of each ship.\n\n{given}") == [
        ("draught_of", {"ship": "Fram"}),
        ("draught_of", {"ship": "Gjoa"}),
        ("draught_of", {"ship": "Maud"}),
    ]


def test_persona_may_name_the_tool():
    """A tool that the instructions name is called though the task does not."""
    asked = f"Look after the text.\n\n<text>\n{LOG}\n</text>"
    assert calls(asked, letter_count) == []
    assert calls(asked, letter_count, persona="Use letter_count.") == [("letter_count", {"text": LOG})]


def test_several_tools_are_called_in_one_turn():
    """Two tools that are both asked for come together."""
    asked = 'Compute 2 + 2, and count the letters of "gull".'
    assert calls(asked) == [
        ("calculator", {"expression": "2 + 2"}),
        ("letter_count", {"text": "gull"}),
    ]


def test_results_end_the_calling():
    """With results in the conversation the answer is given, never the same call again."""
    asked = user("What is 6 * 7?")
    call = ToolCall("call_1", "calculator", {"expression": "6 * 7"})
    for text, failed, said in (
        ("42", False, "calculator(6 * 7) gives 42."),
        ("broken", True, "calculator(6 * 7) failed: broken."),
    ):
        result = Message("tool", (ToolResult("call_1", "calculator", text, failed=failed),))
        request = ModelRequest(
            model="offline", messages=(asked, assistant("", call), result), tools=(calculator.spec,)
        )
        reply = answer(request).message
        assert (reply.tool_calls, reply.text) == ((), said)


def test_call_of_an_earlier_answer_is_not_made_again():
    """The result that the conversation holds already is used, and only new calls are made."""
    before = (
        user("What is 6 * 7?"),
        assistant("", ToolCall("call_1", "calculator", {"expression": "6 * 7"})),
        Message("tool", (ToolResult("call_1", "calculator", "42"),)),
        assistant("calculator(6 * 7) gives 42."),
    )
    request = ModelRequest(
        model="offline", messages=(*before, user("Again: what is 6 * 7?")), tools=(calculator.spec,)
    )
    assert answer(request).message == assistant("calculator(6 * 7) gives 42.")
    other = answer(
        ModelRequest(model="offline", messages=(*before, user("And 6 * 8?")), tools=(calculator.spec,))
    )
    assert other.message.tool_calls == (ToolCall("call_2", "calculator", {"expression": "6 * 8"}),)


def test_told_to_stop_it_answers():
    """A message right behind tool results belongs to the same request and gets its answer."""
    messages = (
        user('How many letters has "gull"?'),
        assistant("", ToolCall("call_1", "letter_count", {"text": "gull"})),
        Message("tool", (ToolResult("call_1", "letter_count", "4"),)),
        user("You have taken 10 turns. Answer now with what you have."),
    )
    reply = answer(ModelRequest(model="offline", messages=messages))
    assert reply.message.text == "letter_count(gull) gives 4."


def test_nested_schemas_are_resolved():
    """References and optional types in a schema are followed."""

    @tool
    def sail(course: Literal["north", "south"] | None, miles: int | None = None) -> str:
        """Sail a course."""
        return ""

    assert calls("Sail a course north for 12 miles.", sail) == [("sail", {"course": "north", "miles": 12})]


def test_what_is_remembered_beside_a_result_is_no_part_of_it():
    """A question is answered from the result and the note that shares a term with it; the value stays the result's own."""
    block = "Notes.\n\n<memories>\nThe user said:\n- The Heron sails on Monday.\n- Tea is hot.\n</memories>"
    said = (
        user("Which draught has the Heron, and when does it sail?"),
        assistant("", ToolCall("c1", "draught_of", {"ship": "Heron"})),
        Message("tool", (ToolResult("c1", "draught_of", f"3.5\n\n{block}"),)),
    )
    text = answer(ModelRequest(model="offline", messages=said)).message.text
    assert text == "draught_of(Heron) gives 3.5. The Heron sails on Monday."
