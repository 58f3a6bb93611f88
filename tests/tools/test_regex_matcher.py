"""Regular expressions: all operations, and patterns that would never end."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.registry import find

match = find("regex_matcher")


@pytest.mark.parametrize(
    ("operation", "found"),
    [
        ("match", []),
        ("search", ["12"]),
        ("findall", ["12", "3"]),
        ("finditer", ["12", "3"]),
        ("fullmatch", []),
    ],
)
def test_finds(operation: str, found: list[str]):
    """Each operation finds what that of Python's re finds."""
    made = match(text="a12 b3", pattern=r"\d+", operation=operation)
    assert [one.text for one in made.matches] == found
    assert (made.matched, made.count) == (bool(found), len(found))


def test_groups_and_places():
    """A match tells its groups, by number and by name, and where it stands."""
    (one,) = match(text="id=7;", pattern=r"(\w+)=(?P<value>\d)(x)?").matches
    assert (one.text, one.start, one.end) == ("id=7", 0, 4)
    assert one.groups == ["id", "7", None]
    assert one.named == {"value": "7"}


def test_replaces_and_splits():
    """Sub uses groups, split cuts, and both count."""
    made = match(text="1-2", pattern=r"(\d)-(\d)", operation="sub", replacement=r"\2-\1")
    assert (made.text, made.count) == ("2-1", 1)
    assert match(text="a, b,c", pattern=r",\s*", operation="split").parts == ["a", "b", "c"]
    assert match(text="A\nb", pattern="^[a-z]$", flags="im").count == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"pattern": "("}, "unterminated subpattern at character 0"),
        ({"pattern": "a", "operation": "sub"}, "needs a replacement"),
        ({"pattern": "a", "operation": "sub", "replacement": r"\4"}, "invalid group reference 4"),
        ({"pattern": "a", "operation": "sub", "replacement": r"\g<x>"}, "unknown group name 'x'"),
        ({"pattern": "a", "flags": "iq"}, "Unknown flag 'q'"),
    ],
)
def test_refuses_in_words(arguments: dict, said: str):
    """A pattern, replacement or flag that cannot be used is told with its place."""
    with pytest.raises(ToolFailed, match=said):
        match(text="aaa", **arguments)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 40 + "b"),
        ("(.*)*=x", "y" * 3000),
        ("(?:a|a|a|a)*$", "a" * 10_000 + "b"),
        ("(((((a{0,1000}){0,1000}){0,1000}){0,1000}){0,1000})$", "a" * 1000 + "b"),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60),
    ],
)
def test_hostile_patterns_end_in_time(pattern: str, text: str):
    """A pattern that backtracks for ever is killed when its time is over, and the next one works."""
    began = time.perf_counter()
    with pytest.raises(ToolFailed, match="took longer than 0.3 s"):
        match(text=text, pattern=pattern, timeout=0.3)
    assert time.perf_counter() - began < 1.3
    assert match(text="ok", pattern="ok").matched


def test_output_is_bounded():
    """More matches than are told are counted out, and a substitution cannot grow without end."""
    made = match(text="a" * 5000, pattern="a")
    assert (len(made.matches), made.truncated) == (1000, True)
    with pytest.raises(ToolFailed, match="longer than 1000000 characters"):
        match(text="a" * 5000, pattern="a", operation="sub", replacement="b" * 1000)


@settings(max_examples=25)
@given(st.text(max_size=40), st.text(alphabet="ab.*+?()[]|\\d{}1,^$", max_size=8))
def test_finds_what_the_standard_library_finds(text: str, pattern: str):
    """Whatever re takes gives the same matches; whatever it refuses is refused in words."""
    try:
        wanted = [one[0] for one in re.finditer(pattern, text)]
    except (re.error, OverflowError):
        with pytest.raises(ToolFailed, match="cannot be used"):
            match(text=text, pattern=pattern)
        return
    assert [one.text for one in match(text=text, pattern=pattern).matches] == wanted
