"""Runs of all kinds as records for the check: failures, retries, people, memory, edits by hand."""

from __future__ import annotations

import re

import pytest

from genxai_nb.errors import CallError, NodeFailed
from genxai_nb.export.exporting import Origin, Wanted, export_graph
from genxai_nb.graph.run import Run
from genxai_nb.journal.events import CallFailed, CallStarted


def test_a_call_that_failed_before_it_succeeded(flow):
    """A tool that failed at a node's first attempt fails in the check too, and then succeeds, without being run."""
    made = flow(
        """
        from genxai_nb import Graph, tool
        TRIES = []
        @tool
        def flaky(n: int) -> int:
            "Fail once."
            TRIES.append(n)
            if len(TRIES) == 1:
                raise ValueError("not yet")
            return n + len(TRIES)
        async def use(state, context):
            return {"n": await context.tool("flaky", n=1)}
        graph = Graph("g", lookup={"flaky": flaky}).node("use", use, retry=2).edge("START", "use")
        """
    )
    result = made.run()
    assert result.state == {"n": 3}
    events = list(Run.load(result.run_id, made.graph, made.store).events())
    assert sum(isinstance(event, CallFailed) for event in events) == 1
    made.module.TRIES.clear()

    exported = made.export()

    assert exported.checked is True, str(exported)
    assert made.module.TRIES == []


def test_a_run_that_failed(flow):
    """A run that ended in a failure can be compared with when it is named; the script fails at the same place."""
    made = flow(
        """
        from genxai_nb import Graph
        def first(state):
            return {"n": 1}
        def second(state):
            raise ValueError("always")
        graph = Graph("g").node("first", first).node("second", second).parse("START -> first -> second")
        """
    )
    with pytest.raises(NodeFailed) as caught:
        made.run()
    assert made.export().checked is None
    exported = made.export(run=caught.value.run_id)
    assert exported.checked is True, str(exported)


def test_an_agent_with_memory(flow):
    """What an agent remembered from earlier runs is in its prompt in the check as it was in the run."""
    made = flow(
        """
        from genxai_nb import Agent, Graph
        clerk = Agent("clerk", model="offline", task="What do {{topic}} eat?", memory=["short_term", "semantic"])
        graph = Graph("g").node("clerk", clerk).edge("START", "clerk")
        """
    )
    made.module.clerk.memory.remember("Cats eat fish.", store=made.store)
    made.run({"topic": "cats"})
    result = made.run({"topic": "dogs"})
    asked = [
        str(e.request)
        for e in Run.load(result.run_id, store=made.store).events()
        if isinstance(e, CallStarted)
    ]
    assert any("Cats eat fish." in request for request in asked)

    exported = made.export()

    assert exported.checked is True, str(exported)
    assert 'memory=["short_term", "semantic"]' in exported.path.read_text("utf-8")


def test_forgotten_memories_are_told(flow):
    """The check takes from the record what the run recalled, and says which of it the script will not recall."""
    made = flow(
        """
        from genxai_nb import Agent, Graph
        clerk = Agent("clerk", model="offline", task="What do {{topic}} eat?", memory=["semantic"])
        graph = Graph("g").node("clerk", clerk).edge("START", "clerk")
        """
    )
    kept = made.module.clerk.memory.remember("Cats eat fish.", store=made.store)
    made.run({"topic": "cats"})
    assert made.export().forgotten == ()
    made.module.clerk.memory.forget(kept.id, store=made.store)

    exported = made.export()

    assert exported.checked is True, str(exported)
    assert exported.forgotten == (kept.id,)
    assert exported.verdict.endswith(f"; {kept.id} of its memories forgotten since")


