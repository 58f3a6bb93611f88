"""A graph of one agent with one tool, which may kill its process."""

from __future__ import annotations

import os
import signal

from genxai_nb.agents.agent import Agent
from genxai_nb.graph.build import Graph
from genxai_nb.tools.base import tool

_deadly = False


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    if _deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    return a + b


def counting(model: str, *, deadly: bool = False, budget: str | None = None) -> Graph:
    """The graph; if it is deadly, no process survives its tool."""
    global _deadly
    _deadly = deadly
    graph = Graph("sum")
    clerk = Agent("clerk", model=model, tools=[add], task="Add {{a}} and {{b}}.", budget=budget)
    graph.node("clerk", clerk)
    graph.edge("START", "clerk").edge("clerk", "END")
    return graph
