"""Going back, going on from there, and forking: nothing is lost, and what is asked again is as promised."""

from __future__ import annotations

import json

import pytest
from graphs import chain, kinds, nothing
from stepping import place

from genxai_nb import END, START, Graph, Run, run_log
from genxai_nb.calls.call import Traits
from genxai_nb.errors import NodeFailed, NotStorable, ResumeRefused, RunError, StateInvalid
from genxai_nb.journal import events as facts


@pytest.fixture(params=[":memory:", "runs.db"])
def store(request, tmp_path):
    """Both stores keep the same promises."""
    return request.param if request.param == ":memory:" else str(tmp_path / request.param)


def counting():
    """A loop that counts to five."""
    graph = Graph("count").node("a", lambda s: {"n": s["n"] + 1})
    return graph.parse("START -> a\na -> a if n < 5 max 9\na -> END else")


def test_any_earlier_state_can_be_looked_at(store):
    """Step 0 is the input, step n the state behind the nth visit."""
    run = counting().start({"n": 0}, store=store)
    run.resume()

    assert [run.state_at(step)["n"] for step in range(6)] == [0, 1, 2, 3, 4, 5]
    assert run.steps == 5


def test_a_finished_run_goes_back_and_on_again(store):
    """back, change a value, go on: what follows differs, and the old line is still listed."""
    run = counting().start({"n": 0}, store=store)
    run.resume()
    run.goto(2)
    assert (run.status, run.state, place(run)) == ("paused", {"n": 2}, ("", "a", 3, "before"))
    run.set(n=4)
    assert run.resume().state == {"n": 5}

    assert run.steps == 3
    assert [(head.name, head.parent, head.current) for head in run.heads()] == [
        (f"{run.run_id}.1", None, False),
        (f"{run.run_id}.2", f"{run.run_id}.1", True),
    ]


def test_back_goes_one_step(store):
    """At the input there is nothing before."""
    run = counting().start({"n": 0}, store=store)
    run.next()
    run.next()
    run.back()
    assert run.state == {"n": 1}
    run.back()
    assert run.state == {"n": 0}
    with pytest.raises(RunError, match="stands at its input"):
        run.back()


def test_a_step_that_is_not_there_is_named(store):
    """So is what there is."""
    run = counting().start({"n": 0}, store=store)
    run.next()

    with pytest.raises(RunError, match="has 1 steps, not 7. Give 0 to 1"):
        run.goto(7)


def test_limits_go_on_counting_after_going_back(store):
    """How often a loop was gone round before counts, for a fork and another process too."""
    graph = Graph("c").node("a", lambda s: {"n": s["n"] + 1})
    graph.parse("START -> a\na -> a if n < 99 max 5\na -> END else")
    run = graph.start({"n": 0}, store=store)
    assert run.resume().state == {"n": 6}
    run.goto(3)
    assert Run.load(run.run_id, graph, store).resume().state == {"n": 6}
    assert run.fork(4).resume().state == {"n": 6}


def test_a_fork_shares_history_and_goes_its_own_way(store):
    """The run that was forked stays as it was."""
    run = counting().start({"n": 0}, store=store)
    run.resume()
    fork = run.fork(1, n=4)

    assert fork.run_id != run.run_id
    assert fork.resume().state == {"n": 5}
    assert (fork.steps, run.steps) == (2, 5)
    assert run.resume().state == {"n": 5}
    assert Run.load(fork.run_id, counting(), store=store).steps == 2


def test_a_fork_of_a_value_that_does_not_fit_makes_no_run(store):
    """The change is checked before anything is recorded."""
    from pydantic import BaseModel

    class Count(BaseModel):
        n: int = 0

    run = Graph("g", state=Count).node("a", nothing).edge(START, "a").start({}, store=store)
    run.resume()

    with pytest.raises(StateInvalid, match="Count does not accept what you set 'n' to: .* valid integer"):
        run.fork(0, n="many")
    with pytest.raises(StateInvalid, match="You set 'm', which is no field of Count"):
        run.fork(0, m=1)


def world(graph_name="calls"):
    """A graph with an effect and a read in one node, counting how often each is really made."""
    made = []

    async def answer(call):
        made.append(call.name)
        return f"{call.name} {len(made)}"

    async def body(state, context):
        mail = await context.call("tool", "mail", {"to": "ada"}, answer, Traits(effect=True))
        read = await context.call("model", "ask", {"q": 1}, answer, Traits())
        return {"mail": mail, "read": read}

    graph = Graph(graph_name).node("a", nothing).node("b", body)
    return graph.edge(START, "a").edge("a", "b").edge("b", END), made


@pytest.mark.parametrize(("replay", "again"), [("effects", ["ask"]), ("all", []), ("none", ["mail", "ask"])])
def test_what_is_asked_again_after_going_back(store, replay, again):
    """Effects are answered from the record and marked as reused; models are asked again, by default."""
    graph, made = world()
    run = graph.start({}, store=store)
    run.resume()
    del made[:]
    run.goto(1, replay=replay)
    run.resume()
    reused = [event.reused for event in run.events() if isinstance(event, facts.CallFinished)]

    assert made == again
    assert reused == {"effects": [True, False], "all": [True, True], "none": [False, False]}[replay]