def test_an_agent_that_was_asked(flow, script):
    """A question is exported as a graph of one node: by the agent, by its graph, or by the run."""
    made = flow(
        """
        from genxai_nb import Agent
        clerk = Agent("clerk", model="offline", tools=["calculator"])
        graph = clerk.as_graph()
        """
    )
    asked = made.module.clerk.ask("Cats eat fish. What do cats eat?", store=made.store)
    origin = Origin(vars(made.module))
    for what in (made.graph, made.module.clerk, Run.load(asked.run_id, made.graph, made.store)):
        exported = export_graph(what, made.folder / "out.py", origin, Wanted(store=made.store))
        assert (exported.checked, exported.run_id) == (True, asked.run_id), str(exported)

    done = script(exported.path, "--prompt", "What is 2 + 3?", "--store", ":memory:")
    assert re.search("answer: .*5", done.stdout), done.stderr


def test_a_run_that_was_changed_by_hand(flow):
    """A value that a person set in the debugger is told as the difference; such a run is not chosen by itself."""
    made = flow(
        """
        from genxai_nb import Graph
        def first(state):
            return {"n": 1}
        def second(state):
            return {"n": state["n"] + 1}
        graph = Graph("g").node("first", first).node("second", second).parse("START -> first -> second")
        """
    )
    run = made.graph.start({}, store=made.store)
    run.next()
    run.set(n=10)
    run.resume()
    assert made.export().checked is None
    exported = made.export(run=run.run_id)
    assert exported.checked is False
    assert "state set" in str(exported.difference) or "run:" in str(exported.difference)


def test_questions_inside_a_function(flow):
    """Answers of people are taken from the record, whoever asked."""
    made = flow(
        """
        from genxai_nb import Graph
        async def ask(state, context):
            first = await context.ask_human("Name?")
            second = await context.ask_human("Name?")
            return {"names": [first, second], "said": (await context.model(f"Hello {first}")).message.text}
        graph = Graph("g").node("ask", ask).edge("START", "ask")
        """
    )
    made.run(answers={"ask": "Ada"})
    exported = made.export()
    assert exported.checked is True, str(exported)


def test_replaying_refuses_what_was_not_asked(flow):
    """A run that replays another one asks nobody: a call that is not in the record fails, and is recorded."""
    made = flow(
        """
        from genxai_nb import Graph
        async def ask(state, context):
            return {"said": (await context.model(state["prompt"])).message.text}
        graph = Graph("g").node("ask", ask).edge("START", "ask")
        """
    )
    recorded = made.graph.start({"prompt": "One?"}, store=":memory:", model="offline")
    recorded.resume()
    again = made.graph.start({"prompt": "Two?"}, store=":memory:", model="offline")
    again.replaying(recorded.events())
    with pytest.raises(NodeFailed) as caught:
        again.resume()
    assert isinstance(caught.value.__cause__, CallError)
    assert [type(event) for event in again.events() if isinstance(event, CallStarted | CallFailed)] == [
        CallStarted,
        CallFailed,
    ]


def test_a_question_that_was_answered_at_a_later_attempt(flow):
    """A run that failed where nobody was there to answer, and was taken up again, is the same in the check."""
    made = flow(
        """
        from genxai_nb import Graph, human, tool
        TRIES = []
        @tool
        def flaky(n: int) -> int:
            "Fail twice."
            TRIES.append(n)
            if len(TRIES) < 3:
                raise ValueError("not yet")
            return n + len(TRIES)
        async def use(state, context):
            return {"n": await context.tool("flaky", n=1)}
        graph = Graph("g", lookup={"flaky": flaky}).node("use", use).node("ok", human("Send?"), into="ok")
        graph.parse("START -> use -> ok")
        """
    )
    with pytest.raises(NodeFailed) as caught:
        made.run()
    run = Run.load(caught.value.run_id, made.graph, made.store)
    with pytest.raises(NodeFailed, match="not yet"):
        run.resume()
    with pytest.raises(NodeFailed, match="nobody is there"):
        run.resume()
    assert run.resume(answers={"ok": "yes"}).state == {"n": 4, "ok": "yes"}
    made.module.TRIES.clear()

    exported = made.export()

    assert exported.checked is True, str(exported)
    assert made.module.TRIES == []
