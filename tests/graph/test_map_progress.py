"""What a map tells while it runs: how far it is, what failed, what all rows will cost."""

from __future__ import annotations

import io
import sys

import pandas as pd
import pytest

from genxai_nb import START, Agent, Graph
from genxai_nb.calls.call import Traits
from genxai_nb.graph.progress import Progress, show_progress_by
from genxai_nb.messages import ModelReply
from genxai_nb.providers.scripted import Scripted


@pytest.fixture
def told():
    """Every line that is shown, and whether it was the last word."""
    lines = []
    show_progress_by(lambda: lambda text, last: lines.append((text, last)))
    yield lines
    show_progress_by(None)


class Priced(Scripted):
    """Each answer costs the same; without a price it is not known what."""

    def __init__(self, price):
        super().__init__(lambda request: "Yes.", name="priced")
        self.traits = Traits(reply=ModelReply, price=lambda reply: price)


def asking(price):
    agent = Agent("clerk", model=Priced(price).model, task="Say {{topic}}")
    return Graph("asking").node("clerk", agent).edge(START, "clerk")


def frame(rows):
    return pd.DataFrame({"topic": [f"t{n}" for n in range(rows)]})


def test_the_last_word_says_what_became_of_the_rows(told):
    """How many, how many failed, how many were done before."""

    def body(state):
        if state["topic"] == "t1":
            raise ValueError("no")
        return {}

    graph = Graph("some").node("a", body).edge(START, "a")
    graph.map(frame(3), "topic", store=":memory:", again=True)
    assert told[-1] == ("some: 3 of 3 rows, 1 failed", True)
    graph.map(frame(4), "topic", store=":memory:")

    assert told[-1] == ("some: 4 of 4 rows, 1 failed, 2 done before", True)
    assert [last for _, last in told].count(True) == 2


def test_a_sample_says_what_all_rows_will_cost(told, tmp_path):
    """Five rows are run first."""
    done = asking(0.5).map(frame(20), "topic", limit=2, store=str(tmp_path / "runs.db"))

    assert done.cost.sum() == 10
    assert told[-1] == ("asking: 20 of 20 rows · $10.00", True)


def test_no_row_is_begun_if_all_would_cost_too_much(told, tmp_path):
    """The sample is kept, the rest is not run, and a later call with more goes on."""
    graph, store = asking(0.5), str(tmp_path / "runs.db")
    done = graph.map(frame(20), "topic", max_cost=6, store=store)

    assert list(done.status) == ["done"] * 5 + ["not run"] * 15
    assert done.cost[:5].sum() == 2.5
    assert told[-1][0].endswith("· stopped after 5 rows: all would cost about $10.00")
    assert list(graph.map(frame(20), "topic", max_cost=8, store=store).status) == ["done"] * 20


def test_no_row_is_begun_once_the_money_is_spent(told, tmp_path):
    """Also without a sample."""
    done = asking(1.0).map(frame(9), "topic", limit=1, sample=0, max_cost=3, store=str(tmp_path / "runs.db"))

    assert list(done.status).count("done") == 3
    assert told[-1][0] == "asking: 3 of 9 rows · $3.00 · stopped: $3.00 are spent"


def test_a_price_that_is_not_known_is_said_to_be_so(told, tmp_path):
    """It is never 0, and a limit on the cost cannot be kept then."""
    graph = asking(None)
    done = graph.map(frame(9), "topic", max_cost=3, store=str(tmp_path / "runs.db"))
    assert done.cost.isna().all()
    assert list(done.status) == ["done"] * 5 + ["not run"] * 4
    assert (
        told[-1][0]
        == "asking: 5 of 9 rows · cost unknown · stopped after 5 rows: what a row costs is not known"
    )

    whole = graph.map(frame(9), "topic", store=str(tmp_path / "runs.db"))
    assert list(whole.status) == ["done"] * 9


def test_a_terminal_shows_one_line_and_a_file_nothing(monkeypatch):
    """The line is written over and ended."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream, shown in ((Terminal(), "\r\x1b[K1 of 2\r\x1b[K2 of 2\n"), (io.StringIO(), "")):
        monkeypatch.setattr(sys, "stderr", stream)
        progress = Progress()
        progress.tell("1 of 2")
        progress.tell("too soon to be seen")
        progress.tell("2 of 2", last=True)
        assert stream.getvalue() == shown
