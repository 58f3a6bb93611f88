"""What is given to a graph and to a run is checked as it is given."""

from __future__ import annotations

import pytest
from graphs import chain, nothing
from pydantic import BaseModel

from genxai_nb import START, GenXAIError, Graph, human


class Draft(BaseModel):
    text: str = ""
    score: float = 0


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda g: g.run(5), "The input is 5, which is a int"),
        (lambda g: g.run("hi"), "The input is 'hi', which is a str"),
        (lambda g: g.run({}, model=5), "model is 5, which is no text"),
        (lambda g: g.run({}, store=5), "store is 5, which is no text"),
        (lambda g: g.run({}, answers=["x"]), "answers are .*, which is no dict"),
        (lambda g: g.run({}, answers={"c": 1}), "Unknown node for an answer 'c'"),
        (
            lambda g: g.node("x", nothing, retries=3),
            "'x', a function, was given retries=. Did you mean retry=",
        ),
        (lambda g: g.node("x", nothing, timeout="5s"), "timeout is '5s', which is no time"),
        (lambda g: g.node("x", nothing, timeout=-1), "timeout is -1"),
        (lambda g: g.node("x", nothing, retry=-1), "retry is -1"),
        (lambda g: g.node("x", nothing, join="both"), "has join='both'"),
        (lambda g: g.node("if", nothing), "'if' is a word of the graph language"),
        (lambda g: g.edge("a", "z", each="not a key"), "has each='not a key'"),
        (lambda g: g.edge("a", "z", item="x"), "item='x'"),
        (lambda g: Graph(""), "'' is no name"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(ask, said):
    """Bad input is an error of ours that shows the value."""
    with pytest.raises(GenXAIError, match=said):
        ask(chain(nothing))


def test_an_instance_of_the_schema_is_an_input():
    """So is a dict."""
    graph = Graph("draft", state=Draft).node("a", lambda s: {"score": 1}).edge(START, "a")

    assert graph.run(Draft(text="x")).state == Draft(text="x", score=1)


def test_answers_may_name_a_node_with_hyphens():
    """As it is written in cells."""
    graph = Graph("ask").node("ask_me", human("Go?")).edge(START, "ask_me")

    assert graph.run({}, answers={"ask-me": "yes"}).state["ask_me"] == "yes"
