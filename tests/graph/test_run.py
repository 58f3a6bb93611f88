"""Running graphs: doors, failures, retries, pauses, cancellation, what is recorded."""

from __future__ import annotations

import asyncio
import threading

import pytest
from pydantic import BaseModel

from genxai_nb import END, START, Graph, Run, human
from genxai_nb.calls.call import Traits
from genxai_nb.errors import (
    ConditionFailed,
    HumanAnswerMissing,
    NodeFailed,
    NotStorable,
    NoWayOn,
    ResumeRefused,
    RunBusy,
    RunCancelled,
    RunError,
    RunNotFound,
    StateAssigned,
    StateInvalid,
    TimedOut,
    WriteConflict,
)
from genxai_nb.journal import events as facts
from genxai_nb.loop import run_sync


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


def test_sync_and_async_functions_are_nodes():
    """A plain function runs in a worker thread, an async one on the loop; both return changes."""
    where = {}

    def plain(state):
        where["plain"] = threading.current_thread().name
        return {"n": state["n"] + 1}

    async def inline(state):
        where["inline"] = threading.current_thread().name
        return {"n": state["n"] * 10}

    result = chain(plain, inline).run({"n": 1})

    assert result.state == {"n": 20}
    assert where["plain"].startswith("genxai-worker")
    assert where["inline"] == "genxai-engine"


async def test_run_works_inside_a_running_loop():
    """The sync door may be used in an async cell."""
    assert chain(nothing).run({"n": 1}).status == "done"


async def test_arun_runs_on_the_callers_loop():
    """The async door stays on the loop of whoever awaits it."""
    seen = []

    async def node(state):
        seen.append(asyncio.get_running_loop())

    await chain(node).arun({})

    assert seen == [asyncio.get_running_loop()]


def test_a_graph_can_be_run_inside_a_node_of_another():
    """Neither a plain nor an async body deadlocks when it runs a graph through the sync door."""
    inner = chain(nothing)

    def plain(state):
        return {"plain": inner.run({}).status}

    async def inline(state):
        return {"inline": inner.run({}).status}

    assert chain(plain, inline).run({}).state == {"plain": "done", "inline": "done"}


def test_the_journal_tells_what_happened():
    """Each visit is started and finished, with its edges, what it read and what it wrote."""
    run = chain(lambda state: {"n": state["n"] + 1}, nothing).start({"n": 1, "other": 2})
    run.resume()
    finished = [event for event in run.events() if isinstance(event, facts.NodeFinished)]

    assert kinds(run) == [
        "RunStarted",
        "NodeStarted",
        "NodeFinished",
        "NodeStarted",
        "NodeFinished",
        "RunFinished",
    ]
    assert (finished[0].update, finished[0].edges, finished[0].reads) == ({"n": 2}, (1,), ("n",))


def test_a_watcher_sees_facts_in_the_order_of_the_journal():
    """Facts are published after they were recorded, in the same order."""
    run = chain(nothing, nothing).start({})
    seen = []
    run.subscribe(seen.append)
    run.resume()

    assert seen == run.events()[1:]


async def test_iterating_a_run_drives_it_to_the_end():
    """Async for yields each fact and leaves the run done."""
    run = chain(nothing, nothing).start({})
    seen = [event async for event in run]

    assert seen == run.events()[1:]
    assert run.status == "done"


async def test_leaving_the_iteration_early_pauses_the_run():
    """A run that its reader leaves can be resumed."""
    run = chain(nothing, nothing, nothing).start({})
    async for event in run:
        if isinstance(event, facts.NodeFinished):
            break

    assert (await run.drive()).status == "done"
    assert kinds(run).count("NodeFinished") == 3


def test_next_runs_exactly_one_visit():
    """Stepping gives the same result as running."""
    graph = Graph("fork", reducers={"log": "append"})
    for name in "abcd":
        graph.node(name, lambda state, name=name: {"log": [name]})
    graph.parse("START -> a -> [b, c] -> d -> END")
    stepped = graph.start({})
    finished = [kinds(stepped).count("NodeFinished") for _ in range(4) if stepped.next()]
    whole = graph.start({})
    whole.resume()

    assert finished == [1, 2, 3, 4]
    assert stepped.resume().state == whole.result().state == {"log": ["a", "b", "c", "d"]}
    assert stepped.canonical() == whole.canonical()


