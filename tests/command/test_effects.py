"""What counts as defining, and what as doing."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from genxai_nb.command.effects import first_effect, runs_of
from genxai_nb.source import bound_in, imported_in


@pytest.mark.parametrize(
    "text",
    [
        "import os\nfrom a import b as c",
        "X = 3\nY: int = -X\nA, B = 1, [X, {'k': (Y,)}]\nNAME = f'{X} of {Y}'",
        "'''A text.'''\npass",
        "PATTERN = re.compile(r'\\w+')\nWORDS = frozenset({'a'})",
        "rank = lambda row: print(row)",
        "async def f(a: int = X, *, b: str = 'b') -> None:\n    print(a)",
        "@tool(read_only=True)\n@functools.cache\ndef f(): ...",
        "class Draft(BaseModel):\n    '''Text.'''\n    tags: list[str] = Field(default_factory=list)\n    def f(self): go()",
        "@dataclass\nclass Row(Base, frozen=True):\n    n: int = 0",
        "writer = Agent('writer', tools=[count])\ng = Graph('g').node('a', writer).edge('START', 'a')",
        "g.node('a', human('Go?'))\ng.parse('START -> a')",
        "sys.path.insert(0, str(Path.cwd().parent))\nsys.path.append(os.path.join('..', 'src'))",
    ],
)
def test_defining_has_no_effect(text):
    """Imports, constants, functions, classes, agents and graphs only define."""
    assert first_effect(ast.parse(dedent(text))) is None


@pytest.mark.parametrize(
    "text",
    [
        "print(1)",
        "x = load()",
        "x = [load() for _ in y]",
        "x = (y := 1)",
        "rows['a'] = 1",
        "rows.kind = 1",
        "x += 1",
        "for x in y: pass",
        "if x: y = 1",
        "with x: pass",
        "del x",
        "assert x",
        "def f(a=load()): ...",
        "def f(a: load()): ...",
        "@make()()\ndef f(): ...",
        "@make(load())\ndef f(): ...",
        "class A(load()): ...",
        "class A:\n    print(1)",
        "x = lambda a=load(): a",
        "await x",
        "g.node('a', load())",
        "load().node('a')",
        "g.run({})",
        "sys.path.append(load())",
        "sys.path.remove('x')",
    ],
)
def test_doing_is_an_effect(text):
    """What calls, changes, loops or decides while it stands at the top does more than define."""
    statement = first_effect(ast.parse(f"import os\n{text}"))

    assert statement is not None
    assert statement.lineno >= 2


def test_names_that_a_cell_makes():
    """Assignments, loops and changes in place count, what stands inside functions does not."""
    tree = ast.parse(
        "import os.path as p, sys\na = b = 1\nfor c in d: e['x'].y = c\ndef f():\n    g = 1\nclass H:\n    i = 1"
    )

    assert bound_in(tree) == {"a", "b", "c", "e", "f", "H"}
    assert imported_in(tree) == {"p", "sys"}


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("x = {k: g.run(k) for k in y}", True),
        ("await g.arun({})", True),
        ("other.run({})", False),
        ("def f():\n    g.run({})", False),
    ],
)
def test_running_a_graph_is_seen(text, runs):
    """A call of a graph's run at the top of a cell is seen."""
    assert any(runs_of(ast.parse(text), {"g"})) is runs
