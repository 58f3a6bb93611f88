"""A conversation in its budget: newest turns as they were said, a rolling summary before them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from remembering import calls, prompts, weigh

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.condensed import OPENING, fitted, is_summary
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import DefinitionError, ProviderError
from genxai_nb.graph.run import Run
from genxai_nb.memory.summary import extracted
from genxai_nb.messages import Message, Text, ToolCall, ToolResult, user
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tokens import estimate_message, estimate_tokens

LONG = "The weather in Ulm is fine and there is a lot to tell about every single street of it. "


def chatting(request):
    """Condense if asked to, else weigh first whatever is to be weighed, and answer."""
    if request.messages[0].role == "system" and "condense" in request.messages[0].text:
        return "Ada decided on teal."
    if "Weigh" in request.messages[-1].text:
        return ToolCall("c1", "weigh", {"item": "a box"})
    return "Fine."


def summaries(script):
    """The summary that stood in each request that was no request for one."""
    return [
        next((m.text for m in request.messages if m.text.startswith(OPENING)), "")
        for request in script.requests
        if request.messages[0].role != "system"
    ]


def clerk(script, **options):
    return Agent(
        "clerk", model=script.model, tools=[weigh], memory={"short_term": options}, memory_tokens=150
    )


def test_what_does_not_fit_reaches_the_model_as_a_summary():
    """A decision of the first turn stands in the last request, condensed by the model; without a summary it is lost."""
    for options, kept in (({}, True), ({"summary": "none"}, False)):
        script = Scripted(chatting)
        agent = clerk(script, **options)
        agent.ask("I am Ada, and we decided on teal.", store="journal.db")
        for _ in range(6):
            agent.ask(LONG, store="journal.db")

        assert any("teal" in text for text in prompts(script)) is kept
        assert any("teal" in text for text in prompts(script, 1))


def test_a_summary_is_a_recorded_call_that_lasts_for_some_turns():
    """It is asked for seldom, carried on with the one before, listed with the prompt, and never asked for again."""
    script = Scripted(chatting)
    agent = clerk(script)
    answers = [agent.ask(LONG, store="journal.db") for _ in range(12)]
    asked = [request for request in script.requests if request.messages[0].role == "system"]

    assert 2 <= len(asked) <= 6
    assert "(none)" in asked[0].messages[1].text
    assert "Ada decided on teal." in asked[1].messages[1].text
    assert all(request.max_tokens == 150 // 4 for request in asked)
    (*_, model) = calls(answers[-1].run_id, "model")
    assert (model.memories[0].id, model.memories[0].why) == ("summary", "a summary of the turns before")
    before = len(script.requests)
    Run.load(answers[-1].run_id, store="journal.db").state  # noqa: B018 - read back without asking anybody
    assert len(script.requests) == before


def test_a_call_is_never_parted_from_its_result():
    """Whatever is condensed, each request has for every tool call its result, and begins with a whole turn."""
    script = Scripted(chatting)
    agent = clerk(script)
    for number in range(12):
        agent.ask(f"Weigh box {number}. {LONG}", store="journal.db")

    assert any(summaries(script))
    for request in script.requests:
        said = [m for m in request.messages if not m.text.startswith(OPENING) and m.role != "system"]
        made = [call.id for m in said for call in m.tool_calls]
        got = [part.id for m in said if m.role == "tool" for part in m.parts]
        assert made == got
        assert said[0].role == "user"


def test_a_summary_belongs_to_its_run_and_goes_with_its_loop():
    """In a graph each visit sees what the visits before were about, and the changes of the run tell of the summary."""
    script = Scripted(chatting)
    agent = Agent("clerk", model=script.model, memory_tokens=150, task="{{said}}", writes="answer")
    graph = Graph("talk").node("clerk", agent, reads=[])
    graph.node("next", lambda state: {"n": state["n"] + 1})
    graph.edge("START", "clerk").edge("clerk", "next", when="n < 8", limit=9).edge("next", "clerk")
    graph.edge("clerk", "END", otherwise=True)
    result = graph.run({"said": LONG, "n": 0}, store="journal.db")

    assert summaries(script)[-1].count("Ada decided on teal.") == 1
    frame = agent.memory.diff(result, store="journal.db")
    told = frame[frame["rule"] == "summary"]
    assert (set(told["id"]), set(told["after"])) == ({"summary"}, {"Ada decided on teal."})


def test_a_model_that_cannot_condense_costs_no_answer():
    """If the model fails, or with ``sentences``, the most telling sentences stand in its place."""

    def failing(request):
        if request.messages[0].role == "system":
            raise ProviderError("the model is out")
        return "Fine."

    for options, model in (({}, failing), ({"summary": "sentences"}, chatting)):
        script = Scripted(model)
        agent = clerk(script, **options)
        agent.ask("I am Ada, and we decided on teal.", store="journal.db")
        for _ in range(6):
            agent.ask(LONG, store="journal.db")
        assert "user: I am Ada, and we decided on teal." in summaries(script)[-1]


def test_forgetting_a_turn_forgets_the_summary():
    """A summary may tell of the forgotten turn, so it goes; what is left is condensed anew."""
    script = Scripted(chatting)
    agent = clerk(script, summary="sentences")
    agent.ask("I am Ada, and we decided on teal.", store="journal.db")
    for _ in range(6):
        agent.ask(LONG, store="journal.db")
    agent.memory.forget("t1")
    agent.ask("Well?", store="journal.db")

    assert summaries(script)[-1]
    assert not any("teal" in text for text in prompts(script))


def test_another_way_to_condense_is_refused():
    """What is none of the ways is told with those there are."""
    with pytest.raises(DefinitionError, match="model, sentences, none"):
        Agent("clerk", memory={"short_term": {"summary": "magic"}})


SENTENCES = st.sampled_from(["Tea is red.", "We decided to sell.", "The cat sleeps!", "Who knows Bo?"])
SAID = st.lists(st.tuples(st.sampled_from(["user", "clerk"]), st.lists(SENTENCES, max_size=3)), max_size=8)


@given(SAID, st.integers(0, 60))
def test_extracted_sentences_were_said_and_fit(said, tokens):
    """Whatever was said: each line is a sentence of that person, none twice, in order; what was decided comes first."""
    every = list(dict.fromkeys(f"{who}: {sentence}" for who, sentences in said for sentence in sentences))
    summary = extracted("", [(who, " ".join(sentences)) for who, sentences in said], tokens)
    lines = summary.splitlines()

    assert estimate_tokens(summary) <= tokens
    assert [line for line in every if line in lines] == lines
    if lines and any("decided" in line for line in every):
        assert any("decided" in line for line in lines) or tokens < 20
    if tokens >= 60:
        assert len(lines) == len(every) or sum(estimate_tokens(line) + 1 for line in every) > tokens
    assert extracted(summary, [], tokens) == summary


TURNS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 2)), max_size=8)  # words asked, calls made


def conversation(turns) -> list[Message]:
    """Turns of a question, calls with their results, and an answer."""
    said: list[Message] = []
    for number, (words, count) in enumerate(turns):
        said.append(user(f"Question {number}: " + "word " * words))
        for call in range(count):
            name = f"c{number}.{call}"
            said.append(Message("assistant", (ToolCall(name, "weigh", {"item": "a box"}),)))
            said.append(Message("tool", (ToolResult(name, "weigh", "7 kg"),)))
        said.append(Message("assistant", (Text(f"Answer {number}."),)))
    return said


@given(st.lists(TURNS, min_size=1, max_size=4), st.integers(1, 400), st.sampled_from(["sentences", "none"]))
def test_a_conversation_is_a_summary_and_its_newest_turns_whatever_is_said(parts, tokens, way):
    """In each visit: whole turns from the end, within the budget, and what is left out is told by the summary."""
    agent = Agent("clerk", model="offline", memory={"short_term": {"summary": way}})
    turns, state = [], {}
    for more in parts:
        turns += more
        history = conversation(turns)
        sent, update = asyncio.run(fitted(agent, history, tokens, None, state))  # no model is asked
        for key, entries in update.items():
            state[key] = [*state.get(key, ()), *entries]
        told = [message for message in sent if is_summary(message)]
        rest = sent[len(told) :]

        assert sent[: len(told)] == told
        assert rest == history[len(history) - len(rest) :]
        assert not rest or rest[0].role == "user"
        fits = sum(map(estimate_message, history)) <= tokens
        assert rest == history if fits and not state else sum(map(estimate_message, rest)) <= tokens
        if way == "none":
            assert not told
            assert not update
