"""The safe evaluator."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, computed_field

from genxai_nb.errors import ConditionFailed, LineInvalid
from genxai_nb.expressions import compile_expression


def value(text: str, /, **state: Any) -> Any:
    return compile_expression(text).evaluate(state)


def failure(text: str, /, **state: Any) -> str:
    with pytest.raises(ConditionFailed) as caught:
        value(text, **state)
    return str(caught.value)


def refusal(text: str) -> LineInvalid:
    with pytest.raises(LineInvalid) as caught:
        compile_expression(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "state", "expected"),
    [
        ("score < 0.8", {"score": 0.5}, True),
        ("0 < score <= 1", {"score": 1}, True),
        ("1 < score < 3 < 2", {"score": 2}, False),
        ("a and b", {"a": 0, "b": 1}, 0),
        ("a or b or c", {"a": 0, "b": "", "c": 3}, 3),
        ("not a", {"a": []}, True),
        ("'x' in notes", {"notes": ["x"]}, True),
        ("'x' not in notes", {"notes": ["y"]}, True),
        ("advice is None", {"advice": None}, True),
        ("advice is not None", {"advice": None}, False),
        ("'long' if len(text) > 3 else 'short'", {"text": "abcd"}, "long"),
        ("a + b * 2 - 7 // 2", {"a": 1, "b": 2}, 2),
        ("7 / 2 + 7 % 4 + 2 ** 3 + -1", {}, 13.5),
        ("items[0] + items[-1]", {"items": [1, 2, 3]}, 4),
        ("text[1:3] + text[::3]", {"text": "abcd"}, "bcad"),
        ("draft.sum", {"draft": {"sum": "1 + 1"}}, "1 + 1"),
        ("draft['sum']", {"draft": {"sum": 2}}, 2),
        ("[a, (a, 2), {3}, {'k': a}]", {"a": 1}, [1, (1, 2), {3}, {"k": 1}]),
        ("name.lower().startswith('a')", {"name": "Ada"}, True),
        ("name.strip().split(',')", {"name": " a,b "}, ["a", "b"]),
        ("scores.get('x', 0) + len(scores.keys()) + sum(scores.values())", {"scores": {"y": 2}}, 3),
        ("notes.count('x')", {"notes": ["x", "x"]}, 2),
        ("min(a) + max(1, 2) + max([], default=4)", {"a": [1, 5]}, 7),
        ("sorted(a)", {"a": [1, 3, 2]}, [1, 2, 3]),
        ("sorted(a, reverse=True)", {"a": [1, 3, 2]}, [3, 2, 1]),
        ("round(score, 1) == 0.3 and round(2.6) == 3", {"score": 0.31}, True),
        (
            "any(a) and all(a) and abs(-1) and bool(1) and int('2') and float('1.5') and str(3)",
            {"a": [1]},
            "3",
        ),
        ("x == 'é' and y.z > 1", {"x": "é", "y": {"z": 2}}, True),
        ("(a\n and b)", {"a": 1, "b": 2}, 2),
    ],
)
def test_expression_means_what_it_means_in_python(text, state, expected):
    """Each form of the language has its Python meaning."""
    assert value(text, **state) == expected


def test_parts_of_values_are_their_declared_fields():
    """Fields of models, dataclasses, structs, named tuples, enums and dates can be read."""

    class Draft(BaseModel):
        model_config = ConfigDict(extra="allow")
        text: str

        @computed_field
        @property
        def size(self) -> int:
            return len(self.text)

    @dataclass
    class Data:
        x: int

    class Record(Struct):
        x: int

    class Pair(NamedTuple):
        x: int

    class Colour(Enum):
        RED = "red"

    state: dict[str, Any] = {
        "draft": Draft(text="abc", more=2),
        "day": datetime.date(2024, 5, 6),
        "c": Colour.RED,
    }
    assert value("draft.text", **state) == "abc"
    assert value("draft.size + draft.more", **state) == 5
    assert value("day.year == 2024 and c.value == 'red'", **state) is True
    for holder in (Data(1), Record(1), Pair(1)):
        assert value("it.x", it=holder) == 1


def test_names_are_the_keys_of_the_state():
    """`names` has the root keys only: no fields, no functions."""
    assert compile_expression("len(draft.text) > limit and notes[i]").names == {
        "draft",
        "limit",
        "notes",
        "i",
    }


def test_conditions_are_decided_lazily():
    """`and`, `or`, `if` and chains leave alone what does not matter."""
    assert value("a and absent", a=0) == 0
    assert value("a or absent", a=1) == 1
    assert value("1 if a else absent", a=1) == 1
    assert value("a < 0 < absent", a=1) is False


def test_absent_key_names_the_nearest():
    """A key that the state lacks is an error with the nearest key."""
    assert failure("scor < 1", score=1) == (
        "Expression 'scor < 1' names 'scor', which the state does not have. Did you mean 'score'?"
    )
    assert "the key 'sum', which is not there. Did you mean 'sums'?" in failure("d.sum", d={"sums": 1})
    assert "the key 'a', which is not there" in failure("d['a']", d={})
    assert "It is a function: write len(...)." in failure("len < 3")


def test_wrong_type_is_an_error_that_shows_the_value():
    """A comparison that Python refuses is an error, not False, and shows the value and its type."""
    message = failure("score < 0.8", score="high")
    assert "'<' not supported" in message
    assert "score is 'high' (str)" in message


def test_long_values_are_shortened_in_errors():
    """A message stays readable when the value is large."""
    assert len(failure("text < 1", text="x" * 10_000)) < 300


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1 / 0", "division by zero"),
        ("items[3]", "reads item 3 of a list of 1"),
        ("n.lower()", "calls .lower() of 3 (int)"),
        ("items.lower()", "calls .lower() of [0] (list)"),
        ("it.secret", "reads 'secret' of"),
        ("{items: 1}", "unhashable"),
        ("min(1, 2, key=3)", "take only default"),
    ],
)
def test_failures_say_what_happened(text, part):
    """Whatever goes wrong in a value is a ConditionFailed with the reason."""

    class Thing:
        secret = 1

    assert part in failure(text, n=3, items=[0], it=Thing())


def test_error_of_a_value_s_own_operator_is_a_failed_condition():
    """An exception from a value's own code keeps its cause."""

    class Odd:
        def __lt__(self, other):
            raise RuntimeError

    with pytest.raises(ConditionFailed, match="RuntimeError") as caught:
        value("odd < 1", odd=Odd())
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_value_that_is_neither_true_nor_false_does_not_hold():
    """`holds` turns a value into yes or no, and its refusal into an error of ours."""

    class Table:
        def __bool__(self):
            msg = "the truth value is ambiguous"
            raise ValueError(msg)

    assert compile_expression("notes").holds({"notes": ["x"]}) is True
    with pytest.raises(ConditionFailed, match="ambiguous"):
        compile_expression("table").holds({"table": Table()})


