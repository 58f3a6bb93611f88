"""Each change of what lasts is an event of its own: in the run that made it, in the store's order, and undone by name."""

from __future__ import annotations

from time import time

import pytest
from dying import let_die
from remembering import weigh

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import InputError, NodeFailed, ProviderError, RunNotFound
from genxai_nb.graph.run import Run
from genxai_nb.journal import open_store
from genxai_nb.journal.events import CallFinished, MemoryChanged
from genxai_nb.journal.items import Draft
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted

STORE = "journal.db"
DAY = 86400.0


def clerk(*kinds, **options):
    return Agent("clerk", model=Scripted(lambda _: "Yes.").model, memory=options or list(kinds))


def told(run_id):
    """The changes that stand in the log of a run, in short."""
    events = open_store(STORE).read(run_id)
    return [(e.what, e.kind, e.items, e.by, e.why) for e in events if isinstance(e, MemoryChanged)]


def current(agent, kind):
    frame = agent.memory.table(kind, status="current", store=STORE)
    return frame["text"].tolist()


def test_what_a_run_changes_stands_in_its_log():
    """Added, replaced, merged, faded: each is an event with its items, whose, by whom and why, and has no word of a text."""
    agent = clerk("long_term", "semantic")
    old = Draft(text="We decided to sell tea.", fields={"importance": "0.8"})
    open_store(STORE).items.add("clerk", "long_term", [old], at=time() - 400 * DAY)
    agent.ask("My town is Ulm.", store=STORE)
    agent.ask("We decided to use Postgres here.", store=STORE)
    agent.ask("My town is Rome. Here we decided to use Postgres.", store=STORE)

    assert told("r1") == [
        ("faded", "long_term", ("m1",), "", "not used for 365 days"),
        ("added", "long_term", ("m2",), "", "stated"),
        ("added", "semantic", ("m3",), "", "my"),
    ]
    assert told("r3") == [
        ("added", "long_term", ("m5",), "", "stated"),
        ("added", "long_term", ("m6",), "", "decided"),
        ("merged", "long_term", ("m4",), "m6", "says the same"),
        ("added", "semantic", ("m7",), "", "my"),
        ("replaced", "semantic", ("m3",), "m7", "tells of the same"),
    ]
    events = list(open_store(STORE).read("r3"))
    changes = [event for event in events if isinstance(event, MemoryChanged)]
    (end,) = [event for event in events if isinstance(event, CallFinished) and event.slot == changes[0].slot]
    assert {(e.agent, e.owner, e.slot) for e in changes} == {("clerk", "clerk", end.slot)}
    assert events.index(end) == events.index(changes[-1]) + 1
    assert not [word for word in ("Ulm", "Rome", "Postgres", "town") if word in repr(changes)]


def test_the_log_of_the_store_tells_of_runs_and_of_people():
    """What a person tells, takes back and forgets is kept in the same order as what runs change."""
    agent = clerk("semantic")
    agent.ask("My town is Ulm.", store=STORE)
    agent.memory.remember("My town is Rome.", store=STORE)
    agent.memory.undo("c2", store=STORE)
    agent.memory.forget("m2", store=STORE)
    frame = agent.memory.changes(store=STORE)

    assert list(frame.columns) == [
        "change", "at", "kind", "what", "items", "by", "why", "agent", "run_id", "undone",
    ]  # fmt: skip
    assert frame.drop(columns=["at", "kind"]).to_numpy().tolist() == [
        ["c1", "added", "m1", "", "my", "clerk", "r1", ""],
        ["c2", "added", "m2", "", "by hand", "", "", "c4"],
        ["c3", "replaced", "m1", "m2", "tells of the same", "", "", "c4"],
        ["c4", "undone", "m1, m2", "c2", "by hand", "", "", ""],
        ["c5", "forgotten", "m2", "", "by hand", "", "", ""],
    ]
    assert frame["at"].dt.tz is not None
    assert agent.memory.changes(run="r1", store=STORE)["change"].tolist() == ["c1"]
    assert current(agent, "semantic") == ["My town is Ulm."]
    with pytest.raises(RunNotFound):
        agent.memory.changes(run="r9", store=STORE)


def test_a_change_is_taken_back_by_its_name_or_its_event():
    """One of several changes of a run goes and the others stay; taking that back again restores it."""
    agent = clerk("semantic")
    agent.ask("My town is Ulm. My name is Ada.", store=STORE)
    agent.ask("My town is Rome. My name is Eve.", store=STORE)
    event = next(e for e in open_store(STORE).read("r2") if isinstance(e, MemoryChanged))
    assert agent.memory.undo(event, store=STORE) == 2
    assert current(agent, "semantic") == ["My town is Ulm.", "My name is Eve."]
    assert agent.memory.undo(event, store=STORE) == 0
    name = agent.memory.changes(store=STORE)["change"].tolist()[-1]
    assert agent.memory.undo(name, store=STORE) == 2
    assert current(agent, "semantic") == ["My town is Rome.", "My name is Eve."]


def test_a_change_that_cannot_be_taken_back_says_why():
    """One that is not there, of another agent, or that forgot something is refused."""
    agent, other = clerk("semantic"), Agent("guard", memory="semantic")
    agent.memory.remember("My town is Ulm.", store=STORE)
    other.memory.remember("My town is Rome.", store=STORE)
    agent.memory.forget("m1", store=STORE)
    for name, said in (("c9", "no change 'c9'"), ("c2", "no change 'c2'"), ("c3", "c3 forgot m1")):
        with pytest.raises(InputError, match=said):
            agent.memory.undo(name, store=STORE)
    assert current(other, "semantic") == ["My town is Rome."]


