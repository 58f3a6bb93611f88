"""Which graph of a Python file is run, with which values."""

from __future__ import annotations

import json
import sys

import pytest

from genxai_nb.command import main

TWO = """
from genxai_nb import Graph

async def a(state):
    return {"by": "a"}

async def b(state):
    return {"by": "b"}

one = Graph("first-one").node("a", a)
one.parse("START -> a -> END")
two = Graph("second").node("b", b)
two.parse("START -> b -> END")
"""

TYPED = """
from enum import Enum
from pydantic import BaseModel
from genxai_nb import Graph

class Tone(Enum):
    DRY = "dry"

class Draft(BaseModel):
    title: str
    score: float = 0
    tags: list[str] = []
    tone: Tone = Tone.DRY

async def keep(state):
    return {}

graph = Graph("keep", state=Draft).node("keep", keep)
graph.parse("START -> keep -> END")
"""


@pytest.mark.parametrize(
    ("name", "by"), [("first-one", "a"), ("first_one", "a"), ("one", "a"), ("second", "b")]
)
def test_a_graph_is_found_by_its_name_or_variable(name, by, written, capsys):
    """A graph's own name and the variable that holds it both mean it, also behind the options."""
    file = written("flow.py", TWO)

    assert main(["run", file, "--store", ":memory:", "--json", name]) == 0
    assert json.loads(capsys.readouterr().out) == {"by": by}


def test_several_graphs_need_a_name(written, capsys):
    """Without a name the graphs are listed."""
    assert main(["run", written("flow.py", TWO)]) == 2
    assert "flow.py defines 2 graphs: first-one, second." in capsys.readouterr().err


def test_an_unknown_graph_names_the_nearest(written, capsys):
    """A name that is nearly right is corrected."""
    assert main(["run", written("flow.py", TWO), "secund"]) == 2
    assert "Did you mean 'second'?" in capsys.readouterr().err


def test_a_part_of_another_graph_is_not_meant(written, capsys):
    """A graph that is a node of another one does not count as one of several."""
    file = written(
        "flow.py",
        TWO,
        'whole = Graph("whole").node("part", one).node("b", two)',
        'whole.parse("START -> part -> b -> END")',
    )

    assert main(["run", file, "--store", ":memory:", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["by"] == "b"


def test_values_are_typed_by_the_schema(written, capsys):
    """A text field keeps its text, also one that looks like a number or spans lines; others are read by type."""
    values = ["title=012\nb: $c", "score=3", "tags=[a, b]", "tone=dry"]

    assert main(["run", written("typed.py", TYPED), "--store", ":memory:", "--json", "--input", *values]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "title": "012\nb: $c",
        "score": 3,
        "tags": ["a", "b"],
        "tone": "dry",
    }


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["titel=x"], "Did you mean 'title'?"),
        (["title=x", "score=high"], "score"),
        (["title"], "is no KEY=VALUE"),
        (["title=x", "title=y"], "is there twice"),
        (["answers={ok: yes}"], "answers"),
        ([], "title"),
    ],
)
def test_values_that_do_not_fit_begin_no_run(values, said, written, capsys):
    """A wrong input ends with 2 and names the key."""
    words = ["--input", *values] if values else []

    assert main(["run", written("typed.py", TYPED), *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:", "is no Python"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("raise SystemExit(0)", "ended Python while it was imported"),
        ("x = 1", "defines no graph"),
        ('from genxai_nb import Graph\nGraph("g").parse("a => b")', "line 2"),
    ],
)
def test_a_file_that_cannot_be_imported_ends_with_2(text, said, written, capsys):
    """What is wrong with a file is one block without a traceback."""
    assert main(["run", written("flow.py", text)]) == 2

    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_an_interrupt_before_the_run_is_one_line(written, capsys):
    """Ctrl-C while a file is imported ends with 130."""
    assert main(["run", written("flow.py", "raise KeyboardInterrupt")]) == 130
    assert capsys.readouterr().err == "‖ Interrupted.\n"


def test_code_of_the_file_that_raises_outside_a_node_is_one_block(written, capsys):
    """What a validator of the schema raises is shown with its line, and as a traceback on request."""
    strict = """
    from pydantic import field_validator

    class Strict(Draft):
        @field_validator("score")
        def check(cls, value):
            raise RuntimeError("no scores")

    graph = Graph("keep", state=Strict).node("keep", keep)
    graph.parse("START -> keep -> END")
    """
    words = ["run", written("typed.py", TYPED, strict), "--input", "title=x", "score=1"]

    assert main(words) == 2
    block = capsys.readouterr().err
    assert main([*words, "--traceback"]) == 2

    assert block.splitlines()[0] == "✕ A validator of Strict failed at the input: RuntimeError: no scores."
    assert 'typed.py line 25: raise RuntimeError("no scores")' in block
    assert "Traceback" not in block
    assert "Traceback" in capsys.readouterr().err


def test_a_file_imports_its_neighbours_and_leaves_nothing_behind(written, capsys):
    """Modules beside the file are found, and afterwards Python's path and modules are as they were."""
    written("beside/neighbour_of_flow.py", 'WORD = "near"')
    file = written(
        "beside/json.py",
        "from neighbour_of_flow import WORD",
        TWO,
        'one.bind("a", lambda state: {"by": WORD})',
    )
    before = sys.path.copy(), sys.modules["json"]

    assert main(["run", file, "first-one", "--store", ":memory:", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {"by": "near"}
    assert (sys.path, sys.modules["json"]) == before
    del sys.modules["neighbour_of_flow"]
