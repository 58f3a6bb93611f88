"""A value that the journal cannot keep fails its node, wherever the node stands."""

from __future__ import annotations

import pytest

from genxai_nb import Graph
from genxai_nb.errors import NodeFailed


def unkept(state):
    return {"thing": object()}


async def count(state):
    return {"n": 1}


@pytest.mark.parametrize("lines", ["START -> a -> b", "START -> [a, b]"])
def test_the_options_of_a_node_hold_for_a_value_that_cannot_be_kept(lines, tmp_path):
    """Alone or beside others: it goes on, or tries again."""
    store = str(tmp_path / "journal.db")
    ran = []

    def second_time(state):
        ran.append("a")
        return {"thing": object() if len(ran) == 1 else "kept"}

    going_on = Graph("g").node("a", unkept, on_error="continue").node("b", count).parse(lines)
    assert going_on.run({}, store=store).state == {"n": 1}
    again = Graph("g").node("a", second_time, retry=1).node("b", count).parse(lines)
    assert again.run({}, store=store).state == {"n": 1, "thing": "kept"}
    failing = Graph("g").node("a", unkept).node("b", count).parse(lines)
    with pytest.raises(NodeFailed, match="Node 'a' failed: update.thing is a builtins.object"):
        failing.run({}, store=store)
