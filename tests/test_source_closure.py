"""What functions and classes use from around them counts in their versions."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from types import SimpleNamespace

import pytest

from genxai_nb.agents.notation import schema_from
from genxai_nb.source import dedented, uses_of, version_of

numbers = itertools.count()

CHAIN = """
import math
LIMIT = 3
unused = 9
def third(x):
    return min(x, LIMIT) + math.floor(x)
def second(x):
    return third(x)
def first(state):
    return second(state)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Make a module of a text, as a file of its own."""

    def make(text: str, name: str = ""):
        name = name or f"made_{next(numbers)}"
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        made = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, made)
        spec.loader.exec_module(made)
        return made

    return make


def hash_of(obj) -> str:
    return version_of(obj).hash


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("min(x, LIMIT)", "max(x, LIMIT)"),
        ("return third(x)", "return third(x) + 0"),
        ("import math", "import numbers as math"),
    ],
)
def test_a_change_three_calls_deep_counts(module, before, after):
    """A constant, a helper or a module that is used far down changes the version."""
    assert hash_of(module(CHAIN).first) != hash_of(module(CHAIN.replace(before, after)).first)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("unused = 9", "unused = 10"),
        ("import math", "import math, os"),
        ("def second", "# how it is done\n\n\ndef second"),
        ("LIMIT = 3", "LIMIT = 1 + 2"),
    ],
)
def test_what_is_not_used_does_not_count(module, before, after):
    """The module itself, other names in it, comments, and how a constant is written do not count."""
    assert hash_of(module(CHAIN).first) == hash_of(module(CHAIN.replace(before, after)).first)


def test_a_helper_that_is_defined_anew_counts(module):
    """A function has another version once a helper that it names is another function."""
    made = module(CHAIN)
    before = hash_of(made.first)
    made.third = lambda x: x
    assert hash_of(made.first) != before


def test_functions_that_call_each_other_have_a_version(module):
    """Two functions that call each other have versions, and a change in either counts for both."""
    text = "def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n != 0 and even(n - 1)\n"
    other = module(text.replace("n != 0", "n > 0"))
    made = module(text)
    assert hash_of(made.even) != hash_of(other.even)
    assert hash_of(made.odd) != hash_of(other.odd)


def test_mutable_globals_are_untracked(module):
    """A dict that a helper names counts by its type and is listed."""
    made = module(
        "PRICES = {'a': 1}\ndef price(x):\n    return PRICES[x]\ndef f(state):\n    return price(state)\n"
    )
    assert version_of(made.f).untracked == ("price.PRICES",)
    before = hash_of(made.f)
    made.PRICES["a"] = 2
    assert hash_of(made.f) == before


def test_a_module_of_ones_own_is_looked_into(module):
    """What is taken of one's own module counts; the rest of it does not, and a namespace of it is equal."""
    helpers = module("def clean(x):\n    return x\ndef other(x):\n    return x\n", "helpers_here")
    made = module("import helpers_here\ndef f(x):\n    return helpers_here.clean(x)\n")
    before = hash_of(made.f)
    helpers.other = 3
    assert hash_of(made.f) == before
    made.helpers_here = SimpleNamespace(clean=helpers.clean)
    assert hash_of(made.f) == before
    helpers.clean = helpers.other
    made.helpers_here = helpers
    assert hash_of(made.f) != before
    assert [use.name for use in uses_of(made.f)] == ["helpers_here.clean"]


CLASSES = """
import dataclasses, enum, pydantic
BASE = 2
def half(x):
    return x / BASE
class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"
@dataclasses.dataclass
class Point:
    "A point."
    x: int
    colour: Colour = Colour.RED
    tags: list = dataclasses.field(default_factory=list)
    def halved(self):
        return half(self.x)
class Item(pydantic.BaseModel):
    "An item."
    model_config = pydantic.ConfigDict(extra="forbid")
    name: str = pydantic.Field("a", description="its name", max_length=9)
    points: list[Point] = []
    @pydantic.field_validator("name")
    def tidy(cls, value):
        return value.strip()
def f(item: Item) -> Point:
    return item
def g():
    return Item()
def h():
    return Colour.BLUE
"""


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("BASE = 2", "BASE = 3", "fg"),
        ('"blue"', '"navy"', "fgh"),
        ("x: int", "x: float", "fg"),
        ("Colour.RED\n", "Colour.BLUE\n", "fg"),
        ("@dataclasses.dataclass", "@dataclasses.dataclass(frozen=True)", "fg"),
        ("default_factory=list", "default_factory=dict", "fg"),
        ("half(self.x)", "half(self.x) + 1", "fg"),
        ('"its name"', '"the name"', "fg"),
        ("max_length=9", "max_length=8", "fg"),
        ('extra="forbid"', 'extra="allow"', "fg"),
        ("value.strip()", "value.lower()", "fg"),
        ('("name")', '("name", mode="before")', "fg"),
        ("list[Point] = []", "list[Point] = [1]", "fg"),
        ('"An item."', '"The item."', "fg"),
        ("return Colour.BLUE", "return Colour.BLUE  # blue", ""),
    ],
)
def test_classes_count_by_what_they_are(module, before, after, changed):
    """Fields, defaults, constraints, methods, validators, options and docstrings of classes count."""
    assert before in CLASSES
    made, other = module(CLASSES), module(CLASSES.replace(before, after))
    found = [name for name in "fgh" if hash_of(getattr(made, name)) != hash_of(getattr(other, name))]
    assert "".join(found) == changed


