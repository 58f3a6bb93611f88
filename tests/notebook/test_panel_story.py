"""The story that a panel tells of a run: from facts and hints, up to now and up to any earlier step."""

from __future__ import annotations

import random

import pytest
from graphs import chain, nothing

from genxai_nb import END, START, Graph
from genxai_nb.journal.events import (
    CallDiverged,
    CallFailed,
    CallFinished,
    CallStarted,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunPaused,
    RunResumed,
    RunStarted,
    Streamed,
)
from genxai_nb.messages import ModelReply, TextDelta, Usage, assistant
from genxai_nb.notebook.panel.face import face
from genxai_nb.notebook.panel.history import History
from genxai_nb.notebook.panel.standing import Standing
from genxai_nb.notebook.panel.story import Story, tell
from genxai_nb.notebook.panel.talk import call_row, streams
from genxai_nb.notebook.panel.timeline import critical_path
from genxai_nb.notebook.panel.visits import key_of
from genxai_nb.secrets import learn_environment

BEGUN = RunStarted(at=100.0, run="r1", graph="g", structure="", input={"items": [1, 2]}, definitions={})


def started(at, node, visit=1, path="", parents=()):
    return NodeStarted(at=at, node=node, visit=visit, parents=parents, path=path)


def finished(at, node, visit=1, path="", edges=(), **update):
    return NodeFinished(at=at, node=node, visit=visit, update=update, edges=edges, path=path)


def asked(at, slot, node="a", visit=1):
    return CallStarted(
        at=at, slot=slot, kind="model", name="m", request={}, node=node, visit=visit, ordinal=0
    )


def looping(rounds):
    """A graph that goes round so many times."""

    async def count(state):
        return {"n": state["n"] + 1}

    graph = Graph("loop", limit=10 * rounds).node("count", count).node("rest", nothing)
    graph.edge(START, "count").edge("count", "rest")
    graph.edge("rest", "count", when=f"n < {rounds}").edge("rest", END, otherwise=True)
    return graph


def picture(story: Story):
    """All that a story says, to compare two."""
    nodes = {
        key: (
            node.status,
            node.visits,
            node.usage,
            node.tools,
            [(v.number, v.ended, v.update) for v in node.told],
        )
        for key, node in story.nodes.items()
    }
    return nodes, story.ways, story.steps, story.seconds, [visit.key for visit in story.visits]


def test_standing_takes_no_time():
    """Seconds count while the run is driven, not while it stands, waits to begin or lies dead."""
    story = tell(
        [
            BEGUN,
            started(160, "a"),
            finished(161, "a"),
            RunPaused(at=161, reason="next"),
            started(500, "b"),
            finished(502, "b"),
            RunResumed(at=900, definitions={}),
            started(900, "c"),
        ]
    )

    assert story.seconds == pytest.approx(3.0)
    assert [visit.started for visit in story.visits] == pytest.approx([0.0, 1.0, 3.0])
    assert story.now(905.0) == pytest.approx(8.0)


def test_all_visits_of_a_subgraph_are_one_card():
    """Nodes of subgraphs are known by the names around them, whichever visit it is."""
    story = tell(
        [
            BEGUN,
            *(
                event
                for n in (1, 2)
                for event in (
                    started(n, "x", path=f"part#{n}"),
                    finished(n, "x", path=f"part#{n}", edges=(0,)),
                )
            ),
        ]
    )

    assert story.nodes["part/x"].visits == 2
    assert story.ways == {"part:0": 2}
    assert key_of("part#1[3]/inner#2", "x") == "part/inner/x"


def test_what_streams_is_told_until_the_reply_is_there():
    """Pieces of text are gathered by call; the reply takes their place, with its tokens."""
    reply = ModelReply(message=assistant("Hello"), usage=Usage(3, 4))
    events = [
        BEGUN,
        started(101, "a"),
        asked(101, "s"),
        Streamed("s", "a", TextDelta("Hel")),
        Streamed("s", "a", TextDelta("lo")),
    ]
    story = tell(events)

    assert [call.text for call in story.streaming()] == [["Hel", "lo"]]
    story.take(CallFinished(at=102, slot="s", reply=reply))
    assert list(story.streaming()) == []
    assert story.nodes["a"].usage.total == 7


def test_a_failed_attempt_is_told_until_the_visit_ends():
    """A retried failure keeps the node running; the last one fails it."""
    story = tell(
        [BEGUN, started(101, "a"), NodeFailed(at=102, node="a", visit=1, error="no", code="x", retried=True)]
    )
    assert (story.nodes["a"].status, story.nodes["a"].error) == ("running", "no")

    story.take(NodeFailed(at=103, node="a", visit=1, error="never", code="x", attempt=2))
    assert story.nodes["a"].status == "failed"
    assert story.running() == []


def test_the_critical_path_is_what_the_end_had_to_wait_for():
    """Of two branches the slower one is on it."""
    story = tell(
        [
            BEGUN, started(101, "a"), finished(102, "a"),
            started(102, "quick", parents=(("a", 1),)), started(102, "slow", parents=(("a", 1),)),
            finished(103, "quick"), finished(109, "slow"),
            started(109, "end", parents=(("quick", 1), ("slow", 1))), finished(110, "end"),
        ]
    )  # fmt: skip
    critical = critical_path(story.visits)

    assert [visit.node for visit in story.visits if id(visit) in critical] == ["a", "slow", "end"]


