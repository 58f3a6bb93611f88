"""Versions of functions."""

from __future__ import annotations

import argparse
import ast
import functools
import importlib.util
import inspect
import itertools
import os
import re
import subprocess
import sys
from enum import Enum
from pathlib import Path
from types import CellType, CodeType, FunctionType

import pytest

from genxai_nb.source import source_of, version_of

numbers = itertools.count()


@pytest.fixture
def module(tmp_path):
    """Make a module of a text, as a file of its own."""

    def make(text: str):
        path = tmp_path / f"made_{next(numbers)}.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("made", path)
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        return made

    return make


def hash_of(obj) -> str:
    return version_of(obj).hash


SAME = [
    ("def f(x):\n    return x + 1\n", "def f( x ):\n    # adds one\n\n    return (x+1)  # done\n"),
    ("def f(x):\n    return 'a'\n", 'def f(x):\n    return "a"\n'),
    ("f = lambda x: x + 1\n", "f = lambda x: (x   + 1)  # the same\n"),
    ("if True:\n    def f(x):\n        return x\n", "def f(x): return x\n"),
    (
        "n = 3\nf = lambda x: x + n\n",
        "def make():\n    n = 3\n    return [lambda x: (x +\n        n)]\nf, = make()\n",
    ),
    ("f = lambda x: x.a\n", "g, f = lambda x: x.b, lambda x: x.a\n"),
    # Python compiles a.b() in another way where a is imported in the same file
    (
        "import math\nf = lambda x: math.floor(x)\n",
        "math = __import__('math')\nf = lambda x: math.floor(x)\n",
    ),
    (
        "import json, math\nf = lambda x: json.dumps(math.floor(x))\n",
        "import math\njson = __import__('json')\nf = lambda x: json.dumps(math.floor(x))\n",
    ),
    (
        "import math\ndef make(n):\n    return lambda x: math.floor(x + n)\nf = make(1)\n",
        "math = __import__('math')\ndef make(n):\n    return lambda x: math.floor(x + n)\nf = make(1)\n",
    ),
]
OTHER = [
    ("def f(x):\n    return x + 1\n", "def f(x):\n    return x + 2\n"),
    ("def f(x: int):\n    return x\n", "def f(x: str):\n    return x\n"),
    ("def f(x):\n    'Add.'\n    return x\n", "def f(x):\n    'Adds.'\n    return x\n"),
    ("def f(x):\n    return x\n", "async def f(x):\n    return x\n"),
    ("f = lambda x: x + 1\n", "f = lambda x: x + 2\n"),
    ("f = lambda x: x.a\n", "f = lambda x: x.b\n"),
    ("n = 3\nf = lambda x: x + n\n", "def make():\n    n = 4\n    return lambda x: x + n\nf = make()\n"),
    ("f = lambda x=1: x\n", "f = lambda x=2: x\n"),
    ("f = lambda x: (lambda: 1)\n", "f = lambda x: (lambda: 2)\n"),
    ("def f(x=(1, 2)):\n    return x\n", "def f(x=(1, 3)):\n    return x\n"),
    ("def f(*, x=1):\n    return x\n", "def f(*, x=True):\n    return x\n"),
    ("class f:\n    def run(self):\n        return 1\n", "class f:\n    def run(self):\n        return 2\n"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_comments_and_layout_do_not_count(module, first, second):
    """Comments, blank lines, indents, quotes and needless parentheses leave the version as it is."""
    assert hash_of(module(first).f) == hash_of(module(second).f)


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_whatever_changes_what_it_does_counts(module, first, second):
    """A changed statement, annotation, docstring, default or constant gives another version."""
    assert hash_of(module(first).f) != hash_of(module(second).f)


def test_annotation_changed_while_the_old_function_is_alive(tmp_path, module):
    """Two functions with equal bytecode and different annotations have different versions."""
    old = module("def f(x: int):\n    return x\n").f
    before = hash_of(old)
    new = module("def f(x: str):\n    return x\n").f
    assert old.__code__ == new.__code__
    assert hash_of(new) != before == hash_of(old)


@pytest.mark.parametrize("text", ["def f(x):\n    return x\n", "f = lambda x: x\n"])
def test_file_edited_after_import_does_not_count(module, text):
    """The version is that of the code that runs, not of what the file says now."""
    made = module(text)
    before = hash_of(made.f)
    Path(made.__file__).write_text("def f(x):\n    return x * 2\n", encoding="utf-8")
    os.utime(made.__file__, (1, 1))
    assert hash_of(made.f) == before


def closing_over(value, other=None):
    def inner():
        return value, other

    return inner


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, 2),
        (1, True),
        (("a", 1), ("a", 2)),
        (frozenset("ab"), frozenset("ac")),
        (Colour.RED, Colour.BLUE),
        (re.compile("a"), re.compile("b")),
        (re.compile("a"), re.compile("a", re.IGNORECASE)),
        (len, sum),
        (re, os),
        (lambda x: x + 1, lambda x: x + 2),
        (functools.partial(closing_over, 1), functools.partial(closing_over, 2)),
        (int, str),
        (closing_over(1), closing_over(2)),
    ],
)
def test_what_a_closure_holds_counts(first, second):
    """Constants, functions, classes and modules in a closure count, and nothing of it is untracked."""
    assert hash_of(closing_over(first)) == hash_of(closing_over(first))
    assert hash_of(closing_over(first)) != hash_of(closing_over(second))
    assert version_of(closing_over(first)).untracked == ()


def test_two_cells_are_told_apart():
    """It counts which cell holds which function, also when one of them was met before."""

    def one(): ...
    def two(): ...

    def three(a, b, c):
        return lambda: (a, b, c)

    assert hash_of(three(one, two, one)) != hash_of(three(one, two, two))


