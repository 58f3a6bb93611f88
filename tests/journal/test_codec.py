"""Values and events as strict JSON."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from genxai_nb.journal.codec import LARGE, decode_event, encode_event, encode_request, from_plain, to_plain
from genxai_nb.journal.events import CallFinished, CallStarted, Event, NodeFailed, NodeFinished, RunStarted
from genxai_nb.messages import (
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    Verbatim,
    assistant,
    system,
    user,
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.complex_numbers(allow_nan=False),
    st.dates(),
    st.times(),
    st.datetimes(
        timezones=st.sampled_from([None, UTC, ZoneInfo("Europe/Berlin"), timezone(timedelta(hours=5))])
    ),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.just(Path("/a/b")),
)
nested = st.recursive(
    scalars, lambda inner: st.one_of(st.frozensets(inner, max_size=2), st.tuples(inner, inner)), max_leaves=3
)
hashable = st.deferred(lambda: nested)  # without it, hypothesis writes out descriptions of 30 KB
tool_calls = st.builds(ToolCall, st.text(), st.text(), st.dictionaries(st.text(), hashable, max_size=2))
parts = st.one_of(
    st.builds(Text, st.text()),
    st.builds(Image, st.binary(), st.just("image/png")),
    tool_calls,
    st.builds(ToolResult, st.text(), st.text(), st.text(), st.booleans()),
)
said = st.builds(
    Message,
    st.sampled_from(["user", "assistant"]),
    st.lists(parts, max_size=3).map(tuple),
    st.none() | st.builds(Verbatim, st.text(), hashable),
)
replies = st.builds(ModelReply, message=said, raw=hashable)
values = st.recursive(
    st.one_of(hashable, st.deferred(lambda: said), st.deferred(lambda: replies)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.sets(hashable, max_size=4),
        st.dictionaries(st.one_of(st.text(), st.just("$")), inner, max_size=4),
        st.dictionaries(hashable, inner, max_size=4),
    ),
    max_leaves=12,
)


def alike(first: Any, second: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(first) is not type(second) or first != second:
        return False
    if isinstance(first, dict):
        return all(map(alike, first.items(), second.items()))
    return not isinstance(first, (list, tuple)) or all(map(alike, first, second))


@settings(deadline=None)
@given(values)
def test_values_come_back_as_they_were(value):
    """Whatever may be stored is read back equal, of the same type, from plain JSON."""
    text = json.dumps(to_plain(value), allow_nan=False)
    assert alike(from_plain(json.loads(text)), value)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(values, st.integers(1, 300)), max_size=3))
def test_large_values_are_kept_apart(pieces):
    """An event of any size is small once its large values are kept apart, and comes back as it was."""
    event = NodeFinished(
        at=1, node="a", visit=1, update={str(n): [v] * k for n, (v, k) in enumerate(pieces)}, edges=()
    )
    blobs: dict[str, bytes] = {}
    body = encode_event(event, blobs)
    assert len(body) < 4 * LARGE
    assert decode_event(body, blobs.__getitem__) == event == decode_event(encode_event(event))


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Kind(StrEnum):
    NOTE = "note"


@dataclass
class Point:
    x: int
    y: Any = None


class Draft(BaseModel):
    text: str
    points: list[Any] = []
    model_config = {"extra": "allow"}


class Structure(msgspec.Struct):
    a: int


Pair = namedtuple("Pair", "left right")
Words = type("Words", (str,), {"__str__": lambda self: self})


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (Colour.RED, "red"),
        ({Colour.RED: 1}, {"red": 1}),
        ({Kind.NOTE: Level.HIGH}, {"note": 3}),
        (Point(1, {Colour.RED}), {"x": 1, "y": {"red"}}),
        (
            Draft(text="a", points=[Point(1)], more=(1, 2)),
            {"text": "a", "points": [{"x": 1, "y": None}], "more": (1, 2)},
        ),
        (Structure(1), {"a": 1}),
        (Pair(1, [2]), (1, [2])),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (Words("x"), "x"),
        (bytearray(b"x"), bytearray(b"x")),
    ],
)
def test_objects_come_back_as_plain_values(value, back):
    """Models, dataclasses, structs and enum members are read back as their fields and values."""
    assert alike(from_plain(to_plain(value)), back)


def test_class_names_are_kept_for_show():
    """The name of a model's or enum's class is in the journal, and reading does not look it up."""
    plain = to_plain({"draft": Draft(text="a"), "colour": Colour.RED})
    assert plain["draft"]["class"].endswith(".Draft")
    assert plain["colour"]["class"].endswith(".Colour")
    plain["draft"]["class"] = "os.system"
    assert from_plain(plain)["draft"] == {"text": "a", "points": []}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_kept(number):
    """NaN and infinities are read back as such, and the text is strict JSON."""
    value = [number, [1.5, number], {"a": number}, (number,), number + 0j]
    text = json.dumps(to_plain(value), allow_nan=False)
    assert repr(from_plain(json.loads(text))) == repr(value)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2024, 10, 27, 2, 30, fold=0, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2024, 10, 27, 2, 30, fold=1),
        datetime(2024, 3, 31, 2, 30, fold=0, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2024, 3, 31, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
    ],
)
def test_zone_and_fold_of_a_time_are_kept(moment):
    """A time comes back in its zone, also in the hour that there is twice."""
    back = from_plain(to_plain(moment))
    assert (back.isoformat(), back.tzinfo, back.fold) == (moment.isoformat(), moment.tzinfo, moment.fold)


def test_look_alike_of_a_tag():
    """A dict of the user's that looks like a tag comes back as that dict."""
    for value in ({"$": "set", "v": [1]}, {"$": 1}, {"$": {"$": "blob", "v": "x"}}, {"a": {"$": []}}):
        assert from_plain(to_plain(value)) == value


