"""Going through a run by hand: strides, breakpoints, held calls, questions, values set."""

from __future__ import annotations

import asyncio
import threading

import pytest
from graphs import chain, kinds, nothing
from stepping import begun_until_asked, calling, place

from genxai_nb import START, Agent, Graph, Run, human, run_log
from genxai_nb.errors import DefinitionError, NodeFailed, RunCancelled, RunError, ToolFailed
from genxai_nb.journal import events as facts
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted


def test_step_stops_at_each_call_and_at_each_visit():
    """From before a visit to its first call, to its second, to before the next visit."""
    run = chain(calling("one", "two"), nothing).start({})
    places = []
    while run.status != "done":
        places.append(place(run))
        run.step()

    assert places == [
        ("", "a", 1, "before"),
        ("", "a", 1, "call"),
        ("", "a", 1, "call"),
        ("", "b", 1, "before"),
    ]
    assert run.result().state["said"] == ["one 0", "two 1"]


def test_out_ends_the_visit_that_the_run_stands_in():
    """The rest of the visit's calls are made without stopping."""
    run = chain(calling("one", "two"), nothing).start({})
    run.step()
    run.out()

    assert place(run) == ("", "b", 1, "before")


def test_next_at_a_held_call_ends_the_visit():
    """Next from inside a visit stops before the next one."""
    run = chain(calling("one", "two"), nothing).start({})
    run.step()
    run.next()

    assert place(run) == ("", "b", 1, "before")


def test_stepping_gives_the_same_journal_as_running():
    """Whoever steps through a fork with calls sees the run that would have been."""

    def graph():
        made = Graph("fork", reducers={"said": "append"}).node("d", nothing)
        for name in "abc":
            made.node(name, calling(name))
        return made.parse("START -> a -> [b, c] -> d")

    stepped, whole = graph().start({}), graph().start({})
    while stepped.status != "done":
        stepped.step()
    whole.resume()

    assert stepped.canonical() == whole.canonical()


async def test_a_body_may_let_its_run_stand(anyio_backend):
    """It goes on from there with the run, by next to its end."""

    async def one(state, context):
        await context.pause("to look")
        return {"one": 1}

    run = chain(one, nothing).start({})
    stands = await run.drive()
    reason = run.reason
    ended = await run.drive("next")

    assert (stands.status, reason, ended.status) == ("paused", "to look", "paused")
    assert place(run) == ("", "b", 1, "before")
    assert (await run.drive()).state == {"one": 1}


def test_until_stops_behind_the_visit_after_which_it_holds():
    """Until takes a condition over the state."""
    graph = (
        Graph("loop")
        .node("a", lambda s: {"n": s["n"] + 1})
        .parse("START -> a\na -> a if n < 9 max 9\na -> END else")
    )
    run = graph.start({"n": 0})
    run.until("n >= 3")

    assert run.state == {"n": 3}
    assert run.resume().state == {"n": 9}


def test_until_node_stops_before_a_node_once():
    """It leaves no breakpoint behind."""
    run = chain(nothing, nothing, nothing).start({})
    run.until_node("c")

    assert place(run) == ("", "c", 1, "before")
    assert run.breakpoints == []


def test_edited_arguments_are_what_the_tool_gets():
    """The journal records the request as sent, and that a person changed it."""
    run = chain(calling("one")).start({})
    run.step()
    (call,) = run.held
    run.edit_call(call.slot, {"n": 41})
    run.resume()
    (started,) = (e for e in run.events() if isinstance(e, facts.CallStarted))

    assert run.result().state["said"] == ["one 41"]
    assert (started.request, started.edited) == ({"n": 41}, True)


def test_an_edited_prompt_is_what_the_model_gets():
    """Text replaces what the user said last."""
    model = Scripted(["fine"])
    graph = Graph("g").node("writer", Agent("writer", model=model.model, task="Write about {{topic}}"))
    run = graph.edge(START, "writer").start({"topic": "cats"})
    run.step()
    run.edit_call(run.held[0].slot, "Write about dogs")
    run.resume()

    assert model.requests[0].messages[-1].text == "Write about dogs"


def test_a_call_answered_by_hand_is_not_made():
    """The answer is recorded as given by hand, and given again on replay."""
    run = chain(calling("one", "two")).start({})
    run.step()
    run.answer_call(run.held[0].slot, "by me")
    run.resume()
    (first, _) = (e for e in run.events() if isinstance(e, facts.CallFinished))

    assert run.result().state["said"] == ["by me", "two 1"]
    assert (first.reply, first.by_hand) == ("by me", True)


