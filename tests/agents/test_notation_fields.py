"""Bodies of cells: fields that are text, lists, YAML, objects."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.agents.notation import AGENT_FIELDS, agent_from, input_from, parse_fields, prompt_from
from genxai_nb.errors import DefinitionError, LineInvalid, UnknownName
from genxai_nb.yaml_core import load

KINDS = AGENT_FIELDS | {"any": "value"}


def insert(path: str) -> Any:
    """Find the objects of a small notebook."""
    things = {
        "goal_text": "Be brief",
        "double": double,
        "keys": ("a", "b"),
        "n": 3,
        "Report": dict,
        "box.part": "Part",
    }
    if path not in things:
        raise UnknownName("name", path, things)
    return things[path]


def double(x: int) -> int:
    """Double a number."""
    return 2 * x


def read(body: str) -> dict[str, Any]:
    return parse_fields(body, KINDS, insert=insert)


def refusal(body: str) -> LineInvalid:
    with pytest.raises(LineInvalid) as caught:
        read(body)
    error = caught.value
    assert error.line == body.split("\n")[error.number - 1]
    assert 0 <= error.column <= len(error.line)
    return error


@pytest.mark.parametrize(
    "text",
    [
        "Explain: in three",
        "# not a comment",
        "Say it # loud",
        "no",
        "012",
        "{x} [y] & *z !a %b @c `d`",
        "'A' and 'B'",
        '"A" and "B"',
        "- not a list",
        "it's",
        "null",
        "$5 or $goal_text more",
        "a | b",
    ],
)
def test_text_fields_are_literal(text):
    """Text goes to the end of its line, whatever YAML would make of it."""
    assert read(f"goal: {text}") == {"goal": text}
    assert read(f"goal:\n  {text}") == {"goal": text}


def test_indented_lines_belong_to_the_field_above():
    """Lines below a key keep their breaks and their inner indentation; comments at the margin say nothing."""
    body = "task: First\n  second\n\n    deeper  \n# margin\n  # text\n\nrole: Writer\n"
    assert read(body) == {"task": "First\nsecond\n\n  deeper  \n# text", "role": "Writer"}


def test_text_may_begin_below_its_key():
    """A field whose first line is empty is the lines below it; tabs indent too."""
    assert read("task:\n\tfirst\n\t\tsecond\nrole: x") == {"task": "first\n\tsecond", "role": "x"}
    assert read("task:\nrole:  x  ") == {"task": "", "role": "x"}
    assert read("task:\n\n  late") == {"task": "\nlate"}


def test_text_that_is_quoted_whole_is_yaml():
    """Quotes around all of a text are not part of it, and its escapes are read."""
    assert read('goal: "a\\tb: \\"c\\""')["goal"] == 'a\tb: "c"'
    assert read("goal: 'it''s # fine'")["goal"] == "it's # fine"
    assert read("goal: '$goal_text'")["goal"] == "$goal_text"
    assert read('goal: "folded\n  line"')["goal"] == "folded line"


def test_text_that_begins_with_a_bar_is_a_yaml_block():
    """`|` keeps line breaks and the end of the last line; `|-` drops that."""
    assert read("goal: |\n  one\n    two\nrole: x") == {"goal": "one\n  two\n", "role": "x"}
    assert read("goal: |-\n  one")["goal"] == "one"


@pytest.mark.parametrize(
    "body",
    [
        "tools: a, b",
        "tools: a,\n  b",
        "tools: [a, b]",
        "tools: [a,\n  b]  # both",
        "tools: a, 'b'  # both",
        "tools:\n  - a\n  - b  # this too",
        "tools: # these\n  - a\n\n  - b",
        "tools: - a\n  - b",
    ],
)
def test_lists_are_written_in_three_ways(body):
    """With commas, in brackets, or as lines with hyphens; comments may follow."""
    assert read(body) == {"tools": ["a", "b"]}


def test_names_in_lists_are_texts():
    """No name in a list becomes a number or a boolean; one name is a list of one, none is an empty one."""
    assert read("tools: no, 012, on") == {"tools": ["no", "012", "on"]}
    assert read("tools: mcp:search") == {"tools": ["mcp:search"]}
    assert read("tools:\nmemory: []") == {"tools": [], "memory": []}


def test_other_values_are_yaml_1_2_core():
    """Numbers, booleans, null, lists and mappings; `no`, `on`, dates and octals of YAML 1.1 are not special."""
    assert read("temperature: 0.2  # low\nmax_tokens: 200\nmax_turns: 012\nwrites: no") == {
        "temperature": 0.2,
        "max_tokens": 200,
        "max_turns": 12,
        "writes": "no",
    }
    body = "any: [no, on, yes, true, False, ~, 0o17, 0x1F, 1e3, -.5, 1_000, 12:30, 2024-01-01, '1', .inf]"
    assert read(body)["any"] == [
        *("no", "on", "yes", True, False, None, 15, 31, 1000.0, -0.5),
        *("1_000", "12:30", "2024-01-01", "1", float("inf")),
    ]
    assert read("any:\n  a: 1\n  b:\n    - x")["any"] == {"a": 1, "b": ["x"]}
    assert read("any:\ntemperature: null") == {"any": None, "temperature": None}


def test_model_may_be_followed_by_a_comment():
    """A model's name has no space, so what follows a space and # is a comment; # without a space is not."""
    assert read("model: offline   # or another") == {"model": "offline"}
    assert read("model: local:http://host#name") == {"model": "local:http://host#name"}


