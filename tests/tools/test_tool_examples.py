"""The examples in the docstrings of the builtin tools."""

from __future__ import annotations

import doctest
import importlib

import pytest

from genxai_nb.tools.registry import describe, find

BUILTIN = [row.name for row in describe() if row.origin == "builtin"]


@pytest.mark.parametrize("name", BUILTIN)
def test_example_runs(name: str, capsys):
    """Each tool shows a use of itself, which gives what it says."""
    made = find(name)
    module = importlib.import_module(made.function.__module__)
    (example,) = doctest.DocTestFinder(recurse=False).find(made.function, name, module)
    assert example.examples, f"{name} has no example"
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, clear_globs=False)
    assert outcome.failed == 0, capsys.readouterr().out
