"""Procedures: proposed from what succeeded again and again, accepted by a person, counted when they are used."""

from __future__ import annotations

from contextlib import suppress

import pytest
from remembering import calls, prompts, weigh

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import DefinitionError, NodeFailed, ProviderError, ToolFailed, UnknownName
from genxai_nb.journal import open_store
from genxai_nb.journal.events import CallFinished, Logged
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool

KINDS = ["episodic", "procedural"]


@tool
async def guess(item: str) -> str:
    """Guess the weight of an item."""
    raise ToolFailed(f"nobody knows what {item} weighs")


@tool
async def bill(item: str, rate: int) -> str:
    """Bill the freight of an item."""
    return f"{item}: {rate} euros"


def shipping(request):
    """A model that tries one thing after another, or does at once what a procedure tells."""
    task = next(
        m.text
        for m in reversed(request.messages)
        if m.role == "user" and "Ship" in m.text and "<" not in m.text
    )
    item, done = task.removeprefix("Ship "), sum(message.role == "tool" for message in request.messages)
    told = any("Procedures that have worked" in message.text for message in request.messages)
    weighing, billing = (
        ToolCall("c1", "weigh", {"item": item}),
        ToolCall("c2", "bill", {"item": item, "rate": 7}),
    )
    if told:
        return "Shipped." if done else [weighing, billing]
    return [ToolCall("c0", "guess", {"item": item}), weighing, billing, "Shipped."][done]


def clerk(script, memory, **fields):
    return Agent("clerk", model=script.model, memory=memory, tools=[guess, weigh, bill], **fields)


@pytest.mark.parametrize(("memory", "asked"), [(KINDS, 2), (["episodic"], 4)])
def test_by_the_third_similar_task_a_procedure_saves_calls(memory, asked):
    """Two tasks take four requests each; the third one's request holds the accepted procedure, and two suffice."""
    script = Scripted(shipping)
    agent, counts = clerk(script, memory), []
    for item in ("the red box", "the blue box", "the green box"):
        before = len(script.requests)
        if item == "the green box" and "procedural" in memory:
            (row,) = agent.memory.proposals(store="journal.db").to_dict("records")
            agent.memory.accept(row["name"], store="journal.db")
        agent.ask(f"Ship {item}", store="journal.db")
        counts.append(len(script.requests) - before)

    assert counts == [4, 4, asked]
    told = [
        line
        for text in prompts(script, 8)
        for line in text.splitlines()
        if line.startswith("- Ship the … box: w")
    ]
    assert told == (
        ["- Ship the … box: weigh(item='the … box'), then bill(item='the … box', rate=7)"]
        if "procedural" in memory
        else []
    )


def test_a_procedure_is_proposed_in_the_run_that_shows_it():
    """The second success logs a proposal and has it in the record of its write; the ones before and after have none."""
    script = Scripted(shipping)
    agent = clerk(script, KINDS, task="Ship {{item}}")
    graph, logged, proposed = Graph("ship").node("clerk", agent, reads=[]).edge("START", "clerk"), [], []
    for item in ("the red box", "the blue box", "the green box"):
        run = graph.start({"item": item}, store="journal.db")
        run.subscribe(lambda event: logged.append(event.text) if isinstance(event, Logged) else None)
        run.resume()
        replies = [event.reply for event in run.events() if isinstance(event, CallFinished)]
        proposed.append(
            [
                one["name"]
                for reply in replies
                if isinstance(reply, dict) and "proposed" in reply
                for one in reply["proposed"]
            ]
        )

    assert proposed == [[], ["weigh-then-bill"], []]
    assert logged == ["Proposed a procedure for 'Ship the … box': clerk.memory.accept('weigh-then-bill')"]
    frame = agent.memory.proposals(store="journal.db")
    assert list(frame.columns) == ["name", "when", "steps", "successes", "duration"]
    assert frame["steps"][0].splitlines() == [
        "weigh(item='the … box')",
        "bill(item='the … box', rate=7)",
    ]
    assert (frame["successes"][0], frame["duration"][0] > 0) == (3, True)
    assert len(agent.memory.table("procedural", store="journal.db")) == 0


def test_what_is_accepted_has_the_counts_of_its_episodes_and_is_not_proposed_again():
    """Uses, wins, the bound and the duration begin with those of the episodes; another name replaces nothing else."""
    script = Scripted(shipping)
    agent = clerk(script, KINDS)
    for item in ("the red box", "the blue box"):
        agent.ask(f"Ship {item}", store="journal.db")
    accepted = agent.memory.accept("weigh-then-bill", name="shipping", store="journal.db")
    (row,) = agent.memory.table("procedural", store="journal.db").to_dict("records")

    assert (accepted.fields["name"], accepted.rule, accepted.uses, accepted.wins) == (
        "shipping",
        "accepted",
        2,
        2,
    )
    assert (row["name"], row["when"], row["uses"], row["wins"], round(row["bound"], 2)) == (
        "shipping",
        "Ship the … box",
        2,
        2,
        0.34,
    )
    assert row["duration"] > 0
    assert len(agent.memory.proposals(store="journal.db")) == 0
    with pytest.raises(UnknownName, match="proposed procedure"):
        agent.memory.accept("weigh-then-bill", store="journal.db")
    agent.memory.forget(accepted.id, store="journal.db")
    assert list(agent.memory.proposals(store="journal.db")["name"]) == ["weigh-then-bill"]


def test_a_procedure_is_counted_with_what_came_of_it():
    """A visit whose prompt held it counts as a win or a failure, once; what fails mostly is no longer recalled."""
    outcome = iter(["Yes.", None, None, None, "Yes."])

    def answering(request):
        answer = next(outcome)
        if answer is None:
            raise ProviderError("the model is out")
        return answer

    script = Scripted(answering)
    agent = clerk(script, ["procedural"])
    agent.memory.remember("Weigh a box: weigh(item)", store="journal.db")
    seen = []
    for _ in range(5):
        with suppress(NodeFailed):
            agent.ask("Weigh the box", store="journal.db")
        (item,) = open_store("journal.db").items.read("clerk", "procedural")
        seen.append((item.uses, item.wins, any("Procedures" in text for text in prompts(script))))

    assert seen == [(1, 1, True), (2, 1, True), (3, 1, True), (3, 1, False), (3, 1, False)]
    (write,) = [call for call in calls("r1", "memory") if call.request["op"] == "remember"]
    assert write.request == {"op": "remember", "items": [], "used": {"procedural": ["m1"]}, "won": True}


def test_proposals_need_both_kinds():
    """Without episodes, or without procedures, the kind that is missing is named with what to write."""
    for kinds, missing in ((["procedural"], "episodic"), (["episodic"], "procedural")):
        with pytest.raises(UnknownName, match=f"memory: {kinds[0]}, {missing}"):
            Agent("clerk", memory=kinds).memory.proposals(store="journal.db")
    with pytest.raises(DefinitionError, match="after: 3"):
        Agent("clerk", memory={"procedural": {"after": 1}})
