"""The calculator: arithmetic only, bounded, with errors that a model can act on."""

from __future__ import annotations

import math
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.registry import find

calculator = find("calculator")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4 / 10", 2.0),
        ("7 // 2 + 7 % 2", 4),
        ("2 ** 10", 1024),
        ("2^10", 1024),
        ("6 × 7 ÷ 2 − 1", 20),
        ("-3 + abs(-3)", 0),
        ("sqrt(2) ** 2", pytest.approx(2)),
        ("sin(pi / 2) + cos(0) + tan(0)", pytest.approx(2)),
        ("log(e) + log(8, 2) + exp(0)", pytest.approx(5)),
        ("min(3, 1, 2) + max(1, 5) + round(2.567, 1) + floor(1.9) + ceil(1.1)", pytest.approx(11.6)),
        ("factorial(5)", 120),
        ("factorial(25)", pytest.approx(1.5511210043330986e25)),
    ],
)
def test_calculates(expression: str, value: float):
    """The functions, constants and signs that the description names are there."""
    assert calculator(expression) == value


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "is no arithmetic expression: The expression is empty"),
        ("2 +", r"is no arithmetic expression: .* Write one such as \(3 \+ 4\) \* sqrt\(2\)\.$"),
        ("1 / 0", "division by zero"),
        ("sqrt(-1)", r"Expression 'sqrt\(-1\)' failed: math domain error"),
        ("squirt(4)", "Unknown function 'squirt'. Did you mean 'sqrt'"),
        ("2 * weight", "'weight' in .* is no number and no constant"),
        ("factorial(100000)", "1000 is the most"),
        ("2 ** 10 ** 10", "more than 4200 digits"),
        ("factorial(900)", "above 1.8e308"),
        ("exp(1000)", "math range error"),
        ("1e308 * 10", "no finite number"),
        ("'ab' * 3", "is no number"),
        ("1 < 2", "is no number"),
        ("[1, 2]", "is no number"),
        ("(1).__class__", "begins with an underscore"),
        ("__import__('os')", "Unknown function"),
        ("'a'.upper()", "is no number"),
    ],
)
def test_refuses_in_words(expression: str, said: str):
    """What is no arithmetic, or would be too large, is refused with the reason."""
    with pytest.raises(ToolFailed, match=said):
        calculator(expression)


def test_hostile_expressions_end_at_once():
    """Towers of powers, huge shifts and deep nesting are refused before they cost time."""
    began = time.perf_counter()
    for expression in (
        "9**9**9**9",
        "(" * 5000 + "1" + ")" * 5000,
        "max(" + "1," * 3000 + "1)",
        "10**(10**8)",
    ):
        with pytest.raises(ToolFailed):
            calculator(expression)
    assert time.perf_counter() - began < 1


def test_is_read_only_and_described():
    """Its calls are no effects, and its schema has one described text."""
    assert not calculator.effect
    assert calculator.spec.parameters["required"] == ["expression"]
    assert calculator.spec.parameters["properties"]["expression"]["type"] == "string"
    assert math.isclose(calculator("pi"), math.pi)


@given(st.text(max_size=25) | st.from_regex(r"[-+*/%().0-9a-z, \[\]]{1,20}", fullmatch=True))
def test_any_text_is_a_number_or_an_error_in_words(text: str):
    """No text makes the calculator fail in another way, or give what is no number."""
    with suppress(ToolFailed):
        assert math.isfinite(calculator(text))