def test_a_finished_run_gives_its_result_again():
    """Resuming what is done changes nothing."""
    run = chain(lambda state: {"n": 1}).start({})
    run.resume()
    before = run.events()

    assert run.resume().state == {"n": 1}
    assert run.events() == before


def test_a_failing_node_ends_the_run_with_its_error():
    """The error names the node, keeps the cause, and has the result so far and the run's id."""

    def broken(state):
        raise ValueError("no such thing")

    run = chain(lambda state: {"n": 1}, broken).start({})
    with pytest.raises(NodeFailed, match="Node 'b' failed: ValueError: no such thing") as caught:
        run.resume()

    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.run_id == run.run_id
    assert caught.value.result.state == {"n": 1}
    assert kinds(run)[-2:] == ["NodeFailed", "RunFailed"]


def test_a_failed_run_goes_on_where_it_failed_once_the_node_is_mended():
    """Nodes that had finished do not run again."""
    ran = []

    def first(state):
        ran.append("a")
        return {"n": 1}

    def broken(state):
        raise ValueError

    graph = chain(first, broken)
    run = graph.start({})
    with pytest.raises(NodeFailed):
        run.resume()
    graph.bind("b", lambda state: {"n": state["n"] + 1})

    assert run.resume().state == {"n": 2}
    assert ran == ["a"]


def test_a_node_is_tried_again_as_often_as_it_says():
    """retry=2 means three attempts, all recorded."""
    attempts = []

    def shaky(state):
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError("not yet")
        return {"done": True}

    run = Graph("shaky").node("a", shaky, retry=2).edge(START, "a").start({})

    assert run.resume().state == {"done": True}
    assert [event.retried for event in run.events() if isinstance(event, facts.NodeFailed)] == [True, True]


def test_siblings_of_a_failing_node_are_recorded():
    """What ends beside a failure is kept, and does not run again on resume."""
    ran = []

    async def broken(state):
        raise ValueError

    async def sibling(state):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ran.append("c")
        return {"c": 1}

    graph = Graph("two").node("b", broken).node("c", sibling).parse("START -> [b, c]")
    run = graph.start({})
    with pytest.raises(NodeFailed):
        run.resume()
    graph.bind("b", nothing)

    assert run.resume().state == {"c": 1}
    assert ran == ["c"]


def test_a_node_that_takes_too_long_fails():
    """Timeout is in seconds for one attempt."""

    async def forever(state):
        await asyncio.Event().wait()

    with pytest.raises(NodeFailed, match="took longer than 0.01 s") as caught:
        Graph("slow").node("a", forever, timeout=0.01).edge(START, "a").run({})

    assert isinstance(caught.value.__cause__, TimedOut)


def test_into_takes_the_whole_value():
    """A function may return anything when the node says where it goes."""
    graph = Graph("count").node("a", lambda state: len(state["text"]), into="size").edge(START, "a")

    assert graph.run({"text": "four"}).state["size"] == 4


def test_a_body_that_returns_no_dict_is_told_so():
    """The message shows the value and both mends."""
    with pytest.raises(
        NodeFailed, match='returned 4, which is a int. Return a dict of changes, or give the node into="a"'
    ):
        chain(lambda state: 4).run({})


def test_reads_limits_what_a_function_sees():
    """Only the named keys are shown."""
    graph = Graph("narrow").node("a", lambda state: {"seen": sorted(state)}, reads=["x"]).edge(START, "a")

    assert graph.run({"x": 1, "y": 2}).state["seen"] == ["x"]


def test_assigning_to_the_state_raises_with_the_mend():
    """State is read-only; the error says what to return."""

    def assigns(state):
        state["x"] = 1

    with pytest.raises(NodeFailed, match="Return {'x': ...} instead") as caught:
        chain(assigns).run({})

    assert isinstance(caught.value.__cause__, StateAssigned)


class Draft(BaseModel):
    text: str = ""
    score: float = 0


def test_a_model_state_is_given_and_returned_as_its_model():
    """Bodies get an instance, assignment to it raises, and the result is an instance."""

    def assigns(state):
        state.score = 1

    graph = Graph("draft", state=Draft).node("a", lambda state: {"text": state.text + "!"}).edge(START, "a")

    assert graph.run({"text": "hello"}).state == Draft(text="hello!")
    with pytest.raises(NodeFailed, match="'score' was assigned"):
        Graph("draft", state=Draft).node("a", assigns).edge(START, "a").run({})