def test_facts_that_come_while_a_run_stands_are_seen():
    """A body whose last call is answered by hand ends while its run stands."""
    run = chain(calling("one"), nothing).start({})
    run.step()
    ended = threading.Event()
    run.subscribe(lambda event: ended.set() if isinstance(event, facts.NodeFinished) else None)
    assert run.steps == 0
    run.answer_call(run.held[0].slot, "by me")

    assert ended.wait(5)
    assert run.steps == 1
    assert place(run) == ("", "b", 1, "before")


def test_a_model_may_be_answered_by_hand_in_words():
    """Text becomes the model's message."""
    model = Scripted([])
    graph = Graph("g").node("writer", Agent("writer", model=model.model, task="Write")).edge(START, "writer")
    run = graph.start({})
    run.step()
    run.answer_call(run.held[0].slot, "my own words")

    assert run.resume().state["writer"] == "my own words"


def test_a_skipped_call_gives_nothing():
    """A tool's None."""
    run = chain(calling("one", "two")).start({})
    run.step()
    run.skip_call(run.held[0].slot)

    assert run.resume().state["said"] == [None, "two 1"]


def test_a_call_can_be_made_to_fail():
    """The body sees a ToolFailed with these words."""
    run = chain(calling("one")).start({})
    run.step()
    run.fail_call(run.held[0].slot, "the disk is full")

    with pytest.raises(NodeFailed, match="the disk is full") as caught:
        run.resume()
    assert isinstance(caught.value.__cause__, ToolFailed)


def test_a_call_that_is_not_held_cannot_be_touched():
    """One sentence says so."""
    run = chain(calling("one")).start({})

    with pytest.raises(RunError, match="No call 'x' is held"):
        run.answer_call("x", 1)


def test_step_stops_at_each_model_and_tool_call_of_an_agent():
    """Inside the agent's own loop, too."""
    model = Scripted([[ToolCall("1", "calculator", {"expression": "1 + 1"})], "two"])
    agent = Agent("writer", model=model.model, task="Add", tools=["calculator"])
    run = Graph("g").node("writer", agent).edge(START, "writer").start({})
    seen = []
    while run.status != "done":
        run.step()
        seen += [(call.kind, call.name) for call in run.held]

    assert seen == [("model", model.model), ("tool", "calculator"), ("model", model.model)]


def test_values_set_while_standing_are_seen_by_the_next_node():
    """A set value is recorded and survives loading the run again."""
    run = chain(lambda s: {"n": 1}, lambda s: {"m": s["n"] * 10}).start({})
    run.next()
    run.set(n=7)

    assert run.state == {"n": 7}
    assert run.resume().state == {"n": 7, "m": 70}
    assert "StateSet" in kinds(run)


def test_a_set_value_is_later_than_parallel_writes_and_never_a_conflict():
    """Set while both branches have written the key: the person's value is seen by the join."""
    graph = (
        Graph("two")
        .node("b", lambda s: {"x": 1})
        .node("c", lambda s: {"x": 2})
        .node("d", lambda s: {"seen": s["x"]})
    )
    run = graph.parse("START -> [b, c] -> d").start({})
    run.next()
    run.next()
    run.set(x=9)

    assert run.resume().state == {"x": 9, "seen": 9}


def test_setting_a_value_of_an_ended_run_says_what_to_do():
    """Nothing is changed in what has ended."""
    run = chain(nothing).start({})
    run.resume()

    with pytest.raises(RunError, match="has ended. Go back first, or fork it"):
        run.set(n=1)


def test_an_interactive_run_waits_for_a_person():
    """The question is listed, answered once, and refused when it is none of the choices."""
    graph = Graph("ask").node("ok", human("Publish?", choices=["yes", "no"])).edge(START, "ok")
    run = graph.start({}, interactive=True)
    question, future = begun_until_asked(run)

    assert (question.node, question.prompt, question.choices) == ("ok", "Publish?", ("yes", "no"))
    with pytest.raises(RunError, match="'maybe' for node 'ok' is none of its choices"):
        run.answer("ok", "maybe")
    run.answer("ok", "yes")
    assert future.result(timeout=5).state["ok"] == "yes"
    with pytest.raises(RunError, match="No question 'ok' is open"):
        run.answer("ok", "no")


