"""Episodes: written from the journal, of visits that went well and of those that failed, and recalled."""

from __future__ import annotations

import pytest
from dying import let_die
from remembering import calls, prompts, weigh

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import NodeFailed, ProviderError, ToolFailed
from genxai_nb.graph.run import Run
from genxai_nb.journal import open_store
from genxai_nb.journal.events import Logged
from genxai_nb.journal.items import Draft
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool

SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"


@tool
async def guess(item: str) -> str:
    """Guess the weight of an item."""
    raise ToolFailed(f"nobody knows what {item} weighs")


def weighing(request):
    """A model that guesses first, and weighs at once if it was told how it went before."""
    said = [message.text for message in request.messages]
    done = sum(message.role == "tool" for message in request.messages)
    item = said[-1].removeprefix("Weigh ") if not done else ""
    known = any("by guess" in text and "then weigh(" in text for text in said)
    if done == 0:
        name = "weigh" if known else "guess"
        return ToolCall(f"c{done}", name, {"item": item or "it"})
    if done == 1 and not known:
        return ToolCall(
            "c1", "weigh", {"item": next(t for t in said if t.startswith("Weigh ")).removeprefix("Weigh ")}
        )
    return "It weighs 7 kg."


def clerk(script, memory="episodic", **fields):
    return Agent("clerk", model=script.model, memory=memory, tools=[guess, weigh], **fields)


@pytest.mark.parametrize(("memory", "second"), [("episodic", 2), ("none", 3)])
def test_what_was_tried_before_saves_a_model_a_detour(memory, second):
    """The request of a similar task holds the episode with its failed step; without that memory it is tried again."""
    script = Scripted(weighing)
    agent = clerk(script, memory)
    agent.ask("Weigh the red box", store="journal.db")
    first = len(script.requests)
    agent.ask("Weigh the blue box", store="journal.db")

    assert (first, len(script.requests) - first) == (3, second)
    told = [text for text in prompts(script, first) if "<memories>" in text]
    if memory == "none":
        assert told == []
        return
    assert told[0].splitlines()[-3:-1] == [
        "What was tried before, and what came of it:",
        "- Weigh the red box: done by guess(item='the red box') failed, then weigh(item='the red box'), "
        'with the answer "It weighs 7 kg."',
    ]


def test_an_episode_is_written_from_the_journal():
    """Steps, tools, outcome, cost and duration are those that the journal of the run tells."""
    script = Scripted(weighing)
    answer = clerk(script).ask("Weigh the red box", store="journal.db")
    (row,) = clerk(script).memory.table("episodic", store="journal.db").to_dict("records")

    assert {
        name: row[name] for name in ("task", "outcome", "tools", "answer", "error", "agent", "run_id")
    } == {
        "task": "Weigh the red box",
        "outcome": "done",
        "tools": "guess, weigh",
        "answer": "It weighs 7 kg.",
        "error": "",
        "agent": "clerk",
        "run_id": answer.run_id,
    }
    assert row["steps"].split("\n") == ["guess(item='the red box') failed", "weigh(item='the red box')"]
    costs = Run.load(answer.run_id, store="journal.db").costs()
    assert row["cost"] == costs["cost"].sum()
    times = [event.at for event in open_store("journal.db").read(answer.run_id)]
    assert 0 < row["seconds"] < max(times) - min(times)


def failing(request):
    raise ProviderError("the model is out")


def test_a_visit_that_fails_is_an_episode_too():
    """Its error is kept, its exception is the one that was raised, and the next attempt is told of it."""
    answers = iter([failing, failing, lambda request: "7 kg."])
    script = Scripted(lambda request: next(answers)(request))
    agent = clerk(script, task="{{task}}")
    graph = Graph("work").node("clerk", agent, retry=1).edge("START", "clerk")
    with pytest.raises(NodeFailed, match="the model is out"):
        graph.run({"task": "Weigh the red box"}, store="journal.db")
    frame = agent.memory.table("episodic", store="journal.db")

    assert frame[["outcome", "error"]].to_numpy().tolist() == [
        ["failed", "the model is out"]
    ]  # one for the visit, however often it was tried
    Run.load("r1", graph, "journal.db").resume()
    assert list(agent.memory.table("episodic", store="journal.db")["outcome"])[-1] == "done"
    assert any("Weigh the red box: failed (the model is out)" in text for text in prompts(script))
    assert all(event.__class__.__name__ != "CallDiverged" for event in open_store("journal.db").read("r1"))