def test_what_others_wrote_to_a_shared_memory_is_not_taken_back_with_a_run():
    """Of a run in which two agents wrote one memory, each takes back its own."""
    shared = {"semantic": {"scope": "project", "of": "desk"}}
    agents = [Agent(name, model=Scripted(lambda _: "Yes.").model, memory=shared, task=task)
              for name, task in (("clerk", "My town is Ulm."), ("guard", "My name is Ada."))]  # fmt: skip
    graph = Graph("desk")
    for agent in agents:
        graph.node(agent.name, agent)
    graph.parse("START -> clerk -> guard -> END")
    result = graph.run({}, store=STORE)
    events = [e for e in open_store(STORE).read(result.run_id) if isinstance(e, MemoryChanged)]

    assert [(e.agent, e.owner) for e in events] == [("clerk", "project/desk"), ("guard", "project/desk")]
    assert agents[0].memory.undo(result, store=STORE) == 1
    assert current(agents[0], "semantic") == ["My name is Ada."]


def test_a_proposal_is_an_event_of_the_run_that_shows_it():
    """It names the procedure and the episodes, and what a person accepts is a change as others are."""

    def weighing(request):
        if request.messages[-1].role == "tool":
            return "7 kg."
        return ToolCall(id="1", name="weigh", arguments={"item": request.messages[-1].text[6:]})

    agent = Agent("clerk", model=Scripted(weighing).model, tools=[weigh], memory=["episodic", "procedural"])
    for item in ("the red box", "the blue box"):
        agent.ask(f"Weigh {item}", store=STORE)
    agent.memory.accept("weigh", store=STORE)

    assert told("r1") == [("added", "episodic", ("m1",), "", "done")]
    assert told("r2")[1:] == [("proposed", "procedural", ("m1", "m2"), "weigh", "2 successes")]
    assert agent.memory.changes("procedural", store=STORE)[["what", "why"]].to_numpy().tolist() == [
        ["added", "accepted"]
    ]


def test_a_run_that_is_forked_changes_nothing_twice():
    """A fork, or a run that went back, finds the write of the visit recorded: no new event, no new change, and one to undo."""
    agent = Agent("clerk", model=Scripted(lambda _: "Yes.").model, memory="semantic", task="{{said}}")
    graph = Graph("desk").node("clerk", agent)
    graph.node("after", lambda state: {})
    graph.parse("START -> clerk -> after -> END")
    run = graph.start({"said": "My town is Ulm."}, store=STORE)
    run.resume()
    fork = run.fork(0)
    fork.resume()
    assert [len(told(one.run_id)) for one in (run, fork)] == [1, 0]
    run.goto(0)
    run.resume()

    assert told(run.run_id) == []
    assert agent.memory.changes(store=STORE)["what"].tolist() == ["added"]
    assert agent.memory.undo(run, store=STORE) == 1


def test_a_visit_that_fails_again_tells_its_change_once():
    """Its episode is written once, however often it is tried and the run taken up, and so it stands in the log."""

    def failing(request):
        raise ProviderError("the model is out")

    agent = Agent("clerk", model=Scripted(failing).model, memory="episodic", task="Weigh it")
    graph = Graph("work").node("clerk", agent, retry=1).edge("START", "clerk")
    for act in (lambda: graph.run({}, store=STORE), lambda: Run.load("r1", graph, STORE).resume()):
        with pytest.raises(NodeFailed):
            act()

    assert told("r1") == [("added", "episodic", ("m1",), "", "failed")]
    assert len(agent.memory.changes(store=STORE)) == 1


def test_very_many_items_of_one_change_are_named_in_short():
    """The table names the first of them and says how many there are; undoing takes back all."""
    items = open_store(STORE).items
    items.add("clerk", "semantic", [Draft(text=f"Fact {n}.") for n in range(300)], at=1)
    agent = clerk("semantic")
    agent.memory.forget("m300", store=STORE)
    items.end("clerk", "semantic", list(range(1, 300)), at=2)
    row = agent.memory.changes(store=STORE).iloc[-1]

    assert row["items"] == ", ".join(f"m{n}" for n in range(1, 21)) + ", and 279 more"
    assert agent.memory.undo(row["change"], store=STORE) == 299


DYING = """
from dying import Dying
from genxai_nb import Agent, Graph
from genxai_nb.journal import open_store
from genxai_nb.providers.scripted import Scripted

agent = Agent("clerk", model=Scripted(lambda request: "Yes.").model, memory="long_term", task="{{said}}")
graph = Graph("work").node("clerk", agent).edge("START", "clerk")
run = graph.start({"said": "We decided to stay."}, store="journal.db")
store = open_store("journal.db")
store.items = Dying(store.items, "end")
run.resume()
"""


def test_a_kill_amid_consolidation_leaves_no_change_untold():
    """What had faded when the process died, and what is added once the run goes on, stand in its log once each."""
    open_store(STORE).items.add("clerk", "long_term", [Draft(text="We decided to go.")], at=1.0)
    let_die(DYING)
    assert told("r1") == []
    agent = Agent("clerk", model=Scripted(lambda _: "Yes.").model, memory="long_term", task="{{said}}")
    Run.load("r1", Graph("work").node("clerk", agent).edge("START", "clerk"), STORE).resume()

    assert told("r1") == [
        ("faded", "long_term", ("m1",), "", "not used for 365 days"),
        ("added", "long_term", ("m2",), "", "decided"),
    ]
    assert agent.memory.diff("r1", store=STORE)["change"].tolist() == ["added", "ended"]
    assert agent.memory.undo("r1", store=STORE) == 2
