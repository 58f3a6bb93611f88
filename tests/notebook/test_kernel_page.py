"""What a front end gets from a real kernel: outputs, completion, help, errors, a saved notebook."""

from __future__ import annotations

import importlib.util
import json

import nbformat
import pytest
from nbclient import NotebookClient

NODES = """
async def one(state):
    return {"one": 1}
async def two(state):
    return {"two": 2}
"""
GRAPH = "%%genxai graph g\nSTART -> one -> two -> END"


def test_loading_the_extension_is_quick(kernel):
    """`%load_ext genxai_nb` takes at most 150 ms in a kernel, imports included."""
    reply = kernel.run(
        "import subprocess, sys\n"
        "code = '''import asyncio, time\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "began = time.perf_counter()\n"
        "shell.run_line_magic('load_ext', 'genxai_nb')\n"
        "print(time.perf_counter() - began)\n'''\n"
        "run = lambda: float(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout)\n"
        "print(min(run() for _ in range(3)))"
    )

    assert float(reply.streams) <= 0.150


def test_a_run_shows_its_record_and_nothing_else(kernel):
    """A run cell gives one display with HTML and text and no value; the result is bound."""
    kernel.run(NODES)
    kernel.run(GRAPH)
    reply = kernel.run("%%genxai run g\n")

    assert [sorted(bundle) for bundle in reply.shown] == [["text/html", "text/plain"]]
    assert reply.shown[0]["text/plain"].startswith("g: ✓ Done · 2 steps")
    assert "script" not in reply.shown[0]["text/html"]
    assert kernel.run("print(result.state)").streams == "{'one': 1, 'two': 2}\n"


def test_a_cell_is_called_by_the_number_that_its_prompt_shows(kernel):
    """The number of the running cell is the one that the front end writes beside it."""
    reply = kernel.run("from genxai_nb.notebook.extension import session_of\nprint(session_of().cell())")

    assert reply.streams == f"cell [{reply.content['execution_count']}]\n"


LOADED = """import sys, threading
[thread.join() for thread in threading.enumerate() if thread.name == "genxai-panels"]
print("genxai_nb.notebook.panel.widget" in sys.modules)"""


@pytest.mark.parametrize("somebody", [True, False])
def test_the_first_graph_lets_panels_be_ready_where_somebody_looks(new_kernel, somebody):
    """A graph's cell loads the panel beside it, also before any run; nothing is loaded where nobody looks."""
    kernel = new_kernel()
    kernel.run(NODES)
    before = kernel.run(LOADED).streams
    kernel.run(GRAPH, allow_stdin=somebody)

    assert (before, kernel.run(LOADED).streams) == ("False\n", f"{somebody}\n")


def test_completion_in_heads_and_bodies(kernel):
    """Tab in a head and in a body offers our names, and Python's own elsewhere."""
    kernel.run(NODES)
    kernel.run(GRAPH)

    assert kernel.complete("%%genxai ") == ["agent", "graph", "schema", "run", "ask", "chat", "debug"]
    assert kernel.complete("%%genxai run ")[0] == "g"
    assert kernel.complete("%%genxai agent x\nro") == ["role: "]
    assert kernel.complete("%%genxai graph h\nSTART -> o") == ["one"]
    assert kernel.complete("%genxai ti") == ["timeline"]
    assert "print" in kernel.complete("pri")


def test_shift_tab_shows_help_on_the_verb(kernel):
    """Inspecting a verb shows our help and not Python's word of that name; other names are IPython's."""
    assert kernel.inspect("%genxai help", 10).startswith("%genxai help [VERB]")
    assert kernel.inspect("%%genxai run g\ntopic: x").startswith("%%genxai run GRAPH")
    assert kernel.inspect("%genxai ").startswith("Cells, with a body below the head")
    assert "Prints the values" in kernel.inspect("print") or "print" in kernel.inspect("print")
    assert "%genxai" not in kernel.inspect("print")


def test_help_by_a_question_mark(kernel):
    """`%genxai wait?` and `%%genxai run?` show our help."""
    assert kernel.run("%genxai wait?").text.startswith("%genxai wait [RUN]")
    assert kernel.run("%%genxai run?").text.startswith("%%genxai run GRAPH")


