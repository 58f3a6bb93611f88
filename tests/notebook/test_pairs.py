"""Pairs of a line: cut apart and read."""

from __future__ import annotations

import pytest

from genxai_nb.errors import InputError
from genxai_nb.notebook.pairs import cut_pairs, read_pairs, read_scalar


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n=3", {"n": 3}),
        ("a=1 b=two words c=null", {"a": 1, "b": "two words", "c": None}),
        ('a="x=1 y" b=[1, 2]', {"a": "x=1 y", "b": [1, 2]}),
        ("a='3' b={k: v=w}", {"a": "3", "b": {"k": "v=w"}}),
        ("a=it's b=x==y", {"a": "it's", "b": "x==y"}),
        ("a=", {"a": ""}),
        ("a=yes b=true", {"a": "yes", "b": True}),
    ],
)
def test_values_go_on_to_the_next_key(text, values):
    """Quotes and brackets hold together; what looks like a number is one, unless it is quoted."""
    assert read_pairs(cut_pairs(text), None, None) == values


@pytest.mark.parametrize("text", ["3", "x a=1", "a=1 a=2"])
def test_what_is_no_pair_is_refused(text):
    """A value without a key, and a key that is there twice."""
    with pytest.raises(InputError):
        cut_pairs(text)


def test_a_single_value_is_read_like_one_of_a_pair():
    """Numbers, lists, and text as it stands."""
    assert (read_scalar("3", None), read_scalar("[a, b]", None), read_scalar("a: b", None)) == (
        3,
        ["a", "b"],
        "a: b",
    )
