"""Each committed notebook, executed once: its outputs, its graphs as scripts, its exercises."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from executed_notebooks import Executed, execute, script_place, tagged, unversioned
from output_texts import differences

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "tutorials").glob("*.ipynb")])
APPLICATIONS = [path for path in NOTEBOOKS if script_place(path)]
LESSONS = [path for path in NOTEBOOKS if path.parent.name == "tutorials"]

# Outputs that depend on the Python that made them, 3.11.
OF_ITS_PYTHON = {"quickstart": "its text is the language reference that comes with Python"}
# Graphs that cannot be exported, or whose script cannot be compared with their run.
NOT_EXPORTED: dict[tuple[str, str], str] = {}
# What an application's script is run with, beside --json; none if it has a default for everything.
ARGUMENTS = {
    "code_review": ["--folder", str(ROOT / "genxai_nb" / "doctor")],
    "data_analysis": ["--question", "How many westerns are there since 1990?"],
    "report_generator": ["--year", "2015", "--to", "parks@example.org", "--answers", "answers.json"],
    "research_assistant": ["--question", "Which languages are spoken in Belgium?"],
}
# What people answer to it; the report is declined, as no mail server runs here.
ANSWERS = {"report_generator": {"approve": {"decision": "drop"}}}


def named(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def executed(request, tmp_path_factory) -> Executed:
    """A notebook, executed in a new folder; once for all tests of it, as pytest sorts them by this fixture."""
    return execute(request.param, tmp_path_factory.mktemp("notebook"))


each_notebook = pytest.mark.parametrize("executed", NOTEBOOKS, ids=named, indirect=True)
each_application = pytest.mark.parametrize("executed", APPLICATIONS, ids=named, indirect=True)
each_lesson = pytest.mark.parametrize("executed", LESSONS, ids=named, indirect=True)


@each_notebook
def test_outputs_are_the_committed_ones(executed: Executed):
    """Executed again, a notebook says the same, cell by cell, outside what is volatile."""
    if executed.path.stem in OF_ITS_PYTHON and sys.version_info[:2] != (3, 11):
        pytest.skip(OF_ITS_PYTHON[executed.path.stem])

    found = differences(executed.committed, executed.notebook)

    assert not found, "\n\n".join(["It says something else:", *found])


@each_notebook
def test_volatile_cells_say_why(executed: Executed):
    """A cell whose outputs are not compared has a reason in its metadata."""
    cells = tagged(executed.committed, "volatile")

    assert [cell.source for cell in cells if len(cell.metadata.get("volatile", "")) < 20] == []


@each_notebook
def test_every_graph_is_exported_and_does_the_same(executed: Executed):
    """The script of each graph that ran, and of each agent that was asked, does event by event what its run did."""
    excused = {name for notebook, name in NOT_EXPORTED if notebook == executed.path.stem}
    unlike = {
        name: made.verdict for name, made in executed.exports.items() if not (made.same and made.events)
    }

    assert executed.exports
    assert {name: verdict for name, verdict in unlike.items() if name not in excused} == {}
    assert excused - unlike.keys() == set(), "they can be exported: take them off the list"


@each_lesson
def test_solutions_are_right(executed: Executed):
    """With the folded solutions run below the lesson, each checker is content."""
    assert len(executed.verdicts) == len(list(tagged(executed.committed, "exercise"))) > 0
    assert [text for text in executed.verdicts if "✓ solved" not in text] == []


@each_application
def test_the_committed_script_is_what_the_notebook_exports(executed: Executed):
    """notebooks/scripts/NAME.py has the text that the notebook's own export writes."""
    texts = script_place(executed.path).read_text("utf-8"), executed.script
    lines = [unversioned(text).splitlines() for text in texts]
    changes = difflib.unified_diff(*lines, "committed", "exported", lineterm="", n=1)

    assert executed.script, f"It writes {sorted(executed.scripts)}: none of its name, and not just one."
    assert lines[0] == lines[1], "\n".join(changes)


@pytest.mark.parametrize("path", APPLICATIONS, ids=named)
def test_the_committed_script_runs_by_itself(path: Path, tmp_path: Path):
    """In a fresh interpreter, without a key and a network, it ends with its final state as JSON."""
    command = [sys.executable, str(script_place(path)), "--json", *ARGUMENTS.get(path.stem, [])]
    Path("answers.json").write_text(json.dumps(ANSWERS.get(path.stem, {})), "utf-8")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def code(source: str, said: str, tags: list[str]) -> nbformat.NotebookNode:
    output = nbformat.v4.new_output("stream", name="stdout", text=said)
    return nbformat.v4.new_code_cell(source, outputs=[output], metadata={"tags": tags})


@pytest.mark.parametrize(
    ("before", "after", "tags", "differs"),
    [
        ("5 words in 0.3 s", "5 words in 12 ms", [], False),
        ("5 words in 0.3 s", "6 words in 0.3 s", [], True),
        ("5 words", "6 words", ["volatile"], False),
        ("score 0.75", "score 0.751", [], True),
        (f"seen {'a1' * 32}", f"seen {'b2' * 32}", [], False),
        (f"key {'a1' * 16}", f"key {'b2' * 16}", [], True),
    ],
)
def test_only_what_is_volatile_may_differ(before, after, tags, differs):
    """Another figure is a difference, another duration is none, and a cell may be excused."""
    books = [nbformat.v4.new_notebook(cells=[code("print(...)", said, tags)]) for said in (before, after)]

    assert bool(differences(*books)) is differs