def test_reading_changes_nothing():
    """Reading a key of a defaultdict does not make the key."""
    counts: dict[str, int] = defaultdict(int)
    assert "not there" in failure("counts['x'] > 0", counts=counts)
    assert "not there" in failure("counts.x > 0", counts=counts)
    assert not counts


@pytest.mark.parametrize(
    "text",
    [
        "9 ** 9 ** 9",
        "'a' * 10 ** 9",
        "10 ** 9 * [0]",
        "(10 ** 4000) * (10 ** 4000)",
        "round(5, -10 ** 10)",
        "'%999999999d' % 1",
        "(-8) ** 0.5",
        "10.0 ** 400",
        "int('9' * 5000)",
        "str([['x' * 99999] * 99999])",
        "[[[['x' * 9999] * 9999] * 9999] * 9999] == [[[['x' * 9999] * 9999] * 9999] * 9999]",
        "[0] + [[0] * 99999] * 99999",
        " + ".join(["'x' * 99999"] * 120),
    ],
)
def test_results_are_bounded(text):
    """What would fill the memory or never end is refused at once."""
    begun = time.perf_counter()
    failure(text)
    assert time.perf_counter() - begun < 0.5


def test_powers_that_fit_are_computed():
    """Bounded powers are still powers."""
    assert value("2 ** 13000") == 2**13000
    assert value("1 ** 10 ** 9 + 0 ** 5 + 2 ** -1") == 1.5


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("", 0, "empty"),
        ("score <", 7, "breaks off"),
        ("score = 1", 6, "invalid syntax"),
        ("score <\n 1", 7, "invalid syntax"),
        ("a b", 2, "invalid syntax"),
        ("(a", 0, "never closed"),
        ("é + [x for x in y]", 4, "a comprehension"),
        ("lambda: 1", 0, "lambda"),
        ("(x := 1)", 1, ":="),
        ("f'{x}'", 0, "an f-string"),
        ("[*x]", 1, "*"),
        ("{**x}", 3, "**"),
        ("max(**x)", 6, "**"),
        ("~x", 0, "~"),
        ("x | y", 0, "bits"),
        ("1j", 0, "1j"),
        ("b'x'", 0, "b'x'"),
        ("...", 0, "Ellipsis"),
        ("x.__class__", 0, "underscore"),
        ("x._secret()", 0, "underscore"),
        ("__import__", 0, "underscore"),
        ("open('x')", 0, "Unknown function 'open'"),
        ("x.format(y)", 0, "Unknown method 'format'"),
        ("x.upper(a=1)", 0, "no named arguments"),
        ("x()()", 0, "can be called"),
        ("a \x00", 0, "null bytes"),
        ("x" * 5000, 0, "5000 characters"),
        ("(" * 300 + "1" + ")" * 300, 200, "too many nested"),
        ("not " * 500 + "x", 600, "nested too deeply"),
        ("-" * 3999 + "1", None, "nested too deeply"),
    ],
)
def test_what_is_no_expression_is_refused_where_it_is_not(text, column, part):
    """Each refusal says what is wrong and where the caret stands."""
    error = refusal(text)
    assert part in error.what
    assert column is None or error.column == column
    assert error.hint