def test_without_anybody_to_answer_a_question_takes_the_given_answer_or_fails_at_once(kernel):
    """Executed with allow_stdin=False, a human node takes its answer from the body; without one it names the node."""
    kernel.run('%%genxai graph ask_me\nnode ok = human "Publish?": choices [yes, no]\nSTART -> ok -> END')
    given = kernel.run("%%genxai run ask_me\nanswers:\n  ok: yes", allow_stdin=False)
    missing = kernel.run("%%genxai run ask_me\n", allow_stdin=False)

    assert given.status == "ok"
    assert "ok: yes" in given.text
    assert missing.status == "error"
    assert "Node 'ok'" in missing.error
    assert "answers:" in missing.error
    assert missing.seconds < 3


def test_an_error_is_sent_as_lines_without_a_traceback(kernel):
    """The error message holds what, where with a caret, and one hint; its name is the error's class."""
    reply = kernel.run("%%genxai agent x\nrole: y\ngaol: z")

    assert reply.content["ename"] == "LineInvalid"
    assert reply.content["traceback"] == [
        "✕ Unknown field 'gaol'.",
        "  cell line 3: gaol: z",
        "               ^",
        "Did you mean 'goal'?",
    ]


def test_errors_of_plain_python_cells_look_the_same(kernel):
    """An error of ours from a Python cell is rendered alike; a person's own error keeps its traceback."""
    kernel.run(NODES)
    ours = kernel.run("from genxai_nb import Graph\nGraph('g').edge('START', 'a').run({})")
    own = kernel.run("1 / 0")

    assert ours.error.startswith("✕ Unknown agent, tool or function 'a'.")
    assert "Traceback" in own.error


def test_the_record_stays_in_a_saved_notebook(tmp_path):
    """Nbclient runs the cells in order and saves records with picture and text; a second run saves the same text."""
    cells = ["%load_ext genxai_nb", NODES, GRAPH, "%%genxai run g\n", "print(result.state['two'])"]

    def executed(name: str):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
        place = tmp_path / name
        place.mkdir()
        NotebookClient(book, timeout=60, resources={"metadata": {"path": str(place)}}).execute()
        return nbformat.reads(nbformat.writes(book), as_version=4)

    first, second = executed("first"), executed("second")
    outputs = [[output.get("data", {}).get("text/plain") for output in cell.outputs] for cell in first.cells]

    record = first.cells[3].outputs[0]
    assert record["data"]["text/plain"].startswith("g: ✓ Done · 2 steps")
    assert "data:image/svg+xml;base64," in record["data"]["text/html"]
    assert len(json.dumps(first.cells[3])) <= 200_000
    assert first.cells[4].outputs[0]["text"] == "2\n"
    assert not any(
        "widget" in key for cell in first.cells for out in cell.outputs for key in out.get("data", {})
    )
    assert outputs == [
        [output.get("data", {}).get("text/plain") for output in cell.outputs] for cell in second.cells
    ]


def test_the_stand_in_says_once_what_it_is(new_kernel):
    """The first answer of the offline model in a kernel is followed by one notice, later ones are not."""
    kernel = new_kernel()
    kernel.run("%%genxai agent writer\nmodel: offline")
    first, second = (kernel.run("%genxai ask writer Cats eat fish. What do cats eat?") for _ in range(2))

    assert sum("stand-in, not a language model" in bundle["text/plain"] for bundle in first.shown) == 1
    assert "stand-in, not a language model" not in second.text
    assert first.streams == ""


def test_dollars_and_braces_reach_the_cell_as_they_are_written(kernel):
    """IPython expands nothing in our lines; only `$name` alone inserts."""
    kernel.run("from genxai_nb.providers.scripted import Scripted\nx = 3")
    kernel.run("echo = Scripted(lambda request: request.messages[-1].text).model")
    kernel.run("%%genxai agent clerk\nmodel: $echo")
    reply = kernel.run("%genxai ask clerk {x} costs $x")

    assert reply.text == "{x} costs $x"


@pytest.mark.parametrize("package", ["nest_asyncio", "nest_asyncio2"])
def test_a_patched_event_loop_does_no_harm(new_kernel, package):
    """After a user's own nest_asyncio.apply() a run cell still waits, in a cell and nested in a function."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    kernel = new_kernel()
    applied = kernel.run(
        f"import warnings; warnings.simplefilter('ignore')\nimport {package}; {package}.apply()"
    )
    kernel.run(NODES)
    kernel.run(GRAPH)
    run = kernel.run("%%genxai run g\n")
    after = kernel.run(
        "print(result.state)\nimport asyncio\nasyncio.get_event_loop().run_until_complete(asyncio.sleep(0))"
    )

    assert applied.status == run.status == after.status == "ok", applied.text + run.text + after.text
    assert after.streams == "{'one': 1, 'two': 2}\n"
