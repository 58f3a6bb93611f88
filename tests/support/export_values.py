"""Notebooks whose functions use values that statements make, and what their scripts hold of them."""

from __future__ import annotations

from export_notebooks import ASK, END, book

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
