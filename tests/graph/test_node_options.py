"""What is said of a node in Python is checked as it is said, as in a cell."""

from __future__ import annotations

import math

import pytest

from genxai_nb import Graph, human
from genxai_nb.errors import DefinitionError


def test_one_key_or_choice_may_be_given_by_itself():
    """As in the graph language, where one needs no brackets."""
    graph = Graph("g").node("a", lambda state: {"n": len(state["draft"])}, reads="draft")
    assert graph.parse("START -> a").run({"draft": "abc"}, store=":memory:").state["n"] == 3
    assert human("Go on?", choices="yes").choices == ("yes",)
    graph = Graph("g").node("ok", human("Go on?"), choices="yes").parse("START -> ok")
    assert graph.run({}, store=":memory:", answers={"ok": "yes"}).state["ok"] == "yes"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"reads": 5}, r'reads is 5, which is no list of texts\. Write reads=\["key"\]\.'),
        ({"choices": b"yes"}, r"choices is b'yes', which is no list of texts"),
        ({"into": 5}, r"Node 'a' has into=5, which is no key\. Write into=\"key\"\."),
        ({"into": ""}, "has into='', which is no key"),
        ({"timeout": math.nan}, "timeout is nan, which is no time in seconds"),
        ({"timeout": math.inf}, "timeout is inf, which is no time in seconds"),
    ],
)
def test_an_option_that_is_none_is_refused(option, said):
    """The value is named, and what to write."""
    with pytest.raises(DefinitionError, match=said):
        Graph("g").node("a", lambda state: {}, **option)


@pytest.mark.parametrize("limit", ["3", -1, 1.5, True])
def test_a_graph_s_limit_is_a_whole_number(limit):
    """It is refused before anything runs."""
    with pytest.raises(DefinitionError, match=f"limit is {limit!r}, which is no whole number from 0"):
        Graph("g", limit=limit)
