"""The rules of scheduling, each with the graph on which a simpler rule fails."""

from __future__ import annotations

from simulation import Simulation, planned

SUPERVISOR = "START -> s\ns -> [w1, w2, w3] if again\ns -> END else\n[w1, w2, w3] -> s max 9"


def again(rounds):
    return lambda view, number: {"again": number <= rounds}


def test_workers_of_a_supervisor_run_side_by_side_each_round():
    """All workers of a round run at once; the supervisor waits for the last of them, not for each in turn."""
    run = Simulation(SUPERVISOR, {"s": again(2)})
    for _ in range(2):
        run.end("s")
        assert run.running == {"w1", "w2", "w3"}
        run.end("w2")
        run.end("w1")
        assert run.running == {"w3"}
        run.end("w3")
    run.end("s")

    assert run.schedule.over
    assert (run.count("s"), run.count("w1")) == (3, 2)


def test_a_chain_behind_a_worker_does_not_add_rounds():
    """With w2 -> x -> s the supervisor is visited three times for two rounds."""
    run = Simulation(
        "START -> s\ns -> [w1, w2] if again\ns -> END else\nw1 -> s max 9\nw2 -> x\nx -> s max 9",
        {"s": again(2)},
    )
    run.end("s")
    run.end("w1", "w2")
    assert run.running == {"x"}
    run.finish()

    assert run.count("s") == 3


def test_a_join_behind_a_retry_loop_fires_once_a_round():
    """A retry loop in one branch of an outer loop does not make the join fire more often."""
    run = Simulation(
        "START -> a\na -> [b, c]\nb -> try\ntry -> try if bad max 5\ntry -> join else\nc -> join\n"
        "join -> a if more max 5\njoin -> END else",
        {
            "try": lambda view, number: {"bad": number % 3 != 0},
            "join": lambda view, number: {"more": number < 2},
        },
    )
    run.finish()

    assert (run.count("try"), run.count("join"), run.count("a")) == (6, 2, 2)


def test_a_leaf_inside_a_loop_runs_each_round():
    """A note taken by a worker in a loop is taken in every round."""
    run = Simulation("START -> s\ns -> w if again\ns -> END else\nw -> s max 9\nw -> note", {"s": again(3)})
    run.finish()

    assert (run.count("w"), run.count("note")) == (3, 3)


def test_a_loop_into_one_branch_does_not_wait_for_the_other():
    """In a -> [b, c] -> d; d -> b, b starts with a and does not wait for c, also not the second time."""
    run = Simulation(
        "START -> a -> [b, c] -> d\nd -> b if more max 2\nd -> END else", {"d": lambda v, n: {"more": n < 3}}
    )
    run.end("a")
    assert run.running == {"b", "c"}
    run.end("b")
    assert run.running == {"c"}
    run.end("c")
    assert run.running == {"d"}
    run.end("d")
    assert run.running == {"b"}
    run.finish()

    assert (run.count("b"), run.count("c"), run.count("d")) == (3, 1, 3)


def test_the_limit_of_an_inner_loop_is_fresh_in_each_outer_round():
    """An inner max 2 counts anew whenever the inner loop is entered from outside."""
    run = Simulation(
        "START -> outer -> inner\ninner -> inner if true max 2\ninner -> close else\n"
        "close -> outer if more max 2\nclose -> END else",
        {"close": lambda view, number: {"more": True}},
        {"true": True},
    )
    run.finish()

    assert (run.count("outer"), run.count("inner")) == (3, 9)
    assert run.spent.count(("inner", "inner")) == 3


def test_a_node_outside_a_loop_waits_until_the_loop_is_over():
    """A join outside starts once, with what the loop brought in the end."""
    run = Simulation(
        "START -> [a, other]\na -> b\nb -> a if more max 5\nb -> join else\nother -> join",
        {"b": lambda view, number: {"more": number < 3}},
    )
    run.end("other")
    for _ in range(3):
        assert "join" not in run.running
        run.end("a")
        run.end("b")

    assert run.running == {"join"}
    assert run.count("join") == 1


def test_a_node_with_one_source_takes_each_token_in_order():
    """A node whose edges come from one node has nothing to join: one visit a token, one at a time."""
    run = Simulation("START -> s\ns -> w if again\ns -> s if again max 9\ns -> END else", {"s": again(2)})
    run.end("s")
    assert run.running == {"w", "s"}
    run.end("s")
    assert run.running == {"w", "s"}
    run.end("s")
    run.end("w")
    assert run.running == {"w"}
    run.end("w")

    assert run.schedule.over
    assert [visit for visit in run.visits if visit[0] == "w"] == [
        ("w", 1, (("s", 1),)),
        ("w", 2, (("s", 2),)),
    ]


