"""Notebooks that are exported without being run: what they do on the way to their graph."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent
from types import MappingProxyType
from typing import NamedTuple


class Book(NamedTuple):
    """A notebook by its cells, its input, what its script has and has not, and files beside it."""

    cells: tuple[str, ...]
    there: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    files: Mapping[str, str] = MappingProxyType({})
    graph: str = ""


USE = "def use(state):\n    return {'n': state.get('n', 0) + 1}\n"
ASK = "def use(state):\n    return {'n': TABLE}\n"
END = "graph = Graph('g').node('use', use).edge('START', 'use')\n"


def book(*cells: str, there=(), absent=(), given=(), files=MappingProxyType({}), graph="") -> Book:
    """A notebook whose first cell imports what all of them need."""
    head = "from genxai_nb import Agent, Graph, tool"
    texts = tuple(dedent(cell).strip("\n") for cell in cells)
    return Book(
        (head, *texts), there, absent, given, {name: dedent(text) for name, text in files.items()}, graph
    )


DRAWN = {
    "a loop": book(
        USE,
        """
        print("drawing")
        graph = Graph("g")
        for name in "abc":
            graph.node(name, use)
        for source, target in zip(["START", "a", "b"], "abc"):
            graph.edge(source, target)
        graph
        result = graph.run({"n": 3}, store=":memory:")
        """,
        there=('for name in "abc":\n    graph.node(name, use)',),
        absent=("drawing", '"n": 3'),
    ),
    "a comprehension": book(
        USE,
        """
        graph = Graph("g").edge("START", "a").edge("START", "b")
        [graph.node(name, use, into=f"{name}_result") for name in "ab"]
        drawn = {name: graph.edge(name, "END") for name in "ab"}
        """,
        there=("[graph.node(name, use",),
    ),
    "if and else": book(
        USE,
        """
        import os
        graph = Graph("g")
        if os.environ.get("NOT_SET_ANYWHERE"):
            graph.node("a", use).edge("START", "a")
        else:
            graph.node("b", use).edge("START", "b")
        """,
        there=("else:\n    graph.node",),
    ),
    "with": book(
        "from contextlib import nullcontext\nimport math",
        USE,
        'with nullcontext(Graph("g")) as graph:\n    graph.node("a", use)\n    graph.edge("START", "a")',
        there=("with nullcontext",),
        absent=("math",),
    ),
    "try": book(
        USE,
        """
        try:
            import nowhere_to_be_found as found
        except ImportError:
            found = None
        graph = Graph("g")
        try:
            graph.node("a", found.use)
        except AttributeError:
            graph.node("a", use)
        graph.edge("START", "a")
        """,
        there=("except ImportError",),
    ),
    "while, and graphs that are given on": book(
        USE,
        """
        graph, left = Graph("g"), list("ab")
        before = "START"
        while left:
            name = left.pop(0)
            graph = graph.node(name, use).edge(before, name)
            before = name
        """,
    ),
    "a function of one's own": book(
        USE,
        """
        def extended(drawing, names):
            for name in names:
                drawing.node(name, use)
            return drawing.edge("START", names[0])
        """,
        "graph = Graph('g')\nextended(graph, ['a', 'b'])\ngraph.edge('a', 'b')",
        there=('extended(graph, ["a", "b"])',),
    ),
    "a function that makes it": book(
        "import json\ndef load_config():\n    with open('config.json') as file:\n        return json.load(file)",
        "CONFIG = load_config()",
        """
        def made(config):
            graph = Graph(config["name"])
            for name in config["nodes"]:
                graph.node(name, lambda state, name=name: {name: config["by"]})
                graph.edge("START", name)
            return graph

        graph = made(CONFIG)
        """,
        there=("graph = made(CONFIG)",),
        files={"config.json": '{"name": "g", "nodes": ["a", "b"], "by": 3}'},
    ),
    "a cell of ours, and a loop": book(
        USE,
        "%%genxai graph review\nSTART -> use",
        'for name in ["more", "most"]:\n    review.node(name, use, into=name).edge("use", name, when="n < 9")\n    print(name)',
        there=('review = Graph("review")', "for name in"),
    ),
    "nodes of a call": book(
        USE,
        "this = max([use], key=id)",
        "%%genxai graph g\nSTART -> this",
        there=('g.node("this", this)', "this = max([use], key=id)"),
    ),
    "part of a graph that is drawn by a loop": book(
        USE,
        "inner = Graph('inner').edge('START', 'a')\nfor name in 'a':\n    inner.node(name, use)",
        "graph = Graph('g').node('inner', inner).edge('START', 'inner')",
    ),
    "tools whose types are computed": book(
        """
        from typing import Literal
        columns = sorted({"b", "a"})
        Column = Literal[*columns]
        """,
        """
        @tool
        def total(column: Column) -> str:
            "Total a column."
            return f"The total of column {column} is {len(columns)}."
        def plain(text: str) -> str:
            "Return a text."
            return text
        """,
        "%%genxai agent clerk\ntask: {{asked}}\ntools: total, plain, calculator\nmemory: none",
        "%%genxai graph g\nSTART -> clerk -> END",
        there=("Column = Literal[*columns]", 'tools=[total, plain, "calculator"]'),
        given=("asked=What is the total of a?",),
    ),
    "an unrun graph in a cell of ours": book(
        USE,
        "inner = Graph('inner').edge('START', 'a')\nfor name in 'a':\n    inner.node(name, use)",
        "%%genxai graph g\nSTART -> inner",
        there=('g.node("inner", inner)',),
    ),
    "one of two graphs that share a node": book(
        USE,
        "other = Graph('other')\nfor name in 'xy':\n    other.node(name, use)",
        "graph = Graph('g')\nfor name in 'ab':\n    graph.node(name, use, into=name).edge('START', name)",
        absent=("other", "xy"),
        graph="graph",
    ),
    "conditions": book(
        USE,
        """
        LIMIT = int("3")
        graph = Graph("g", limit=9).node("a", use).node("b", use)
        graph.edge("START", "a").edge("a", "a", when=lambda state: state["n"] < LIMIT)
        graph.edge("a", "b", otherwise=True)
        """,
        there=("LIMIT",),
    ),
    "a schema that needs a value": book(
        "from pydantic import BaseModel, Field\nimport json\nLEAST = json.loads('2')",
        "class State(BaseModel):\n    n: int = LEAST\n    text: str = Field('', description='What it is about')",
        "def use(state):\n    return {'n': state.n * 2}",
        "graph = Graph('g', state=State).node('use', use).edge('START', 'use')",
        there=("n: int = LEAST", '("n", "text")', 'TEXTS: tuple[str, ...] = ("text",)'),
    ),
    "a schema that needs a value, in a cell of ours": book(
        "from pydantic import BaseModel\nimport json\nLEAST = json.loads('2')",
        "class State(BaseModel):\n    n: int = LEAST\n    notes: list[str] = []",
        "def use(state):\n    return {'n': state.n * 2, 'notes': ['a']}",
        "%%genxai graph g --state State --reduce notes=append\nSTART -> use",
        there=("state=State", '("n", "notes")'),
    ),
}
