"""``genxai-nb export`` of cells that do more than define."""

from __future__ import annotations

import pytest

from genxai_nb.command import main

HEAD = "from __future__ import annotations\nfrom genxai_nb import Agent, Graph, tool\n"
USE = "def use(state):\n    return {'n': sum(TABLE.values())}\n"
GRAPH = "graph = Graph('g').node('use', use).edge('START', 'use')\n"


@pytest.fixture
def exported(written, tmp_path, capsys):
    """Export a notebook of cells; the exit code, what was said, and the script."""

    def export(*cells, trust=False):
        file = written("book.ipynb", *cells)
        words = [str(tmp_path / file), "-o", str(tmp_path / "out.py"), "--store", ":memory:"]
        code = main(["export", *words, *(["--trust"] if trust else [])])
        script = tmp_path / "out.py"
        return code, capsys.readouterr().err, script.read_text("utf-8") if script.exists() else ""

    return export


def test_what_changes_a_value_stands_behind_it(exported):
    """A literal that later statements change is carried with these, in their order."""
    change = "TABLE['b'] = len(print.__name__)\nTABLE.update(c=3)\nTABLE |= {'d': 4}\n"
    code, said, script = exported(HEAD + "TABLE = {'a': 1}", change + USE + GRAPH)
    assert code == 0, said
    assert "more than define: read, not run" in said
    assert (
        'TABLE = {"a": 1}\nTABLE["b"] = len(print.__name__)\nTABLE.update(c=3)\nTABLE |= {"d": 4}' in script
    )


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ("TABLE = {}\ndef fill(table):\n    table['a'] = 1\nfill(TABLE)\n", "fill() may change it"),
        ("for word in ['a', 'b']:\n    TABLE = {word: 1}\n", "what it holds is told by no statement alone"),
    ],
)
def test_a_value_that_the_text_does_not_tell_is_refused(exported, cells, why):
    """A value that only running the cells would tell is refused by name; with --trust they are run."""
    code, said, _ = exported(HEAD + cells, USE + GRAPH)
    assert code == 2
    assert "TABLE (code cell 1)" in said
    assert why in said
    code, said, script = exported(HEAD + cells, USE + GRAPH, trust=True)
    assert code == 0, said
    assert "def fill" not in script


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (GRAPH + "for name in 'ab':\n    graph.node(name, use).edge('use', name)", "line 2: does more than"),
        (
            "import nowhere_to_be_found\n" + GRAPH.replace("use)", "nowhere_to_be_found.use)"),
            "ModuleNotFound",
        ),
        ("MODEL = open('x').name\nuse = Agent('use', model=MODEL)\n" + GRAPH, "needs 'MODEL'"),
        ("use = max([use], key=id)", "does more than define"),
    ],
)
def test_a_graph_that_only_running_would_make_is_refused(exported, cell, why):
    """A graph that a loop draws, or whose nodes come of a call, is not half exported; what it lacks is named with its line."""
    text = "%%genxai graph g\nSTART -> use"
    code, said, _ = exported(HEAD + "TABLE = {}\n" + USE, cell, *([] if "graph" in cell else [text]))
    assert code == 2
    assert "code cell 2, line" in said
    assert why in said
    assert "--trust" in said


def test_what_was_read_is_compared_with_the_run_of_the_same_script(command, written):
    """A notebook that was run, with --trust or in Jupyter, is checked against that run without being run again."""
    cells = (
        "import os\nfrom collections import Counter\nrows = os.environ.get('ROWS', 'a b b').split()\ntable = Counter(rows)\ntable.update(b=2)",
        "def use(state):\n    return {'n': table['b']}",
        "%%genxai graph g\nSTART -> use",
    )
    file = written("book.ipynb", *cells)
    assert command("run", file, "--trust").returncode == 0
    done = command("export", file, "-o", "out.py")
    assert done.returncode == 0, done.stderr
    assert "events as run r1" in done.stderr

    done = command(
        "export", written("book.ipynb", *cells[:1], cells[1].replace("'b'", "'a'"), cells[2]), "-o", "out.py"
    )
    assert "not checked" in done.stderr
    done = command("export", file, "-o", "out.py", "--check")
    assert done.returncode == 0, done.stderr
    assert "not checked" in done.stderr


def test_cells_below_a_run_count_too(exported):
    """The script has what the whole notebook defines, as a session has that has run all of it."""
    run = "%%genxai run g\nn: 1"
    below = "TABLE = {'z': 9}\nprint(result)\nassert TABLE"
    code, said, script = exported(HEAD + "TABLE = {'a': 1}\n" + USE + GRAPH, run, below)
    assert code == 0, said
    assert 'TABLE = {"z": 9}' in script