def test_a_schema_cell_and_a_class_of_the_same_fields_agree(module):
    """The model of a schema cell has the version of the class that says the same."""
    lines = "topic: str\nscore: float | None = 0  # quality\nnotes: list[str] = [] | append\nkind: Literal['a', 'b'] = 'a'"
    model, _ = schema_from("Draft", lines)
    written = module(
        "from typing import Literal\nimport pydantic\nclass Draft(pydantic.BaseModel):\n    topic: str\n"
        "    score: float | None = pydantic.Field(0.0, description='quality')\n    notes: list[str] = []\n"
        "    kind: Literal['a', 'b'] = 'a'\n"
    )
    other = module("import pydantic\nclass Draft(pydantic.BaseModel):\n    topic: str\n")
    assert hash_of(model) == hash_of(written.Draft) != hash_of(other.Draft)


def test_the_layout_of_a_docstring_does_not_count(module):
    """A docstring counts by its words: its indent is that of the code around it."""
    one = module('def f():\n    """Do.\n\n    More.\n    """\n').f
    two = module('if True:\n        def f():\n                """Do.\n\n                More."""\n').f
    assert hash_of(one) == hash_of(two)


def test_strings_keep_their_lines():
    """Taking an indent off leaves the lines of strings as they are."""
    text = '    def f():\n        return """a\n    b\n  c"""\n'
    assert dedented(text) == 'def f():\n    return """a\n    b\n  c"""\n'


def test_a_graph_tells_of_a_helper_that_was_defined_anew(module):
    """Nodes, tools and agents have other versions, and the next run records them, once a helper is another one."""
    text = (
        "from genxai_nb import Agent, Graph, tool\n"
        "def helper(x):\n    return x + 1\n"
        "def step(state):\n    return {'n': helper(state['n'])}\n"
        "@tool\ndef add(n: int) -> int:\n    'Add.'\n    return helper(n)\n"
        "agent = Agent('clerk', model='offline', task='Count.', tools=[add], memory='none')\n"
        "graph = Graph('g').node('step', step).node('add', add).node('clerk', agent).parse('START -> step -> add -> clerk')\n"
        "outer = Graph('o').node('part', graph).edge('START', 'part')\n"
    )
    made = module(text)
    before = {d.name: d.hash for d in made.graph.definitions()}
    around = made.outer.definitions()[0].hash
    assert {d.name: d.hash for d in made.graph.definitions()} == before

    exec("def helper(x):\n    return x + 2", vars(made))

    after = {d.name: d.hash for d in made.graph.definitions()}
    assert [name for name in before if after[name] == before[name]] == []
    assert made.outer.definitions()[0].hash != around
    run = made.graph.start({"n": 1}, store=":memory:")
    assert run.events()[0].definitions == after


def test_the_functions_of_conditions_belong_to_the_structure(module):
    """A graph has another structure once a function that decides on an edge, or what it uses, is another one."""
    text = (
        "from genxai_nb import Graph\n"
        "LIMIT = 3\n"
        "def is_high(state):\n    return state['n'] > LIMIT\n"
        "graph = Graph('g').node('a', len).node('b', len).edge('START', 'a')\n"
        "graph.edge('a', 'b', when=is_high).edge('a', 'END', otherwise=True)\n"
    )
    same, other = module(text), module(text.replace("LIMIT = 3", "LIMIT = 4"))
    assert module(text).graph.structure == same.graph.structure != other.graph.structure


def test_what_stands_for_a_builtin_is_none_of_what_a_function_uses():
    """A notebook has an ``open`` of its own that wraps Python's; a script has Python's."""
    from functools import wraps

    plain_open = open

    @wraps(open)
    def modified(*args):
        return plain_open(*args)

    plain, wrapped = {"__name__": "__main__"}, {"__name__": "__main__", "open": modified}
    for space in (plain, wrapped):
        exec("def read(path):\n    return open(path)", space)
    assert list(uses_of(wrapped["read"])) == []
    assert version_of(wrapped["read"]).hash == version_of(plain["read"]).hash
    other = {"__name__": "__main__", "open": lambda path: path}
    exec("def read(path):\n    return open(path)", other)
    assert [use.name for use in uses_of(other["read"])] == ["open"]