def test_dollar_inserts_an_object():
    """A value that is exactly `$name` or `$name.attribute` is that object, also within lists."""
    assert read("goal: $goal_text\nrole: $box.part") == {"goal": "Be brief", "role": "Part"}
    assert read("tools: $double, calculator") == {"tools": [double, "calculator"]}
    assert read("tools:\n  - $double") == {"tools": [double]}
    assert read("reads: $keys  # of the state") == {"reads": ["a", "b"]}
    assert read("any: $double\nmax_turns: $n") == {"any": double, "max_turns": 3}
    assert read("output: Report")["output"] is read("output: $Report  # made above")["output"] is dict


REFUSALS = {
    "unknown field": ("role: x\ngoall: y", 2, 0, "Unknown field 'goall'", "Did you mean 'goal'?"),
    "duplicate field": ("role: x\ngoal: y\nrole: z", 3, 0, "'role' is there twice", "2 lines above"),
    "line without a key": ("role: x\nand more", 2, 0, "The line has no key", "Indent it"),
    "first line without a key": ("hello", 1, 0, "The line has no key", "Write key: text"),
    "body that begins indented": ("  role: x", 1, 0, "begins with an indented line", "key: text first"),
    "list that is a mapping": ("tools: {a: 1}", 1, 7, "tools takes names", "tools: a, b"),
    "list in a list": ("tools: [a, [b]]", 1, 7, "tools takes names", "tools: a, b"),
    "list that is open": ("tools: [a, b", 1, 12, "tools cannot be read", "tools: [a, b]"),
    "empty name in a list": ("tools: a,, b", 1, 9, "tools cannot be read", "tools: [a, b]"),
    "bad yaml below its key": ("any:\n  a: 1\n   b: 2", 3, 4, "any cannot be read", "quotes"),
    "bad yaml on the next line": ("any: [a,\n  b: c: d]", 2, 6, "any cannot be read", "quotes"),
    "key twice in yaml": ("any:\n  a: 1\n  a: 2", 3, 2, "the key 'a' is there twice", "quotes"),
    "alias": ("any: [&x 1, *x]", 1, 6, "& and * are not read here", "quotes"),
    "tag": ("any: !!python/name:os.system ''", 1, 5, "is not read here", "quotes"),
    "bad escape in quotes": ('goal: "\\q"', 1, 8, "unknown escape", "quotes"),
    "bar that is no block": ("goal: | of wood", 1, 8, "goal cannot be read", "quotes"),
    "text where a number belongs": (
        "temperature: high",
        1,
        13,
        "temperature takes a number, not 'high'",
        "0.2",
    ),
    "boolean where a number belongs": ("max_turns: true", 1, 11, "takes a whole number, not True", "5"),
    "fraction where a whole number belongs": ("max_tokens: 1.5", 1, 12, "takes a whole number", "5"),
    "list where a key belongs": ("writes: [a]", 1, 8, "writes takes the name of a key", "draft"),
    "no model": ("model:", 1, 6, "model takes a word", "some words"),
    "model of two lines": ("model: a\n  b", 1, 7, "model takes a word", "some words"),
    "object that is not there": (
        "goal: $gaol_text",
        1,
        6,
        "Unknown name 'gaol_text'",
        "Did you mean 'goal_text'?",
    ),
    "object in a list that is not there": ("tools: a, $xyz", 1, 7, "Unknown name 'xyz'", "Known"),
    "output that is not there": ("output: Repport", 1, 8, "Unknown name 'Repport'", "Did you mean 'Report'?"),
    "object that is no text": ("goal: $double", 1, 6, "goal takes text", "some text"),
}


