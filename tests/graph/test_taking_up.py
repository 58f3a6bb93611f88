"""Stepping through a run that was stopped while visits were under way."""

from __future__ import annotations

import pytest
from graphs import nothing
from stepping import place

from genxai_nb import Graph, Run
from genxai_nb.errors import NodeFailed


def test_next_runs_the_visit_that_had_begun_and_no_other(tmp_path):
    """After a failure or a crash it is the one that the run stands before; its sibling waits."""

    def broken(state):
        raise ValueError("no")

    graph = Graph("g").node("a", nothing).node("b", broken).node("c", nothing).node("d", nothing)
    graph.parse("START -> [a, b]\na -> c -> END\nb -> d -> END")
    store = str(tmp_path / "runs.db")
    run = graph.start({}, store=store)
    run.next()
    with pytest.raises(NodeFailed):
        run.next()
    graph.bind("b", nothing)
    again = Run.load(run.run_id, graph, store)
    assert place(again) == ("", "b", 1, "before")
    again.next()

    assert again.steps == 2
    assert place(again) == ("", "c", 1, "before")
    assert again.resume().status == "done"
