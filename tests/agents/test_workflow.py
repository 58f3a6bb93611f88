"""The public graph."""

from __future__ import annotations

import subprocess
import sys

from genxai_nb.agents.lookup import StandardLookup
from genxai_nb.agents.workflow import Graph


def test_a_graph_finds_builtin_tools_unless_told_otherwise():
    """The standard look-up is the default; another one can be given."""
    assert isinstance(Graph("g").lookup, StandardLookup)
    mine = StandardLookup({"x": len})
    assert Graph("g", lookup=mine).lookup is mine


def test_running_a_graph_of_functions_loads_no_model_no_tool_and_no_schema_library():
    """What a graph of plain functions does not need is not imported."""
    code = """
import sys
from genxai_nb.agents.workflow import Graph
async def one(state):
    return {"n": 1}
graph = Graph("g").node("one", one).edge("START", "one")
assert graph.run({}, store=":memory:").state == {"n": 1}
heavy = ("pydantic", "pandas", "numpy", "IPython", "yaml", "genxai_nb.tools", "genxai_nb.providers")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
