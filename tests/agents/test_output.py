"""Answers that are JSON, nearly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from genxai_nb.agents.output import errors_in_words, read_output


class Verdict(BaseModel):
    score: float
    notes: list[str] = []


MEANT = Verdict(score=0.5, notes=["a, ]", 'say "b,}"'])
EXACT = '{"score": 0.5, "notes": ["a, ]", "say \\"b,}\\""]}'
LOOSE = '{"score": 0.5, "notes": ["a, ]", "say \\"b,}\\"",\n],\n}'


@pytest.mark.parametrize(
    "text",
    [
        EXACT,
        LOOSE,
        f"```json\n{EXACT}\n```",
        f"```\n{LOOSE}\n```",
        f"Here it is:\n\n```json\n{EXACT}\n```\nI hope that helps!",
        f"Sure. {EXACT} Anything else?",
        f"The set {{1, 2}} aside, [as ever], my verdict: {LOOSE}",
        f'First I thought {{"score": 0.1}}, but in the end {EXACT}',
        f"```python\nx = {{}}\n```\n```json\n{EXACT}\n```",
    ],
)
def test_what_is_meant_is_read(text: str):
    """Fences, text around and commas too many do not cost another turn; strings stay as they are."""
    assert read_output(Verdict, text) == (MEANT, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I will not.", "the answer: Invalid JSON"),
        ('{"score": "high"}', "score: Input should be a valid number"),
        ('My verdict: {"score": "high"}.', "score: Input should be a valid number"),
        (
            '{"score": "low"}? No: {"score": "high"}.',
            "score: Input should be a valid number, unable to parse string as a number (it was 'high')",
        ),
        ('{"score": 0.5', "the answer: Invalid JSON"),
        ("", "the answer: Invalid JSON"),
        ("[" * 5000, "the answer: Invalid JSON"),
    ],
)
def test_what_does_not_fit_is_told_by_field_where_it_can_be(text: str, said: str):
    """An answer with JSON in it is told what is wrong with its fields, any other that it is no JSON."""
    value, error = read_output(Verdict, text)
    assert value is None
    assert error is not None
    assert errors_in_words(error)[0].startswith(said)


@given(st.text(), st.text(alphabet='{}[]," :a1\n`'))
def test_no_text_breaks_the_reading(one: str, other: str):
    """Whatever a model writes is read or told apart, and an exact answer behind it is still found."""
    read_output(Verdict, one + other)
    assert (
        read_output(Verdict, EXACT + "\n" + one.replace("{", "").replace("[", "").replace("`", ""))[1] is None
    )
