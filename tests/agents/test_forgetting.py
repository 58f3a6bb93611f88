"""Forgetting what an agent remembers: by meaning, by age and source, by user, and looked at before."""

from __future__ import annotations

from pathlib import Path

import pytest
from remembering import echo

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import InputError
from genxai_nb.journal import open_store
from genxai_nb.journal.items import Draft
from genxai_nb.providers.scripted import Scripted

STORE = "journal.db"
FACTS = (
    "My name is Ada.",
    "I live in Ulm.",
    "I live in Bonn.",
    "I am allergic to nuts.",
    "My favourite tree is the birch.",
)


def guide(*kinds: str) -> Agent:
    """An agent that was told some facts, of which one took another one's place."""
    agent = Agent("guide", model=Scripted(echo).model, memory=kinds or ("semantic",))
    for fact in FACTS:
        agent.memory.remember(fact, store=STORE)
    return agent


def texts(frame) -> list[str]:
    return frame["text"].tolist()


@pytest.mark.parametrize("index", ["numpy", "chroma:chroma"])
def test_what_is_about_something_is_forgotten_by_meaning(index, monkeypatch):
    """What a query is about goes, also what held before; the rest stays, and no file has a word of it."""
    monkeypatch.setenv("GENXAI_VECTORS", index)
    memory = guide().memory
    assert memory.recall("In which town is my home?", store=STORE)

    shown = memory.would_forget(query="where I live", store=STORE)
    assert texts(shown) == ["I live in Bonn.", "I live in Ulm."]
    assert shown["status"].tolist() == ["current", "replaced"]
    assert shown["score"].is_monotonic_decreasing
    assert shown["score"].min() >= 0.4

    assert memory.forget(query="where I live", store=STORE) == 2
    assert texts(memory.table(store=STORE)) == [FACTS[0], "", "", *FACTS[3:]]
    held = b"".join(path.read_bytes() for path in Path().rglob("*") if path.is_file())
    assert b"I live in" not in held
    assert FACTS[3].encode() in held


def test_looking_at_what_would_go_changes_nothing():
    """The table names the same items as forgetting does, by whatever is given, and each is still there."""
    memory = guide().memory
    before = memory.table(store=STORE)
    for given, expected in (
        ({"containing": "live"}, ["I live in Ulm.", "I live in Bonn."]),
        ({"source": "by hand", "containing": "nuts"}, [FACTS[3]]),
        ({"older_than": 3600}, []),
        ({"older_than": 0, "containing": "name"}, [FACTS[0]]),
        ({"query": "allergies", "containing": "tree"}, []),
        ({"query": "allergies", "least": 0.3}, [FACTS[3]]),
    ):
        shown = memory.would_forget(**given, store=STORE)
        assert texts(shown) == expected
        assert ("query" in given) or shown["score"].isna().all()
    assert memory.table(store=STORE).equals(before)

    assert memory.would_forget("m1", store=STORE)["id"].tolist() == ["m1"]
    assert memory.forget("m1", store=STORE) == 1
    assert texts(memory.would_forget("m1", store=STORE)) == []


def test_without_embeddings_a_query_goes_by_words():
    """Items that were kept without embeddings, and turns of a conversation, are forgotten by the words of the query."""
    items = open_store(STORE).items
    items.add("guide", "semantic", [Draft(text=fact) for fact in FACTS], at=1.0)
    agent = Agent("guide", model=Scripted(echo).model, memory=["short_term", "semantic"])
    agent.ask("The birch is by the gate.", store=STORE)

    shown = agent.memory.would_forget(query="the birch", store=STORE)
    assert sorted(shown["kind"]) == ["semantic", "short_term"]
    assert agent.memory.forget(query="the birch", store=STORE) == 2
    assert agent.conversation == []


def test_what_is_kept_of_a_user_is_forgotten_by_meaning():
    """Of what is kept by user under a name, whoever wrote it, that which a query is about goes."""
    for name, user in (("clerk", "ada"), ("guard", "ada"), ("guard", "bo")):
        memory = Agent(name, memory={"semantic": {"scope": "user", "of": user}}).memory
        memory.remember(f"I am {name} and live in Ulm.", store=STORE)
        memory.remember("I like green tea.", store=STORE)
    porter = Agent("porter").memory

    assert len(porter.would_forget(user="ada", query="where I live", store=STORE)) == 2
    assert porter.forget(user="ada", query="where I live", store=STORE) == 2
    items = open_store(STORE).items
    left = {
        owner: [row.text for row in items.read(owner, kind) if row.text] for owner, kind in items.owners()
    }
    assert left == {
        "user/ada": ["I like green tea."],
        "user/bo": ["I am guard and live in Ulm.", "I like green tea."],
    }


@pytest.mark.parametrize("least", [-0.1, 1.1, "much", True])
def test_a_relevance_that_is_none_is_refused(least):
    """What is no number from 0 to 1 is told with what to write, and a query of blanks says nothing."""
    with pytest.raises(InputError, match=r"is no relevance.*least=0.4"):
        guide().memory.forget(query="home", least=least, store=STORE)
    with pytest.raises(InputError, match="Nothing says what to forget"):
        guide().memory.forget(query="  ", store=STORE)
