"""What a tool returns becomes plain data, or is refused with its path."""

from __future__ import annotations

import datetime
import enum
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from msgspec import Struct

from genxai_nb.errors import NotStorable
from genxai_nb.tools.results import plain


class Level(enum.IntEnum):
    LOW = 1


class Name(str):
    """Text of a kind of its own."""


class Spot(Struct, omit_defaults=True):
    name: str
    near: list[str] = []


class Point(NamedTuple):
    x: int
    when: datetime.date


DAY = datetime.date(2025, 3, 4)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (Spot("a"), {"name": "a"}),
        ([Spot("a", ["b"])], [{"name": "a", "near": ["b"]}]),
        ([1, 2.5, "a", True], [1, 2.5, "a", True]),
        (((1,), {"k": (2,)}), [[1], {"k": [2]}]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({Level.LOW: Level.LOW}, {"1": 1}),
        (Name("Ann"), "Ann"),
        (Point(1, DAY), {"x": 1, "when": "2025-03-04"}),
        (datetime.datetime(2025, 3, 4, 5, 6), "2025-03-04T05:06:00"),
        (datetime.timedelta(seconds=90), "0:01:30"),
        ([Decimal("1.10"), PurePosixPath("a/b"), UUID(int=1)], ["1.10", "a/b", f"{UUID(int=1)}"]),
        (np.float64(1.5), 1.5),
        (np.array([[1, 2]]), [[1, 2]]),
        (pd.DataFrame({"a": [1, 2], "day": [DAY, DAY]}), [{"a": 1, "day": "2025-03-04"}, {"a": 2, "day": "2025-03-04"}]),
        (pd.Series([1, 2]), [1, 2]),
    ],
)  # fmt: skip
def test_values_have_a_plain_form(value: Any, wanted: Any):
    """Collections, enums, times, numpy values and tables become text, numbers, lists and dicts of exactly these types."""
    found = plain(value, "tool")
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (object(), "tool"),
        ({"a": [0, lambda: 1]}, r"tool\.a\[1\]"),
        ({(1, 2): 3}, r"tool\.\(1, 2\)"),
        (Point(1, object()), r"tool\.when"),  # type: ignore[arg-type]
        ({object}, r"tool\{\}"),
    ],
)
def test_values_without_a_plain_form_are_refused(value: Any, path: str):
    """The error names where in the result the value is."""
    with pytest.raises(NotStorable, match=rf"^{path} is a "):
        plain(value, "tool")


class Near(NamedTuple):
    """A part with names."""

    id: str
    score: float


class Found(Struct, omit_defaults=True):
    """Parts with names, within a struct."""

    near: list[Near]
    best: Near | None = None
    more: bool = False


def test_names_within_a_struct_are_kept():
    """A model reads what a number means also where a struct holds a named tuple; defaults stay left out."""
    found = Found([Near("a", 1.0)], best=Near("a", 1.0))
    assert plain(found, "found") == {"near": [{"id": "a", "score": 1.0}], "best": {"id": "a", "score": 1.0}}


def test_halves_of_characters_are_mended():
    """Text that no UTF-8 can hold, as a stranger's JSON may give it, is mended wherever it stands."""
    odd = "a\ud800b"
    assert plain({odd: [odd, (Name(odd),), Spot(odd)]}, "x") == {
        "a\ufffdb": ["a\ufffdb", ["a\ufffdb"], {"name": "a\ufffdb"}]
    }
    assert plain("\ud83d\ude00 ä", "x") == "\U0001f600 ä"
