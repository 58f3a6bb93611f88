"""Why a node inside a subgraph ran or did not, with what the conditions saw there."""

from __future__ import annotations

import pytest


@pytest.fixture
def nested(run, person):
    """A loop in a subgraph that runs once for each of two items."""
    run("def up(state):\n    return {'n': state['n'] + 1}")
    run("def big(state):\n    return {}")
    run("%%genxai graph inner\nSTART -> up\nup -> up if n < 3 max 9\nup -> big if n > 10\nup -> END else")
    run(
        "%%genxai graph outer\nnode part = graph inner: reads [], into got\nSTART -> part for each n in items"
    )
    return run


def test_conditions_inside_a_subgraph_are_told_with_their_values(nested):
    """Each visit names the visit of the subgraph that it lies in."""
    nested("%%genxai run outer\nitems: [1, 2]")
    told = nested("%genxai why up").text.splitlines()

    assert told[0] == "up ran 3 times."
    assert "  visit 1 in part#1[0]: ran after START" in told
    place = told.index("  visit 2 in part#1[0]: ran again after up, visit 1")
    assert told[place + 1] == "    up -> up if n < 3 max 9: n = 2"


def test_a_node_of_a_subgraph_that_did_not_run_is_told_of(nested):
    """Its way in was not taken, in the part of the run that was there last."""
    nested("%%genxai run outer\nitems: [1]")

    assert nested("%genxai why big").text.splitlines() == [
        "big did not run.",
        "  not over up -> big if n > 10: n = 3 (after up, visit 2)",
    ]
