"""The record: what stays in a saved notebook, as HTML and as plain text."""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from contextlib import suppress
from html import unescape
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import GenXAIError
from genxai_nb.graph.build import END, START, Graph
from genxai_nb.journal.events import (
    CallFinished,
    CallStarted,
    InstanceFinished,
    LoopLimitReached,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunRebased,
    RunStarted,
)
from genxai_nb.messages import ModelReply, ModelRequest, Usage, assistant, user
from genxai_nb.notebook.record import record


def words_of(bundle) -> str:
    """The words of a record's HTML, without tags and style sheet."""
    page = re.sub(r"<style>.*?</style>", "", bundle["text/html"], flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def review(draft: str = "Cells swap the liquid.") -> Graph:
    graph = Graph("review", reducers={"notes": "append"})
    graph.node("writer", lambda state: {"draft": draft, "score": state.get("score", 0) + 0.5})
    graph.node("facts", lambda state: {"notes": ["one", "two"]})
    graph.node("critic", lambda state: {"advice": "none"})
    graph.edge(START, "writer").edge("writer", "facts").edge("writer", "critic")
    graph.edge("facts", "join").edge("critic", "join").node("join", lambda state: {})
    return graph.edge("join", "writer", when="score < 0.8", limit=3).edge("join", END, otherwise=True)


def ran(graph: Graph, given=None):
    run = graph.start(given or {}, store=":memory:")
    with suppress(GenXAIError):
        run.resume()
    return run.events()


def asked(prompt: str, reply: str, *, node: str = "writer", structure: str = ""):
    """A run of one agent node that asked a model once."""
    request = ModelRequest(model="scripted:x", messages=(user(prompt),))
    answer = ModelReply(message=assistant(reply), usage=Usage(input=1200, output=34))
    return [
        RunStarted(at=1.0, run="r7", graph="g", structure=structure, input={}, definitions={}),
        NodeStarted(at=1.0, node=node, visit=1, parents=()),
        CallStarted(
            at=1.0, slot="s", kind="model", name="scripted:x", request=request, node=node, visit=1, ordinal=0
        ),
        CallFinished(at=2.5, slot="s", reply=answer, seconds=1.5),
        NodeFinished(at=2.5, node=node, visit=1, update={"draft": reply, "@history": [1]}, edges=()),
        RunFinished(at=2.5),
    ]


def test_an_agent_shows_prompt_reply_tokens_and_model():
    """An agent's row opens to the last prompt and reply; what it wrote is not said twice."""
    bundle = record(asked("Write about cells.", "Cells are cells."), None)

    text = words_of(bundle)
    assert "prompt Write about cells." in text
    assert text.count("Cells are cells.") == 1
    assert "reply of scripted:x" in text
    assert "1.2k" in text
    assert "Model: scripted:x" in text
    assert "@history" not in text + bundle["text/plain"]


def test_plain_text_is_the_same_when_the_run_is_repeated():
    """Run id and times are not part of the plain text."""
    graph = review()
    first, second = ran(graph), ran(graph)
    later = [replace(event, at=event.at + 86_400 * 2 + 3.25) for event in second]
    slower = [replace(e, seconds=e.seconds + 1234.5) if isinstance(e, NodeFinished) else e for e in later]
    renamed = [replace(e, run="r991") if isinstance(e, RunStarted) else e for e in slower]

    assert record(first, graph)["text/plain"] == record(renamed, graph)["text/plain"]
    assert record(first, graph)["text/html"] != record(renamed, graph)["text/html"]


def test_plain_text_does_not_depend_on_who_was_first():
    """Parallel nodes that end in another order are told in the order of the graph."""

    def raced(first: str):
        gone = asyncio.Event()

        async def body(name: str):
            if name == first:
                gone.set()
            await gone.wait()
            return {name: name.upper()}

        graph = Graph("race")
        graph.node("a", lambda state: {}).edge(START, "a")
        for name in ("left", "right"):

            async def run(state, name=name):
                return await body(name)

            graph.node(name, run).edge("a", name).edge(name, END)
        events = ran(graph)
        ended = [e.node for e in events if isinstance(e, NodeFinished)]
        return ended, record(events, graph)["text/plain"]

    (one, left_first), (two, right_first) = raced("left"), raced("right")

    assert (one, two) == (["a", "left", "right"], ["a", "right", "left"])
    assert left_first == right_first


def test_a_record_is_the_same_each_time_it_is_made():
    """The same events give the same bytes."""
    graph = review()
    events = ran(graph)

    assert record(events, graph) == record(events, graph)


def test_an_object_is_shown_without_its_address():
    """A value whose text holds a memory address does not make the plain text differ."""

    class Thing:
        """Has the plain repr of any object."""

    graph = Graph("g").node("a", lambda state: {"thing": Thing()}).edge(START, "a").edge("a", END)
    text = record(ran(graph), graph)["text/plain"]

    assert "Thing object" in text
    assert "0x" not in text


def test_a_value_that_cannot_be_shown_is_named():
    """A value whose own text raises does not break the record."""

    class Shy:
        def __str__(self) -> str:
            raise RuntimeError("no")

        __repr__ = __str__

    graph = Graph("g").node("a", lambda state: {"shy": Shy()}).edge(START, "a").edge("a", END)

    assert "shy: (Shy, which cannot be shown: RuntimeError)" in record(ran(graph), graph)["text/plain"]


def test_a_failure_is_one_calm_block():
    """A failed run says what failed, where, and how to go on."""

    def broken(state):
        raise ConnectionError("mail.example.org refused")

    graph = Graph("publish").node("mailer", broken).edge(START, "mailer").edge("mailer", "archive")
    graph.node("archive", lambda state: {}).edge("archive", END)
    bundle = record(ran(graph), graph)

    text = words_of(bundle)
    what = "Node 'mailer' failed: ConnectionError: mail.example.org refused"
    assert f"{what} at mailer, visit 1 Mend the cause." in text
    assert "%genxai resume r" in text
    assert "○ Not reached" in text
    assert bundle["text/plain"].startswith("publish: ✕ Failed · 0 steps\n\n" + what)


def test_a_run_without_a_key_of_its_input_is_told_to_be_given_it():
    """Resuming cannot bring a key that no node writes; one that a node writes may come by mending the graph."""
    agent = Agent("writer", task="Write about {{topic}}.", model="offline")
    reading = Graph("g").node("a", lambda state: {"x": state["topic"]}).edge(START, "a")
    asking = Graph("g").node("a", agent).edge(START, "a")
    writing = (
        Graph("g").node("b", lambda state: 1, into="topic").edge(START, "a").edge("a", "b").node("a", agent)
    )

    for graph in (reading, asking):
        for text in (words_of(record(ran(graph), graph)), record(ran(graph), graph)["text/plain"]):
            assert "Give it in the run cell, as topic: VALUE" in text
            assert "resume" not in text
    assert "%genxai resume" in record(ran(writing), writing)["text/plain"]


def test_a_misspelt_key_is_not_told_to_be_given():
    """Of a key that the state has nearly so, and of a part that a map's item does not have, the graph is to be mended."""
    agent = Agent("writer", task="Write about {{tpoic}}.", model="offline")
    misspelt = Graph("g").node("topic", lambda state: {"topic": "yeast"}).node("a", agent)
    misspelt.parse("START -> topic -> a")
    mapped = Graph("g").node("rows", lambda state: {"rows": [{"name": "Ada"}]})
    mapped.node("a", Agent("writer", task="Write to {{row.nmae}}.", model="offline"), into="text")
    mapped.parse("START -> rows\nrows -> a for each row in rows")

    for graph in (misspelt, mapped):
        text = record(ran(graph), graph)["text/plain"]
        assert "Failed" in text
        assert "Give it in the run cell" not in text
        assert "%genxai resume" in text


def test_a_record_never_says_running():
    """While a run goes on its record tells a step, and of a node that it has started."""
    graph = review()
    events = ran(graph)
    begun = next(i for i, e in enumerate(events) if isinstance(e, NodeStarted) and e.visit == 2)

    bundle = record(events[: begun + 1], graph)

    picture = re.search(r'base64,([^"]+)"', bundle["text/html"])
    drawn = ElementTree.fromstring(b64decode(picture[1]))
    said = [element.text or "" for element in drawn.iter() if element.tag.endswith(("text", "title"))]
    assert "▶ As of step 4" in bundle["text/plain"]
    assert "▶ Started · visit 2" in bundle["text/plain"]
    assert "Started · visit 2" in said
    assert "running" not in " ".join([words_of(bundle), bundle["text/plain"], *said]).lower()


@pytest.mark.parametrize(
    ("end", "head", "said"),
    [
        (RunPaused(at=9.0, reason="asked"), "‖ Paused", "The run stands before its next node."),
        (RunPaused(at=9.0, reason="breakpoint at critic"), "‖ Paused", "breakpoint at critic"),
        (RunCancelled(at=9.0), "‖ Cancelled", "The run was interrupted."),
        (RunFailed(at=9.0, error="No way on.", code="no_way_on"), "✕ Failed", "No way on."),
    ],
)
def test_a_run_that_stands_says_why_and_how_to_go_on(end, head, said):
    """A pause, an interrupt and a stop say so, and name the verb that goes on."""
    bundle = record([*ran(review())[:-1], end], review())

    assert head in bundle["text/plain"]
    assert said in bundle["text/plain"]
    assert "%genxai resume" in bundle["text/plain"]
    assert "%genxai resume r" in words_of(bundle)


def test_a_limit_that_was_reached_is_told():
    """A run that ended by a limit says which edge it was."""
    events = ran(review())
    reached = LoopLimitReached(at=2.0, node="join", visit=3, target="writer", limit=3)
    bundle = record([*events[:-1], reached, events[-1]], review())

    said = "join -> writer was taken 3 times, its limit."
    assert said in bundle["text/plain"]
    assert said in words_of(bundle)


def test_a_map_shows_how_many_items_and_what_they_wrote():
    """The row of a map counts its items and lists what they wrote, in their order."""
    events = [
        RunStarted(at=1.0, run="r1", graph="g", structure="", input={}, definitions={}),
        NodeStarted(at=1.0, node="worker", visit=1, parents=()),
        *(InstanceFinished(at=1.0, node="worker", visit=1, index=i, update={"n": i}) for i in (2, 0, 1)),
        NodeFinished(at=1.0, node="worker", visit=1, update={}, edges=()),
        RunFinished(at=1.0),
    ]
    bundle = record(events, None)

    assert "✓ Done · 3 items" in bundle["text/plain"]
    assert "wrote n - 0 - 1 - 2" in words_of(bundle)


def test_a_retried_failure_shows_its_error_until_it_is_done():
    """A node that failed and is tried again keeps the error in its row."""
    events = [
        RunStarted(at=1.0, run="r1", graph="g", structure="", input={}, definitions={}),
        NodeStarted(at=1.0, node="a", visit=1, parents=()),
        NodeFailed(at=1.0, node="a", visit=1, error="Timeout: too slow", code="TimeoutError", retried=True),
    ]

    assert "error Timeout: too slow" in words_of(record(events, None))


def test_a_run_whose_graph_has_changed_is_still_told():
    """With a graph that is not as it ran the record leaves out picture and values, not the run."""
    events = ran(review())
    changed = Graph("review").node("other", lambda state: {}).edge(START, "other").edge("other", END)

    bundle = record(events, changed)

    assert "<img" not in bundle["text/html"]
    assert "writer" in bundle["text/plain"]
    assert "draft:" not in bundle["text/plain"]


def test_a_run_that_was_brought_into_a_changed_graph_is_drawn_in_that_graph():
    """The picture is of the graph in which the run goes on, and no longer of the one that it began with."""
    first = Graph("g").node("a", lambda state: {"n": 1}).edge(START, "a").edge("a", END)
    second = Graph("g").node("b", lambda state: {"n": 2}).edge(START, "b").edge("b", END)
    rebased = RunRebased(
        at=1, structure=second.structure, state={"n": 1}, nodes=("b",), visits={"a": 1}, definitions={}
    )
    events = [*ran(first)[:-1], rebased]

    assert "<img" in record(events, second)["text/html"]
    assert "<img" not in record(events, first)["text/html"]


def test_a_node_that_failed_is_shown_among_many():
    """When rows are left out, the one that failed is not."""
    events = [RunStarted(at=1.0, run="r1", graph="g", structure="", input={}, definitions={})]
    for i in range(300):
        events.append(NodeStarted(at=1.0, node=f"n{i}", visit=1, parents=()))
        if i != 290:
            events.append(NodeFinished(at=1.0, node=f"n{i}", visit=1, update={}, edges=()))
    events += [
        NodeFailed(at=1.0, node="n290", visit=1, error="it broke", code="x"),
        RunFailed(at=1.0, error="it broke", code="x"),
    ]
    bundle = record(events, None)

    assert re.search(r"n290 +✕ Failed", bundle["text/plain"])
    assert "n290" in words_of(bundle)


def test_a_value_of_nothing_is_a_dash():
    """An empty list, an empty text and None each show as a dash, so that no line ends in a space."""
    graph = Graph("empty").node("a", lambda state: {"rows": [], "text": "", "when": None, "n": 0})
    graph.edge(START, "a").edge("a", END)
    assert record(ran(graph), graph)["text/plain"].endswith("rows: -\ntext: -\nwhen: -\nn: 0")