def test_caret_stands_in_the_line_it_is_about():
    """In an expression over several lines the error has the line and column of the mistake."""
    error = refusal("(a and\n  open(b))")
    assert (error.number, error.column, error.line) == (2, 2, "  open(b))")


def test_habits_of_other_languages_get_a_hint():
    """`&&` and its like are answered with the Python word."""
    assert refusal("a && b").hint == "Write and for &&."
    assert refusal("a || b").hint == "Write or for ||."


def test_unknown_function_names_the_nearest():
    """A misspelt function is answered with the nearest one."""
    assert refusal("round_(x)").hint == "Did you mean 'round'?"


def test_function_table_can_be_another():
    """A caller may pass its own functions, which then are the only ones."""
    expression = compile_expression("double(x) + pi", {"double": lambda number: number * 2})
    assert expression.evaluate({"x": 2, "pi": 3}) == 7
    with pytest.raises(LineInvalid, match="Unknown function 'len'"):
        compile_expression("len(x)", {"double": abs})


def test_scope_may_be_any_mapping():
    """A scope that is no dict is read by its own `[]`."""

    class Scope(Mapping[str, int]):
        def __getitem__(self, key):
            return {"x": 1}[key]

        def __iter__(self):
            return iter(("x",))

        def __len__(self):
            return 1

    assert compile_expression("x + 1").evaluate(Scope()) == 2
    with pytest.raises(ConditionFailed, match="Did you mean 'x'"):
        compile_expression("x1 + 1").evaluate(Scope())


@given(st.text(alphabet="ab.[]()<>=!+-*/% \n'\"\\{}:,;1&|_#éif el", max_size=40))
def test_any_text_is_an_expression_or_refused(text):
    """No text makes the compiler or the evaluator raise anything but our errors."""
    with contextlib.suppress(LineInvalid, ConditionFailed):
        compile_expression(text).evaluate({"a": 1, "b": "x"})
