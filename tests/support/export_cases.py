"""Modules whose graphs are exported: constructs of Python that nodes use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Case(NamedTuple):
    """A module, its input, and what its script has and has not."""

    text: str
    there: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    given: Mapping[str, Any] = MappingProxyType({})
    files: Mapping[str, str] = MappingProxyType({})


CODE = {
    "a value made of one that has changed since": Case(
        """
        from genxai_nb import Graph
        first = [1]
        before = first.copy()
        first.append(2)
        word = "a"
        words = word.split()
        word = "b"
        def use(state):
            return {"n": [first, before, words, word]}
        graph = Graph("g").node("use", use).edge("START", "use")
        """,
        ("before = [1]", 'words = ["a"]'),
        ("copy()", "split()"),
    ),
    "a statement that binds several names, and a look at a tool": Case(
        """
        from genxai_nb import GenXAIError, Graph, tool
        names, kinds, marks = {"a": {1}}, {"b": {2}}.copy(), ", "
        words = sorted([*names, *kinds])
        @tool
        def shown(text: str) -> str:
            "Show a text."
            return marks.join([text, *words, *names, *kinds])
        try:
            shown.validate({"txt": 1})
        except GenXAIError as error:
            print(error)
        graph = Graph("g").node("shown", shown, text="'x'", into="text").edge("START", "shown")
        """,
        ("names, kinds, marks =",),
        ("validate",),
    ),
    "tables that a with statement has read": Case(
        """
        import sqlite3
        from contextlib import closing
        import pandas as pd
        from genxai_nb import Graph
        with closing(sqlite3.connect(":memory:")) as db:
            sizes = pd.read_sql("select 1 as size union select 2", db)
        sizes["double"] = 2 * sizes["size"]
        with closing(sqlite3.connect(":memory:")) as other:
            names = pd.read_sql("select 'a' as name", other)
        with open(__file__, encoding="utf-8") as file:
            word = file.readline().strip()
        def use(state):
            return {"n": [sizes["double"].tolist(), names["name"].tolist(), word]}
        graph = Graph("g").node("use", use).edge("START", "use")
        """,
        ("as db:", "as other:", 'word = ""'),
        ("open(",),
    ),
    "functions and classes that are changed where they are defined": Case(
        """
        from functools import singledispatch
        from genxai_nb import Graph
        @singledispatch
        def shown(value):
            return "other"
        @shown.register
        def _(value: int):
            return "number"
        class Settings:
            by = 1
        Settings.by = 2
        def use(state):
            return {"n": [shown(3), Settings.by]}
        graph = Graph("g").node("use", use).edge("START", "use")
        """,
        ("@shown.register", "Settings.by = 2"),
    ),
    "a value made of its earlier one": Case(
        """
        from collections import Counter, deque
        from genxai_nb import Graph
        def logged(function):
            return lambda *given: function(*given)
        def count(word):
            return counts[word]
        lines = deque(["a b", "b", "b"])
        lines = deque(sorted(lines, reverse=True))
        lines.pop()
        counts = Counter(word for line in lines for word in line.split())
        most = 1
        most = max(most, 3)
        def first(state):
            return {"n": count("b") + most}
        graph = Graph("g").node("first", first).edge("START", "first")
        """,
        ("lines = deque(sorted(lines, reverse=True))\nlines.pop()", "most = 3"),
        ("logged",),
    ),
    "helpers three calls deep": Case(
        """
        import math
        from genxai_nb import Graph
        LIMIT = 3  # the most
        UNUSED = 4
        def third(x):
            return min(x, LIMIT) + math.floor(0.5)
        def second(x):
            return third(x)
        def never(x):
            return UNUSED
        def first(state):
            return {"n": second(state["n"])}
        graph = Graph("g").node("first", first).edge("START", "first")
        """,
        ("def third", "LIMIT = 3  # the most", "import math"),
        ("never", "UNUSED"),
        {"n": 7},
    ),
    "decorators": Case(
        """
        from functools import wraps
        from genxai_nb import Graph
        CALLS = []
        def times(count):
            def around(function):
                @wraps(function)
                def inner(state):
                    out = {}
                    for _ in range(count):
                        out = function({**state, **out})
                    return out
                return inner
            return around
        @times(3)
        def add(state):
            return {"n": state["n"] + 1}
        graph = Graph("g").node("add", add).edge("START", "add")
        """,
        ("@times(3)", "from functools import wraps"),
        ("CALLS",),
        {"n": 0},
    ),
    "dataclasses and enums": Case(
        """
        import enum
        from dataclasses import dataclass, field
        from genxai_nb import Graph
        class Colour(enum.Enum):
            RED = "red"
            BLUE = "blue"
        @dataclass(frozen=True)
        class Point:
            x: int
            colour: Colour = Colour.RED
            tags: tuple = field(default=("a",))
            def doubled(self):
                return Point(self.x * 2, self.colour)
        ORIGIN = Point(1, Colour.BLUE)
        def move(state):
            return {"x": ORIGIN.doubled().x, "colour": ORIGIN.colour.value}
        graph = Graph("g").node("move", move).edge("START", "move")
        """,
        ("@dataclass(frozen=True)", "class Colour", "ORIGIN = Point(1, Colour.BLUE)"),
    ),
    "pydantic models with validators": Case(
        """
        from pydantic import BaseModel, Field, field_validator
        from genxai_nb import Graph
        class Part(BaseModel):
            name: str
        class Draft(BaseModel):
            topic: str = Field(description="what it is about")
            parts: list[Part] = []
            score: float = Field(0.5, ge=0)
            @field_validator("topic")
            @classmethod
            def tidy(cls, value):
                return strip(value)
        def strip(value):
            return value.strip()
        def fill(state):
            return {"parts": [Part(name=state.topic)]}
        graph = Graph("g", state=Draft).node("fill", fill).edge("START", "fill")
        """,
        ("class Part(BaseModel)", '@field_validator("topic")', "def strip"),
        (),
        {"topic": " tea "},
    ),
    "nested functions and closures over constants": Case(
        """
        from genxai_nb import Graph
        def scorer(threshold, names=("a", "b")):
            def score(state):
                def inner(x):
                    return x > threshold
                return {"high": inner(state["n"]), "names": list(names)}
            return score
        bound = scorer(3)
        graph = Graph("g").node("one", bound).node("two", scorer(5, ("c",))).edge("START", "one")
        graph.edge("one", "two")
        """,
        ("bound = scorer(3)", "make_score", '("c",)'),
        (),
        {"n": 4},
    ),
    "default arguments and keyword-only ones": Case(
        """
        from genxai_nb import Graph
        STEP = 2
        def add(state, *, by=STEP, and_then={"n": 1}):
            return {"n": state["n"] + by + and_then["n"]}
        graph = Graph("g").node("add", add).edge("START", "add")
        """,
        ("STEP = 2",),
        (),
        {"n": 1},
    ),
    "constants that were changed after they were made": Case(
        """
        from genxai_nb import Graph
        PRICES = {"tea": 2}
        PRICES["milk"] = 1
        NAMES = ["a"]
        NAMES.append("b")
        TOTAL = 1
        TOTAL += 4
        TEXT = "one\\ntwo \\"three\\""
        MIXED = {1: (1, 2), "s": {"x", "y"}, None: [1.5, True, b"z"]}
        def price(state):
            return {"price": sum(PRICES.values()), "names": NAMES, "total": TOTAL, "text": TEXT, "n": len(MIXED)}
        graph = Graph("g").node("price", price).edge("START", "price")
        """,
        ('PRICES = {"tea": 2, "milk": 1}', 'NAMES = ["a", "b"]', "TOTAL = 5"),
        ("append",),
    ),
    "constants by expressions": Case(
        """
        import re
        from collections import Counter
        from datetime import timedelta
        from genxai_nb import Graph
        BASE = 4
        TWICE = BASE * 2
        WORD = re.compile(r"\\w+")
        WEEK = timedelta(days=7)
        COUNTS = Counter("hello")
        COUNTS["x"] = 3
        SQUARES = {n: n * n for n in range(TWICE)}
        def use(state):
            return {"n": TWICE, "words": len(WORD.findall("a b c")), "days": WEEK.days, "l": COUNTS["l"] + COUNTS["x"],
                    "squares": len(SQUARES)}
        graph = Graph("g").node("use", use).edge("START", "use")
        """,
        ("TWICE = BASE * 2", "WEEK = timedelta(days=7)", "BASE = 4"),
    ),
    "import aliases and stars": Case(
        """
        import collections.abc
        import os.path
        import xml.etree.ElementTree as ET
        from math import *
        from os import path as p, sep
        from genxai_nb import Graph
        def use(state):
            root = ET.fromstring("<a><b/></a>")
            return {"n": floor(pi) + len(root), "sep": sep, "base": p.basename(os.path.join("a", "b")),
                    "map": isinstance({}, collections.abc.Mapping)}
        graph = Graph("g").node("use", use).edge("START", "use")
        """,
        ("from math import floor, pi", "import xml.etree.ElementTree as ET", "import collections.abc"),
        ("import *",),
    ),
    "conditional imports": Case(
        """
        import sys
        from genxai_nb import Graph
        try:
            import nothing_of_that_name as fast
        except ImportError:
            fast = None
        if sys.version_info >= (3, 11):
            from itertools import pairwise
        else:
            pairwise = None
        def use(state):
            return {"fast": fast is not None, "pairs": len(list(pairwise("abc")))}
        graph = Graph("g").node("use", use).edge("START", "use")
        """,
        ("except ImportError", "if sys.version_info"),
    ),
    "async functions and generators": Case(
        """
        import asyncio
        from genxai_nb import Graph
        async def fetch(n):
            await asyncio.sleep(0)
            return n * 2
        def numbers(n):
            yield from range(n)
        async def stream(n):
            for each in numbers(n):
                yield each
        async def use(state):
            return {"n": await fetch(state["n"]), "all": [each async for each in stream(3)]}
        graph = Graph("g").node("use", use).edge("START", "use")
        """,
        ("async def stream", "def numbers"),
        (),
        {"n": 2},
    ),
    "methods, class methods and callable objects": Case(
        """
        from genxai_nb import Graph
        class Scorer:
            factor = 2
            def __init__(self, by):
                self.by = by
            @classmethod
            def standard(cls, state):
                return {"n": state["n"] + cls.factor}
            @staticmethod
            def static(state):
                return {"n": state["n"] + 10}
            @property
            def doubled(self):
                return self.by * 2
            def method(self, state):
                return {"n": state["n"] * self.doubled}
            def __call__(self, state):
                return {"n": state["n"] - self.by}
        scorer = Scorer(3)
        graph = Graph("g").node("a", scorer.method).node("b", Scorer.standard).node("c", scorer)
        graph.node("d", Scorer.static).parse("START -> a -> b -> c -> d")
        """,
        ('graph.node("a", scorer.method)', 'graph.node("b", Scorer.standard)', "scorer = Scorer(3)"),
        (),
        {"n": 1},
    ),
}
