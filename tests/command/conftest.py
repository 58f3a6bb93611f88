"""The command in a process of its own, and files for it to run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

COMMAND = [sys.executable, "-m", "genxai_nb"]


@pytest.fixture
def command():
    """Run the command as a shell would, with nothing to read unless told."""

    def run(*words, typed="", **environment):
        return subprocess.run(
            [*COMMAND, *words],
            input=typed,
            env={**os.environ, **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )

    return run


@pytest.fixture
def written(tmp_path):
    """Write a file; of a notebook each text is a code cell."""

    def write(name, *texts):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        cells = [dedent(text).strip("\n") for text in texts]
        if path.suffix == ".ipynb":
            code = [
                {"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": [], "metadata": {}}
                for cell in cells
            ]
            prose = {"cell_type": "markdown", "source": "# A notebook", "metadata": {}}
            book = {"cells": [prose, *code], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
            path.write_text(json.dumps(book), "utf-8")
        else:
            path.write_text("\n\n".join(cells) + "\n", "utf-8")
        return str(Path(path).relative_to(tmp_path))

    return write


@pytest.fixture
def asking(written):
    """A file whose graph counts its visits on disk, then asks a person."""
    return written(
        "asking.py",
        """
        from genxai_nb import Graph, human

        def count(state):
            with open("visits", "a") as file:
                file.write("x")
            return {"counted": True}

        publish = human("Publish {{topic}}?", choices=["yes", "no"])
        graph = Graph("review").node("count", count).node("ok", publish, into="verdict")
        graph.parse("START -> count -> ok -> END")
        """,
    )