def test_a_node_edited_while_the_run_stands_is_used_from_its_next_start():
    """Both versions are in the journal."""
    graph = chain(nothing, lambda s: {"which": "old"})
    run = graph.start({})
    run.next()
    graph.bind("b", lambda s: {"which": "new"})
    started = next(e for e in run.events() if isinstance(e, facts.RunStarted))

    assert run.resume().state == {"which": "new"}
    versions = {e.node: e.version for e in run.events() if isinstance(e, facts.NodeStarted)}
    assert versions["b"] != started.definitions["b"]
    assert run._store.definition(versions["b"]).name == "b"


def test_what_is_edited_while_a_run_stands_is_recorded_once_when_it_goes_on():
    """Also of nodes that do not run again: the versions in force are told, what did not change is not."""
    found = {"a": nothing, "d": nothing}
    graph = Graph("g", lookup=found).node("b", nothing).node("c", nothing).parse("START -> a -> b -> c -> d")
    run = graph.start({})
    run.next()
    found["a"], found["d"] = lambda s: {"a": 1}, 4  # what can be no node is told when the run comes to it
    graph.bind("c", lambda s: {"c": 1})
    run.next()
    run.next()
    resumed = [event.definitions for event in run.events() if isinstance(event, facts.RunResumed)]

    assert resumed == [{name: graph.definition_of(name).version for name in "ac"}]


def test_stepping_stops_are_counted():
    """A button pressed at an earlier stand can be told from one pressed now."""
    run = chain(nothing, nothing).start({})
    before = run.stands
    run.next()

    assert run.stands == before + 1


def test_cancelling_a_standing_run_lets_go_of_it():
    """Held bodies are cancelled, and the run can be resumed from its journal."""
    run = chain(calling("one"), nothing).start({})
    run.step()
    run.cancel()

    assert run.status == "cancelled"
    assert run.resume().status == "done"


async def test_cancelling_a_standing_run_from_its_own_loop(anyio_backend):
    """Who drives on a loop of their own may cancel there; what comes next waits until it has stopped."""
    run = chain(calling("one"), nothing).start({})
    await run.drive("step")
    run.cancel()

    assert (await run.drive()).status == "done"
    kinds = [type(event) for event in run.events()]
    assert [kinds.count(kind) for kind in (facts.RunCancelled, facts.RunResumed)] == [1, 1]


async def test_pausing_from_the_loop_itself(anyio_backend):
    """A watcher on the run's own loop may pause it."""
    run = chain(nothing, nothing, nothing).start({})
    run.subscribe(
        lambda event: run.pause() if isinstance(event, facts.NodeFinished) and event.node == "a" else None
    )
    result = await run.drive()

    assert (result.status, run.position.node) == ("paused", "c")  # b had been started in the same turn
    await asyncio.sleep(0)
    assert (await run.drive()).status == "done"


def test_a_run_that_nobody_has_driven_yet_can_be_cancelled(tmp_path):
    """Its journal says so, also when it was loaded; it can be resumed, and what has ended stays as it is."""
    store = str(tmp_path / "runs.db")
    graph = chain(nothing, nothing)
    run = graph.start({}, store=store)
    run.cancel()
    assert run.status == Run.load(run.run_id, store=store).status == "cancelled"
    loaded = Run.load(graph.start({}, store=store).run_id, graph, store)
    loaded.cancel()
    assert run_log(store)["status"].tolist() == ["cancelled", "cancelled"]
    assert loaded.resume().status == "done"
    loaded.cancel()
    assert loaded.status == "done"


async def test_a_run_that_stands_can_be_cancelled_from_a_loop():
    """On the caller's loop as well as beside it."""
    run = chain(nothing, nothing).start({}, store=":memory:")
    run.cancel()
    assert run.status == "cancelled"
    assert (await run.drive()).status == "done"


def test_a_run_that_has_just_begun_is_cancelled():
    """Also before its first body has started."""

    async def wait(state):
        await asyncio.Event().wait()

    run = chain(wait).start({}, store=":memory:")
    ended = run.begin()
    run.cancel()
    with pytest.raises(RunCancelled):
        ended.result(timeout=20)
    assert run.status == "cancelled"


def test_until_lets_go_of_a_run_that_it_cannot_drive(monkeypatch):
    """What kept it from that can be mended, and any verb goes on."""
    run = chain(nothing, nothing).start({})
    monkeypatch.setenv("GENXAI_BUDGET", "much")
    for verb in (lambda: run.until("1 == 1"), lambda: run.until_node("b"), run.next):
        with pytest.raises(DefinitionError, match="budget: money is 'much'"):
            verb()
    monkeypatch.delenv("GENXAI_BUDGET")
    assert run.resume().status == "done"
