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


def test_items_of_a_map_that_failed_alike_share_a_line(run, person):
    """With their numbers, the first ones only where there are many."""
    run("def part(state, context):\n    raise ValueError('odd' if context.item % 2 else 'even')")
    run("%%genxai graph g\nSTART -> part for each n in items")
    run("%%genxai run g\nitems: [1, 2, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21]")

    failures = [line for line in run("%genxai why part").text.splitlines() if "failed" in line]
    assert sorted(failures) == [
        "  visit 1, item 2, attempt 1: failed, ValueError: even",
        "  visit 1, items 1, 3, 4, 5, 6, 7, 8, 9 and 3 more, attempt 1: failed, ValueError: odd",
    ]