def test_a_fork_reuses_equal_effects(store):
    """A mail that was sent is not sent again by a fork that would send the same one."""
    graph, made = world()
    run = graph.start({}, store=store)
    run.resume()
    del made[:]
    fork = run.fork(1)

    assert fork.resume().state["mail"] == "mail 1"
    assert made == ["ask"]


def test_going_back_cancels_what_is_held(store):
    """A body that waits at the gate is let go, and made anew when the run comes there again."""
    graph, made = world()
    run = graph.start({}, store=store)
    run.next()
    run.step()
    assert [call.name for call in run.held] == ["mail"]
    run.goto(0)

    assert run.held == []
    assert run.resume().status == "done"
    assert made == ["mail", "ask"]


def test_a_branch_is_found_by_another_process(tmp_path):
    """A run that went back is loaded where it stands."""
    run = counting().start({"n": 0}, store=str(tmp_path / "runs.db"))
    run.resume()
    run.goto(3)
    loaded = Run.load(run.run_id, counting(), store=str(tmp_path / "runs.db"))

    assert loaded.state == {"n": 3}
    assert loaded.status == "paused"
    assert "RunFinished" not in kinds(loaded)


def test_steps_inside_subgraphs_count(store):
    """Going back may lead into a subgraph."""
    inner = Graph("inner").node("x", lambda s: {"n": s["n"] + 1}).node("y", lambda s: {"n": s["n"] * 10})
    graph = Graph("outer").node("part", inner.parse("START -> x -> y")).edge(START, "part")
    run = graph.start({"n": 1}, store=store)
    assert run.resume().state == {"n": 20}
    run.goto(1)

    assert run.resume().state == {"n": 20}
    assert run.steps == 3


def test_a_run_under_way_cannot_go_back():
    """It has to stand first."""
    run = chain(nothing, nothing).start({})
    seen = []

    def try_back(event):
        if isinstance(event, facts.NodeFinished) and not seen:
            try:
                run._refuse_unless_standing("go back")
            except RunError as exc:
                seen.append(str(exc))

    run.subscribe(try_back)
    run.resume()

    assert seen == [f"Run {run.run_id} is under way. Pause it to go back."]


def test_a_run_goes_on_in_a_changed_graph(store):
    """Rebase takes the state along, and the numbers of visits go on."""
    run = counting().start({"n": 0}, store=store)
    run.next()
    run.next()
    changed = Graph("count").node("a", lambda s: {"n": s["n"] + 10}).node("b", lambda s: {"b": s["n"]})
    changed.parse("START -> a -> b -> END")
    run.rebase(changed)
    assert (run.state, place(run)) == ({"n": 2}, ("", "a", 3, "before"))

    assert run.resume().state == {"n": 12, "b": 12}
    assert Run.load(run.run_id, changed, store=store).resume().state == {"n": 12, "b": 12}


def test_a_changed_structure_is_refused_with_the_difference(store):
    """The lines that are gone and those that are new are shown."""
    run = counting().start({"n": 0}, store=store)
    run.next()
    changed = Graph("count").node("a", nothing).parse("START -> a -> END")

    with pytest.raises(
        ResumeRefused, match=r"(?s)changed its nodes or edges.*- a -> a if n < 5 max 9.*\+ START -> a -> END"
    ):
        Run.load(run.run_id, changed, store=store)


def test_a_graph_without_the_node_that_comes_next_is_refused():
    """Nothing is recorded then."""
    run = chain(nothing, nothing).start({})
    run.next()
    before = run.events()

    with pytest.raises(ResumeRefused, match="stands before 'b', which the changed graph does not have"):
        run.rebase(Graph("other").node("x", nothing).edge(START, "x"))
    assert run.events() == before


def test_an_ended_run_is_rebased_once_it_has_gone_back():
    """The error says how."""
    run = chain(nothing, nothing).start({})
    run.resume()
    changed = chain(nothing, nothing, nothing)

    with pytest.raises(
        RunError, match=r"has ended\. Go back to a step whose next node it has: run\.goto\(step\)\."
    ):
        run.rebase(changed)
    run.goto(1)
    run.rebase(changed)
    assert run.resume().status == "done"
    assert run.steps == 3


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (lambda wanted: wanted["missing"], "KeyError: 'missing'"),
        (
            lambda wanted: json.loads("{"),
            "JSONDecodeError: Expecting property name enclosed in double quotes",
        ),
    ],
)
def test_a_failure_shows_the_line_and_its_locals(use, text):
    """The frame is the user's own, also when it raised inside a library."""

    def broken(state):
        wanted = {"found": 1}
        return {"x": use(wanted)}

    run = chain(broken).start({})
    with pytest.raises(NodeFailed):
        run.resume()

    assert run.failure.locals == {"wanted": "{'found': 1}"}
    assert (run.failure.node, run.failure.file, run.failure.function) == ("a", __file__, "<lambda>")
    assert run.failure.text.startswith(text)


def test_a_fork_with_a_value_that_cannot_be_kept_leaves_no_run(tmp_path):
    """It is refused before anything is made."""
    store = str(tmp_path / "journal.db")
    run = chain(nothing).start({}, store=store)
    run.resume()
    with pytest.raises(NotStorable, match="values.thing is a builtins.object"):
        run.fork(0, thing=object())
    assert list(run_log(store)["run_id"]) == [run.run_id]
