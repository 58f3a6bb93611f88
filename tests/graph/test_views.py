"""What a node sees, and how views meet."""

from __future__ import annotations

import pytest
from simulation import Simulation

from genxai_nb.errors import StateInvalid, WriteConflict


def writes(**update):
    return lambda view, number: update


def test_a_branch_never_sees_its_sibling():
    """In a -> [b, c]; b -> b2 with c slow or quick, b2 never sees what c wrote."""
    for order in (("b", "c"), ("c", "b")):
        run = Simulation("START -> a -> [b, c]\nb -> b2", {"b": writes(b=1), "c": writes(c=1)})
        run.end("a")
        for name in order:
            run.end(name)

        assert run.seen["b2", 1] == {"b": 1}


def test_a_join_sees_what_a_waited_for_node_wrote_without_taking_its_edge():
    """In a -> [b, c]; b -> d if ok; c -> d, d still sees b's write when b's edge was not taken."""
    for order in (("b", "c"), ("c", "b")):
        run = Simulation(
            "START -> a -> [b, c]\nb -> d if ok\nc -> d",
            {"b": writes(note="b"), "c": writes(text="c")},
            {"ok": False},
        )
        run.end("a")
        for name in order:
            run.end(name)

        assert run.seen["d", 1] == {"ok": False, "note": "b", "text": "c"}


def test_a_join_sees_a_waited_for_node_further_back():
    """A node two steps before a join is seen by it although its token went elsewhere."""
    run = Simulation(
        "START -> a -> [b, c]\nb -> x if ok\nb -> out else\nx -> d\nc -> d",
        {"b": writes(note="b")},
        {"ok": False},
    )
    run.end("a")
    run.end("c")
    run.end("b")

    assert run.seen["d", 1] == {"ok": False, "note": "b"}


def test_appended_lists_come_in_the_order_of_the_edges():
    """Whoever ends first, a join appends in the order in which its incoming edges were declared."""
    for order in (("b", "c"), ("c", "b")):
        run = Simulation(
            "START -> a -> [b, c] -> d",
            {"b": writes(log=["b"]), "c": writes(log=["c"])},
            reducers={"log": "append"},
        )
        run.end("a")
        for name in order:
            run.end(name)

        assert run.seen["d", 1]["log"] == ["b", "c"]


def test_two_parallel_writes_without_reducer_are_an_error_at_the_join():
    """Both nodes and the key are named."""
    run = Simulation("START -> a -> [b, c] -> d", {"b": writes(x=1), "c": writes(x=2)})
    run.end("a")
    run.end("b")

    with pytest.raises(WriteConflict, match="'b' and 'c' both wrote 'x'"):
        run.end("c")


def test_two_parallel_writes_that_meet_only_at_the_end_are_an_error():
    """The end is a meeting too."""
    run = Simulation("START -> a -> [b, c]", {"b": writes(x=1), "c": writes(x=2)})

    with pytest.raises(WriteConflict, match="'b' and 'c'"):
        run.finish()


def test_a_write_that_saw_the_other_replaces_it():
    """A later node may write a key again."""
    run = Simulation("START -> a -> [b, c] -> d", {"a": writes(x=1), "b": writes(x=2)})

    assert run.finish() == {"x": 2}


def test_a_node_sees_its_own_earlier_visits():
    """The leaf of a loop body adds to what it wrote in the rounds before."""
    run = Simulation(
        "START -> s\ns -> w if again\ns -> END else\nw -> s max 9\nw -> note",
        {"s": lambda v, n: {"again": n <= 3}, "note": lambda v, n: {"notes": v.get("notes", 0) + 1}},
    )

    assert run.finish()["notes"] == 3


def test_the_main_path_does_not_see_a_leaf_it_never_waited_for():
    """A note at a leaf is not seen by the loop, and is there in the result."""
    run = Simulation(
        "START -> s\ns -> w if again\ns -> END else\nw -> s max 9\nw -> note",
        {"s": lambda v, n: {"again": n <= 2}, "note": writes(note="taken")},
    )
    result = run.finish()

    assert "note" not in run.seen["s", 3]
    assert result["note"] == "taken"


