"""What no script can carry is refused by name, with its place and the reason."""

from __future__ import annotations

import io
import sqlite3
import sys
from pathlib import Path
from types import ModuleType

import pytest

from genxai_nb.errors import DefinitionError, RunError
from genxai_nb.export.exporting import Origin, Wanted, export_graph
from genxai_nb.graph.run import Run

HEAD = "from genxai_nb import Agent, Graph\n"
TAIL = "\ngraph = Graph('g').node('use', use).edge('START', 'use')\n"

REFUSED = {
    "a function made by exec": (
        "space = {}\nexec('def use(state):\\n    return {}', space)\nuse = space['use']",
        ("use", "exec"),
    ),
    "a lambda without source": ("exec('use = lambda state: {}')", ("use", "lambda whose source")),
    "a closure over a connection": (
        "import sqlite3\n"
        "def made(db):\n    def use(state):\n        return {'n': db.total_changes}\n    return use\n"
        "for use in [made(sqlite3.connect(':memory:'))]:\n    pass",
        ("use", "closes over 'db', a live object of type Connection"),
    ),
    "an open file": (
        "import os\nlog = open(os.devnull)\ndef use(state):\n    return {'closed': log.closed}",
        ("log", "live object of type _io.TextIOWrapper", "line 3"),
    ),
    "a connection": (
        "import sqlite3\ndb = sqlite3.connect(':memory:')\ndef use(state):\n    return {'n': db.total_changes}",
        ("db", "live object of type sqlite3.Connection"),
    ),
    "a generator": (
        "numbers = (n for n in range(3))\ndef use(state):\n    return {'n': next(numbers)}",
        ("numbers", "live object of type generator"),
    ),
    "a key in a text": (
        "KEY = 'sk-proj-abcdefghijklmnopqrstuvwx0123'\ndef use(state):\n    return {'n': len(KEY)}",
        ("KEY", "looks like an OpenAI key: read it from the environment"),
    ),
    "a key in a function": (
        "def use(state):\n    return {'n': len('ghp_0123456789abcdefghijABCDEFGHIJ012345')}",
        ("use", "a GitHub token"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(flow, name):
    """The error names what cannot be carried, where it stands and why; nothing is written."""
    text, said = REFUSED[name]
    made = flow(HEAD + text + TAIL)

    with pytest.raises(DefinitionError) as caught:
        made.export(check=False)

    assert [part for part in said if part not in str(caught.value)] == []
    assert "cannot be exported" in caught.value.what
    assert not (made.folder / "out.py").exists()
    for value in vars(made.module).values():
        if isinstance(value, io.IOBase | sqlite3.Connection):
            value.close()


def test_no_key_is_repeated(flow):
    """The error about a key does not hold the key."""
    made = flow(HEAD + REFUSED["a key in a text"][0] + TAIL)
    with pytest.raises(DefinitionError) as caught:
        made.export(check=False)
    assert "abcdefghij" not in str(caught.value)


def test_the_value_of_a_variable_is_refused(flow, monkeypatch):
    """A constant that holds the value of a key of the environment is refused by the key's name."""
    monkeypatch.setenv("CANARY_API_KEY", "canary-value-0123456789")
    text = (
        "KEYS = {}\nKEYS['a'] = 'canary-' + 'value-0123456789'\ndef use(state):\n    return {'n': len(KEYS)}"
    )
    made = flow(HEAD + text + TAIL)
    with pytest.raises(DefinitionError, match="KEYS .*: it holds .*the value of CANARY_API_KEY") as caught:
        made.export(check=False)
    assert "canary-value" not in str(caught.value)


def test_no_key_of_an_input_is_shown(flow):
    """What looks like a key in a run's input is not in the help of the script's flags."""
    made = flow(HEAD + "def use(state):\n    return {'n': 1}" + TAIL)
    made.run({"token": "ghp_0123456789abcdefghijABCDEFGHIJ012345"})
    text = made.export().path.read_text("utf-8")
    assert '"--token"' in text
    assert "0123456789abcdefghij" not in text


def test_reading_the_environment_is_carried(flow, monkeypatch):
    """A key that is read from the environment is read there by the script too; its value is not in it."""
    monkeypatch.setenv("CANARY_API_KEY", "canary-value-0123456789")
    text = "import os\nKEY = os.environ['CANARY_API_KEY']\ndef use(state):\n    return {'n': len(KEY)}"
    made = flow(HEAD + text + TAIL)
    made.run()
    exported = made.export()
    assert exported.checked is True
    written = exported.path.read_text("utf-8")
    assert 'os.environ["CANARY_API_KEY"]' in written
    assert "canary-value" not in written


def cells(*texts: str) -> dict:
    """The variables of a notebook that has run these cells, magics left out."""
    space = {"__name__": "__main__", "In": ["", *texts], "Out": {}}
    for text in texts:
        plain = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in text.split("\n"))
        exec(plain, space)
    return space


def test_a_magic_inside_a_used_function(tmp_path):
    """A function with a magic of IPython is refused, with its cell; one that is not used does no harm."""
    space = cells(
        "from genxai_nb import Graph",
        "def used(state):\n    x = 1\n    %timeit x\n    return {}",
        "def unused(state):\n    !ls\n    return {}",
        "graph = Graph('g').node('used', used).edge('START', 'used')",
    )
    with pytest.raises(DefinitionError) as caught:
        export_graph(space["graph"], tmp_path / "out.py", Origin(space), Wanted(check=False))
    assert "used (cell [2]): it uses a magic of IPython" in str(caught.value)


def test_code_of_a_missing_file(tmp_path):
    """A function that %run brought from a file which is gone is refused."""
    space = cells("from genxai_nb import Graph", "%run gone.py")
    exec(compile("def use(state):\n    return {}", "gone.py", "exec"), space)
    exec("graph = Graph('g').node('use', use).edge('START', 'use')", space)
    with pytest.raises(DefinitionError, match=r"its file 'gone.py' is missing"):
        export_graph(space["graph"], tmp_path / "out.py", Origin(space), Wanted(check=False))


def test_code_of_a_file_that_is_there(tmp_path):
    """A function that %run brought from a file is carried, with what it uses there."""
    (tmp_path / "there.py").write_text("BY = 2\ndef use(state):\n    return {'n': BY}\n", "utf-8")
    space = cells("from genxai_nb import Graph", "%run there.py")
    exec(compile((tmp_path / "there.py").read_text(), str(tmp_path / "there.py"), "exec"), space)
    exec("graph = Graph('g').node('use', use).edge('START', 'use')", space)
    exported = export_graph(space["graph"], tmp_path / "out.py", Origin(space), Wanted(check=True))
    assert exported.checked is True
    assert "BY = 2" in exported.path.read_text("utf-8")


def test_compiled_code_of_the_notebook(flow, monkeypatch):
    """A function of a compiled module that a cell has built is refused as such."""
    built = ModuleType("_built_in_a_cell")
    built.__file__ = "/nowhere/_built_in_a_cell.so"
    monkeypatch.setitem(sys.modules, "_built_in_a_cell", built)

    class Compiled:
        __name__ = "fast"
        __module__ = "_built_in_a_cell"

        def __call__(self, x):
            return x

    made = flow(HEAD + "fast = None\ndef use(state):\n    return {'n': fast(1)}" + TAIL)
    made.graph.nodes["use"].definition.__globals__["fast"] = Compiled()
    path = Path(str(made.module.__file__))
    path.write_text(path.read_text("utf-8").replace("fast = None\n", ""), "utf-8")
    with pytest.raises(DefinitionError, match="fast: it is compiled code that was built in the notebook"):
        made.export(check=False)


def test_all_refusals_are_told_at_once(flow):
    """A graph with two faults names both."""
    text = "log = open('/dev/null')\nnumbers = iter([1])\ndef use(state):\n    next(n for n in [1])\n    return {'c': log.closed, 'n': list(numbers)}"
    made = flow(HEAD + "import os\n" + text.replace("iter([1])", "(n for n in [1])") + TAIL)
    with pytest.raises(DefinitionError) as caught:
        made.export(check=False)
    made.module.log.close()
    told = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert "log (" in told
    assert "numbers (" in told


def test_a_file_of_others_is_left_alone(flow):
    """A file that no export wrote, or that was edited since, is written over only by force."""
    made = flow(HEAD + "def use(state):\n    return {}" + TAIL)
    path = made.folder / "out.py"
    path.write_text("mine = 1\n", "utf-8")
    with pytest.raises(DefinitionError, match="is there already"):
        made.export(force=False)
    assert path.read_text("utf-8") == "mine = 1\n"

    made.export(force=True)
    made.export(force=False)
    path.write_text(path.read_text("utf-8").replace("Run the graph", "Run my graph", 1), "utf-8")
    with pytest.raises(DefinitionError, match="not as an export left it"):
        made.export(force=False)


def test_what_is_no_graph(flow, tmp_path):
    """Something else than a graph, another target, and a run that stands are refused with words."""
    made = flow(HEAD + "def use(state):\n    return {}" + TAIL)
    with pytest.raises(DefinitionError, match="is a int, no graph"):
        export_graph(3, tmp_path / "x.py", Origin({}), Wanted())
    with pytest.raises(DefinitionError, match="cannot be exported to 'service'"):
        made.export(to="service")
    run = made.graph.start({}, store=made.store)
    with pytest.raises(RunError, match="only one that has ended"):
        made.export(run=run.run_id)
    run.resume()
    with pytest.raises(RunError, match="for reading only"):
        export_graph(Run.load(run.run_id, store=made.store), tmp_path / "x.py", Origin({}), Wanted())
