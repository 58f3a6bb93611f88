"""Each construct of a notebook's code, exported and run in a fresh interpreter on the same calls."""

from __future__ import annotations

import ast
import subprocess

import pytest
from export_cases import CODE
from export_workflows import WORKFLOWS

CASES = {**CODE, **WORKFLOWS}


@pytest.mark.parametrize("name", CASES)
def test_the_script_does_the_same(flow, ruff, name):
    """The script has what the graph uses once and nothing else, is formatted, and does in the check what the run did."""
    case = CASES[name]
    made = flow(case.text, **case.files)
    made.run(case.given, answers={"ok": "yes"} if "ok" in made.graph.nodes else None)

    exported = made.export()

    text = exported.path.read_text("utf-8")
    assert exported.checked is True, str(exported)
    assert exported.events > 2
    assert [part for part in case.there if part not in text] == []
    assert [part for part in case.absent if part in text] == []
    statements = [ast.dump(statement) for statement in ast.parse(text).body]
    assert len(set(statements)) == len(statements)
    formatted = subprocess.run([ruff, "format", "--isolated", "--check", exported.path], capture_output=True)
    assert formatted.returncode == 0