def test_a_gate_sees_every_visit_of_the_round():
    """The head of a loop sees what a worker wrote whose own token went elsewhere."""
    run = Simulation(
        "START -> s\ns -> [w1, w2] if again\ns -> END else\nw1 -> s max 9\nw2 -> s if back max 9\nw2 -> aside else",
        {"s": lambda v, n: {"again": n < 2}, "w2": writes(w2="seen")},
        {"back": False},
    )
    run.end("s")
    run.end("w2")
    run.end("aside")
    run.end("w1")

    assert run.seen["s", 2]["w2"] == "seen"


def test_conditions_see_the_view_and_the_update():
    """A node's own write decides its edges."""
    run = Simulation("START -> a\na -> b if x == 2\na -> c else", {"a": writes(x=2)}, {"x": 1})
    run.end("a")

    assert run.running == {"b"}


def test_a_map_merges_its_instances_in_order_of_index():
    """Each instance sees its item; their writes come together by index."""
    run = Simulation(
        "START -> w for each x in items\nw -> end",
        {"w": lambda view, index: {"out": [view["x"] * 10]}},
        {"items": [3, 1, 2]},
        reducers={"out": "append"},
    )

    assert run.finish()["out"] == [30, 10, 20]


def test_instances_of_a_map_that_write_one_key_are_an_error():
    """Instances do not see each other, so a key needs a reducer."""
    run = Simulation("START -> w for each x in items", {"w": writes(out=1)}, {"items": [1, 2]})

    with pytest.raises(WriteConflict, match="Parallel visits of node 'w' both wrote 'out'"):
        run.end("w")


def test_a_map_over_no_list_is_an_error_that_names_the_key():
    """The key and its value are in the message."""
    with pytest.raises(StateInvalid, match="'items', which is 'abc'"):
        Simulation("START -> w for each x in items", given={"items": "abc"})


def test_own_reducers_are_called_with_old_and_new():
    """A reducer may be any function of two values."""
    run = Simulation(
        "START -> a -> [b, c] -> d",
        {"a": writes(best=3), "b": writes(best=7), "c": writes(best=5)},
        reducers={"best": max},
    )

    assert run.finish() == {"best": 7}


def test_recorded_results_are_used_instead_of_own_reducers():
    """The fold of a recorded run never calls the graph's own reducers."""

    def explode(old, new):
        raise AssertionError

    run = Simulation("START -> a -> b", reducers={"x": explode}, given={"x": 1})
    (visit,) = run.schedule.running.values()
    ending = run.schedule.finish(visit, [{"x": 2}], reduced={"x": 99})
    (place,) = run.schedule.startable()

    assert run.schedule.start(place).view.data == {"x": 99}
    assert ending.reduced == {"x": 99}


@pytest.mark.parametrize(
    ("name", "old", "new", "both"),
    [
        ("append", [1], [2, 3], [1, 2, 3]),
        ("add", 1, 2, 3),
        ("merge", {"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ("last", 1, 2, 2),
    ],
)
def test_builtin_reducers(name, old, new, both):
    """Append extends, add adds, merge merges, last replaces."""
    run = Simulation("START -> a", {"a": writes(x=new)}, {"x": old}, reducers={"x": name})

    assert run.finish() == {"x": both}


def test_a_reducer_that_cannot_join_two_values_says_which():
    """The key and both types are named."""
    run = Simulation("START -> a", {"a": writes(x="abc")}, {"x": 1}, reducers={"x": "add"})

    with pytest.raises(StateInvalid, match="reducer of 'x' cannot join int and str"):
        run.end("a")


def test_the_view_of_now_shows_conflicts_instead_of_raising():
    """Looking at a run never fails: a key in conflict is listed with its writers."""
    run = Simulation("START -> a -> [b, c]\nb -> b2\nc -> c2", {"b": writes(x=1), "c": writes(x=2)})
    run.end("a")
    run.end("b", "c")
    state, clashes = run.schedule.now()

    assert state["x"] in {1, 2}
    assert clashes == {"x": ("b", "c")}


def test_reads_of_a_base_shared_by_both_branches_are_no_conflict():
    """A key written before the fork and by one branch has that branch's value."""
    run = Simulation("START -> a -> [b, c] -> d", {"a": writes(x=1), "c": writes(x=2)})
    run.end("a")
    run.end("c")
    run.end("b")

    assert run.seen["d", 1] == {"x": 2}
