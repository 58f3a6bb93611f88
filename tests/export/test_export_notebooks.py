"""A notebook that is read and not run: its script does what the notebook does when it is run."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest
from export_notebooks import DRAWN
from export_values import VALUES

from genxai_nb.command import main
from genxai_nb.export.exporting import Origin, Wanted, export_graph

BOOKS = {
    f"{kind}: {name}": book
    for kind, books in (("drawn by", DRAWN), ("made by", VALUES))
    for name, book in books.items()
}


def written(folder, book):
    """Write a notebook and the files beside it; returns its path."""
    for name, text in book.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    cells = [{"cell_type": "code", "source": cell, "outputs": [], "metadata": {}} for cell in book.cells]
    path = folder / "book.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}), "utf-8")
    return path


def name_of(book):
    """The graph's name as a word of a command, where it has to be told."""
    return [book.graph] if book.graph else []


def final(folder, *words):
    """The final state that a command of a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, *words, "--json", "--store", ":memory:"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", BOOKS)
def test_the_script_does_what_the_notebook_does(tmp_path, monkeypatch, capsys, ruff, name):
    """The script has the statements that count and no others, is clean, and ends as the notebook run from its top."""
    book = BOOKS[name]
    path = written(tmp_path, book)
    monkeypatch.delitem(sys.modules, "filling", raising=False)
    code = main(["export", str(path), *name_of(book), "-o", str(tmp_path / "out.py"), "--store", ":memory:"])
    assert code == 0, capsys.readouterr().err

    text = (tmp_path / "out.py").read_text("utf-8")
    assert [part for part in book.there if part not in text] == []
    assert [part for part in book.absent if part in text] == []
    for words in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [ruff, *words, "--isolated", "out.py"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout
    given = ["--input", *book.given] if book.given else []
    assert final(tmp_path, "out.py", *given) == final(
        tmp_path, "-m", "genxai_nb", "run", path.name, *name_of(book), "--trust", *given
    )


def test_a_session_that_has_awaited_something(tmp_path):
    """A value of a live session whose statement awaits is made by a script too."""
    cells = (
        "from collections import deque\nfrom genxai_nb import Graph\nasync def load():\n    return deque([1, 2])",
        "rows = await load()",
        "def use(state):\n    return {'n': len(rows)}\ngraph = Graph('g').node('use', use).edge('START', 'use')",
    )
    space = {"__name__": "__main__", "In": ["", *cells], "Out": {}}
    exec(cells[0], space)
    space["rows"] = asyncio.run(space["load"]())
    exec(cells[2], space)
    export_graph(space["graph"], tmp_path / "out.py", Origin(space), Wanted(check=False, store=":memory:"))
    assert final(tmp_path, "out.py") == {"n": 2}
