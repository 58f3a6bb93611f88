"""Notebooks read without a kernel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genxai_nb.command import main

FUNCTIONS = """
%load_ext genxai_nb
import math
FACTOR = 2

def double(state):
    return {"n": state["n"] * FACTOR}
"""
GRAPH = """
%%genxai graph counting
START -> double -> END
"""
RUN = """
%%genxai run counting
n: 4
"""


def run(capsys, *words):
    """Run in memory; the final state, the exit code, and what was said."""
    code = main(["run", *words, "--store", ":memory:", "--json"])
    shown = capsys.readouterr()
    return (json.loads(shown.out) if shown.out else None), code, shown.err


def test_a_notebook_runs_with_the_input_of_its_run_cell(written, capsys):
    """Definition cells are read, plain code is executed, and the run cell gives the input."""
    assert run(capsys, written("count.ipynb", FUNCTIONS, GRAPH, RUN)) == ({"n": 8}, 0, "")


def test_a_given_value_stands_in_place_of_the_cells(written, capsys):
    """`--input` wins over the run cell."""
    assert run(capsys, written("count.ipynb", FUNCTIONS, GRAPH, RUN), "--input", "n=5")[0] == {"n": 10}


def test_the_last_run_cell_of_the_graph_counts(written, capsys):
    """Of several run cells of the graph the last one gives the input, and one around which time is taken too."""
    other = "%%genxai run other\nn: 100"
    last = "%%time\n%%genxai run counting --model offline\nn: 6"

    assert run(capsys, written("count.ipynb", FUNCTIONS, GRAPH, RUN, last, other))[0] == {"n": 12}


def test_a_debug_cell_is_a_run(written, capsys):
    """A cell that steps through the graph defines nothing; its input counts as that of a run, an ask is passed over."""
    agent = "%%genxai agent guide\nmemory: none"
    file = written(
        "count.ipynb",
        FUNCTIONS,
        GRAPH,
        RUN.replace("run", "debug"),
        agent,
        "%%genxai ask guide\nA question: why?",
    )

    assert run(capsys, file) == ({"n": 8}, 0, "")


def test_agents_and_schemas_are_read(written, capsys):
    """Agent, schema and graph cells make what they make in a notebook."""
    file = written(
        "brief.ipynb",
        "%%genxai schema Brief\ntopic: str\nnotes: str\ndraft: str = ''\nwords: int = 0",
        "%%genxai agent fact-writer\ntask: Explain {{topic}} from the notes.\nreads: topic, notes\nwrites: draft",
        "from genxai_nb import tool\n\n@tool(read_only=True)\ndef size(text: str) -> int:\n    'Count words.'\n"
        "    return len(text.split())",
        "%%genxai graph brief --state Brief\nnode size = tool size(text=draft): into words\n"
        "START -> fact_writer -> size -> END",
        "%%genxai run brief\ntopic: yeast\nnotes: Yeast turns sugar into gas. Salt slows it down.",
    )

    state, code, _ = run(capsys, file)

    assert code == 0
    assert "Yeast turns sugar into gas." in state["draft"]
    assert state["words"] == len(state["draft"].split())


def test_answers_of_the_run_cell_count(written, capsys):
    """The run cell's answers are those of the command, unless it gives its own."""
    graph = '%%genxai graph ask\nnode ok = human "Go on?": choices [yes, no]\nSTART -> ok -> END'
    file = written("ask.ipynb", graph, "%%genxai run ask\nanswers:\n  ok: yes")

    assert run(capsys, file)[0] == {"ok": "yes"}
    assert run(capsys, file, "--answer", "ok=no")[0] == {"ok": "no"}


def test_a_cell_that_does_more_than_define_is_left_out(written, capsys):
    """It is named with its reason, and does not run."""
    file = written("count.ipynb", 'from pathlib import Path\nPath("ran").touch()', FUNCTIONS, GRAPH, RUN)

    state, code, said = run(capsys, file)

    assert (state, code) == ({"n": 8}, 0)
    assert (
        said == "count.ipynb, code cell 1 was left out: line 2 does more than define: Path('ran').touch().\n"
    )
    assert not Path("ran").exists()


