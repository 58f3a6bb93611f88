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
        words = [str(tmp_path / file), "-o", str(tmp_path / "out.py"), "--store", str(tmp_path / "j.db")]
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


REFUSED = {
    "a function made by exec": (
        ("exec('def use(state): return {}')", GRAPH),
        "use (code cell 3): no statement makes it, as if by exec",
    ),
    "a lambda made by exec": (
        ("exec('use = lambda state: {}')", GRAPH),
        "use (code cell 3): no statement makes it, as if by exec",
    ),
    "code of a missing file": (
        ("%run gone.py", GRAPH),
        "use (code cell 3): no statement makes it, as if by 'gone.py', a file of %run that is missing",
    ),
    "a magic inside a used function": (
        ("def use(state):\n    !ls\n    return {}", GRAPH),
        "use (code cell 2): it uses a magic of IPython",
    ),
    "a value of a magic": (
        ("files = !ls\ndef use(state):\n    return {'n': files}", GRAPH),
        "files (code cell 2): it uses a magic of IPython",
    ),
    "code that was compiled in the notebook": (
        (
            "%%cython\ncpdef int fast(int n):\n    return n",
            "def use(state):\n    return {'n': fast(1)}",
            GRAPH,
        ),
        "fast (code cell 3): it is made by code cell 2, which begins with %%cython",
    ),
    "a key in a text": (
        (
            "import os\nKEY = os.environ.get('A', 'sk-proj-abcdefghijklmnopqrstuvwx0123')",
            "TABLE = {'a': KEY}",
            USE,
            GRAPH,
        ),
        "KEY (code cell 2): it holds what looks like an OpenAI key",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_script_can_carry_is_refused(exported, name):
    """What the cells' text does not tell is refused by name, with its cell and the reason."""
    cells, why = REFUSED[name]
    code, said, script = exported(HEAD, *cells)
    assert code == 2
    assert why in said
    assert script == ""


def test_what_is_shown_in_a_notebook_is_printed_by_the_script(exported):
    """A loop, or a function, that displays something on its way is no reason to refuse it."""
    code, said, script = exported(
        HEAD + "TABLE = {}\nfor name in 'ab':\n    TABLE[name] = 1\n    display(TABLE)", USE + GRAPH
    )
    assert code == 0, said
    assert "display = print\n" in script


def test_an_import_that_fails_here_is_carried(exported):
    """A package that is not installed where the notebook is read is imported by the script all the same."""
    cell = "import nowhere_to_be_found\n" + GRAPH.replace("use)", "nowhere_to_be_found.use)")
    code, said, script = exported(HEAD, cell)
    assert code == 0, said
    assert "line 1: ModuleNotFoundError: No module named 'nowhere_to_be_found'" in said
    assert "import nowhere_to_be_found\n" in script
    assert '#   "nowhere_to_be_found",' in script


def test_nothing_is_executed_that_does_more_than_define(exported, written, tmp_path):
    """Reading has no effect of the notebook's own, whatever other graphs were run; with --trust its cells are run."""
    other = written("other.ipynb", HEAD + "TABLE = {}\n" + USE + GRAPH)
    assert main(["run", str(tmp_path / other), "--store", str(tmp_path / "j.db")]) == 0
    graph = GRAPH.replace("'g'", "'of no run'")
    cells = ("from pathlib import Path\nTABLE = {'a': Path('made.txt').write_text('x')}", USE + graph)
    code, said, script = exported(HEAD, *cells)
    assert code == 0, said
    assert not (tmp_path / "made.txt").exists()
    assert "write_text" in script
    assert exported(HEAD, *cells, trust=True)[0] == 0
    assert (tmp_path / "made.txt").exists()


def test_which_graph_is_meant_has_to_be_told(exported):
    """Of several graphs that loops draw one has to be named, and there has to be one."""
    drawn = "for name in 'ab':\n    {0} = Graph(name).node(name, use)\n    {0}.edge('START', name)\n"
    code, said, _ = exported(HEAD + "TABLE = {}\n" + USE, drawn.format("first") + drawn.format("second"))
    assert code == 2
    assert "defines 2 graphs: first, second" in said
    code, said, _ = exported(HEAD + "TABLE = {}\n" + USE, "flow = max([use], key=id)")
    assert code == 2
    assert "defines no graph" in said
    assert "flow: code cell 2, line 1: does more than define" in said


def test_the_schema_of_a_graph_that_is_not_made_gives_the_flags(exported):
    """A model in the text of a graph that a loop draws tells the script's flags; of several models there are none."""
    state = "from pydantic import BaseModel\nclass State(BaseModel):\n    topic: str = ''\n    n: int = 0\n"
    drawn = "graph = Graph('g', state=State)\nfor name in 'a':\n    graph.node(name, use).edge('START', name)"
    code, said, script = exported(HEAD + state + "TABLE = {}\n" + USE, drawn)
    assert code == 0, said
    assert 'FLAGS: tuple[str, ...] = ("topic", "n")' in script


def test_what_agents_that_are_not_made_need_is_told(exported):
    """The models and tools in the text of agents tell which extras the script needs."""
    agent = "PROMPT = open('p.txt').read()\nwriter = Agent('w', model='openai:gpt-5', task=PROMPT, tools=['file_reader'])"
    code, said, script = exported(HEAD, agent, "graph = Graph('g').node('w', writer).edge('START', 'w')")
    assert code == 0, said
    assert '#   "genxai-nb[openai,tools]>=' in script


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


def test_a_graph_that_a_loop_draws_is_compared_with_its_run(command, written):
    """The run is found by the versions of what the script defines when it is loaded; another definition finds none."""
    cells = (
        "from genxai_nb import Graph\nBY = int('3')\ndef use(state):\n    return {state['key']: BY}",
        "graph = Graph('g')\nfor name in 'ab':\n    graph.node(name, use).edge('START' if name == 'a' else 'a', name)",
    )
    file = written("book.ipynb", *cells)
    assert command("run", file, "--trust", "--input", "key=n").returncode == 0
    done = command("export", file, "-o", "out.py")
    assert done.returncode == 0, done.stderr
    assert "events as run r1" in done.stderr

    file = written("book.ipynb", cells[0].replace("BY}", "BY + 0}"), cells[1])
    done = command("export", file, "-o", "out.py")
    assert done.returncode == 0, done.stderr
    assert "not checked" in done.stderr
    done = command("export", file, "-o", "out.py", "--run", "r1")
    assert done.returncode == 0, done.stderr
    assert "events as run r1" in done.stderr


def test_the_input_that_the_notebook_runs_a_graph_with_gives_the_flags(exported):
    """A dict state has a flag for each key that the notebook's last run of the graph gives it."""
    drawn = "graph = Graph('g')\nfor name in 'a':\n    graph.node(name, use).edge('START', name)\n"
    runs = "graph.run({'other': 1})\nresult = await graph.arun({'topic': 'cats', 'n': len('abc')}, store=':memory:')"
    code, said, script = exported(HEAD + "TABLE = {}\n" + USE, drawn + runs)
    assert code == 0, said
    assert 'FLAGS: tuple[str, ...] = ("topic", "n")' in script
    assert "such as cats" in script


def test_cells_below_a_run_count_too(exported):
    """The script has what the whole notebook defines, as a session has that has run all of it."""
    run = "%%genxai run g\nn: 1"
    below = "TABLE = {'z': 9}\nprint(result)\nassert TABLE"
    code, said, script = exported(HEAD + "TABLE = {'a': 1}\n" + USE + GRAPH, run, below)
    assert code == 0, said
    assert 'TABLE = {"z": 9}' in script
