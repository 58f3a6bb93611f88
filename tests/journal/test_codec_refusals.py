"""What the codec refuses to write, and what it refuses to read."""

from __future__ import annotations

import sys
from collections import namedtuple
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from genxai_nb.errors import NotStorable, StoreDamaged
from genxai_nb.journal.codec import decode_event, encode_event, encode_request, from_plain, to_plain
from genxai_nb.journal.events import NodeFinished
from genxai_nb.journal.tables import TABLE_TAGS
from genxai_nb.journal.tags import SCALAR_READERS
from genxai_nb.messages import Message, ModelReply, ModelRequest, Text, ToolCall, assistant, user


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: Any = None


class Draft(BaseModel):
    text: str
    points: list[Any] = []
    model_config = {"extra": "allow"}


Pair = namedtuple("Pair", "left right")

held: list[Any] = []
held.append({"me": held})
ring = Point(1)
ring.y = [ring]
deep: Any = []
for _ in range(100):
    deep = [deep]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (lambda: 1, "update is a builtins.function"),
        ({"report": [1, 2, 3, {"chart": object()}]}, "update.report[3].chart is a builtins.object"),
        (
            {"two words": (1, {"x": print})},
            "update['two words'][1].x is a builtins.builtin_function_or_method",
        ),
        ({1: {None: {b"k": [iter(())]}}}, r"update[1][None][b'k'][0] is a builtins.tuple_iterator"),
        ({"s": {("a", print)}}, "update.s{('a', <built-in function print>)}[1] is a "),
        ({"d": Point(1, Point(2, sys))}, "update.d.y.y is a builtins.module"),
        ({"d": Draft(text="x", points=[Draft])}, "update.d.points[0] is a pydantic"),
        ({"d": Draft(text="x", key=SecretStr("hush"))}, "update.d.key is a pydantic.types.SecretStr"),
        ({"e": ValueError("x")}, "update.e is a builtins.ValueError"),
        ({"l": held}, "update.l[0].me contains itself"),
        ({"p": ring}, "update.p.y[0] contains itself"),
        ({"d": deep}, "is nested deeper than 64 levels"),
        ({"a": ["ok", "\ud800"]}, "update.a[1] is no valid Unicode text"),
        ({"a": Point(1, "\udfff")}, "update.a.y is no valid Unicode text"),
        ({"a": {"\ud800": 1}}, r"update.a['\ud800'] has a key that is no valid Unicode text"),
        ({"a": {3: "\ud800"}}, "is no valid Unicode text"),
        ({"n": [10**5000]}, "update.n[0] is a whole number of more than 4300 digits"),
        ({Colour.RED: 1, "red": 2}, "update{'red'} is read back as a value that is there already"),
        (
            {"s": {Pair(1, 2), (1, 2), 3}, "t": {Colour.RED, "red"}},
            "is read back as a value that is there already",
        ),
        (
            {"k": {Frozen: 1} if (Frozen := None) else {frozenset([print]): 1}},
            "update.k{frozenset({<built-in function print>})}",
        ),
        ({"m": Text(5)}, "update.m is no Text: Expected `str`, got `int`"),
        ({"m": [Message("judge", ())]}, "update.m[0] is no Message: Invalid enum value 'judge'"),
        ({"m": assistant("", ToolCall("1", "t", {"x": [print]}))}, "update.m.parts[0].arguments.x[0] is a "),
        ({"m": ModelReply(message=user("x"), raw={"a": print})}, "update.m.raw.a is a "),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_path(value, path):
    """Anything outside the allow-list is refused at writing, and the message says where it is."""
    event = NodeFinished(at=1, node="a", visit=1, update=value, edges=())
    for attempt in (lambda: to_plain(value, "update"), lambda: encode_event(event)):
        with pytest.raises(NotStorable) as caught:
            attempt()
        assert path in str(caught.value)
        assert "hush" not in str(caught.value)


@dataclass(frozen=True)
class Frozen:
    x: int


def test_key_that_would_come_back_unhashable():
    """A frozen dataclass is read back as a dict, so it can be no key and no member of a set."""
    for value in ({Frozen(1): 1}, {Frozen(1)}):
        with pytest.raises(NotStorable, match="read back as one that cannot be a key"):
            to_plain(value)