def test_an_update_that_does_not_fit_the_schema_names_node_and_field():
    """The value and what was expected are in the message."""
    graph = Graph("draft", state=Draft).node("a", lambda state: {"score": "high"}).edge(START, "a")

    with pytest.raises(NodeFailed, match=r"node 'a' wrote to 'score'.*unable to parse string as a number"):
        graph.run({})


def test_an_unknown_field_in_the_input_names_the_nearest():
    """The input is checked before anything is recorded."""
    graph = Graph("draft", state=Draft).node("a", nothing).edge(START, "a")

    with pytest.raises(
        StateInvalid, match="The input has 'texd', which is no field of Draft. Did you mean 'text'"
    ):
        graph.start({"texd": "x"})


def test_a_condition_that_names_an_absent_key_is_an_error():
    """An error in a condition is an error, not False, and names the edge."""
    graph = Graph("absent").node("a", nothing).parse("START -> a\na -> END if scor < 1\na -> END else")
    run = graph.start({"score": 1})

    with pytest.raises(ConditionFailed, match=r"'scor < 1' of a -> END failed after visit 1.*score"):
        run.resume()
    assert run.status == "failed"


def test_a_function_as_a_condition_may_raise():
    """What it raised is in the message."""

    def broken(state):
        return state["missing"]

    graph = Graph("cond").node("a", nothing).edge(START, "a").edge("a", END, when=broken)

    with pytest.raises(ConditionFailed, match=r"'broken' of a -> END .* KeyError: 'missing'"):
        graph.run({})


def test_no_way_on_shows_the_conditions_and_their_values():
    """A run whose last token stopped is not silently done."""
    graph = Graph("stuck").node("a", nothing).parse("START -> a\na -> END if score > 0.5")

    with pytest.raises(NoWayOn, match=r"stopped at 'a'.*a -> END if score > 0.5; score = 0.1"):
        graph.run({"score": 0.1})


def test_parallel_writes_fail_the_run_and_are_resumable():
    """The conflict is recorded as the run's failure."""
    graph = Graph("two").node("b", lambda s: {"x": 1}).node("c", lambda s: {"x": 2}).node("d", nothing)
    run = graph.parse("START -> [b, c] -> d").start({})

    with pytest.raises(WriteConflict, match="'b' and 'c' both wrote 'x'"):
        run.resume()
    assert isinstance(run.events()[-1], facts.RunFailed)


def test_a_value_that_cannot_be_kept_fails_its_node_with_its_path(tmp_path):
    """Nothing of it is recorded as done."""
    graph = chain(lambda state: {"report": [1, {"file": threading.Lock()}]})
    run = graph.start({}, store=str(tmp_path / "runs.db"))

    with pytest.raises(
        NodeFailed, match=r"Node 'a' failed: update\.report\[1\]\.file is a _thread\.lock"
    ) as caught:
        run.resume()
    assert isinstance(caught.value.__cause__, NotStorable)
    assert "NodeFinished" not in kinds(run)


def test_a_value_that_cannot_be_kept_does_not_lose_its_siblings(tmp_path):
    """Of two that end together only the one that cannot be kept has failed."""

    async def good(state):
        return {"good": 1}

    async def bad(state):
        return {"bad": threading.Lock()}

    graph = Graph("two").node("b", bad).node("c", good).parse("START -> [b, c]")
    run = graph.start({}, store=str(tmp_path / "runs.db"))

    with pytest.raises(NodeFailed, match=r"Node 'b' failed: update\.bad"):
        run.resume()
    assert [e.node for e in run.events() if isinstance(e, facts.NodeFinished)] == ["c"]


def test_a_map_runs_each_item_and_keeps_the_order():
    """Instances run side by side; context.item and the named key give the item."""

    async def work(state, context):
        return {"out": [(context.index, context.item, state["word"])]}

    graph = Graph("map", reducers={"out": "append"}).node("split", nothing).node("work", work)
    graph.edge(START, "split").edge("split", "work", each="words", item="word").edge("work", END)

    assert graph.run({"words": ["x", "y"]}).state["out"] == [(0, "x", "x"), (1, "y", "y")]


