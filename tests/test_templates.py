"""Templates over a state."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from genxai_nb.errors import LineInvalid, TemplateKeyMissing
from genxai_nb.templates import compile_template, readable


class Draft(BaseModel):
    text: str
    scores: list[int] = []


@dataclass
class Point:
    x: int
    y: float


class Colour(Enum):
    RED = "red"


class Size(StrEnum):
    LARGE = "large"


def render(text: str, /, **state: Any) -> str:
    return compile_template(text).render(state)


def test_keys_are_filled_in():
    """A key between double braces is replaced by its value, with or without space inside."""
    assert (
        render("Write about {{topic}}, {{ topic }}.", topic="solid-state")
        == "Write about solid-state, solid-state."
    )


def test_keys_and_optional_keys_are_listed_in_order():
    """`keys` has what has to be there, `optional` what may be absent; a key used both ways is needed."""
    template = compile_template("{{b}} {{a.x}} {{c?}} {{b}} {{d.y?}} {{a?}}")
    assert template.keys == ("b", "a")
    assert template.optional == ("c", "d")


def test_parts_are_read():
    """Keys of mappings, fields of models and numbered items can be named."""
    state: dict[str, Any] = {
        "draft": Draft(text="T", scores=[4, 5]),
        "data": {"k": {"z": 1}},
        "point": Point(1, 2),
    }
    assert render("{{draft.text}} {{data.k.z}} {{point.x}} {{draft.scores.1}}", **state) == "T 1 1 5"


def test_absent_key_is_an_error_with_the_nearest():
    """A key that the state lacks is named, with the nearest one."""
    with pytest.raises(TemplateKeyMissing, match="Did you mean 'topic'") as caught:
        render("{{topik}}", topic="x")
    assert caught.value.key == "topik"


@pytest.mark.parametrize("path", ["data.kind", "draft.txt", "items.7", "data.key.deep", "items.x", "none.x"])
def test_absent_part_is_an_error_with_the_whole_path(path):
    """A part that is not there is named with its path, whatever it is a part of."""
    state: dict[str, Any] = {"data": {"key": "x"}, "draft": Draft(text="T"), "items": [1], "none": None}
    with pytest.raises(TemplateKeyMissing) as caught:
        render("{{" + path + "}}", **state)
    assert caught.value.key == path


def test_absent_part_names_the_nearest_part():
    """The suggestion is a whole path."""
    with pytest.raises(TemplateKeyMissing, match=r"Did you mean 'draft\.text'"):
        render("{{draft.txt}}", draft=Draft(text="T"))


def test_optional_key_is_empty_where_it_is_absent():
    """With a question mark an absent key or part is no text at all."""
    assert render("[{{advice?}}][{{data.x?}}][{{ data.k? }}]", data={"k": "v"}) == "[][][v]"


def test_inserted_text_is_not_expanded_again():
    """A value that looks like a template stays as it is."""
    assert render("{{a}} {{b}}", a="{{b}}", b="{{a}}") == "{{b}} {{a}}"


def test_braces_as_text():
    """A backslash before double braces makes them text; closing braces and single ones need nothing."""
    assert render(r'\{{topic}} {"a": {"b": {{n}}}}', n=1) == '{{topic}} {"a": {"b": 1}}'


@pytest.mark.parametrize(
    ("text", "number", "column", "part"),
    [
        ("{{}}", 1, 0, "'{{}}' names no key"),
        ("x\ny {{two words}}", 2, 2, "'{{two words}}' names no key"),
        ("{{1x}}", 1, 0, "names no key"),
        ("{{a..b}}", 1, 0, "names no key"),
        ("{{a|upper}}", 1, 0, "names no key"),
        ("ab {{topic}", 1, 3, "is not closed"),
        ("{{a\n}}", 1, 0, "is not closed"),
    ],
)
def test_what_is_no_key_is_refused(text, number, column, part):
    """Double braces around anything but a key are an error with a caret and the way to write them."""
    with pytest.raises(LineInvalid) as caught:
        compile_template(text)
    assert part in caught.value.what
    assert (caught.value.number, caught.value.column) == (number, column)
    assert r"\{{" in caught.value.hint


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("as\nit is ", "as\nit is "),
        (3, "3"),
        (0.1 + 0.2, "0.3"),
        (2.0, "2"),
        (1e30, "1e+30"),
        (Decimal("1.50"), "1.50"),
        (True, "true"),
        (None, ""),
        ([], ""),
        ({}, ""),
        (datetime.date(2024, 5, 6), "2024-05-06"),
        (Colour.RED, "red"),
        (Size.LARGE, "large"),
        (b"abc", "3 bytes"),
        (["a", "b"], "- a\n- b"),
        (("a",), "- a"),
        ({"b", "a"}, "- a\n- b"),
        ({"k": "v", "n": None, "e": []}, "k: v\nn: none\ne: none"),
        ({"k": ["a", "b"], "m": {"x": 1}}, "k:\n  - a\n  - b\nm:\n  x: 1"),
        ([{"a": 1, "b": 2}, ["x", "y"]], "- a: 1\n  b: 2\n- - x\n  - y"),
        ({"k": "two\nlines"}, "k:\n  two\n  lines"),
        (["two\nlines"], "- two\n  lines"),
        (Draft(text="T", scores=[1]), "text: T\nscores:\n  - 1"),
        (Point(1, 0.5), "x: 1\ny: 0.5"),
        ([Draft(text="T")], "- text: T\n  scores: none"),
    ],
)
def test_values_are_written_readably(value, expected):
    """Texts stay, lists become lines, mappings and models `name: value` lines."""
    assert readable(value) == expected
    assert render("{{x}}", x=value) == expected


def test_deep_and_endless_values_end():
    """A list that contains itself is still written."""
    endless: list[Any] = ["a"]
    endless.append(endless)
    assert "[...]" in readable(endless)


def test_only_the_named_keys_are_read():
    """Rendering touches no other key of the state."""
    read: list[str] = []

    class Noting(Mapping[str, str]):
        def __getitem__(self, key):
            read.append(key)
            return "v"

        def __iter__(self):
            return iter(("a", "b"))

        def __len__(self):
            return 2

    assert compile_template("{{a}}").render(Noting()) == "v"
    assert read == ["a"]


@given(st.text(alphabet="{}ab.? \\\n1", max_size=30))
def test_any_text_is_a_template_or_refused(text):
    """No text makes the compiler raise anything but our error, and text without braces is itself."""
    try:
        template = compile_template(text)
    except LineInvalid:
        assert "{{" in text
        return
    if "{{" not in text:
        assert template.render({}) == text


@pytest.mark.parametrize(
    "text",
    [
        "{{7*7}}",
        "{{''.__class__}}",
        "{{x.__class__}}",
        "{{x.__init__.__globals__}}",
        "{{x.secret}}",
        "{{x.keys}}",
    ],
)
def test_templates_run_nothing_and_read_no_attribute(text):
    """A template computes nothing, and reads keys only, never what Python knows of a value."""

    class Odd:
        secret = "canary"

    for value in (Odd(), {}, "text", [1]):
        with pytest.raises((LineInvalid, TemplateKeyMissing)):
            compile_template(text).render({"x": value})
    for harmless in ("{0.__class__}", "{x!r:>9}", "%(x)s", "${x}", "#{7*7}", "<%= 7*7 %>"):
        assert compile_template(harmless).render({"x": Odd()}) == harmless
