"""The offline model and the options of choices: which ones a question names, and which tool is meant by them."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from genxai_nb.messages import Message, ModelRequest, ToolCall, ToolResult, assistant, user
from genxai_nb.providers.offline.options import Wording
from genxai_nb.providers.offline.provider import answer
from genxai_nb.tools.base import Tool, tool

Number = Literal["height", "age_in_years", "girth"]
Group = Literal["species", "park"]
Value = Literal["Oak", "Yew", "Green Hill", "Hill", "C"]


@tool
def summarise(
    column: Number,
    statistic: Literal["mean", "sum", "max", "min"] = "mean",
    by: Group | None = None,
    only: list[Value] | None = None,
) -> str:
    """Compute the mean, sum, maximum or minimum of a column, of all rows or by group."""
    return ""


@tool
def count_rows(by: Group | None = None, only: list[Value] | None = None) -> str:
    """Count how many rows there are, of all rows or by group."""
    return ""


@tool
def rank(column: Number, top: int = 5, lowest: bool = False) -> str:
    """List the rows with the highest or lowest values of a column.

    Args:
        column: Which values.
        top: How many rows to list.
        lowest: Begin with the lowest.
    """
    return ""


@tool
def correlate(column: Number, other: Number) -> str:
    """Measure the correlation between two columns."""
    return ""


@tool
def draw(column: Number, by: Group, statistic: Literal["mean", "sum"] = "mean") -> str:
    """Draw a chart of a column by group."""
    return ""


TOOLS = (summarise, count_rows, rank, correlate, draw)


def calls(asked: str, *tools: Tool) -> list[tuple[str, Any]]:
    request = ModelRequest(
        model="offline", messages=(user(asked),), tools=tuple(made.spec for made in tools or TOOLS)
    )
    return [(call.name, call.arguments) for call in answer(request).message.tool_calls]


@pytest.mark.parametrize(
    ("asked", "name", "arguments"),
    [
        ("What is the mean height?", "summarise", {"column": "height", "statistic": "mean"}),
        ("What is the average height by species?", "summarise",
         {"column": "height", "statistic": "mean", "by": "species"}),
        ("How high are the trees of each park on average? Take the height.", "summarise",
         {"column": "height", "statistic": "mean", "by": "park"}),
        ("What is the total age in years of the oaks?", "summarise",
         {"column": "age_in_years", "statistic": "sum", "only": ["Oak"]}),
        ("How many trees are there?", "count_rows", {}),
        ("How many oaks and yews are there per park?", "count_rows", {"by": "park", "only": ["Oak", "Yew"]}),
        ("Which trees have the largest girth?", "rank", {"column": "girth"}),
        ("Which tree has the most girth?", "rank", {"column": "girth"}),
        ("Which 3 trees have the smallest girth?", "rank", {"column": "girth", "top": 3, "lowest": True}),
        ("List the top ten trees by height.", "rank", {"column": "height", "top": 10}),
        ("Is height related to girth?", "correlate", {"column": "height", "other": "girth"}),
        ("Do girth and height go together?", "correlate", {"column": "girth", "other": "height"}),
        ("Plot the average girth by species.", "draw", {"column": "girth", "by": "species", "statistic": "mean"}),
        ("Show a chart of height per park.", "draw", {"column": "height", "by": "park"}),
    ],
)  # fmt: skip
def test_question_in_words_becomes_the_call_that_is_meant(asked: str, name: str, arguments: dict[str, Any]):
    """Columns, groups, statistics and values are found in the question, and of five tools one is called."""
    assert calls(asked) == [(name, arguments)]


@pytest.mark.parametrize("asked", ["Thank you!", "Tell me a joke.", "Who planted the first tree?"])
def test_question_without_any_option_calls_nothing(asked: str):
    """A request that names no column is no request for one."""
    assert calls(asked) == []


def test_word_names_one_option_only():
    """The second parameter of the same choice takes the second option; where there is none, the tool is not called."""
    assert calls("Is height related to girth?", correlate) == [
        ("correlate", {"column": "height", "other": "girth"})
    ]
    assert calls("Is height related to anything?", correlate) == []


def test_parameter_takes_the_option_behind_its_name():
    """``by park`` is meant for the parameter ``by``, whatever else is named before it."""
    assert calls("Count the species by park.", count_rows) == [("count_rows", {"by": "park"})]


def test_tools_for_different_words_are_all_called():
    """Tools compete for the same words only."""

    @tool
    def paint(colour: Literal["red", "blue"]) -> str:
        """Paint a bench."""
        return ""

    assert calls("Paint a bench red, and compute the mean height.", paint, summarise) == [
        ("paint", {"colour": "red"}),
        ("summarise", {"column": "height", "statistic": "mean"}),
    ]


def test_tool_that_is_named_is_called_beside_a_better_one():
    """Who writes a tool's name means it."""
    named = [name for name, _ in calls("Use summarise and correlate for height and girth.")]
    assert named == ["summarise", "correlate"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("yews on the green hill", ["Yew", "Green Hill"]),
        ("Hill, then oak", ["Hill", "Oak"]),
        ("grade C, not c", ["C"]),
        ("a c", []),
        ("", []),
    ],
)
def test_options_are_found_by_their_words(text: str, found: list[str]):
    """In the text's order, the longer of two that overlap, one letter only as it is written."""
    options = ["Oak", "Yew", "Green Hill", "Hill", "C"]
    assert [named.option for named in Wording(text).named(options)] == found


