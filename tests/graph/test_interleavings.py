"""Random graphs under random durations, against the rules written down once more: see ``reference``."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from following import Followed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_graphs import Pace, Sketch, sketches
from simulation import planned

from genxai_nb.errors import NodeFailed, NoWayOn, WriteConflict

SHARES = {"loop": 0.3, "join after a condition": 0.3, "failure": 0.2, "map": 0.2}


def played(sketch, seed):
    """A run that has gone as far as it can, resumed whenever a node stops it; and what it ended with."""
    run = sketch.graph(Pace(random.Random(seed))).start(sketch.given(), store=":memory:")
    while True:
        try:
            run.resume()
        except NodeFailed:
            continue
        except (NoWayOn, WriteConflict) as exc:
            return run, type(exc)
        return run, None


def check_run(sketch, seed):
    run, error = played(sketch, seed)
    stops = any(failing.how == "stop" for failing in sketch.failing.values())
    model = Followed(sketch, run.events(), eager=not stops)
    if error is WriteConflict:
        assert model.conflicts()
    else:
        assert model.over
        assert error is (None if model.arrived else NoWayOn)
        # Of a run that stands, writes that do not fit together can only be looked at.
        if error is None or not model.conflicts():
            assert run.state == model.result()
    return run, error, model


def holds_for_any_graph(examples, interleavings):
    """Make the property, with the mix of graphs that it has to be tried with."""
    mix = Counter()

    @settings(
        max_examples=examples, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
    )
    @given(sketches().filter(Sketch.is_short), st.integers(0, 2**32))
    def holds(sketch, seed):
        run, error, model = check_run(sketch, seed)
        mix.update([*model.seen, "graphs"])
        for other in range(seed + 1, seed + interleavings):
            again, same, _ = check_run(sketch, other)
            if not sketch.joins:
                assert same is error
            if not sketch.joins and error is None:
                assert again.state == run.state
                assert again.canonical() == run.canonical()

    holds()
    print(f"{mix['graphs']} graphs:", {kind: f"{mix[kind] / mix['graphs']:.0%}" for kind in SHARES})
    assert {kind: mix[kind] / mix["graphs"] >= share for kind, share in SHARES.items()} == dict.fromkeys(
        SHARES, True
    )


def test_any_graph_runs_by_the_rules_whoever_ends_first():
    """Each start, each view, each way and the end are those of the reference, and journals do not tell who was quick."""
    holds_for_any_graph(500, 3)


@pytest.mark.slow
def test_thousands_of_graphs_run_by_the_rules():
    """As above."""
    holds_for_any_graph(8_000, 4)


@settings(max_examples=200)
@given(sketches(plain=True))
def test_blockers_are_those_who_can_reach_a_place_without_going_round_its_loops(sketch):
    """The bit sets computed at build are the same as those found by walking the graph backwards from each place."""
    rules = sketch.rules()
    _, plan = planned(sketch.lines())
    gates = {loop.gate: plan.places[loop.head].name for loop in plan.loops}
    for place in plan.places:
        if place.joins:
            nodes, heads = rules.waits_for(place.name)
            assert {p.name for p in plan.places if place.blockers >> p.index & 1} == nodes
            assert {head for gate, head in gates.items() if place.blockers >> gate & 1} == heads
