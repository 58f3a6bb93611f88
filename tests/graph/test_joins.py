"""Joins that do not wait for all: any, a number, each."""

from __future__ import annotations

import asyncio

import pytest
from simulation import Simulation

from genxai_nb import Graph, Run
from genxai_nb.errors import DefinitionError
from genxai_nb.journal import events as facts


def absorbed(run):
    return [(place.name, *token.parents[0]) for place, token in run.schedule.absorbed]


FAN = "node j: join {join}\nSTART -> [a, b, c]\n[a, b, c] -> j\nj -> END"


def test_any_starts_with_the_first_that_comes():
    """It does not wait for the others, which come to nothing, and sees only what the first one wrote."""
    run = Simulation(FAN.format(join="any"), {n: (lambda view, number, n=n: {n: 1}) for n in "abc"})
    run.end("b")
    assert run.running == {"a", "c", "j"}
    run.end("a", "j")
    run.end("c")

    assert run.schedule.over
    assert run.seen["j", 1] == {"b": 1}
    assert run.count("j") == 1
    assert absorbed(run) == [("j", "a", 1), ("j", "c", 1)]
    assert run.schedule.result() == {"b": 1}


def test_a_number_of_arrivals_may_suffice():
    """Those that came are seen, in the order of their edges."""
    bodies = {n: (lambda view, number, n=n: {"log": [n]}) for n in "abc"}
    run = Simulation(FAN.format(join="2"), bodies, {"log": []}, reducers={"log": "append"})
    run.end("c")
    assert "j" not in run.running
    run.end("a")
    assert "j" in run.running
    run.end("b")
    run.end("j")

    assert run.seen["j", 1] == {"log": ["a", "c"]}
    assert absorbed(run) == [("j", "b", 1)]


def test_a_number_that_cannot_come_any_more_is_not_waited_for():
    """When nobody can still come, it starts with those who did."""
    run = Simulation(
        "node j: join 3\nSTART -> [a, b]\na -> j\nb -> j if false\nb -> END else\nj -> END",
        given={"false": False},
    )
    run.end("a")
    assert run.running == {"b"}
    run.end("b")
    assert run.running == {"j"}
    run.end("j")

    assert run.schedule.over


def test_more_than_suffice_may_come_at_once():
    """The first of them count."""
    run = Simulation(FAN.format(join="2"))
    run.end("b", "c", "a")

    assert run.visits[-1] == ("j", 1, (("b", 1), ("c", 1)))
    assert absorbed(run) == [("j", "a", 1)]


def test_each_token_is_a_visit():
    """One after another, as they come."""
    run = Simulation(FAN.format(join="each"))
    run.end("c")
    assert "j" in run.running
    run.end("a", "b")
    assert run.count("j") == 1
    run.end("j")
    run.end("j")
    run.end("j")

    assert [visit for visit in run.visits if visit[0] == "j"] == [
        ("j", 1, (("c", 1),)),
        ("j", 2, (("a", 1),)),
        ("j", 3, (("b", 1),)),
    ]
    assert run.schedule.over


def test_any_is_fresh_in_each_round_of_a_loop_around_it():
    """A wave is over when nobody of its round can come any more."""
    lines = "node j: join any\nSTART -> s -> [a, b]\n[a, b] -> j -> t\nt -> s if again max 5\nt -> END else"
    run = Simulation(lines, {"t": lambda view, number: {"again": number < 3}})
    run.end("s")
    run.end("a")
    run.end("j")
    run.end("t")
    assert run.running == {"b"}
    run.end("b")
    assert run.running == {"s"}
    run.end("s")
    run.end("b")
    assert run.running == {"a", "j"}
    run.end("a", "j")
    run.end("t")
    run.end("s")
    run.end("a", "b")
    run.end("j")
    run.end("t")

    assert run.schedule.over
    assert run.count("j") == 3
    assert absorbed(run) == [("j", "b", 1), ("j", "a", 2), ("j", "b", 3)]


def test_a_chain_that_comes_too_late_leaves_nothing_behind():
    """Not even for a join further on that had to wait for it; a way of it that goes on elsewhere is kept."""
    lines = "node j: join any\nSTART -> [a, b]\na -> j\nb -> [x, o]\nx -> j\n[j, o] -> k\nk -> END"
    bodies = {n: (lambda view, number, n=n: {n: 1}) for n in "abxjok"}
    run = Simulation(lines, bodies)
    run.end("a")
    run.end("j", "b")
    run.end("x", "o")
    run.end("k")

    assert run.seen["k", 1] == {"a": 1, "j": 1, "b": 1, "o": 1}
    assert absorbed(run) == [("j", "x", 1)]