def test_a_store_that_cannot_be_written_does_not_hide_why_a_visit_failed():
    """The error of the visit is raised; that it could not be remembered stands in the log."""
    store = open_store("journal.db")
    agent = clerk(Scripted(failing), task="{{task}}")
    graph, logged = Graph("work").node("clerk", agent).edge("START", "clerk"), []
    store.items.add(
        "clerk", "episodic", [Draft(text="old", vector=b"\0" * 16)], at=1.0, model="old/1", dims=4
    )
    run = graph.start({"task": "Weigh the red box"}, store="journal.db")
    run.subscribe(lambda event: logged.append(event.text) if isinstance(event, Logged) else None)
    run.step()
    run.answer_call(run.held[0].slot, None)
    with pytest.raises(NodeFailed, match="the model is out"):
        run.resume()

    assert ["The failure could not be remembered" in text for text in logged] == [True]


def test_an_episode_told_by_hand_is_kept_word_for_word():
    """A task that went well is an episode without steps, found by its words."""
    agent = clerk(Scripted(failing))
    told = agent.memory.remember("Weigh the red box", kind="episodic", store="journal.db")

    assert (told.text, told.fields) == ("Weigh the red box", {"task": "Weigh the red box", "outcome": "done"})
    assert agent.memory.recall("Weigh a box", store="journal.db")[0].item.id == told.id


def test_the_same_task_twice_is_two_episodes_and_a_replay_none():
    """Each visit counts once: again in another run, never when a run is gone over again."""
    script = Scripted(lambda request: "7 kg.")
    agent = clerk(script, task="{{task}}")
    graph = Graph("work").node("clerk", agent).edge("START", "clerk")
    run = graph.start({"task": "Weigh the red box"}, store="journal.db")
    run.resume()
    run.fork(0).resume()
    run.goto(0)
    run.resume()
    graph.run({"task": "Weigh the red box"}, store="journal.db")

    frame = agent.memory.table("episodic", store="journal.db")
    assert list(frame["task"]) == ["Weigh the red box"] * 2
    assert list(frame["run_id"]) == ["r1", "r3"]


def test_success_rates_are_a_table_by_task_and_by_tool():
    """How often it went well, with the bound that this warrants, what it cost and how long it took."""
    script = Scripted(lambda request: failing(request) if "ship" in request.messages[-1].text else "Yes.")
    agent = clerk(script)
    for task in ("Weigh the red box", "Weigh the blue box", "Weigh the big ship", "Sing"):
        try:
            agent.ask(task, store="journal.db")
        except NodeFailed:
            continue
    frame = agent.memory.rates(store="journal.db")

    assert list(frame.columns) == ["task", "episodes", "done", "failed", "rate", "bound", "cost", "seconds"]
    assert frame[["task", "episodes", "done", "failed"]].to_numpy().tolist() == [
        ["Weigh the …", 3, 2, 1],
        ["Sing", 1, 1, 0],
    ]
    assert frame["rate"].round(2).tolist() == [0.67, 1.0]
    assert frame["bound"].round(2).tolist() == [0.21, 0.21]
    weighed = clerk(Scripted(weighing))
    weighed.ask("Weigh the green box", store="journal.db")
    by_tool = weighed.memory.rates("tool", store="journal.db")
    assert by_tool[["tool", "episodes", "done"]].to_numpy().tolist() == [["guess", 1, 1], ["weigh", 1, 1]]


