"""Modules whose graphs are exported: constructs of graphs, tools and agents, and names that could clash."""

from __future__ import annotations

from export_cases import Case

WORKFLOWS = {
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
        graph.node("split", split).node("upper", upper, at_once=2).node("part", inner).node("check", writer, retry=1, timeout=30)
        graph.edge("START", "split").edge("split", "upper", each="items", item="item").edge("upper", "part")
        graph.edge("part", "check").edge("check", "END")
        """,
        ('graph.node("part", inner)', 'each="items"', "retry=1", "at_once=2", "memory=[]"),
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
        critic = Agent("critic", model="offline", task="Judge.", output=Verdict, memory="none", reasoning="low", budget="calls=9,seconds=60")
        graph = Graph("g").node("critic", critic).edge("START", "critic")
        """,
        ("class Level", "output=Verdict", 'budget={"calls": 9, "seconds": 60'),
    ),
    "equal names in modules of one's own": Case(
        """
        import kit
        import other
        from pieces import clean as tidy, shared
        from genxai_nb import Graph
        LIMIT = 1
        def clean(x):
            return x + "!" * LIMIT
        def use(state):
            return {"text": kit.clean(clean(tidy("  a "))), "n": shared(1) + other.LIMIT, "again": other.clean("b")}
        graph = Graph("g").node("use", use).node("direct", kit.direct).parse("START -> use -> direct")
        """,
        (
            "def make_kit_names",
            "kit = SimpleNamespace(clean=kit_names.clean)",
            "shared = pieces_names.shared",
        ),
        ("spare",),
        {},
        {
            "kit": "import re\nLIMIT = 3\ndef spare():\n    pass\n"
            "def clean(x):\n    'Clean.'\n    return re.sub('a', 'b', x) * LIMIT\n"
            "def direct(state):\n    return {'direct': clean('a')}\n",
            "pieces": "from kit import LIMIT\ndef clean(x):\n    return x.strip()\n"
            "def shared(n):\n    return n + LIMIT + len(clean(' '))\n",
            "other": "from pieces import clean\nLIMIT = 7\n",
        },
    ),
    "names that are no variables": Case(
        """
        from genxai_nb import Agent, Graph
        graph = Graph("my-flow 2: tea").node("first step", lambda state: {"n": 1}).node("2nd", [lambda s: {}, lambda s: {"m": 2}][1])
        graph.node("list", Agent("list", model="offline", task="List tea.", memory="none"))
        graph.node("class", lambda state: {"k": 3}).edge("START", "first step").edge("first step", "2nd")
        graph.edge("2nd", "list").edge("list", "class", when=lambda state: True)
        """,
        ('.node("first step", lambda state: {"n": 1})', "list_1 = Agent("),
    ),
}
