"""A memory of 100,000 items: tables, recall and forgetting."""

from __future__ import annotations

import pytest

from genxai_nb.agents.agent import Agent
from genxai_nb.journal import open_store
from genxai_nb.journal.items import Draft

COUNT, STORE = 100_000, "journal.db"


@pytest.mark.slow
def test_a_hundred_thousand_items_are_a_table_are_recalled_and_forgotten():
    """All rows stand in the table, since leaves out the older ones, one is found by its words, and one is forgotten."""
    items = open_store(STORE).items
    for start in range(0, COUNT, 10_000):
        drafts = [
            Draft(
                text=f"The code of door {number} is k{number}.",
                about=f"door {number} code",
                fields={"subject": f"door {number}", "predicate": "code", "object": f"k{number}"},
            )
            for number in range(start, start + 10_000)
        ]
        items.add("porter", "semantic", drafts, at=1_700_000_000.0 + start)
    memory = Agent("porter", memory=["semantic"]).memory
    memory.remember("The code of door 500 is 1.", store=STORE)

    table = memory.table("semantic", store=STORE)
    assert len(table) == COUNT + 1
    assert table["object"].iloc[[0, 500, -1]].tolist() == ["k0", "k500", "1"]
    assert table["status"].value_counts().to_dict() == {"current": COUNT, "replaced": 1}
    assert len(memory.table("semantic", since="2024-01-01", store=STORE)) == 1

    asked = "What is the code of door 77777?"
    (first, *_) = memory.recall(asked, store=STORE)
    assert first.item.text == "The code of door 77777 is k77777."
    assert memory.forget(first.item.id, store=STORE) == 1
    assert "k77777" not in str(memory.recall(asked, store=STORE))