def test_trust_runs_the_cells_above_the_first_run(written, capsys):
    """With --trust code above the first run of the graph is executed in the notebook's folder, below it not."""
    above = 'from pathlib import Path\nFACTOR = len(Path("rows").read_text())'
    functions = FUNCTIONS.replace("FACTOR = 2", "")
    below = 'Path("below").touch()'
    file = written("books/count.ipynb", above, functions, GRAPH, RUN, below)
    Path("books/rows").write_text("xyz", "utf-8")

    state, _, said = run(capsys, file, "--trust")

    assert state == {"n": 12}
    assert said == "count.ipynb, code cell 5 below the first run: left out.\n"
    assert not Path("books/below").exists()
    assert not Path("below").exists()


def test_a_run_by_method_is_a_first_run_too(written, capsys):
    """A cell that calls the graph's own run is not executed, nor what comes below."""
    file = written("count.ipynb", FUNCTIONS, GRAPH, "result = counting.run({'n': 1})", "print(result.state)")

    state, _, said = run(capsys, file, "--trust", "--input", "n=7")

    assert state == {"n": 14}
    assert "code cells 3, 4 below the first run: left out." in said


def test_a_name_that_was_left_out_is_missed_before_the_run(written, capsys):
    """What a node needs through its functions is named, with the cell that would have made it."""
    functions = """
    def half():
        return [FACTOR for _ in "a"][0]

    def double(state):
        return {"n": state["n"] * half()}
    """
    file = written("count.ipynb", "FACTOR = sum([1, 1])", functions, GRAPH, RUN)

    _, code, said = run(capsys, file)
    trusted, *_ = run(capsys, file, "--trust")

    assert code == 2
    assert "Graph 'counting' needs 'FACTOR', which nothing here defines." in said
    assert "code cell 1 was left out: line 1 does more than define: FACTOR = sum([1, 1])" in said
    assert "--trust" in said
    assert trusted == {"n": 8}


def test_a_local_name_is_not_missed(written, capsys):
    """A variable of a function that bears the name of something left out is its own."""
    functions = "def double(state):\n    FACTOR = 2\n    return {'n': state['n'] * FACTOR}"

    assert run(capsys, written("count.ipynb", "FACTOR = sum([1])", functions, GRAPH, RUN))[1] == 0


def test_an_input_from_a_cell_that_was_left_out_has_to_be_given(written, capsys):
    """`$name` of a cell that did not run is an error, unless the key is given."""
    file = written("count.ipynb", "start = max(3, 4)", FUNCTIONS, GRAPH, "%%genxai run counting\nn: $start")

    _, code, said = run(capsys, file)

    assert code == 2
    assert "takes 'n' from $start, which is not there: code cell 1 was left out" in said
    assert run(capsys, file, "--input", "n=1")[0] == {"n": 2}
    assert run(capsys, file, "--trust")[0] == {"n": 8}


def test_attributes_and_keys_can_be_inserted(written, capsys):
    """`$name.attribute` reaches into what plain code has made, and a part that is not there has to be given."""
    values = 'class Start:\n    at = 5\n\nstart = {"low": Start}'
    file = written("count.ipynb", values, FUNCTIONS, GRAPH, "%%genxai run counting\nn: $start.low.at")
    wrong = written("wrong.ipynb", values, FUNCTIONS, GRAPH, "%%genxai run counting\nn: $start.high")

    assert run(capsys, file)[0] == {"n": 10}
    assert "takes 'n' from $start.high, which is not there" in run(capsys, wrong)[2]


def test_a_cell_that_uses_a_run_is_left_out(written, capsys):
    """What is made of a run's result is not there before the run."""
    other = "%%genxai graph other\nSTART -> double -> END"
    file = written(
        "count.ipynb", FUNCTIONS, other, "%%genxai run other\nn: 1", "print(result.state)", GRAPH, RUN
    )

    state, _, said = run(capsys, file, "counting", "--trust")

    assert state == {"n": 8}
    assert "code cell 4 was left out: it uses 'result', and the run in code cell 3 was left out" in said


def test_a_wrong_cell_is_named_with_its_line(written, capsys):
    """A mistake in a cell that the graph needs ends with 2, the cell, the line and a caret."""
    agent = "\n\n%%genxai agent double\nrole: Doubler\ngaol: To double"

    state, code, said = run(capsys, written("count.ipynb", agent, GRAPH, RUN))

    assert (state, code) == (None, 2)
    assert said.splitlines() == [
        "✕ Unknown field 'gaol'.",
        "  line 3: gaol: To double",
        "          ^",
        "  in count.ipynb, code cell 1",
        "  Did you mean 'goal'?",
    ]