@pytest.mark.parametrize(("body", "number", "column", "what", "hint"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusal_has_a_caret_and_a_hint(body, number, column, what, hint):
    """What cannot be read is refused where it stands, with what to write."""
    error = refusal(body)
    assert what in error.what
    assert hint in error.hint
    assert (error.number, error.column) == (number, column)


def test_without_a_notebook_nothing_is_inserted():
    """Where no objects can be found, `$name` is an error that says how to write it as text."""
    with pytest.raises(LineInvalid, match="in quotes if it is text"):
        parse_fields("goal: $goal_text", {"goal": "text"})


@given(st.text(alphabet="ab:- \n\t#[]{},'\"|$&*!\\\r0.", max_size=40))
def test_any_body_is_read_or_refused(body):
    """No text makes the reader raise anything but LineInvalid, whatever the kinds of its fields."""
    for kind in ("text", "word", "names", "key", "number", "count", "object", "value", "scalar"):
        with contextlib.suppress(LineInvalid):
            parse_fields(f"a: {body}", {"a": kind, "b": kind}, insert=insert)  # type: ignore[dict-item]
        with contextlib.suppress(LineInvalid):
            parse_fields(body, None, insert=insert)


@given(st.text(max_size=40))
def test_any_yaml_is_read_or_refused(text):
    """No text makes the YAML reader raise anything but its own refusal."""
    with contextlib.suppress(LineInvalid):
        load(text)
    with contextlib.suppress(LineInvalid):
        load(text, typed=False)


def test_deep_yaml_is_refused():
    """Nesting beyond the stack and numbers beyond the limit are refusals too."""
    for text in ("[" * 5000, "9" * 5000):
        with pytest.raises(LineInvalid):
            load(text)


def test_agent_is_made_from_its_fields():
    """The body of an agent cell gives an agent of that name."""
    agent = agent_from(
        "fact-checker",
        "model: offline  # for now\nrole: Checker\ntask: Check {{draft}}\n  and {{notes?}}\ntools: $double\n"
        "writes: verdict\ntemperature: 0\nmax_turns: 4",
        insert,
    )
    assert (agent.name, agent.model, agent.writes, agent.max_turns) == (
        "fact_checker",
        "offline",
        "verdict",
        4,
    )
    assert agent.task == "Check {{draft}}\nand {{notes?}}"
    assert [tool.name for tool in agent.toolbox.values()] == ["double"]


def test_agent_whose_task_is_no_template_is_refused_there():
    """The caret stands under the braces, on the line of the body."""
    with pytest.raises(LineInvalid, match="names no key") as caught:
        agent_from("writer", "role: x\ntask: Write\n  about {{the topic}}")
    assert (caught.value.number, caught.value.column) == (3, 8)
    with pytest.raises(LineInvalid, match="names no key") as caught:
        agent_from("writer", "task: 'Write {{}}'")
    assert (caught.value.number, caught.value.column) == (1, 6)


def test_agent_with_a_bad_name_or_value_is_refused():
    """A name that cannot be a variable and a value out of range are errors of the definition."""
    with pytest.raises(DefinitionError, match=r"Write my_agent\."):
        agent_from("my agent", "role: x")
    with pytest.raises(DefinitionError, match="temperature"):
        agent_from("writer", "temperature: 7")


def test_values_of_a_dict_state_are_scalars_or_text():
    """Numbers, booleans, null and bracketed values are typed; all else is text."""
    body = "\n".join(
        [
            "topic: batteries: solid # state",
            "a: 3",
            "b: -1.5e3",
            "c: true",
            "d: null",
            "e: [no, 1]",
            "f: {k: v}",
            "g: 012",
            "h: no",
            "i: 3 # three",
            "j: [draft] on batteries",
            "k: '3'",
            "l:",
            "m: two\n  lines",
            "n: $n",
            "o: 2024-01-01",
        ]
    )
    given_input, answers = input_from(body, insert=insert)
    assert given_input == {
        "topic": "batteries: solid # state",
        "a": 3,
        "b": -1500.0,
        "c": True,
        "d": None,
        "e": ["no", 1],
        "f": {"k": "v"},
        "g": 12,
        "h": "no",
        "i": "3 # three",
        "j": "[draft] on batteries",
        "k": "3",
        "l": "",
        "m": "two\nlines",
        "n": 3,
        "o": "2024-01-01",
    }
    assert answers == {}


def test_bracketed_text_of_a_dict_state_that_is_no_yaml_is_refused():
    """The hint says how to write it as text."""
    with pytest.raises(LineInvalid, match=r"put it in quotes: topic: '\.\.\.'") as caught:
        input_from("topic: [a, b}]")
    assert caught.value.column > 7


def test_values_of_a_schema_follow_its_fields():
    """Fields that hold text are literal, all others are YAML, and only the schema's keys are known."""
    from enum import StrEnum
    from typing import Literal

    from pydantic import BaseModel

    class Tone(StrEnum):
        DRY = "no"

    class Draft(BaseModel):
        topic: str
        advice: str | None = None
        tone: Literal["no", "1"] = "no"
        shade: Tone = Tone.DRY
        mixed: Literal["a", 1] = "a"
        score: float = 0
        notes: list[str] = []

    body = "topic: 12: x\nadvice: null\ntone: 1\nshade: no\nmixed: 1\nscore: 1  # full\nnotes:\n  - a"
    assert input_from(body, Draft) == (
        {
            "topic": "12: x",
            "advice": "null",
            "tone": "1",
            "shade": "no",
            "mixed": 1,
            "score": 1,
            "notes": ["a"],
        },
        {},
    )
    with pytest.raises(LineInvalid, match="Did you mean 'topic'"):
        input_from("topik: x", Draft)


def test_answers_are_reserved_in_the_body_of_a_run():
    """`answers:` holds the answers of people by node, and is no input."""
    body = "topic: x\nanswers:\n  ok: yes\n  fact-check: 3"
    assert input_from(body) == ({"topic": "x"}, {"ok": "yes", "fact_check": 3})
    assert input_from("answers:") == ({}, {})
    assert input_from("answers: {ok: no}") == ({}, {"ok": "no"})
    with pytest.raises(LineInvalid, match="NODE: ANSWER"):
        input_from("answers: yes")
    with pytest.raises(LineInvalid, match="word of the graph language"):
        input_from("answers:\n  if: yes")


def test_body_of_ask_is_plain_text():
    """Nothing in it is read, but a body that is exactly `$name` is that object, written readably."""
    assert prompt_from("\n topic: what?\n# really\n") == "topic: what?\n# really"
    assert prompt_from("$goal_text\n", insert) == "Be brief"
    assert prompt_from("$keys", insert) == "- a\n- b"
    assert prompt_from("$keys and more", insert) == "$keys and more"
    with pytest.raises(UnknownName):
        prompt_from("$nothing", insert)
    with pytest.raises(LineInvalid, match="Nothing is asked"):
        prompt_from("  \n")