def events() -> list[Event]:
    request = ModelRequest(
        model="offline",
        messages=(
            system("be brief"),
            user("hello"),
            assistant("", ToolCall("1", "add", {"a": (1, 2), "$": "x"})),
        ),
        tools=(ToolSpec("add", "Add.", {"type": "object"}),),
        output={"type": "object"},
    )
    reply = ModelReply(message=assistant("hi"), usage=Usage(3, 4), raw={"id": "x", "seen": {1, 2}})
    return [
        RunStarted(
            at=1.5,
            run="r1",
            graph="g",
            structure="s",
            input={"when": date(2024, 1, 1)},
            definitions={"a": "h"},
        ),
        CallStarted(
            at=2, slot="s", kind="model", name="offline", request=request, node="a", visit=1, ordinal=0
        ),
        CallFinished(at=3, slot="s", reply=reply),
        NodeFailed(at=4, node="a", visit=1, error="no", code="x", index=3),
        NodeFinished(
            at=5, node="a", visit=1, update={"@history/a": [user("hello"), *request.messages]}, edges=(1, 2)
        ),
    ]


@pytest.mark.parametrize("event", events(), ids=lambda event: type(event).__name__)
def test_events_come_back_as_they_were(event):
    """Events are read back equal, with requests, replies and histories as the messages that they were."""
    back = decode_event(encode_event(event))
    assert back == event
    assert type(back) is type(event)


def test_error_text_that_is_no_unicode():
    """The words of a failure are kept even if they are no valid Unicode."""
    event = NodeFailed(at=1, node="a", visit=1, error="no file '\udcff'", code="x")
    assert decode_event(encode_event(event)).error == "no file '\\udcff'"


def test_growing_list_shares_its_parts():
    """A history that grows by one message a call costs what was added, not what there was."""
    history: list[Message] = []
    blobs: dict[str, bytes] = {}
    bodies = []
    for number in range(400):
        history.append(user(f"message {number} " + "word " * 100))
        request = ModelRequest(model="offline", messages=tuple(history))
        bodies.append(
            encode_event(
                CallStarted(
                    at=1,
                    slot=str(number),
                    kind="model",
                    name="m",
                    request=request,
                    node="a",
                    visit=1,
                    ordinal=0,
                ),
                blobs,
            )
        )
    said = sum(len(message.text) for message in history)
    assert sum(map(len, blobs.values())) < 1.5 * said
    assert max(map(len, bodies)) < 2 * LARGE
    assert decode_event(bodies[-1], blobs.__getitem__).request.messages == tuple(history)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"x": {"a": 1, "b": 2}}, {"x": {"b": 2, "a": 1}}),
        ({1: "a", 2: "b"}, {2: "b", 1: "a"}),
        ({"x": [{1: "a", 2: {4: 1, 3: 2}}]}, {"x": [{2: {3: 2, 4: 1}, 1: "a"}]}),
        ({"a", "b"}, {"b", "a"}),
        (
            assistant("x", ToolCall("1", "t", {"a": 1, "b": 2})),
            assistant("x", ToolCall("1", "t", {"b": 2, "a": 1})),
        ),
    ],
)
def test_equal_requests_are_equal_bytes(first, second):
    """The order of keys does not count in a request."""
    assert encode_request(first) == encode_request(second)


@settings(deadline=None)
@given(values, values)
def test_different_requests_are_different_bytes(first, second):
    """Two requests are equal bytes only if they are equal."""
    if encode_request(first) == encode_request(second):
        assert first == second


def test_light_to_import():
    """The codec loads neither numpy nor pandas nor pydantic, and does without them."""
    text = """
import sys
from genxai_nb.journal.codec import from_plain, to_plain
from datetime import date
assert from_plain(to_plain([{1: (date.max, {2})}])) == [{1: (date.max, {2})}]
print({"numpy", "pandas", "pydantic"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "set()"
