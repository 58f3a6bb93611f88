"""Small graphs for tests."""

from __future__ import annotations

from genxai_nb import END, START, Graph


def chain(*bodies):
    """A graph of bodies one after another, named a, b, c ..."""
    graph = Graph("chain")
    names = "abcdefgh"[: len(bodies)]
    for name, body in zip(names, bodies, strict=True):
        graph.node(name, body)
    for source, target in zip([START, *names], [*names, END], strict=True):
        graph.edge(source, target)
    return graph


def kinds(run):
    return [type(event).__name__ for event in run.events()]


async def nothing(state):
    return {}