def test_as_deep_as_allowed():
    """Values at the limit of depth are read back, also the ones that take the most room on the stack."""
    value: Any = 1
    for _ in range(60):
        value = {1: value}
    assert from_plain(to_plain(value)) == value


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"a": [{"$": "pickle", "v": "gASV"}]}, "value.a[0] has the unknown tag 'pickle'"),
        ({"a": {"$": ["x"]}}, "value.a"),
        ({"a": {"$": None}}, "value.a has the unknown tag None"),
        ({"a": {"$": "datetime", "v": "yesterday"}}, "value.a does not fit its tag 'datetime'"),
        ({"a": {"$": "timedelta", "v": [10**12, 0, 0]}}, "value.a does not fit its tag 'timedelta'"),
        ({"a": {"$": "bytes", "v": "?"}}, "value.a does not fit its tag 'bytes'"),
        ({"a": {"$": "float", "v": "1.5"}}, "value.a does not fit its tag 'float'"),
        ({"a": {"$": "set", "v": [[]]}}, "value.a does not fit its tag 'set'"),
        ({"a": {"$": "tuple"}}, "value.a does not fit its tag 'tuple'"),
        ({"a": {"$": "dict", "v": [[1]]}}, "value.a does not fit its tag 'dict'"),
        (
            {"a": {"$": "Message", "v": {"role": "judge", "parts": []}}},
            "value.a does not fit its tag 'Message'",
        ),
        ({"a": {"$": "ndarray", "v": {"dtype": "O", "shape": [1], "data": "AAAA"}}}, "value.a does not fit"),
        ({"a": {"$": "blob", "v": "0" * 64}}, "value.a is kept apart"),
        ({"a": {"$": "Path", "v": "x"}}, "value.a has the unknown tag 'Path'"),
    ],
)
def test_what_no_tag_stands_for_is_damage(plain, words):
    """An unknown tag, or one whose content does not fit, is an error that says where it is."""
    with pytest.raises(StoreDamaged) as caught:
        from_plain(plain)
    assert words in str(caught.value)


TAGS = [
    *SCALAR_READERS,
    *TABLE_TAGS,
    "tuple",
    "set",
    "frozenset",
    "dict",
    "record",
    "enum",
    "joined",
    "blob",
    "Message",
]
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["v", "dtype", "shape", "data", "values", "names", "range"]), inner, max_size=4
        ),
        st.builds(lambda tag, v: {"$": tag, "v": v}, st.sampled_from(TAGS), inner),
    ),
    max_leaves=8,
)


@pytest.mark.filterwarnings("ignore")  # numpy and pandas warn of odd dtypes
@settings(deadline=None)
@given(st.builds(lambda tag, v: {"$": tag, "v": v}, st.sampled_from(TAGS), anything))
def test_reading_what_nobody_wrote(plain):
    """Whatever JSON is read, there is a value or one error of ours."""
    with suppress(StoreDamaged):
        from_plain(plain)


def test_reading_without_end():
    """JSON that is nested beyond all sense is damage, not a crash."""
    head, tail = b'{"event":"call_finished","at":1,"slot":"s","reply":', b"}"
    for text in (b"[" * 100_000, head + b'{"$":"tuple","v":[' * 400 + b"]}" * 400 + tail):
        with pytest.raises(StoreDamaged):
            decode_event(text)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"nonsense",
        b"\xff",
        b'{"event":"run_flew","at":1}',
        b'{"event":"run_finished"}',
        b'{"event":"run_finished","at":"x"}',
    ],
)
def test_bytes_that_are_no_event(body):
    """What is no event of this version is damage."""
    with pytest.raises(StoreDamaged, match="not an event"):
        decode_event(body)


def test_request_that_cannot_be_kept():
    """A request is refused by its path, before it is made."""
    with pytest.raises(NotStorable, match=r"request\.messages\[0\]\.parts\[0\]\.arguments\.f is a"):
        encode_request(ModelRequest(model="m", messages=(assistant("", ToolCall("1", "t", {"f": print})),)))
    with pytest.raises(NotStorable, match=r"request\.messages\[0\]\.parts\[0\]\.text is no valid Unicode"):
        encode_request(ModelRequest(model="m", messages=(user("\ud800"),)))
