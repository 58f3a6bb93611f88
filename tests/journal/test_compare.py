"""Two histories beside each other, as DataFrames."""

from __future__ import annotations

from genxai_nb.journal.compare import compare
from genxai_nb.journal.events import CallFinished, CallStarted, InstanceFinished, NodeFinished, NodeStarted
from genxai_nb.messages import ModelReply, ModelRequest, Usage, assistant, user


def visit(node: str, update: dict, number: int = 1, seconds: float = 1.0, path: str = ""):
    return [
        NodeStarted(at=0, node=node, visit=number, parents=(), path=path),
        NodeFinished(at=1, node=node, visit=number, update=update, edges=(), seconds=seconds, path=path),
    ]


def asked(node: str, prompt: str, tokens: int = 10):
    request = ModelRequest(model="m", messages=(user(prompt),))
    reply = ModelReply(message=assistant("fine"), usage=Usage(input=tokens))
    return [
        CallStarted(
            at=0, slot=prompt, kind="model", name="m", request=request, node=node, visit=1, ordinal=0
        ),
        CallFinished(at=1, slot=prompt, reply=reply),
    ]


def test_outputs_list_what_differs_by_node_visit_and_key():
    """What is equal is left out; what only one wrote is missing in the other; hidden keys are not shown."""
    one = [*visit("a", {"x": 1, "y": 2, "@h": 1}), *visit("a", {"x": 5}, 2)]
    other = [*visit("a", {"x": 1, "y": 3, "@h": 2})]
    frame = compare(one, other)["outputs"]

    assert frame.loc[("a", 1, "y")].tolist() == [2, 3]
    assert frame.loc[("a", 2, "x"), "A"] == 5
    assert frame.loc[("a", 2, "x"), "B"] is None or frame.loc[("a", 2, "x")].isna()["B"]
    assert len(frame) == 2


def test_instances_of_a_map_are_told_apart():
    """Each under its index, and in its order, whichever ended first."""

    def instance(index: int, value: int):
        return InstanceFinished(at=1, node="w", visit=1, index=index, update={"out": value})

    frame = compare([instance(0, 1), instance(1, 2)], [instance(0, 1), instance(1, 3)])["outputs"]

    assert frame.index.tolist() == [("w", 1, "out[1]")]

    done = [*(instance(index, index) for index in (10, 0, 2)), *visit("w", {"sum": 12})]
    assert compare(done, [])["outputs"].index.tolist() == [
        ("w", 1, "sum"),
        ("w", 1, "out[0]"),
        ("w", 1, "out[2]"),
        ("w", 1, "out[10]"),
    ]


def test_prompts_list_what_models_were_asked_differently():
    """By node, visit and number of the call."""
    frame = compare(asked("a", "cats"), [*asked("a", "dogs"), *asked("a", "more")], names=("r1", "r2"))[
        "prompts"
    ]

    assert frame.loc[("a", 1, 1)].tolist() == ["user: cats", "user: dogs"]
    assert frame.loc[("a", 1, 2), "r2"] == "user: more"


def test_cost_and_time_have_a_row_for_each_node():
    """Tokens and visits of both, what they cost as far as that is known, seconds and their difference."""
    one = [*visit("a", {}, seconds=1.0), *asked("a", "cats")]
    frames = compare(one, [*visit("a", {}, seconds=3.0), *visit("b", {})])

    assert frames["cost"].loc["a", ["tokens A", "tokens B", "cost B"]].tolist() == [10, 0, 0.0]
    assert (
        frames["cost"].loc["a", "cost A"] != frames["cost"].loc["a", "cost A"]
    )  # NaN: it has no known price
    assert frames["time"].loc["a", "difference"] == 2.0
    assert frames["time"].loc["b", "seconds A"] == 0.0


def test_states_are_compared_if_given_and_may_hold_anything():
    """Also values that do not compare to yes or no, such as arrays."""
    import numpy

    states = {"a": numpy.array([1, 2]), "b": 1, "c": 0}, {"a": numpy.array([1, 2]), "b": 2, "d": 0}
    frame = compare([], [], states=states)["state"]

    assert frame.index.tolist() == ["b", "c", "d"]


def test_one_name_twice_still_makes_two_columns():
    """And what shows in a page is escaped."""
    found = compare(visit("a", {"x": "<b>"}), visit("a", {"x": 2}), names=("r1", "r1"))

    assert found["outputs"].columns.tolist() == ["r1 (1)", "r1 (2)"]
    assert "<b>r" not in found._repr_html_().replace("<b>outputs", "")
    assert "&lt;b&gt;" in found._repr_html_()
    assert "state: no difference" in repr(found)
    assert list(found) == ["state", "outputs", "prompts", "cost", "time"]
    assert len(found) == 5


def test_long_values_are_cut_in_text_only():
    """As text a table is no wider than a terminal, however long its values are; the frame holds them whole."""
    found = compare([], [], states=({"draft": "a" * 500}, {"draft": "b" * 500}))

    assert max(map(len, repr(found).splitlines())) < 130
    assert found["state"].loc["draft", "A"] == "a" * 500
