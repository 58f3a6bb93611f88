"""What calls cost: sums with unknown parts, in words and as tables."""

from __future__ import annotations

import pandas as pd

from genxai_nb.journal.compare import compare
from genxai_nb.journal.cost import Cost, cost_in_words, cost_of, in_dollars
from genxai_nb.journal.events import CallFailed, CallFinished, CallStarted, NodeFinished, NodeStarted
from genxai_nb.journal.frames import timeline
from genxai_nb.journal.spending import calls, costs
from genxai_nb.journal.summary import summarize
from genxai_nb.messages import ModelReply, ModelRequest, Usage, assistant, user

USAGE = Usage(input=100, output=20, cached=60, reasoning=5)


def asked(slot: str, node: str = "a", kind: str = "model", name: str = "openai:gpt-5", **more) -> CallStarted:
    request = ModelRequest(model=name, messages=(user("Hello?"),), trimmed=2) if kind == "model" else {"n": 1}
    given = {"visit": 1, "ordinal": 0} | more
    return CallStarted(at=1, slot=slot, kind=kind, name=name, request=request, node=node, **given)


def answered(slot: str, cost: float | None = None, reply=None) -> CallFinished:
    said = ModelReply(message=assistant("Hi."), usage=USAGE) if reply is None else reply
    return CallFinished(at=2, slot=slot, reply=said, cost=cost, seconds=0.5)


EVENTS = [
    NodeStarted(at=0, node="a", visit=1, parents=()),
    asked("s1"),
    answered("s1", 0.002),
    asked("s2"),
    answered("s2", 0.003),
    asked("s3", kind="tool", name="add"),
    answered("s3", reply={"sum": 3}),
    asked("s4", node="b", name="local:http://gpu/v1#m"),
    answered("s4"),
    asked("s5", node="b", name="offline"),
    answered("s5", 0.0),
    asked("s6", node="c"),
    CallFailed(at=3, slot="s6", error="No.", code="rate_limited", seconds=0.1, attempts=3),
    asked("s7", node="c"),
    NodeFinished(at=4, node="a", visit=1, update={}, edges=()),
]


def test_unknown_prices_stay_unknown_in_sums():
    """A sum with an unknown part has no total, and says at least how much it is."""
    total = Cost(0.002) + Cost(0.003) + Cost(unpriced=1)
    assert (total.total, total.known, str(total)) == (None, 0.005, "at least $0.0050")
    assert (Cost(unpriced=2).total, str(Cost(unpriced=2))) == (None, "unknown")
    assert (Cost().total, str(Cost())) == (0.0, "-")
    assert cost_in_words(Cost(unpriced=2)) == "cost unknown"


def test_only_models_can_lack_a_price():
    """A tool without a price is free; a model without one is not."""
    assert cost_of(answered("s")) == Cost(unpriced=1)
    assert cost_of(answered("s", reply="done")) == Cost()
    assert cost_of(answered("s", 0.5, reply="done")) == Cost(0.5)
    assert cost_of(answered("s", reply={"message": {}, "usage": {}})) == Cost(unpriced=1)


def test_small_amounts_keep_two_figures():
    """However little it is, it is never shown as nothing."""
    amounts = [1234.5, 9.999, 0.25, 0.0123, 0.00000138, 0.0]
    assert [in_dollars(amount) for amount in amounts] == [
        "$1,234.50",
        "$10.00",
        "$0.25",
        "$0.012",
        "$0.0000014",
        "$0",
    ]


def test_costs_have_a_row_for_each_node_and_model():
    """Tokens and money are summed where they belong; what is not known is missing, never 0."""
    frame = costs(EVENTS)
    assert frame[["node", "model", "calls"]].to_numpy().tolist() == [
        ["a", "openai:gpt-5", 2],
        ["b", "local:http://gpu/v1#m", 1],
        ["b", "offline", 1],
    ]
    assert frame["cached"].tolist() == [120, 60, 60]
    assert frame["cost"].fillna(-1).tolist() == [0.005, -1, 0.0]
    assert frame["at_least"].tolist() == [0.005, 0.0, 0.0]
    assert costs([]).columns.tolist() == frame.columns.tolist()


def test_calls_have_a_row_each():
    """Every call is there with its tokens and cost, those that failed or are still open too."""
    frame = calls(EVENTS)
    assert frame["status"].tolist() == ["done"] * 5 + ["failed", "open"]
    assert frame["input"].fillna(-1).tolist() == [100, 100, -1, 100, 100, -1, -1]
    assert frame["cost"].fillna(-1).tolist() == [0.002, 0.003, 0.0, -1, 0.0, -1, -1]
    assert frame["trimmed"].tolist() == [2, 2, 0, 2, 2, 2, 2]
    assert frame["attempts"].tolist()[5] == 3
    assert frame["answer"].tolist()[:3] == ["Hi.", "Hi.", "{'sum': 3}"]


def test_timeline_and_summary_sum_by_visit_and_node():
    """A visit costs what its calls cost; the run knows that a part is missing."""
    frame = timeline(EVENTS)
    rows = frame[frame["node"] == "a"].set_index("kind")["cost"]
    assert rows["visit"] == 0.005
    assert pd.isna(rows["tool"])
    summary = summarize(EVENTS)
    assert summary.node("a").cost == Cost(0.005)
    assert summary.node("b").cost == Cost(unpriced=1)
    assert str(summary.cost) == "at least $0.0050"


def test_difference_of_two_runs_shows_both_costs():
    """What two runs cost stands side by side, as numbers."""
    frame = compare(EVENTS, EVENTS[:3])["cost"]
    assert frame.loc["a", ["cost A", "cost B"]].tolist() == [0.005, 0.002]