def test_a_wrong_cell_that_is_not_needed_is_only_told(written, capsys):
    """A mistake elsewhere does not keep the graph from running."""
    state, _, said = run(
        capsys, written("count.ipynb", "%%genxai agent other\ngaol: none", FUNCTIONS, GRAPH, RUN), "counting"
    )

    assert state == {"n": 8}
    assert "'other' was left out, since its cell is wrong: Unknown field 'gaol'." in said


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("%%bash\nls", "it begins with %%bash"),
        ("files = !ls", "is no Python"),
        ("%%genxai eval counting", "Unknown cell kind 'eval'"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
    ],
)
def test_cells_that_cannot_be_read_are_left_out(cell, why, written, capsys):
    """What needs a kernel, or fails, is left out with its reason."""
    state, _, said = run(capsys, written("count.ipynb", cell, FUNCTIONS, GRAPH, RUN), "--trust")

    assert state == {"n": 8}
    assert said.startswith("count.ipynb, code cell 1 was left out: ")
    assert why in said


def test_a_trusted_cell_may_await_and_print(written, capsys):
    """Code that awaits at its top runs, and what it prints does not reach stdout."""
    loading = 'import asyncio\nFACTOR = await asyncio.sleep(0, 10)\nprint("loaded")'
    functions = FUNCTIONS.replace("FACTOR = 2", "")

    state, _, said = run(capsys, written("count.ipynb", loading, functions, GRAPH, RUN), "--trust")

    assert state == {"n": 40}
    assert said == "loaded\n"


def test_a_graph_made_in_python_is_found(written, capsys):
    """Code that puts a graph together is a definition, not an effect."""
    made = 'from genxai_nb import Graph\ng = Graph("counting").node("double", double)\ng.parse("START -> double -> END")'

    assert run(capsys, written("count.ipynb", FUNCTIONS, made, RUN), "--input", "n=1")[0] == {"n": 2}


def test_a_failing_function_is_shown_with_its_cell(written, capsys):
    """The line of a node's function is found in its cell."""
    functions = "def double(state):\n    return {'n': state['m']}"

    _, code, said = run(capsys, written("count.ipynb", functions, GRAPH, RUN))

    assert code == 1
    assert "in double, count.ipynb code cell 1 line 2: return {'n': state['m']}" in said


def test_types_of_the_notebook_are_found_by_their_names(written, capsys):
    """A class of the notebook may stand in quotes in the annotations of another, as in its kernel."""
    models = """
    from pydantic import BaseModel
    from genxai_nb import tool

    class Part(BaseModel):
        n: int

    class Whole(BaseModel):
        part: "Part"

    @tool
    def double(n: int) -> "Whole":
        "Double."
        return Whole(part=Part(n=2 * n))
    """
    graph = "%%genxai graph counting\nnode double = tool double(n=n): into whole\nSTART -> double -> END"

    assert run(capsys, written("count.ipynb", models, graph, RUN))[0]["whole"] == {"part": {"n": 8}}


@pytest.mark.parametrize(
    ("text", "said"), [("{", "is no notebook"), ("[]", "of format 4"), ('{"worksheets": []}', "of format 4")]
)
def test_a_file_that_is_no_notebook_ends_with_2(text, said, capsys):
    """A file that is no notebook is refused."""
    Path("broken.ipynb").write_text(text, "utf-8")

    assert main(["run", "broken.ipynb"]) == 2
    assert said in capsys.readouterr().err


def test_a_run_of_a_notebook_is_resumed_from_the_command_line(written, capsys):
    """A run goes on with the notebook's cells, and where it is kept does not depend on the notebook's folder."""
    functions = (
        'from pathlib import Path\n\ndef double(state):\n    return {"n": int(Path("rows").read_text())}'
    )
    file = written("books/count.ipynb", functions, GRAPH, RUN)

    assert main(["run", file, "--json"]) == 1
    Path("books/rows").write_text("9", "utf-8")
    assert main(["resume", "r1", file, "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {"n": 9}
    assert Path(".genxai/journal.db").exists()


def test_the_quickstart_runs(command):
    """The notebook of this repository runs without a kernel, on a topic of the command line."""
    pytest.importorskip("pandas")
    file = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"

    done = command("run", str(file), "--trust", "--json", "--store", ":memory:", "--input", "topic=Lambdas")

    state = json.loads(done.stdout)
    assert (state["topic"], state["score"] >= 0.9) == ("Lambdas", True)
    assert "anonymous functions" in state["draft"]