def test_a_failed_instance_of_a_map_does_not_repeat_the_others():
    """On resume only the instance that failed runs again."""
    ran = []

    async def work(state):
        ran.append(state["n"])
        if state["n"] == 2 and ran.count(2) == 1:
            raise ValueError
        return {"out": [state["n"]]}

    graph = (
        Graph("map", reducers={"out": "append"})
        .node("work", work)
        .edge(START, "work", each="items", item="n")
    )
    run = graph.start({"items": [1, 2, 3]})
    with pytest.raises(NodeFailed):
        run.resume()

    assert run.resume().state["out"] == [1, 2, 3]
    assert sorted(ran) == [1, 2, 2, 3]


def test_append_takes_a_list_or_one_item():
    """A value that is no list is one item, so that texts can be collected."""
    graph = Graph("two", reducers={"notes": "append"}).node("b", lambda s: {"notes": "one"})
    graph.node("c", lambda s: {"notes": ["two", "three"]}).parse("START -> [b, c]")

    assert graph.run({"notes": []}).state["notes"] == ["one", "two", "three"]


def test_a_pause_holds_a_body_at_its_next_call():
    """A body that is alone and under way waits at its next call, and goes on when the run is resumed."""
    calls = []

    async def answer(call):
        calls.append(call.name)
        return call.name

    async def body(state, context):
        one = await context.call("tool", "one", {}, answer, Traits())
        run.pause()
        return {"said": [one, await context.call("tool", "two", {}, answer, Traits())]}

    run = chain(body).start({})

    assert run.resume().status == "paused"
    assert calls == ["one"]
    assert run.resume().state["said"] == ["one", "two"]


def test_a_human_node_takes_its_answer_from_the_run():
    """Answers go by node name."""
    graph = (
        Graph("ask")
        .node("ok", human("Publish {{title}}?", choices=["yes", "no"]), into="verdict")
        .edge(START, "ok")
    )

    assert graph.run({"title": "x"}, answers={"ok": "yes"}).state["verdict"] == "yes"


def test_a_human_node_without_an_answer_names_node_and_option():
    """The run can be resumed with the answer."""
    graph = Graph("ask").node("ok", human("Publish?", choices=["yes", "no"])).edge(START, "ok")
    run = graph.start({})

    with pytest.raises(
        NodeFailed, match=r"Node 'ok' asks 'Publish\?', and nobody.*answers=\{'ok': \.\.\.\}"
    ) as caught:
        run.resume()
    assert isinstance(caught.value.__cause__, HumanAnswerMissing)
    assert run.resume(answers={"ok": "no"}).state["ok"] == "no"


def test_an_answer_that_is_no_choice_is_refused():
    """The choices are listed."""
    graph = Graph("ask").node("ok", human("Publish?", choices=["yes", "no"])).edge(START, "ok")

    with pytest.raises(NodeFailed, match="'maybe' for node 'ok' is none of its choices. Choices: yes, no"):
        graph.run({}, answers={"ok": "maybe"})


async def test_cancelling_a_task_leaves_a_resumable_run():
    """A cancelled run stops its bodies, records that, and goes on later."""
    entered = asyncio.Event()
    gates = [asyncio.Event(), asyncio.Event()]
    gates[1].set()

    async def wait(state):
        entered.set()
        await gates[len(state["waited"])].wait()
        return {}

    async def waits(state):
        entered.set()
        await gates.pop(0).wait()

    graph = chain(nothing, waits)
    run = graph.start({"waited": []})
    task = asyncio.ensure_future(run.drive())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert run.status == "cancelled"
    assert isinstance(run.events()[-1], facts.RunCancelled)
    assert (await run.drive()).status == "done"
    assert kinds(run).count("NodeFinished") == 2


def test_cancel_from_another_thread_stops_the_whole_tree():
    """Branches are cancelled too, and the waiting caller is told in one sentence."""
    entered, stopped = threading.Barrier(3, timeout=5), []

    async def forever(state):
        try:
            await asyncio.get_running_loop().run_in_executor(None, entered.wait)
            await asyncio.Event().wait()
        finally:
            stopped.append(1)

    run = Graph("two").node("b", forever).node("c", forever).parse("START -> [b, c]").start({})
    future = run.begin()
    entered.wait()
    run.cancel()

    with pytest.raises(RunCancelled, match=f"Run {run.run_id} was cancelled"):
        future.result(timeout=5)
    assert len(stopped) == 2


