"""Each construct of a notebook's code, exported and run in a fresh interpreter on the same calls."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest


class Case(NamedTuple):
    """A module, its input, and what its script has and has not."""

    text: str
    there: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    given: Mapping[str, Any] = MappingProxyType({})
    files: Mapping[str, str] = MappingProxyType({})


CASES = {
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
    "partials and lambdas": Case(
        """
        from functools import partial
        from genxai_nb import Graph
        BY = 3
        def scale(factor, state):
            return {"n": state["n"] * factor}
        double = partial(scale, 2)
        key = lambda pair: pair[1]
        def best(state):
            return {"best": max([("a", 1), ("b", 2)], key=key)[0]}
        graph = Graph("g", reducers={"n": lambda old, new: new}).node("a", double).node("b", partial(scale, BY))
        graph.node("c", lambda state: {"n": state["n"] + BY}).node("d", best)
        graph.edge("START", "a").edge("a", "b").edge("b", "c", when=lambda state: state["n"] > BY)
        graph.edge("c", "d").edge("b", "d", otherwise=True)
        """,
        ("partial(scale, 3)", 'lambda state: {"n": state["n"] + BY}', "noqa: E731"),
        (),
        {"n": 1},
    ),
    "subgraphs, loops and maps": Case(
        """
        from genxai_nb import Agent, Graph
        def split(state):
            return {"items": ["a", "b", "c"]}
        def upper(state):
            return {"done": [state["item"].upper()]}
        def count(state):
            return {"n": state.get("n", 0) + 1}
        inner = Graph("inner").node("count", count).edge("START", "count").edge("count", "count", when="n < 3", limit=5)
        inner.edge("count", "END", otherwise=True)
        writer = Agent("fact-checker", model="offline", task="Check {{n}}.", writes="text", memory="none")
        graph = Graph("outer flow", reducers={"done": "append"}, limit=9)
        graph.node("split", split).node("upper", upper).node("part", inner).node("check", writer, retry=1, timeout=30)
        graph.edge("START", "split").edge("split", "upper", each="items", item="item").edge("upper", "part")
        graph.edge("part", "check").edge("check", "END")
        """,
        ('graph.node("part", inner)', 'each="items"', "retry=1", "memory=[]"),
    ),
    "tools with options, builtin tools and humans": Case(
        """
        from genxai_nb import Agent, Graph, human, tool
        WIDTH = 3
        @tool(timeout=5, tags=["text"], read_only=True)
        def short(text: str, width: int = WIDTH) -> str:
            "Shorten a text."
            return text[:width]
        def plain_function(text: str) -> int:
            "Count letters."
            return len(text)
        agent = Agent("clerk", model="offline", tools=[short, plain_function, "calculator"], task="Shorten {{text}}.",
                      output=None, temperature=0.5, max_turns=3, reads=["text"], instructions="One.\\nTwo.")
        graph = Graph("g").node("sum", "calculator", expression="'1 + 2'", into="total")
        graph.node("short", short, text="text").node("agent", agent)
        graph.node("ok", human("Publish {{text}}?", choices=["yes", "no"]), into="verdict")
        graph.parse("START -> sum -> short -> agent -> ok")
        """,
        ("@tool(timeout=5", "def plain_function", 'human("Publish {{text}}?"', "WIDTH = 3"),
        (),
        {"text": "hello"},
    ),
    "own reducers": Case(
        """
        from genxai_nb import Graph
        def widest(old, new):
            return max(old, new, key=size)
        def size(text):
            return len(text)
        graph = Graph("g", reducers={"text": widest, "n": "add"})
        graph.node("a", lambda state: {"text": "aa", "n": 1}).node("b", lambda state: {"text": "b", "n": 2})
        graph.parse("START -> [a, b]")
        """,
        ('"text": widest', "def size", '"n": "add"'),
        (),
        {"text": "", "n": 0},
    ),
    "names that shadow": Case(
        """
        from genxai_nb import Graph
        import textwrap as json
        argparse = 3
        def len(text):
            return 42
        def main(state):
            return {"n": len("abc") + argparse, "text": json.shorten("a b c", 5)}
        plain = main
        GenXAIError = ValueError
        def check(state):
            try:
                raise GenXAIError("x")
            except ValueError:
                return {"ok": True}
        graph = Graph("g").node("main", plain).node("check", check).parse("START -> main -> check")
        """,
        ("def len(text)", "import json as json_", "import textwrap as json"),
    ),
    "a name that was defined again": Case(
        """
        from genxai_nb import Graph
        def score(state):
            return {"n": 1}
        graph = Graph("g").node("old", score)
        def score(state):
            return {"n": state["n"] + 1}
        graph.node("new", score).parse("START -> old -> new")
        """,
        ('return {"n": 1}', 'return {"n": state["n"] + 1}'),
    ),
    "annotations that are not evaluated": Case(
        """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from pydantic import BaseModel
        from genxai_nb import Agent, Graph, tool
        if TYPE_CHECKING:
            from decimal import Decimal
        class Item(BaseModel):
            name: str
            more: list[Item] = []
        @tool
        def wrap(item: Item) -> Item:
            "Wrap an item."
            return item
        def use(state: dict[str, Item]) -> Missing | None:
            return {"n": 1}
        graph = Graph("g").node("use", use).node("wrap", wrap).parse("START -> use -> wrap")
        """,
        ("from __future__ import annotations", "class Item"),
        (),
        {"item": {"name": "a"}},
    ),
    "a main guard": Case(
        """
        import sys
        from genxai_nb import Graph
        def first(state):
            return {"n": 1}
        if __name__ == "__main__" or True:
            graph = Graph("g").node("first", first).edge("START", "first")
        if __name__ == "__main__":
            print(graph.run({}))
            sys.exit(3)
        """,
        ("def first",),
        ("sys.exit(3)",),
    ),
    "modules of one's own": Case(
        """
        import kit
        from pieces import LIMIT as most, clean
        from genxai_nb import Graph
        def use(state):
            return {"text": kit.tidy(clean("  a ")), "n": most + kit.SIZE}
        graph = Graph("g").node("use", use).edge("START", "use")
        """,
        ("kit = SimpleNamespace(", "def tidy", "most = LIMIT", "def deep"),
        ("import kit", "from pieces", "spare"),
        {},
        {
            "kit": "from pieces import deep\nSIZE = 3\ndef tidy(x):\n    return deep(x)\ndef spare():\n    pass\n",
            "pieces": "LIMIT = 5\ndef clean(x):\n    return x.strip()\ndef deep(x):\n    return x + '!'\n",
        },
    ),
    "agents that functions ask by name": Case(
        """
        from genxai_nb import Agent, Graph, tool
        @tool
        def shout(text: str) -> str:
            "Shout."
            return text.upper()
        critic = Agent("critic", model="offline", memory="none")
        async def ask(state, context):
            return {"said": await context.agent("critic", "Is tea good?"), "loud": await context.tool("shout", text="a")}
        graph = Graph("g", lookup={"critic": critic, "shout": shout}).node("ask", ask).edge("START", "ask")
        """,
        ('lookup={"critic": critic', "shout"),
    ),
    "a schema with structured output": Case(
        """
        from enum import Enum
        from typing import Annotated, Literal
        from pydantic import BaseModel, ConfigDict, Field
        from genxai_nb import Agent, Graph
        class Level(str, Enum):
            LOW = "low"
            HIGH = "high"
        class Verdict(BaseModel):
            model_config = ConfigDict(extra="forbid")
            score: Annotated[float, Field(ge=0, le=1)] = 0.0
            level: Level = Level.LOW
            kind: Literal["a", "b"] = "a"
        critic = Agent("critic", model="offline", task="Judge.", output=Verdict, memory="none")
        graph = Graph("g").node("critic", critic).edge("START", "critic")
        """,
        ("class Level", "output=Verdict"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_script_does_the_same(flow, ruff, name):
    """The script has what the graph uses and nothing else, is formatted, and does in the check what the run did."""
    case = CASES[name]
    made = flow(case.text, **case.files)
    made.run(case.given, answers={"ok": "yes"} if "ok" in made.graph.nodes else None)

    exported = made.export()

    text = exported.path.read_text("utf-8")
    assert exported.checked is True, str(exported)
    assert exported.events > 2
    assert [part for part in case.there if part not in text] == []
    assert [part for part in case.absent if part in text] == []
    formatted = subprocess.run([ruff, "format", "--isolated", "--check", exported.path], capture_output=True)
    assert formatted.returncode == 0
