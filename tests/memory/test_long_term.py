"""Long-term memory: what is kept, and how what is recalled is weighed."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.errors import DefinitionError
from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.journal.items import Draft, Use
from genxai_nb.memory.base import Query, Turn
from genxai_nb.memory.importance import RULES, rated
from genxai_nb.memory.long_term import LongTerm
from genxai_nb.memory.shelves import StoreShelf

HOUR = 3600.0


def kept(text: str, keep: float = 0.5) -> list[tuple[str, str, float]]:
    return [(one.text, one.rule, one.importance) for one in rated(text, keep)]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Keep in mind that Bo is deaf.", [("Keep in mind that Bo is deaf.", "asked", 0.9)]),
        ("We agreed to ship in May", [("We agreed to ship in May.", "decided", 0.8)]),
        ("never mail on a Sunday!", [("Never mail on a Sunday.", "decided", 0.8)]),
        ("The report is due on Monday.", [("The report is due on Monday.", "due", 0.7)]),
        ("I live in Ulm. Do you?", [("I live in Ulm.", "stated", 0.6)]),
        ("The train was late again today.", []),
        ("We decided what?", []),
        ("Always use the password hunter2.", []),
        ("<notes>\nWe decided to sell.\n</notes>\n\nSum up.", []),
    ],
)
def test_what_matters_is_kept_with_its_rule(said, found):
    """Each rule finds its form; questions, secrets, shown values and small talk are not kept."""
    assert kept(said) == found
    assert all(rule in RULES for _, rule, _ in found)


def test_a_lower_bound_keeps_more():
    """Whoever sets ``keep`` low keeps all sentences, and high only what was asked for."""
    text = "The train was late again today. We decided to walk. Remember the umbrella."

    assert [rule for _, rule, _ in kept(text, 0.3)] == ["said", "decided", "asked"]
    assert [rule for _, rule, _ in kept(text, 0.9)] == ["asked"]
    turn = Turn(agent="clerk", asked=text, answer="Fact: It rains.")
    drafts = {bound: LongTerm(shelf(), keep=bound).notice(turn) for bound in (0.3, 0.7, 0.9)}
    assert {bound: [draft.rule for draft in some] for bound, some in drafts.items()} == {
        0.3: ["said", "decided", "asked", "noted"],
        0.7: ["decided", "asked", "noted"],
        0.9: ["asked"],
    }


@pytest.mark.parametrize("keep", [-1, 1.5, "much", True])
def test_a_bound_that_is_none_is_refused(keep):
    """What is no number from 0 to 1 is told with what to write."""
    with pytest.raises(DefinitionError, match="to keep"):
        LongTerm(shelf(), keep=keep)


def shelf(items=None, owner="clerk"):
    return StoreShelf(items or MemoryItems(), owner, "long_term")


ITEM = st.tuples(
    st.sampled_from(["red tea", "red car", "green tea", "red green tea"]),
    st.floats(0, 1),
    st.integers(0, 200),  # uses
    st.integers(0, 1000),  # hours since the last one, or since it was written
)


@given(st.lists(ITEM, min_size=1, max_size=8), st.integers(1, 8))
def test_items_are_weighed_as_the_formula_says(rows, k):
    """Score and order are those of a plain loop over relevance, importance, recency and use."""
    items, now = MemoryItems(), 5000 * HOUR
    for text, importance, uses, hours in rows:
        draft = Draft(text=text, again=True, fields={"importance": repr(importance)})
        number = items.add("clerk", "long_term", [draft], at=now - hours * HOUR).added[0].number
        items.use("clerk", "long_term", [Use(number=number)] * uses, at=now - hours * HOUR)
    store = shelf(items)
    found = LongTerm(store).recall(Query(text="red tea", at=now), k)

    relevance = {item.id: match.relevance for item, match in store.search(Query(text="red tea", at=now), 99)}
    model = {
        f"m{number}": 0.7 * relevance[f"m{number}"]
        + 0.1 * (importance + 0.995**hours + min(log(1 + uses) / log(101), 1))
        for number, (_, importance, uses, hours) in enumerate(rows, 1)
        if f"m{number}" in relevance
    }
    assert [one.score for one in found] == pytest.approx(sorted(model.values(), reverse=True)[:k])
    assert {one.item.id: pytest.approx(one.score) for one in found}.items() <= model.items()


def test_of_two_that_fit_alike_the_important_the_new_and_the_used_one_comes_first():
    """Each of the three weights decides where the others are equal, and the reason tells of it."""
    items, now = MemoryItems(), 5000 * HOUR

    def add(name, importance="0.5", hours=100.0, uses=0):
        draft = Draft(text=f"red tea {name}", fields={"importance": importance})
        number = items.add("clerk", "long_term", [draft], at=now - hours * HOUR).added[0].number
        items.use("clerk", "long_term", [Use(number=number)] * uses, at=now - hours * HOUR)

    add("plain")
    for name, given_ in {"grave": {"importance": "1"}, "new": {"hours": 1.0}, "known": {"uses": 50}}.items():
        add(name, **given_)
    found = LongTerm(shelf(items)).recall(Query(text="red tea", at=now))

    assert found[-1].item.text == "red tea plain"
    assert found[-1].why == "shares red, tea; importance 0.5, 4 days old"
    assert {one.item.text.split()[-1]: one.why.partition("; ")[2] for one in found[:-1]} == {
        "grave": "importance 1.0, 4 days old",
        "new": "importance 0.5, 1 h old",
        "known": "importance 0.5, 4 days old, used 50 times",
    }


OWNERS = st.sampled_from(["clerk", "user/ada", "user/bo", "project/desk"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "forget"]), OWNERS, st.sampled_from(["red tea", "red car"])),
    max_size=12,
)


@given(STEPS)
def test_scopes_cannot_read_each_other(steps):
    """Whatever is told and forgotten in which scope, each holds what a dict of sets holds."""
    items, model = MemoryItems(), {}
    for what, owner, text in steps:
        memory, there = LongTerm(shelf(items, owner)), model.setdefault(owner, set())
        if what == "add":
            memory.shelf.add([memory.draft(text)])
            there.add(text)
        else:
            gone = [item.id for item in memory.shelf.items() if item.text == text]
            assert memory.shelf.forget(gone) == (text in there)
            there.discard(text)

    for owner in ("clerk", "user/ada", "user/bo", "project/desk"):
        found = LongTerm(shelf(items, owner)).recall(Query(text="red"))
        assert {one.item.text for one in found} == model.get(owner, set())