def test_any_earlier_step_is_told_as_it_was():
    """What is told at a step equals what the facts up to it tell, wherever it is looked at from."""
    run = looping(900).start({"n": 0}, store=":memory:")
    run.resume()
    history = History()
    history.load(run)
    events = run.events()
    ends = [place for place, event in enumerate(events) if isinstance(event, NodeFinished)]
    for step in random.Random(7).sample(range(1, len(ends)), 12):
        there = tell(events[: ends[step - 1] + 1])
        there.stand("paused")
        assert picture(history.at(step)) == picture(there)
    assert history.at(0).steps == 0
    assert history.story.steps == 1800


def test_going_on_changes_no_earlier_story():
    """A visit under way at a kept step may end later; at that step it still runs."""
    history = History()
    events = [BEGUN]
    for number in range(1, 501):
        events += [started(100 + number, "a", number), finished(101 + number, "a", number)]
    events.insert(-1, started(600, "b"))
    for event in [*events, asked(601.5, "s", "b"), finished(700, "b", done=True)]:
        history.take(event)

    assert history.story.nodes["b"].status == "done"
    past = history.at(500)
    assert past.nodes["b"].status == "running"
    assert past.nodes["b"].last.update is None
    assert past.nodes["b"].last.calls == []


def test_a_history_follows_its_run_back():
    """After the run was taken back and went another way, the story is that of the journal."""
    run = chain(nothing, nothing, nothing).start({})
    history = History()
    unsubscribe = run.subscribe(history.take)
    history.load(run)
    run.next()
    run.next()
    run.back()
    assert history.is_behind(run)
    history.load(run)
    assert (history.story.steps, history.is_behind(run)) == (1, False)
    run.next()
    unsubscribe()

    assert picture(history.story)[0].keys() == picture(tell(run.events()))[0].keys()
    assert history.story.steps == 2


def test_facts_that_come_in_while_the_journal_is_read_are_taken_once():
    """What was published before the journal was read is in it already."""
    run = chain(nothing, nothing).start({})
    waiting = []
    run.subscribe(waiting.append)
    run.next()
    late = finished(1e9, "b")
    history = History()

    assert history.load(run, [*waiting, late]) == [late]
    assert history.story.steps == 1


def test_calls_that_diverged_are_marked():
    """The effect that the journal holds and the one made in its place are both marked."""
    story = tell(
        [
            BEGUN,
            started(101, "a"),
            asked(102, "s1"),
            CallFinished(at=103, slot="s1", reply="sent"),
            CallDiverged(at=104, slot="s2", recorded="s1"),
            asked(105, "s2"),
        ]
    )

    assert [call_row(call)["marks"] for call in story.node("a").last.calls] == [["diverged"], ["diverged"]]


def test_costs_are_told_by_call_node_and_run():
    """What a call cost is in its row, its node's card and the head; what is not known is said to be so."""
    reply = ModelReply(message=assistant("Hi."), usage=Usage(10, 2))
    begun = [BEGUN, started(101, "a"), asked(101, "s1")]
    known = tell([*begun, CallFinished(at=102, slot="s1", reply=reply, cost=0.0021)])
    shown = face(known, Standing(status="running"), store=":memory:")
    assert ["$0.0021", "cost"] in shown["sums"]
    assert str(known.nodes["a"].cost) == "$0.0021"
    assert call_row(known.call("s1"))["tokens"] == "12 tok · $0.0021"

    unknown = tell([*begun, CallFinished(at=102, slot="s1", reply=reply)])
    assert call_row(unknown.call("s1"))["tokens"] == "12 tok · cost unknown"
    assert ["unknown", "cost"] in face(unknown, Standing(status="running"), store=":memory:")["sums"]
    assert known.copy().cost == known.cost


def test_a_failed_visit_that_is_taken_up_again_goes_on():
    """No fact says that it begins again: its next call belongs to it, it is under way, and ends when its node does."""
    failed = [
        BEGUN,
        started(101, "a"),
        asked(102, "s1"),
        CallFailed(at=103, slot="s1", error="Nonsense.", code="x"),
        NodeFailed(at=104, node="a", visit=1, error="Nonsense.", code="x", attempt=1, retried=False),
        RunResumed(at=105, definitions={}),
        asked(106, "s1"),
    ]
    story = tell(failed)
    before = story.copy()
    assert (story.node("a").status, [visit.number for visit in story.running()]) == ("running", [1])
    for event in (CallFinished(at=107, slot="s1", reply="Fine."), finished(108, "a", draft="Fine.")):
        story.take(event)

    (visit,) = story.visits
    assert [(call.error, call.reply) for call in visit.calls] == [("Nonsense.", None), ("", "Fine.")]
    assert (visit.error, visit.update, story.running()) == ("", {"draft": "Fine."}, [])
    assert story.node("a").last is visit
    assert before.visits[0].ended is None


def test_a_known_secret_is_not_shown_while_it_is_said(monkeypatch):
    """What a model says stands in the page before the journal has cleaned it; a key stands by its name there too."""
    secret = "sk-proj-0123456789abcdefghij"
    monkeypatch.setenv("SOME_API_KEY", secret)
    learn_environment()
    said = [
        Streamed(node="a", slot="s1", delta=TextDelta(part)) for part in ("It is ", secret[:9], secret[9:])
    ]
    story = tell([BEGUN, started(101, "a"), asked(102, "s1"), *said])

    assert streams(story)["a"]["text"] == "It is [secret SOME_API_KEY]"
