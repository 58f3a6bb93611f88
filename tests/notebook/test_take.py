"""``%genxai take``: the work in one file."""

from __future__ import annotations

import json
import subprocess
import sys
from zipfile import ZipFile

import nbformat
import pytest

from genxai_nb import Run

CELLS = (
    "def grade(state):\n    return {'score': len(state['text'])}",
    "%%genxai graph marks\nSTART -> grade -> END",
    "%%genxai run marks\ntext: abc",
)


@pytest.fixture
def saved(shell, tmp_path, monkeypatch):
    """A notebook that is saved where the front end says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENXAI_STORE", raising=False)
    path = tmp_path / "marks.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS]), path)
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return path


def test_what_was_taken_goes_on_elsewhere(run, saved, tmp_path):
    """Notebook, journal and script are in one folder: the run is there, the script runs, and a page says how."""
    for cell in CELLS:
        assert run(cell).status == "ok"
    reply = run("%genxai take work.zip")
    assert reply.status == "ok", reply.text
    assert "marks.ipynb, the journal, 1 script" in reply.text
    assert any('href="work.zip"' in bundle.get("text/html", "") for bundle in reply.shown)
    home = tmp_path / "home"
    ZipFile("work.zip").extractall(home)
    work = home / "work"
    assert {path.name for path in work.iterdir()} == {
        "marks.ipynb",
        ".genxai",
        "marks.py",
        "requirements.txt",
        "HOW_TO_GO_ON.md",
    }
    assert Run.load("r1", store=str(work / ".genxai" / "journal.db")).status == "done"
    command = [sys.executable, "marks.py", "--input", "text=abcd", "--json", "--store", ":memory:"]
    said = subprocess.run(command, cwd=work, capture_output=True, text=True, check=True).stdout
    assert json.loads(said)["score"] == 4
    assert "jupyter lab marks.ipynb" in (work / "HOW_TO_GO_ON.md").read_text()


def test_nothing_is_written_over(run, saved):
    """A file that is there is kept unless one says so, and another kind of file is refused."""
    run("%genxai take work.zip")
    again = run("%genxai take work.zip")
    assert "is there already" in again.text
    assert run("%genxai take work.zip --force").status == "ok"
    assert "is no zip file" in run("%genxai take work.tar").text


def test_a_key_in_the_notebook_is_not_taken(run, saved, tmp_path):
    """A key in a cell or in an output is told with its cell, and nothing is written."""
    book = nbformat.read(saved, as_version=4)
    book.cells[1].outputs = [nbformat.v4.new_output("stream", text="sk-proj-" + "a1B2" * 12)]
    nbformat.write(book, saved)
    reply = run("%genxai take work.zip")
    assert "In cell 2 of marks.ipynb stands what looks like a key" in reply.text
    assert not (tmp_path / "work.zip").exists()


def test_what_cannot_be_a_script_is_told(run, saved, tmp_path):
    """A graph that no script can carry is left out and named; without a saved notebook the rest is taken."""
    run("handle = open('marks.ipynb')\ndef peek(state):\n    return {'n': len(handle.name)}")
    run("%%genxai graph peeks\nSTART -> peek -> END")
    saved.unlink()
    reply = run("%genxai take work.zip")
    assert "Graph peeks has no script" in reply.text
    assert "The notebook is not in it" in reply.text
    assert "peeks.py" not in " ".join(ZipFile("work.zip").namelist())
    run("handle.close()")