def test_what_hides_something_is_no_episode_and_no_step():
    """A task or answer with a secret is not kept, and of a step with one only the tool's name."""
    script = Scripted(lambda request: "Yes.")
    clerk(script).ask(f"Use {SECRET} to log in", store="journal.db")
    assert open_store("journal.db").items.owners() == []

    asked = iter([ToolCall("c0", "weigh", {"item": "the password is hunter2"}), "7 kg."])
    hiding = clerk(Scripted(lambda request: next(asked)))
    hiding.ask("Weigh what is in the box", store="journal.db")
    frame = hiding.memory.table("episodic", store="journal.db")
    assert list(frame["steps"]) == ["weigh(…)"]


def test_the_visits_of_a_long_run_are_told_apart():
    """In a loop each visit's episode has the steps of that visit only, however long the run is by then."""

    def once(request):
        if request.messages[-1].role == "tool":
            return "Done."
        return ToolCall("c0", "weigh", {"item": request.messages[-1].text.split()[-1]})

    agent = clerk(Scripted(once), task="Weigh {{n}}", writes="said")
    graph = Graph("loop").node("clerk", agent, reads=[])
    graph.node("next", lambda state: {"n": state["n"] + 1})
    graph.edge("START", "clerk").edge("clerk", "next", when="n < 40", limit=99).edge("next", "clerk")
    graph.edge("clerk", "END", otherwise=True)
    graph.run({"n": 1}, store="journal.db")

    frame = agent.memory.table("episodic", store="journal.db")
    assert list(frame["steps"]) == [f"weigh(item='{n}')" for n in range(1, 41)]


def test_the_instances_of_a_map_and_calls_inside_calls_are_told_apart():
    """Each instance's episode has its own steps, and what a tool calls in turn is no step of the agent."""

    @tool
    async def weigh_twice(item: str, context) -> str:
        """Weigh an item twice."""
        return str(await context.tool("calculator", expression="2 * 7"))

    def once(request):
        if request.messages[-1].role == "tool":
            return "Done."
        return ToolCall("c0", "weigh_twice", {"item": request.messages[-1].text.split()[-1]})

    agent = Agent(
        "clerk",
        model=Scripted(once).model,
        memory="episodic",
        tools=[weigh_twice],
        task="Weigh {{item}}",
        writes="said",
    )
    graph = Graph("map", reducers={"said": "append"}).node("clerk", agent, reads=[])
    graph.node("split", lambda state: {"items": ["a", "b", "c"]})
    graph.edge("START", "split").edge("split", "clerk", each="items", item="item").edge("clerk", "END")
    graph.run({}, store="journal.db")

    frame = agent.memory.table("episodic", store="journal.db")
    assert dict(zip(frame["task"], frame["steps"], strict=True)) == {
        f"Weigh {item}": f"weigh_twice(item='{item}')" for item in "abc"
    }


DYING = """
from dying import Dying
from dying import let_die
from remembering import weigh
from genxai_nb import Agent, Graph
from genxai_nb.journal import open_store
from genxai_nb.journal.events import Logged
from genxai_nb.journal.items import Draft
from genxai_nb.providers.scripted import Scripted

agent = Agent("clerk", model=Scripted(lambda request: "7 kg.").model, memory="episodic", task="{{task}}")
run = Graph("work").node("clerk", agent).edge("START", "clerk").start({"task": "Weigh it"}, store="journal.db")
store = open_store("journal.db")
store.items = Dying(store.items)
run.resume()
"""


def test_an_episode_that_was_cut_off_is_written_once():
    """A process that dies between the write and its record leaves one episode, also once the run has gone on."""
    let_die(DYING)
    agent = Agent("clerk", model=Scripted(lambda request: "7 kg.").model, memory="episodic", task="{{task}}")
    graph = Graph("work").node("clerk", agent).edge("START", "clerk")
    Run.load("r1", graph, "journal.db").resume()

    assert len(open_store("journal.db").items.read("clerk", "episodic")) == 1
    writes = [call for call in calls("r1", "memory") if call.request["op"] == "remember"]
    assert [call.maybe_repeated for call in writes] == [False, True]
