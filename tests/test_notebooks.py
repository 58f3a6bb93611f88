"""The committed notebooks and the README hold what they promise."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from pydoc_data.topics import topics

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "tutorials").glob("*.ipynb")])
EVERY_TOPIC = """
import json

print(json.dumps({name: [len(run.limits), run.state.score, len(run.state.draft.split())]
    for name in topics for run in [review.run({"topic": titles[name]}, store=":memory:")]}))
"""


def code_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_come_from_one_run_from_top_to_bottom(path):
    """A committed notebook was executed in order, without an error, and holds no widget."""
    notebook = nbformat.read(path, as_version=4)
    cells = code_of(notebook)
    outputs = [output for cell in cells for output in cell.outputs]

    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [key for output in outputs for key in output.get("data", {}) if "widget" in key] == []
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_output_can_be_read_as_text(path):
    """Each shown output has a plain text beside what a browser draws."""
    outputs = [output for cell in code_of(nbformat.read(path, as_version=4)) for output in cell.outputs]

    assert [output for output in outputs if "data" in output and "text/plain" not in output.data] == []


def test_quickstart_ends_by_its_condition_for_every_topic(tmp_path):
    """Whatever topic the demo draws, the critic is content in the end and the brief is worth reading."""
    notebook = nbformat.read(ROOT / "notebooks" / "quickstart.ipynb", as_version=4)
    cells = code_of(notebook)
    first_run = next(place for place, cell in enumerate(cells) if cell.source.startswith("%%genxai run"))
    notebook.cells = [*cells[:first_run], nbformat.v4.new_code_cell(EVERY_TOPIC)]

    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    found = json.loads(notebook.cells[-1].outputs[0].text)

    assert set(found) == set(topics)
    assert {name: ends for name, ends in found.items() if ends[0] or ends[1] < 0.9 or ends[2] < 20} == {}


def test_python_of_the_readme_runs(tmp_path):
    """The Python in the README runs as it stands."""
    blocks = re.findall(
        r"^```python\n(.+?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        for block in blocks
    ]

    assert [run.stdout.strip() for run in done] == [
        "Yeast turns sugar into gas. Gas lifts the dough. Salt slows it down. 13"
    ]