def test_word_of_the_same_meaning_comes_after_the_options_own():
    """An option that is named itself goes before one that is only meant."""
    named = Wording("the highest mean").named(["max", "mean", "min"])
    assert [(one.option, list(one.places)) for one in named] == [("mean", [2]), ("max", [1])]


@pytest.mark.parametrize(
    ("asked", "arguments"),
    [
        ("What is the maximum of temp_max?", {"column": "temp_max", "statistic": "max"}),
        ("Give me the temp_max by its max.", {"column": "temp_max", "statistic": "max"}),
        ("Compute the temp_max.", {"column": "temp_max"}),
    ],
)
def test_word_of_an_argument_that_was_filled_does_not_hide_another(asked: str, arguments: dict[str, str]):
    """An option that stands in a column's name is found where the question says it once more, or in another word."""

    @tool
    def compute(column: Literal["temp_max", "wind"], statistic: Literal["mean", "max"] = "mean") -> str:
        """Compute the mean or maximum of a column."""
        return ""

    assert calls(asked, compute) == [("compute", arguments)]


def test_sentence_that_a_tool_tells_is_told_as_it_is():
    """A value is told with its call; a line of whole sentences says by itself what it is about."""
    asked, call = user("What is the mean height?"), ToolCall("call_1", "summarise", {"column": "height"})
    for result, said in (
        ("The mean of height is 12.5.", "The mean of height is 12.5."),
        ("12.5", "summarise(height) gives 12.5."),
        ("Oaks: 9! Yews: 8. All 17 are in the parks of the town.",) * 2,
        ('["Oaks are high."]', "Oaks are high."),
        ("12 m.", "summarise(height) gives 12 m."),
    ):
        messages = (asked, assistant("", call), Message("tool", (ToolResult("call_1", "summarise", result),)))
        request = ModelRequest(model="offline", messages=messages, tools=(summarise.spec,))
        assert answer(request).message.text == said


def test_score_that_a_question_asks_for_is_no_judgement():
    """Where a question names a score as a thing, the tool's value is told; where it commands to score, the text is judged."""
    given = "\n\n<notes>\nOaks are high and old. Yews are dark and slow.\n</notes>"
    call = ToolCall("call_1", "summarise", {"column": "height"})
    result = Message("tool", (ToolResult("call_1", "summarise", "The mean of height is 12.5."),))
    for asked, said in (
        ("What is the average score of the notes?", "The mean of height is 12.5."),
        ("Could you score the notes?", "Missing: mean, height. Covered: 0 of 2."),
    ):
        messages = (user(asked + given), assistant("", call), result)
        reply = answer(ModelRequest(model="offline", messages=messages, tools=(summarise.spec,)))
        assert said in reply.message.text


@pytest.mark.parametrize(
    "asked", ["Plot the average score by species.", "What is the average score by species?"]
)
def test_text_that_the_task_repeats_is_nothing_to_answer_from(asked: str):
    """A key that a task takes up as it is says nothing more: it is neither judged nor told beside the tool's value."""
    given = f"{asked}\n\n<question>\n{asked}\n</question>"
    call = ToolCall("call_1", "summarise", {"column": "height"})
    result = Message("tool", (ToolResult("call_1", "summarise", "The mean of height is 12.5."),))
    messages = (user(given), assistant("", call), result)
    reply = answer(ModelRequest(model="offline", messages=messages, tools=(summarise.spec,)))
    assert reply.message.text == "The mean of height is 12.5."


@tool
def count_visits(park: Group | None = None, since: int | None = None, until: int | None = None) -> str:
    """Count the visits.

    Args:
        park: By what.
        since: The first year.
        until: The last year.
    """
    return ""


@pytest.mark.parametrize(
    ("asked", "years"),
    [
        ("How many visits were there in 2012?", {"since": 2012, "until": 2012}),
        ("Count the visits during the year 2012.", {"since": 2012, "until": 2012}),
        ("How many visits were there between 2013 and 2014?", {"since": 2013, "until": 2014}),
        ("Count the visits from 1990 to 1999.", {"since": 1990, "until": 1999}),
        ("Count the visits of 1990-1999.", {"since": 1990, "until": 1999}),
        ("How many visits were there since 2000?", {"since": 2000}),
        ("How many visits were there until 2000?", {"until": 2000}),
        ("How many visits were there in the 1990s?", {}),
        ("How many visits were there on 2012-03-04?", {}),
        ("How many visits were there in 2012 or in 2014?", {}),
        ("How many visits were there around 2012?", {}),
    ],
)
def test_years_in_words_are_the_first_and_the_last(asked: str, years: dict[str, Any]):
    """A year alone is both; what names no span in which to look fills neither."""
    assert calls(asked, count_visits) == [("count_visits", years)]


def test_a_tool_for_other_numbers_is_given_no_years():
    """Two whole numbers that say nothing of years, or only one that does, stay as they are."""

    @tool
    def count_pages(start: int | None = None, end: int | None = None) -> str:
        """Count the pages."""
        return ""

    @tool
    def count_leaves(since: int | None = None) -> str:
        """Count the leaves."""
        return ""

    assert calls("How many pages were there in 2012?", count_pages) == [("count_pages", {})]
    assert calls("How many leaves were there in 2012?", count_leaves) == [("count_leaves", {})]
