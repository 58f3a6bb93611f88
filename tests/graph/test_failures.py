"""What goes wrong in a run: each mistake is one readable error, and the run can go on."""

from __future__ import annotations

import asyncio
import threading

import pytest
from graphs import chain, kinds, nothing
from pydantic import BaseModel

from genxai_nb import END, START, Graph
from genxai_nb.errors import (
    ConditionFailed,
    DefinitionError,
    NodeFailed,
    NotStorable,
    NoWayOn,
    StateAssigned,
    StateInvalid,
    StoreDamaged,
    TimedOut,
    WriteConflict,
)
from genxai_nb.graph.fold import fold
from genxai_nb.journal import events as facts


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


def test_a_node_that_takes_too_long_fails():
    """Timeout is in seconds for one attempt."""

    async def forever(state):
        await asyncio.Event().wait()

    with pytest.raises(NodeFailed, match="took longer than 0.01 s") as caught:
        Graph("slow").node("a", forever, timeout=0.01).edge(START, "a").run({})

    assert isinstance(caught.value.__cause__, TimedOut)


def test_a_body_that_returns_no_dict_is_told_so():
    """The message shows the value and both mends."""
    with pytest.raises(
        NodeFailed, match='returned 4, which is a int. Return a dict of changes, or give the node into="a"'
    ):
        chain(lambda state: 4).run({})


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

    with pytest.raises(ConditionFailed, match=r"'broken' of a -> END .* The state has no key 'missing'"):
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


@pytest.mark.parametrize("name", ["", " ", "\ud800", 3])
def test_a_name_that_no_journal_could_keep_is_refused(name):
    """Node names are text that can be encoded, however they come in."""
    with pytest.raises(DefinitionError, match="is no name"):
        Graph("g").node(name, nothing)
    with pytest.raises(DefinitionError, match="is no name"):
        Graph("g").edge(START, name)


def test_events_of_another_graph_are_refused_by_the_fold():
    """A run cannot be read with a graph that lacks one of its nodes."""
    run = chain(nothing, nothing).start({})
    run.resume()
    other = chain(nothing)

    with pytest.raises(StoreDamaged, match="'b', which the graph does not have"):
        fold(other, run.events())


@pytest.mark.parametrize("error", [StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_plain_body_that_raises_what_ends_threads_fails_its_node(error):
    """Nothing that a body raises can hang its run."""

    def ends(state):
        raise error("no more")

    with pytest.raises(NodeFailed, match=f"{error.__name__}: no more"):
        chain(ends).run({})


@pytest.mark.parametrize("error", [StopIteration, SystemExit])
def test_an_async_body_that_raises_what_ends_loops_fails_its_node(error):
    """The engine's loop goes on."""

    async def ends(state):
        raise error("no more")

    with pytest.raises(NodeFailed, match=error.__name__):
        chain(ends).run({})
    assert chain(nothing).run({}).status == "done"


def test_an_error_that_cannot_be_printed_is_told_by_its_type():
    """An exception whose text raises is a failure like any other."""

    class Mute(Exception):
        def __str__(self):
            raise ValueError

    def mute(state):
        raise Mute

    with pytest.raises(NodeFailed, match="Mute, whose text cannot be read"):
        chain(mute).run({})


def test_on_error_continue_goes_on_as_if_nothing_was_written():
    """The failure is recorded, and the next node runs."""

    def broken(state):
        raise ValueError

    graph = (
        Graph("g")
        .node("a", broken, on_error="continue")
        .node("b", lambda s: {"b": 1})
        .parse("START -> a -> b")
    )
    run = graph.start({})

    assert run.resume().state == {"b": 1}
    assert [e.error for e in run.events() if isinstance(e, facts.NodeFailed)] == ["ValueError"]
    assert (
        Graph("g").node("a", nothing, on_error="continue").edge(START, "a").lines()
        == "node a: on error continue\nSTART -> a"
    )


def test_a_key_that_is_not_there_names_the_nearest():
    """Reading the state by a wrong key is told like any other name."""
    with pytest.raises(NodeFailed, match="The state has no key 'topik'. Did you mean 'topic'"):
        chain(lambda state: {"x": state["topik"]}).run({"topic": 1})


def test_a_reducer_may_raise_anything():
    """What it raised is in the message, and the run can be looked at."""

    def broken(old, new):
        raise KeyError("best")

    graph = Graph("g", reducers={"x": broken}).node("a", lambda s: {"x": 2}).edge(START, "a")
    run = graph.start({"x": 1})

    with pytest.raises(StateInvalid, match="The reducer of 'x' cannot join int and int: KeyError: 'best'"):
        run.resume()
    assert run.status == "failed"


class Piece(BaseModel):
    text: str = ""


@pytest.mark.parametrize(
    ("model", "read", "said"),
    [
        (None, lambda s: {"n": s.text}, r"This state is a dict: write state\['text'\], not state.text\."),
        (None, lambda s: {"n": s.txet}, "no attribute 'txet'"),
        (
            Piece,
            lambda s: {"n": s["text"]},
            r"This state is a Piece: write state.text, not state\['text'\]\.",
        ),
        (Piece, lambda s: {"n": s["txet"]}, "This state is a Piece: Did you mean 'text'?"),
        (Piece, lambda s: {"n": s.txet}, "Piece has no field 'txet'. Did you mean 'text'?"),
        (Piece, lambda s: {"n": s.get("text")}, "Piece has no field 'get'. Known: text."),
    ],
)
def test_state_that_is_read_in_the_other_way_says_how(model, read, said):
    """A dict has keys and a model has fields; the error shows what to write."""
    graph = Graph("g", state=model).node("step", read).edge("START", "step")
    with pytest.raises(NodeFailed, match=said):
        graph.run({"text": "moss"}, store=":memory:")


def test_model_with_items_of_its_own_keeps_them():
    """A schema may have methods as any class has."""

    class Rows(BaseModel):
        rows: list[int] = []

        def __getitem__(self, number: int) -> int:
            return self.rows[number]

        def __getattr__(self, name: str) -> str:
            return f"own {name}"

    graph = (
        Graph("g", state=Rows).node("step", lambda s: {"rows": [s[1], len(s.other)]}).edge("START", "step")
    )
    assert graph.run({"rows": [1, 2]}, store=":memory:").state.rows == [2, 9]
