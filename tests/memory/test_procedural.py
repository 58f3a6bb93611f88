"""Procedures against plain models: which are proposed, and which are chosen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.journal.items import Use
from genxai_nb.memory.base import Item, Query
from genxai_nb.memory.procedural import TRIED, Procedural, procedure
from genxai_nb.memory.proposals import proposals
from genxai_nb.memory.rates import wilson
from genxai_nb.memory.shelves import ListShelf, StoreShelf


def episode(number, task, tools, outcome="done", seconds=1.0, status="current"):
    steps = "\n".join(f"{tool}(x={number})" for tool in tools)
    fields = {"task": task, "steps": steps, "outcome": outcome, "seconds": repr(seconds)}
    return Item(kind="episodic", id=f"m{number}", text=task, fields=fields, status=status)


EPISODES = st.lists(
    st.tuples(
        st.sampled_from(["Weigh the red box", "Weigh the blue box", "Sing a song"]),
        st.lists(st.sampled_from("ab"), max_size=2),
        st.sampled_from(["done", "failed"]),
        st.sampled_from(["current", "forgotten"]),
    ),
    max_size=10,
)


@given(EPISODES, st.integers(2, 3))
def test_what_is_proposed_is_what_counting_successes_gives(rows, after):
    """Successes by the same tools, of variants of one task, are counted together; nothing else is."""
    items = [
        episode(n, task, tools, outcome, status=status)
        for n, (task, tools, outcome, status) in enumerate(rows)
    ]
    counts: dict = {}
    for n, (task, tools, outcome, status) in enumerate(rows):
        if tools and outcome == "done" and status == "current":
            counts.setdefault((task.split()[0], tuple(tools)), []).append(f"m{n}")
    model = {key: ids for key, ids in counts.items() if len(ids) >= after}

    found = proposals(items, [], after)
    assert {
        (one.when.split()[0], tuple(step[0] for step in one.steps)): list(one.episodes) for one in found
    } == model
    assert len({one.name for one in found}) == len(found)
    known = [
        Item(kind="procedural", id="p", text="", fields=dict(procedure(one.when, list(one.steps)).fields))
        for one in found
    ]
    assert proposals(items, known, after) == []


def test_a_proposal_tells_what_its_episodes_share():
    """Tasks and calls have gaps where they differ; failed steps are left out; durations are kept."""
    items = [
        episode(n, f"Weigh the {colour} box", ["weigh", "add"], seconds=n)
        for n, colour in ((1, "red"), (2, "blue"))
    ]
    items[0].fields["steps"] = "guess(x=1) failed\n" + items[0].fields["steps"]
    (one,) = proposals(items, [], 2)

    assert (one.name, one.when, one.steps, one.episodes, one.seconds) == (
        "weigh-then-add",
        "Weigh the … box",
        ("weigh(x=…)", "add(x=…)"),
        ("m1", "m2"),
        (1.0, 2.0),
    )


COUNTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=6)


@given(COUNTS, st.integers(1, 6))
def test_of_those_that_fit_alike_the_surest_are_chosen(counts, k):
    """Score and order are those of the formula; what was tried and failed mostly is left out."""
    items = MemoryItems()
    for n, (wins, losses) in enumerate(counts):
        draft = procedure("Weigh the box", [f"t{n}(x)"], name=f"p{n}")
        number = items.add("clerk", "procedural", [draft], at=1.0).added[0].number
        items.use("clerk", "procedural", [Use(number=number)] * wins, at=2.0)
        items.use("clerk", "procedural", [Use(number=number, won=False)] * losses, at=2.0)
    found = Procedural(StoreShelf(items, "clerk", "procedural")).recall(Query(text="Weigh the box"), k)

    model = sorted(
        (
            (1 + wilson(wins, wins + losses)) / 2
            for wins, losses in counts
            if wins + losses < TRIED or wins >= losses
        ),
        reverse=True,
    )
    assert [one.score for one in found] == pytest.approx(model[:k], abs=1e-5)
    assert all(one.why.endswith(("times", "not used yet")) for one in found)


def test_a_procedure_told_by_hand_is_taken_apart():
    """What stands before the colon is the case, and the steps are parted by then or semicolons."""
    memory = Procedural(ListShelf("procedural"))
    drafts = [
        memory.draft(text) for text in ("Ship a box: weigh(it), then bill(it); mail(it)", "Always be kind")
    ]

    assert [draft.fields for draft in drafts] == [
        {"name": "Ship a box", "when": "Ship a box", "steps": "weigh(it)\nbill(it)\nmail(it)"},
        {"name": "Always be kind", "when": "Always be kind"},
    ]
    assert [draft.text for draft in drafts] == [
        "Ship a box: weigh(it), then bill(it); mail(it)",
        "Always be kind",
    ]
