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
VALUES = {
    "a text of a file, for an agent": book(
        "from pathlib import Path\nPROMPT = Path('prompt.txt').read_text()\nOTHER = Path('no.txt').exists()",
        "writer = Agent('writer', model='offline', task=PROMPT, memory='none')",
        "graph = Graph('g').node('writer', writer).edge('START', 'writer')",
        there=('PROMPT = Path("prompt.txt").read_text()',),
        absent=("OTHER",),
        given=("topic=cats",),
        files={"prompt.txt": "Cats eat fish. What do {{topic}} eat?"},
    ),
    "a text of a file, for an agent's cell": book(
        "from pathlib import Path\nPROMPT = Path('prompt.txt').read_text()",
        "%%genxai agent writer\nmodel: offline\ntask: $PROMPT\nmemory: none",
        "%%genxai graph g\nSTART -> writer",
        there=("task=PROMPT",),
        given=("topic=cats",),
        files={"prompt.txt": "Cats eat fish. What do {{topic}} eat?"},
    ),
    "parts of values, for an agent's cell": book(
        'import json\nfrom types import SimpleNamespace\nCONFIG = json.loads(\'{"task": "Say {{topic}}", "how": "offline"}\')',
        "SETTINGS = SimpleNamespace(memory=['none'])\nprint(SETTINGS.memory)\ntools = [each for each in ['calculator']]",
        "%%genxai agent writer\nmodel: $CONFIG.how\ntask: $CONFIG.task\nmemory: $SETTINGS.memory\ntools: $tools",
        "%%genxai graph g\nSTART -> writer",
        there=('task=CONFIG["task"]', "memory=SETTINGS.memory"),
        given=("topic=cats",),
    ),
    "a table": book(
        "import pandas as pd\ndf = pd.read_csv('rows.csv')\ndf.head()",
        "df['total'] = df['a'] + df['b']\ndf.describe()\nlarge = df[df['total'] > 3]",
        "def use(state):\n    return {'n': int(large['total'].sum())}",
        END,
        there=("df['total']".replace("'", '"'),),
        absent=("describe", "head"),
        files={"rows.csv": "a,b\n1,2\n3,4\n5,6\n"},
    ),
    "a collection that a function changes": book(
        "TABLE = {}\nOTHER = {}\ndef fill(table, key):\n    table[key] = len(key)\ndef look(table):\n    print(table)",
        "fill(TABLE, 'abc')\nfill(OTHER, 'de')\nlook(TABLE)\nprint(TABLE)",
        ASK + END,
        there=('fill(TABLE, "abc")',),
        absent=("OTHER", "look", "print(TABLE)"),
    ),
    "a collection that a function of a function changes": book(
        "TABLE = {}\ndef put(table):\n    rows = table\n    rows['a'] = 1\ndef fill(table):\n    put(table)",
        "fill(TABLE)",
        ASK + END,
        there=("fill(TABLE)",),
    ),
    "a collection that a function of a file changes": book(
        "from filling import fill\nTABLE = {}\nfill(TABLE)",
        ASK + END,
        there=("fill(TABLE)", "def fill"),
        files={"filling.py": "BY = 2\ndef fill(table):\n    table['by'] = BY\n"},
    ),
    "a registry": book(
        """
        REGISTRY = {}
        def register(function):
            REGISTRY[function.__name__] = function
            return function
        @register
        def first(n):
            return n + 1
        @register
        def second(n):
            return n * 2
        """,
        "def use(state):\n    return {'n': sum(each(2) for each in REGISTRY.values())}",
        "for name in sorted(REGISTRY):\n    print(name)\nSTEPS = sorted(REGISTRY)",
        "def last(state):\n    return {'steps': STEPS}",
        "graph = Graph('g').node('use', use).node('last', last).edge('START', 'use').edge('use', 'last')",
        there=("def first", "def second"),
        absent=("print(name)",),
    ),
    "a counter in a variable": book(
        "COUNT = 0\ndef bump():\n    global COUNT\n    COUNT += 1\nbump()\nbump()",
        "def use(state):\n    return {'n': COUNT}",
        END,
    ),
    "a loop": book(
        "for word in ['a', 'b']:\n    TABLE = {word: 1}\nfor word in ['x']:\n    print(word)\nfor other in 'q':\n    LATER = other",
        ASK + END,
        there=("TABLE = {word: 1}",),
        absent=("print(word)", "LATER"),
    ),
    "a value before it is another one": book(
        "N = 1\nTABLE = [max(N, 0)]\nN = 5\nTABLE.append(N)",
        ASK + END,
        there=("N = 1", "N = 5"),
    ),
    "a copy before a change": book(
        "first = list('ab')\nTABLE = first.copy()\nfirst.append('c')",
        "def use(state):\n    return {'n': [TABLE, first]}",
        END,
    ),
    "two names of one value": book(
        "TABLE = {'a': {}}\ninner = TABLE['a']\ninner['b'] = 1\nfor row in TABLE.values():\n    row['c'] = 2",
        ASK + END,
        there=('inner["b"] = 1', 'row["c"] = 2'),
    ),
    "a function that is called while it is another one": book(
        "BY = 2\ndef by(n):\n    return n * BY\nTABLE = [by(2)]\nBY = 3\nTABLE.append(by(2))",
        ASK + END,
    ),
    "an agent that was another one before": book(
        "writer = Agent('first', model='offline', task='Say {{a}}', memory='none')\nTABLE = repr(writer)",
        "writer = Agent('second', model='offline', task='Say {{b}}', memory='none')",
        ASK,
        "graph = Graph('g').node('use', use).node('writer', writer).edge('START', 'use').edge('use', 'writer')",
        given=("b=cats",),
    ),
    "something that is awaited": book(
        "import asyncio\nasync def load():\n    await asyncio.sleep(0)\n    return [1, 2]",
        "rows = await load()\nTABLE, other = rows, len(rows)",
        ASK + END,
        there=("asyncio.run(",),
    ),
    "something that is awaited in a loop": book(
        "async def load():\n    for n in range(3):\n        yield n",
        "TABLE = []\nasync for n in load():\n    TABLE.append(n)",
        ASK + END,
    ),
    "the environment and chance": book(
        "import os, random\nos.environ['A_VALUE_OF_MINE'] = '7'\nrandom.seed(3)\nrandom.random()",
        "TABLE = [os.environ['A_VALUE_OF_MINE'], random.randint(0, 10**9)]",
        ASK + END,
        there=("random.seed(3)",),
    ),
    "lists of functions and tools": book(
        "import operator\n@tool\ndef count(text: str) -> int:\n    'Count.'\n    return len(text)",
        "TOOLS = [each for each in [count]]\nWAYS = {name: getattr(operator, name) for name in ['add', 'mul']}",
        "clerk = Agent('clerk', model='offline', task='Count abc', tools=TOOLS, memory='none')",
        "def use(state):\n    return {'n': WAYS['add'](1, 2)}",
        "%%genxai graph g\nSTART -> clerk -> use",
    ),
    "a time that is taken": book(
        "import json",
        "%time TABLE = json.loads('[1]')",
        "%%time\nTABLE.append(2)",
        ASK + END,
        there=("TABLE = json.loads",),
    ),
    "an open file": book(
        "import os\nlog = open(os.devnull)  # noqa: SIM115 - it stays open\nTABLE = log.closed",
        "def use(state):\n    return {'n': [log.closed, TABLE]}",
        END,
    ),
    "a module of another folder": book(
        "import os, sys\nsys.path.insert(0, os.path.abspath('more'))\nfrom more_rates import BY",
        "TABLE = [max(BY, 0)]",
        ASK + END,
        there=("BY = 4",),
        absent=("sys.path",),
        files={"more/more_rates.py": "BY = 4\nUNUSED = 5\n"},
    ),
    "names that are looked up by text": book(
        "def step_0(state):\n    return {'a': 1}\ndef step_1(state):\n    return {'b': 2}",
        "graph = Graph('g')\nfor n in range(2):\n    graph.node(f's{n}', globals()[f'step_{n}']).edge('START', f's{n}')",
        there=("def step_0", "def step_1"),
    ),
    "a match and a walrus": book(
        "import json\nmatch json.loads('{\"kind\": 3}'):\n    case {'kind': found}:\n        pass",
        "if (size := len(json.dumps(found))) > 0:\n    TABLE = [size, found]",
        ASK + END,
    ),
    "a class that is changed": book(
        "class Settings:\n    by = 1\nSettings.by = max(2, 3)\nsettings = Settings()\nsettings.more = 4\nUNUSED = Settings()",
        "def use(state):\n    return {'n': [Settings.by, settings.more]}",
        END,
        absent=("UNUSED",),
    ),
    "a function with others registered on it": book(
        "from functools import singledispatch\n@singledispatch\ndef shown(value):\n    return 'other'",
        "@shown.register\ndef _(value: int):\n    return 'number'",
        "def use(state):\n    return {'n': shown(3)}",
        "WORDS = len('a')\n" + END,
    ),
    "a reducer that a call makes": book(
        "def made(by):\n    print('made')\n    return lambda before, update: before + by * update\nmore = made(2)",
        "def one(state):\n    return {'n': 1}\ndef two(state):\n    return {'n': 2}",
        "%%genxai graph g --reduce n=more\nSTART -> [one, two]",
        there=("more = made(2)",),
        given=("n=1",),
    ),
    "a reducer of a schema that a call makes": book(
        "def made(by):\n    print('made')\n    return lambda before, update: before + by * update\nmore = made(2)",
        "def one(state):\n    return {'n': 1}\ndef two(state):\n    return {'n': 2}",
        "%%genxai schema Sum\nn: int = 0 | more",
        "%%genxai graph g --state Sum\nSTART -> [one, two]",
        there=("more = made(2)",),
    ),
    "modules of one's own": book(
        "import reading_rates\nRATES = reading_rates.load()\nRATES.update(more=1)",
        "def use(state):\n    return {'n': [RATES, reading_rates.load()]}",
        END,
        files={"reading_rates.py": "LOW = 1\nHIGH = 2\ndef load():\n    return {'low': LOW}\n"},
    ),
}