def test_a_dead_path_does_not_block_a_join():
    """A branch whose edge was not taken is not waited for."""
    run = Simulation("START -> a -> [b, c]\nb -> d if yes\nb -> e else\nc -> d", given={"yes": False})
    run.end("a")
    run.end("c")
    assert "d" not in run.running
    run.end("b")

    assert run.running == {"d", "e"}


def test_an_edge_of_an_outer_loop_waits_at_its_own_gate():
    """A token that goes round an outer loop meets the others of its round in front of the outer head."""
    run = Simulation(
        "START -> h -> [x, y]\nx -> h if more max 3\ny -> y2\ny2 -> h if more max 3\nx -> END else\ny2 -> END else",
        {"h": lambda view, number: {"more": number < 2}},
    )
    run.end("h")
    run.end("x")
    assert "h" not in run.running
    run.end("y")
    run.end("y2")

    assert run.running == {"h"}
    assert run.visits[-1] == ("h", 2, (("x", 1), ("y2", 1)))


def test_two_edges_to_one_target_are_one_token():
    """When two conditions of one visit lead to the same node, it is visited once."""
    run = Simulation("START -> a\na -> b if x > 0\na -> b if x > 1", given={"x": 5})
    run.end("a")
    run.end("b")

    assert run.schedule.over
    assert run.count("b") == 1


def test_unconditional_edges_are_taken_beside_true_conditions():
    """All true conditional edges and all plain ones are taken; else only when no condition was true."""
    lines = "START -> a\na -> log\na -> b if x > 0\na -> c if x > 1\na -> d else"
    taken = Simulation(lines, given={"x": 2})
    taken.end("a")
    fallen = Simulation(lines, given={"x": 0})
    fallen.end("a")

    assert taken.running == {"log", "b", "c"}
    assert fallen.running == {"log", "d"}


def test_a_spent_edge_counts_as_not_taken():
    """When the limit is spent the else edge is taken, and the limit is reported."""
    run = Simulation("START -> a\na -> a if true max 2\na -> b else", given={"true": True})
    run.finish()

    assert (run.count("a"), run.count("b")) == (3, 1)
    assert run.spent == [("a", "a")]


def test_a_graph_wide_limit_holds_for_an_edge_that_is_its_nodes_only_one():
    """The token stops there once it is spent."""
    run = Simulation("START -> a -> b -> a\na -> END if false", given={"false": False}, limit=2)
    run.finish()

    assert (run.count("b"), run.spent) == (3, [("b", "a")])


def test_a_graph_wide_limit_holds_for_loop_edges_without_their_own():
    """Graph(limit=2) limits each loop edge that names no limit."""
    run = Simulation("START -> a -> b\nb -> a if true\nb -> END else", given={"true": True}, limit=2)
    run.finish()

    assert run.count("a") == 3


def test_the_head_of_a_loop_is_the_node_reached_first():
    """The edge back to the node reached first from START is the loop edge."""
    graph, plan = planned("START -> a -> b -> c\nc -> a if x max 1\nc -> b if y max 1\nc -> END else")
    clauses = {f"{graph.edges[n].source}->{graph.edges[n].target}" for n in plan.loop_edges}

    assert clauses == {"c->a", "c->b"}
    assert [plan.places[loop.head].name for loop in plan.loops] == ["a", "b"]


def test_a_run_ends_at_leaves_without_an_end():
    """A graph without END is fine: a node without edges ends its token."""
    run = Simulation("START -> a -> [b, c]")
    run.finish()

    assert not run.schedule.no_way_on()


def test_a_token_that_finds_no_edge_is_no_way_on_only_if_none_arrived():
    """If every token stopped at refused edges the run has no way on; if one arrived, it has ended."""
    stuck = Simulation("START -> a\na -> b if x", given={"x": False})
    stuck.finish()
    partly = Simulation("START -> a -> [b, c]\nb -> d if x", given={"x": False})
    partly.finish()

    assert stuck.schedule.no_way_on()
    assert not partly.schedule.no_way_on()


def test_an_empty_map_passes_straight_through():
    """A map over an empty list is one visit without instances, and the next node runs."""
    run = Simulation(
        "START -> split\nsplit -> worker for each x in items\nworker -> merge", given={"items": []}
    )
    run.end("split")
    run.end("worker")

    assert run.running == {"merge"}


def test_a_loop_of_a_thousand_nodes_is_planned_without_recursion():
    """Deep graphs are planned iteratively."""
    names = [f"n{i}" for i in range(3000)]
    lines = "START -> " + " -> ".join(names) + f"\n{names[-1]} -> n0 if x max 1\n{names[-1]} -> END else"
    _, plan = planned(lines)

    assert len(plan.loops) == 1
