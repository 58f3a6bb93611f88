"""Define LLM agents and graphs, watch them run, and take the workflow away as plain Python.

The names below load on first use, so that ``import genxai_nb`` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents.agent import Agent as Agent
    from .agents.answer import Answer as Answer
    from .agents.workflow import Graph as Graph
    from .errors import GenXAIError as GenXAIError
    from .export.exporting import export as export
    from .graph.definition import END as END
    from .graph.definition import START as START
    from .graph.functions import human as human
    from .graph.pruning import prune_runs as prune_runs
    from .graph.result import Result as Result
    from .graph.run import Run as Run
    from .graph.run import run_log as run_log
    from .guard.policy import Policy as Policy
    from .secrets import Secret as Secret
    from .tools.base import tool as tool

__version__ = "0.1.0"

__all__ = [
    "END",
    "START",
    "Agent",
    "Answer",
    "GenXAIError",
    "Graph",
    "Policy",
    "Result",
    "Run",
    "Secret",
    "export",
    "human",
    "prune_runs",
    "run_log",
    "tool",
]

_HOME = {
    "END": "graph.definition",
    "START": "graph.definition",
    "Agent": "agents.agent",
    "Answer": "agents.answer",
    "GenXAIError": "errors",
    "Graph": "agents.workflow",
    "Policy": "guard.policy",
    "Result": "graph.result",
    "Run": "graph.run",
    "export": "export.exporting",
    "human": "graph.functions",
    "prune_runs": "graph.pruning",
    "run_log": "graph.run",
    "Secret": "secrets",
    "tool": "tools.base",
}


def __getattr__(name: str) -> Any:
    """Load a public name."""
    home = _HOME.get(name)
    if home is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOME]


def load_ipython_extension(shell: Any) -> None:
    """Make ``%genxai`` and ``%%genxai`` known to an IPython shell."""
    from .notebook.extension import load_ipython_extension as load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics out of an IPython shell again."""
    from .notebook.extension import unload_ipython_extension as unload

    unload(shell)