def test_mutable_values_count_by_type_and_are_listed():
    """A list in a closure or default can change unseen, so it is named as untracked."""

    def with_default(x, seen=[]):  # noqa: B006 - what is tested
        return seen

    first = version_of(closing_over([1], {}))
    assert first == version_of(closing_over([1, 2], {"a": 1}))
    assert set(first.untracked) == {"value", "other"}
    assert first.hash != hash_of(closing_over({}, {}))
    assert version_of(with_default).untracked == ("seen",)
    assert version_of(closing_over(closing_over([]))).untracked == ("value.value",)


def test_wrapped_functions_are_unwrapped():
    """A partial, a method, a decorated function and a callable object change with what they wrap."""

    class Adder:
        def __init__(self, by):
            self.by = by

        def add(self, x):
            return x + self.by

        @classmethod
        def make(cls):
            return cls(1)

        def __call__(self, x):
            return x

    assert hash_of(functools.partial(closing_over, 1)) != hash_of(functools.partial(closing_over, 2))
    assert hash_of(functools.partial(closing_over, other=1)) != hash_of(functools.partial(closing_over, 1))
    assert version_of(Adder(1).add).untracked == (Adder.__qualname__,)
    assert hash_of(Adder(1).add) == hash_of(Adder(2).add) != hash_of(Adder(1))
    assert version_of(Adder.make).untracked == ()
    assert hash_of(functools.lru_cache(closing_over)) != hash_of(functools.lru_cache(hash_of))


def test_recursion_ends():
    """A function that holds itself has a version, the same each time it is made."""

    def make(step):
        def down(x):
            return down(x - step) if x else 0

        return down

    assert hash_of(make(1)) == hash_of(make(1)) != hash_of(make(2))


def test_versions_agree_between_processes():
    """The order of sets and the place in memory do not count."""
    text = "f = lambda x: x in {'a', 'b', 'c', 'd'}\nfrom genxai_nb.source import version_of\nprint(version_of(f).hash)"
    made = {
        subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(made) == 1


def test_code_without_source():
    """Code that was typed at a command line has a version of its bytecode and no source text."""
    one, two, three = {}, {}, {}
    exec("def f(x): return x + 1", one)
    exec("def f(x):\n    return x + 1", two)
    exec("def f(x): return x + 2", three)
    assert hash_of(one["f"]) == hash_of(two["f"]) != hash_of(three["f"])
    assert source_of(one["f"]) == ""


def test_classes_without_source():
    """A class made in a cell counts by its bases, annotations, constants and methods."""

    def made(text):
        space = {"__name__": "__nowhere__"}
        exec(text, space)
        return space["C"]

    texts = [
        "class C:\n    x: int = 1",
        "class C:\n    x: str = 1",
        "class C:\n    x: int = 2",
        "class C:\n    def run(self): return 1",
        "class C:\n    def run(self): return 2",
        "class C:\n    @property\n    def run(self): return 1",
        "class C(int):\n    def run(self): return 1",
    ]
    assert len({hash_of(made(text)) for text in texts}) == len(texts)
    assert [hash_of(made(text)) for text in texts] == [hash_of(made(text)) for text in texts]


def test_source_text():
    """The source of a partial, a method or a decorated function is that of what was written."""
    assert source_of(functools.partial(closing_over, 1)).startswith("def closing_over")
    assert source_of(functools.lru_cache(closing_over)).startswith("def closing_over")
    assert source_of(Colour).startswith("class Colour")
    assert [source_of(thing) for thing in (len, 3, None, "text", functools.partial(len))] == [""] * 5


@pytest.mark.parametrize("obj", [object(), 1, None, [], len, print, type, [].append, {}.get, property()])
def test_anything_has_a_version(obj):
    """Anything at all has a version and a text."""
    assert len(hash_of(obj)) == 32
    assert version_of(closing_over(obj)).hash
    assert isinstance(source_of(obj), str)


class Prickly:
    """Raises whenever it is looked at."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __call__(self):
        return 1


def test_prickly_object():
    """An object that raises whenever it is looked at is named as untracked."""
    assert version_of(Prickly()).untracked == ("Prickly",)
    assert source_of(Prickly()) == ""


def functions_of(code):
    """The functions in code, and in their own code."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from ([] if inner.co_name.startswith("<") else [inner])
            yield from functions_of(inner)


@pytest.mark.parametrize("module", [argparse, ast, functools, inspect, subprocess], ids=lambda m: m.__name__)
def test_the_text_of_a_function_is_that_of_inspect(module):
    """Of a whole module, each function's text ends where Python says that it ends."""
    path = inspect.getsourcefile(module)
    found = list(functions_of(compile(inspect.getsource(module), path, "exec", dont_inherit=True)))
    made = {code: FunctionType(code, {}, closure=tuple(map(CellType, code.co_freevars))) for code in found}

    assert len(found) > 40
    assert {f.__name__: source_of(f) for f in made.values()} == {
        f.__name__: inspect.getsource(code).rstrip("\n") + "\n" for code, f in made.items()
    }


def test_the_text_of_a_function_has_its_strings_that_are_not_indented(module):
    """Lines of strings, brackets and comments do not end it, however many they are."""
    lines = "\n".join(f"line {number}" for number in range(100))
    text = f'def f(\n    x,\n):\n    a = """\n{lines}\n"""\n# about it\n    return a\n'
    made = module(f"{text}# about g\ndef g(): return 2\n\n\n# the end\n")
    assert source_of(made.f) == text
    assert source_of(made.g) == "def g(): return 2\n"
