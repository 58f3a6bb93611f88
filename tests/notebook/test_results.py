"""Where results go: never in place of a definition."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%genxai run review --as review\ntopic: cats", "'review' is the graph of that name"),
        ("%%genxai ask clerk --as clerk\nHello", "'clerk' is the agent of that name"),
        ("%%genxai agent result\nrole: Clerk", "'result' is where results go"),
    ],
)
def test_a_result_never_takes_the_place_of_a_definition(review, shell, cells, cell, said):
    """Nothing runs, and what was defined is still there."""
    review(cells.echo)
    review(cells.clerk)
    before = shell.user_ns["review"], shell.user_ns["clerk"]
    shown = review(cell)

    assert said in shown.error
    assert (shell.user_ns["review"], shell.user_ns["clerk"]) == before