def test_pause_holds_before_the_next_visit():
    """What is under way ends; nothing new starts until the run is resumed."""
    entered, leave = threading.Event(), threading.Event()

    def first(state):
        entered.set()
        leave.wait(5)
        return {"a": 1}

    run = chain(first, lambda state: {"b": 1}).start({})
    future = run.begin()
    entered.wait(5)
    run.pause()
    leave.set()

    assert future.result(timeout=5).status == "paused"
    assert run.state == {"a": 1}
    assert run.resume().state == {"a": 1, "b": 1}


def test_a_run_is_driven_by_one_at_a_time():
    """A second driver is told at once."""
    entered, leave = threading.Event(), threading.Event()

    def first(state):
        entered.set()
        leave.wait(5)

    run = chain(first).start({})
    future = run.begin()
    entered.wait(5)
    with pytest.raises(RunBusy, match="is being driven already"):
        run.resume()
    leave.set()
    future.result(timeout=5)


def test_a_run_is_loaded_and_read_without_its_graph():
    """Without a graph its events and status can be read, and driving it says what is missing."""
    run = chain(nothing).start({"n": 1})
    run.resume()
    loaded = Run.load(run.run_id)

    assert (loaded.status, loaded.events()) == ("done", run.events())
    with pytest.raises(RunError, match="was loaded for reading only"):
        Run.load(chain(nothing).start({}).run_id).resume()


def test_loading_refuses_another_structure_and_unknown_ids():
    """Only a changed structure can refuse a resume."""
    run = chain(nothing).start({})

    with pytest.raises(ResumeRefused, match="has changed its nodes or edges"):
        Run.load(run.run_id, chain(nothing, nothing))
    with pytest.raises(RunNotFound, match="No run 'r99'"):
        Run.load("r99")


def test_a_changed_body_does_not_refuse_a_resume():
    """The journal records which version ran."""
    run = chain(nothing, nothing).start({})
    run.next()
    changed = Run.load(run.run_id, chain(nothing, lambda state: {"new": True}))
    run._park("paused")  # as if its process had ended

    assert changed.resume().state == {"new": True}
    assert "RunResumed" in kinds(changed)


def test_the_state_of_a_fork_shows_all_branches():
    """run.state merges live branches for looking."""
    graph = Graph("two").node("b", lambda s: {"b": 1}).node("c", lambda s: {"c": 1}).node("d", nothing)
    run = graph.parse("START -> [b, c] -> d").start({})
    run.next()
    run.next()

    assert run.state == {"b": 1, "c": 1}


def test_context_offers_place_log_and_key():
    """A body that takes two arguments gets its context."""

    async def body(state, context):
        context.log("hello")
        return {
            "place": [context.run_id, context.node, context.visit, context.index],
            "key": context.idempotency_key,
        }

    run = chain(body).start({})
    logged = []
    run.subscribe(lambda event: logged.append(event) if isinstance(event, facts.Logged) else None)
    result = run.resume()

    assert result.state["place"] == [run.run_id, "a", 1, None]
    assert len(result.state["key"]) == 32
    assert [line.text for line in logged] == ["hello"]


def test_a_plain_body_logs_from_its_thread():
    """Hints from worker threads reach the watchers on the loop."""

    def body(state, context):
        context.log("from a thread")

    run = chain(body).start({})
    seen = []
    run.subscribe(lambda event: seen.append((type(event).__name__, threading.current_thread().name)))
    run.resume()
    run_sync(asyncio.sleep(0))

    assert ("Logged", "genxai-engine") in seen


def test_canonical_journals_do_not_depend_on_timing():
    """Two runs whose branches end in different order are equal byte for byte."""

    def fan(order):
        turns = {name: asyncio.Event() for name in "bcd"}

        def body(name):
            async def run(state):
                at = order.index(name)
                if at:
                    await turns[order[at - 1]].wait()
                turns[name].set()
                return {"log": [name]}

            return run

        graph = Graph("fan", reducers={"log": "append"}).node("e", nothing)
        for name in "bcd":
            graph.node(name, body(name))
        return graph.parse("START -> [b, c, d] -> e")

    async def both():
        runs = [fan(order).start({}) for order in ("bcd", "dcb")]
        for run in runs:
            await run.drive()
        return runs

    one, other = asyncio.run(both())

    assert one.events()[2:] != other.events()[2:]
    drop = b'"version":"'
    assert [line.split(drop)[0] for line in one.canonical().split(b"\n")[1:]] == [
        line.split(drop)[0] for line in other.canonical().split(b"\n")[1:]
    ]
