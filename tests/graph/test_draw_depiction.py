"""From a graph and its run to a picture, to DOT and to Mermaid."""

from __future__ import annotations

import re
import subprocess

import pytest

from genxai_nb.graph.build import END, START, Graph
from genxai_nb.graph.draw import dot, graphviz, mermaid, picture_of, status_words
from genxai_nb.graph.draw.figures import short_count, short_time
from genxai_nb.journal.events import RunPaused
from genxai_nb.journal.summary import NodeSummary, summarize


def review() -> Graph:
    graph = Graph("review")
    graph.node("writer", lambda state: {"score": state.get("score", 0) + 0.5}, retry=2, timeout=5)
    graph.node("critic", lambda state: {"seen": True}, into="verdict")
    graph.edge(START, "writer").edge("writer", "critic")
    graph.edge("critic", "writer", when="score < 0.8", limit=3)
    return graph.edge("critic", END, otherwise=True)


def by_name(picture):
    return {card.name: card for card in picture.cards}


def labels(picture):
    return {(arrow.source, arrow.target): arrow.label for arrow in picture.arrows}


def test_a_definition_shows_kinds_options_and_conditions():
    """Without a run, cards say what the nodes are and arrows when they are taken."""
    picture = picture_of(review())

    cards = by_name(picture)
    assert [card.name for card in picture.cards] == ["START", "writer", "critic", "END"]
    assert cards["writer"].kind == "function"
    assert cards["writer"].status is None
    assert cards["writer"].facts == ("retry 2", "timeout 5.0 s")
    assert cards["critic"].facts == ("into verdict",)
    assert labels(picture)["critic", "writer"] == "if score < 0.8 · max 3"
    assert labels(picture)["critic", "END"] == "else"
    assert [arrow.target for arrow in picture.arrows if arrow.loop] == ["writer"]
    assert not any(arrow.taken for arrow in picture.arrows)


def test_a_run_shows_what_became_of_its_nodes_and_edges():
    """With a run, cards tell status and visits, and arrows how often they were taken."""
    graph = review()
    run = graph.start({}, store=":memory:")
    run.resume()

    picture = picture_of(graph, summarize(run.events()))

    assert by_name(picture)["writer"].status == "done"
    assert by_name(picture)["writer"].words == "Done · 2 visits"
    assert labels(picture)["critic", "writer"] == "if score < 0.8 · 1 of 3"
    assert all(arrow.taken for arrow in picture.arrows)


def test_nodes_that_were_not_reached_are_idle_and_their_ways_not_taken():
    """A run that stands leaves what comes after it idle."""
    graph = review()
    run = graph.start({}, store=":memory:")
    run.resume()
    begun = [*run.events()[:2], RunPaused(at=0.0, reason="asked")]

    picture = picture_of(graph, summarize(begun))

    assert by_name(picture)["writer"].words == "Paused"
    assert by_name(picture)["critic"].words == "Not reached"
    assert [arrow.taken for arrow in picture.arrows] == [True, False, False, False]


def test_a_limit_that_counts_anew_is_not_exceeded_in_words():
    """An inner loop that was entered twice says how often it was taken, and its limit."""
    graph = Graph("nested", reducers={"log": "append"})
    graph.node("a", lambda state: {"log": ["a"]})
    graph.node("b", lambda state: {"log": ["b"]})
    graph.edge(START, "a").edge("a", "b").edge("b", "b", when="log[-2] != 'b'", limit=1)
    graph.edge("b", "a", when="len(log) < 6 and log[-2] == 'b'", limit=5).edge("b", END, otherwise=True)
    run = graph.start({}, store=":memory:")
    run.resume()

    assert labels(picture_of(graph, summarize(run.events())))["b", "b"].endswith("max 1 · 2×")


def test_a_graph_that_cannot_run_is_drawn_as_far_as_it_goes():
    """A node without a definition and a cycle without a limit do not prevent a picture."""
    graph = Graph("draft")
    graph.edge(START, "nobody").edge("nobody", "nobody")

    picture = picture_of(graph)

    assert by_name(picture)["nobody"].kind == ""
    assert len(picture.arrows) == 2


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (NodeSummary(name="n"), "Not reached"),
        (NodeSummary(name="n", status="done", visits=1), "Done"),
        (NodeSummary(name="n", status="done", visits=1, instances=12), "Done · 12 items"),
        (NodeSummary(name="n", status="running", visits=1), "Running · visit 2"),
        (NodeSummary(name="n", status="running", instances=4), "Running · 4 items done"),
        (NodeSummary(name="n", status="failed", attempt=3), "Failed · 3 attempts"),
        (NodeSummary(name="n", status="failed"), "Failed"),
    ],
)
def test_a_status_in_words(node, words):
    """A node's status is said in a few words, with the count that matters."""
    assert status_words(node) == words


def test_dot_text_names_nodes_and_conditions():
    """DOT text has quoted names, labels, and dashed ways back."""
    text = dot(review())

    assert text.startswith('digraph "review" {')
    assert '"START" [shape=circle]' in text
    assert '"writer" -> "critic";' in text
    assert '"critic" -> "writer" [label="if score < 0.8 · max 3", style=dashed, constraint=false];' in text
    assert text == review().draw()


HOSTILE = ['a"; evil [label=x]; "', "back\\", '\\"', "<b>", "a\nb", "\u202e", "%%{init}%%", "`x`", "#quot;"]


@pytest.mark.parametrize("name", HOSTILE)
def test_dot_text_keeps_any_name_a_name(name):
    """Graphviz reads the text of a graph with hostile names as one node and two ways."""
    program = graphviz.find_program()
    assert program is not None
    graph = Graph(name).node(name, lambda state: {}).edge(START, name).edge(name, END)

    read = subprocess.run([program, "-Tplain"], input=dot(graph), capture_output=True, text=True, check=True)

    lines = read.stdout.splitlines()
    assert sum(line.startswith("node ") for line in lines) == 3
    assert sum(line.startswith("edge ") for line in lines) == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_mermaid_text_keeps_any_name_a_name(name):
    """Names and conditions stand between quotes, without a character that means something there."""
    graph = Graph(name).node(name, lambda state: {}).edge(START, name).edge(name, END, when="x < 1")
    graph.edge(name, END, otherwise=True)

    lines = mermaid(graph).splitlines()

    assert lines[0] == "flowchart LR"
    for line in lines[1:]:
        for quoted in re.findall(r'"([^"]*)"', line):
            assert re.fullmatch(r"[^<>`\\\n%{}\[\]|]*", quoted)
        assert re.fullmatch(r'  n\d+(\(\("[^"]*"\)\)|\("[^"]*"\)| -->(\|"[^"]*"\|)? n\d+)', line)


def test_numbers_are_short():
    """Counts and times take few characters and never round to an odd unit."""
    assert [short_count(n) for n in (0, 999, 1000, 1949, 9960, 999_999)] == [
        "0", "999", "1.0k", "1.9k", "10k", "1.0M",
    ]  # fmt: skip
    assert [short_time(s) for s in (0.0001, 0.0042, 0.0999, 3.84, 59.97, 3599.6, 7260)] == [
        "<1 ms", "4 ms", "0.1 s", "3.8 s", "1 min 0 s", "1 h 0 min", "2 h 1 min",
    ]  # fmt: skip