def test_a_join_of_one_source_has_nothing_to_join():
    """Each token is a visit then, whatever was said."""
    run = Simulation("node b: join 2\nSTART -> a -> b -> END")
    run.end("a")

    assert run.running == {"b"}


def racing(join, gate=None):
    async def fast(state):
        return {"said": "fast"}

    async def slow(state):
        if gate is not None:
            await gate.wait()
        return {"said": "slow"}

    async def pick(state):
        if gate is not None:
            gate.set()
        return {"picked": state["said"]}

    graph = Graph("race").node("fast", fast).node("slow", slow).node("pick", pick, join=join)
    return graph.parse("START -> [fast, slow]\n[fast, slow] -> pick\npick -> END")


def test_a_race_is_won_by_the_first_and_the_other_is_recorded():
    """Both wrote the same key; what came too late is dropped without a conflict."""
    gate = asyncio.Event()
    run = racing("any", gate=gate).start({}, store=":memory:")
    result = run.resume()

    assert result.state == {"said": "fast", "picked": "fast"}
    assert [(e.node, e.source, e.number) for e in run.events() if isinstance(e, facts.TokenAbsorbed)] == [
        ("pick", "slow", 1)
    ]


def test_a_race_is_folded_as_it_was_run(tmp_path):
    """Going back and loading know who came too late."""
    store = str(tmp_path / "runs.db")
    run = racing("any", gate=asyncio.Event()).start({}, store=store)
    run.resume()
    states = [run.state_at(step) for step in range(run.steps + 1)]
    assert states[-1] == {"said": "fast", "picked": "fast"}
    run.goto(1)

    again = Run.load(run.run_id, racing("any"), store).resume()
    assert again.state == {"said": "fast", "picked": "fast"}
    assert Run.load(run.run_id, store=store).state == again.state


def test_the_way_to_join_is_part_of_the_structure():
    """So a run is not resumed with another one; it is written in the lines."""
    assert racing("any").structure != racing("all").structure != racing("each").structure
    assert "node pick: join any" in racing("any").lines()
    assert Graph("g").parse("node b: join 2\nSTART -> [a, c]\n[a, c] -> b").lines().count("join 2") == 1


@pytest.mark.parametrize("join", ["both", 0, -1, True, 1.5, None])
def test_an_unknown_way_to_join_is_refused(join):
    """It says which there are."""
    with pytest.raises(DefinitionError, match='"all", "any", "each" or a number from 1'):
        Graph("g").node("a", lambda state: {}, join=join)


def test_the_last_token_of_a_wave_begins_the_next_one():
    """Alone on its way round the loop, it ends the wave of all joins in there; nothing of the next comes too late."""
    lines = "START -> [n, j]\nn -> j\nn -> n if even max 1\nj -> n if true max 1\nj -> END else"
    run = Simulation(
        f"node j: join 2\n{lines}", {"n": lambda view, number: {"even": number == 2}}, {"true": True}
    )
    run.finish()

    assert absorbed(run) == []
    assert (run.count("n"), run.count("j")) == (3, 3)


def test_what_ended_well_stays_when_a_later_visit_comes_too_late():
    """Only what came too late is dropped from the result, not what the same node had written before."""
    lines = "node j: join any\nSTART -> s -> [n, j]\nn -> j if even\nj -> END\ns -> s if more max 2"
    write = {name: (lambda view, number, name=name: {"log": [f"{name}#{number}"]}) for name in "nj"}
    bodies = write | {"s": lambda view, number: {"more": number < 3, "log": [f"s#{number}"]}}
    bodies["n"] = lambda view, number: {"even": number == 2, "log": [f"n#{number}"]}
    run = Simulation(lines, bodies, {"log": []}, reducers={"log": "append"})
    run.finish()

    assert absorbed(run) == [("j", "s", 2), ("j", "s", 3), ("j", "n", 2)]
    assert sorted(run.schedule.result()["log"]) == ["j#1", "n#1", "n#3", "s#1", "s#2", "s#3"]


def test_a_step_back_keeps_what_came_too_late(tmp_path):
    """What the end of a visit led to belongs to its step, so a run that goes back there still tells of it."""
    run = racing("any", gate=asyncio.Event()).start({}, store=str(tmp_path / "runs.db"))
    run.resume()
    ends = [e.node for e in run.events() if isinstance(e, facts.NodeFinished)]
    run.goto(ends.index("slow") + 1)

    assert type(run.events()[-1]) is facts.TokenAbsorbed
