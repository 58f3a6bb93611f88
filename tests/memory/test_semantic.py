"""Facts: confidence, the time in which they hold, and what leads from one to another."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.errors import DefinitionError, InputError
from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.memory.base import Item, Query, Turn, Visit
from genxai_nb.memory.entities import related
from genxai_nb.memory.frames import item_table, link_table
from genxai_nb.memory.rules import facts_in
from genxai_nb.memory.semantic import Semantic
from genxai_nb.memory.shelves import ListShelf, StoreShelf
from genxai_nb.moments import moment, time_since

NOON = datetime(2026, 12, 1, 12).timestamp()  # a Tuesday


def semantic(*said, hops=2, items=None, at=NOON):
    """Semantic memory that was told sentences by a user."""
    memory = Semantic(StoreShelf(items or MemoryItems(), "clerk", "semantic"), hops=hops)
    for text in said:
        drafts = memory.notice(Turn(agent="clerk", asked=text))
        memory.shelf.add([memory.complete(draft, Visit(at=at)) for draft in drafts])
    return memory


def recalled(memory, text, at=NOON, k=5):
    return [one.item.text for one in memory.recall(Query(text=text, at=at), k)]


@pytest.mark.parametrize(
    ("said", "parts", "single"),
    [
        ("Ada lives in Ulm.", ("Ada", "lives in", "Ulm"), True),
        ("Ms Okafor reports to Dr. Weiss", ("Ms Okafor", "reports to", "Dr. Weiss"), True),
        ("Acme Corp is in Building 7.", ("Acme Corp", "is in", "Building 7"), True),
        ("Bo likes green tea", ("Bo", "likes", "green tea"), False),
        ("Dr. Roe's room is 12", ("Dr. Roe", "room", "12"), True),
    ],
)
def test_what_is_said_of_others_is_a_fact_about_them(said, parts, single):
    """Names begin with a capital; of a place or an employer there is one at a time, of what is liked many."""
    (fact,) = facts_in(said)

    assert ((fact.subject, fact.predicate, fact.object), fact.single) == (parts, single)


@pytest.mark.parametrize(
    "said",
    ["It is in the box.", "Everything is on fire", "he likes tea", "Who lives in Ulm?", "The man likes tea"],
)
def test_what_has_no_name_is_no_fact_about_somebody(said):
    """Pronouns, questions and nobody in particular are no subjects."""
    assert facts_in(said) == []


@pytest.mark.parametrize(
    ("words", "day", "end"),
    [
        ("today", "2026-12-01", "2026-12-02"),
        ("Tomorrow", "2026-12-02", "2026-12-03"),
        ("tuesday", "2026-12-01", "2026-12-02"),
        ("next Tuesday", "2026-12-08", "2026-12-09"),
        ("Monday", "2026-12-07", "2026-12-08"),
        ("3 May", "2027-05-03", "2027-05-04"),
        ("December 24, 2026", "2026-12-24", "2026-12-25"),
        ("1999-12-31", "1999-12-31", "2000-01-01"),
        ("31 February", None, None),
        ("soon", None, None),
        ("May", None, None),
        ("", None, None),
    ],
)
def test_days_in_words_are_moments(words, day, end):
    """The next day of that name from now on; its first moment, or its last one; nothing for what is no day."""

    def shown(time):
        return None if time is None else datetime.fromtimestamp(time).isoformat()[:10]

    assert (shown(moment(words, NOON)), shown(moment(words, NOON, end=True))) == (day, end)


@pytest.mark.parametrize(
    ("since", "seconds"),
    [("7d", 604800), ("12 h", 43200), ("30min", 1800), ("1w", 604800), (5, 5), (timedelta(hours=1), 3600)],
)
def test_how_long_ago_is_a_time(since, seconds):
    """Words, seconds and timedeltas are counted back from now; a day and a datetime are taken as they are."""
    assert time_since(since, NOON) == NOON - seconds
    assert time_since("2026-12-01", NOON) == time_since(datetime(2026, 12, 1), 0.0) == NOON - 43200
    with pytest.raises(InputError, match="7d, 12h"):
        time_since("a while", NOON)


def test_a_fact_holds_in_the_time_that_was_said():
    """Before its first and after its last day it is not recalled; the table says both."""
    memory = semantic("The code of the door is 4711 until Friday", "My room is 7 from 3 May 2027")
    day = 86400.0

    assert recalled(memory, "What is the code of the door?", NOON + 3 * day) == [
        "The code of the door is 4711 until Friday."
    ]
    assert recalled(memory, "What is the code of the door?", NOON + 4 * day) == []
    assert recalled(memory, "Which room?", NOON) == []
    assert recalled(memory, "Which room?", NOON + 200 * day) == ["My room is 7 from 3 May 2027."]
    frame = item_table(memory.shelf.items(), memory.columns)
    assert list(frame["object"]) == ["4711", "7"]
    assert frame["until"][0].timestamp() == moment("2026-12-04", NOON, end=True)
    assert frame["since"][1].timestamp() == moment("2027-05-03", NOON)


def test_contradictions_are_kept_with_the_time_in_which_they_held():
    """Of three values in turn the last one is recalled, and the table has an interval for each."""
    memory = semantic("Ada lives in Ulm", "Ada lives in Rome", "Ada lives in Bern")
    frame = item_table(memory.shelf.items(), memory.columns)

    assert recalled(memory, "Where does Ada live?") == ["Ada lives in Bern."]
    assert list(frame["status"]) == ["replaced", "replaced", "current"]
    assert list(frame["until"][:2]) == list(frame["since"][1:])
    assert frame["until"].isna().tolist() == [False, False, True]


def test_what_is_doubted_weighs_less():
    """The surer one of two facts comes first, and the reason tells of the doubt."""
    memory = semantic("I think my favourite tea is green", "My other tea is black")
    memory.shelf.add([memory.draft("My usual tea is white")])
    found = memory.recall(Query(text="Which tea?", at=NOON))

    assert [(one.item.fields["confidence"], one.why) for one in found] == [
        ("1", "shares tea"),
        ("0.9", "shares tea"),
        ("0.5", "shares tea; confidence 0.5"),
    ]


CHAIN = ("My manager is Ms Okafor", "Ms Okafor's assistant is Bo", "Bo's phone is 555-17", "My phone is red")


@pytest.mark.parametrize(("hops", "found"), [(1, False), (2, False), (3, True)])
def test_a_question_is_answered_over_as_many_facts_as_are_followed(hops, found):
    """What is known only of what a fact leads to is recalled once so many facts are followed, with the way there."""
    memory = semantic(*CHAIN, hops=hops)
    recalled_ = {one.item.text: one for one in memory.recall(Query(text="Who is my manager?", at=NOON))}

    assert ("Bo's phone is 555-17." in recalled_) is found
    if found:
        assert recalled_["Bo's phone is 555-17."].why == "about Bo, from m2: Ms Okafor's assistant is Bo."
        scores = [
            recalled_[text].score
            for text in ("My manager is Ms Okafor.", "Ms Okafor's assistant is Bo.", "Bo's phone is 555-17.")
        ]
        assert scores == [scores[0], pytest.approx(0.4 * scores[0]), pytest.approx(0.16 * scores[0])]


@pytest.mark.parametrize("hops", [0, 5, "two", True])
def test_a_number_of_facts_that_is_none_is_refused(hops):
    """What is no number from 1 to 4 is told with what to write."""
    with pytest.raises(DefinitionError, match="hops: 2"):
        Semantic(ListShelf("semantic"), hops=hops)


NAMES = st.sampled_from(["Ada", "Bo", "Cy", "Di", "Eve"])


@given(st.lists(st.tuples(NAMES, NAMES, st.booleans()), max_size=10), NAMES, st.integers(1, 4))
def test_what_can_be_reached_is_what_a_walk_over_all_pairs_reaches(edges, start, hops):
    """A fact is at hop n if one of its ends is n - 1 facts away, whichever way they point; ended ones lead nowhere."""
    items = [
        Item(
            kind="semantic",
            id=f"m{n}",
            text="x",
            status="current" if holds else "replaced",
            fields={"subject": a, "predicate": "knows", "object": b},
        )
        for n, (a, b, holds) in enumerate(edges)
    ]
    away = {start: 0}
    for _ in edges:
        for a, b, holds in edges:
            for one, other in ((a, b), (b, a)):
                if holds and one in away:
                    away[other] = min(away.get(other, 99), away[one] + 1)
    model = {
        f"m{n}": hop
        for n, (a, b, holds) in enumerate(edges)
        if holds and (hop := min(away.get(a, 99), away.get(b, 99)) + 1) <= hops
    }

    links = related(items, start, hops)
    assert {link.item.id: link.hop for link in links} == model
    assert [link.hop for link in links] == sorted(model.values())
    by_id = {link.item.id: link for link in links}
    assert all(link.hop == 1 or by_id[link.via].hop == link.hop - 1 for link in links)


def test_the_facts_around_an_entity_are_a_table():
    """Each row is a fact with its distance, its parts, its confidence, its time and the fact that led to it."""
    memory = semantic(*CHAIN)
    frame = link_table(related(memory.shelf.items(), "the manager", 2))
    assert len(frame) == 0

    frame = link_table(related(memory.shelf.items(), "ms okafor", 2))
    assert list(frame.columns) == [
        "hop",
        "subject",
        "predicate",
        "object",
        "confidence",
        "since",
        "until",
        "id",
        "via",
    ]
    assert frame[["hop", "subject", "object", "id", "via"]].to_numpy().tolist() == [
        [1, "user", "Ms Okafor", "m1", ""],
        [1, "Ms Okafor", "Bo", "m2", ""],
        [2, "user", "red", "m4", "m1"],
        [2, "Bo", "555-17", "m3", "m2"],
    ]


def test_a_noted_fact_keeps_its_source_and_is_followed():
    """Its source is a column of its own, so that the object leads on to what is known of it."""
    memory = Semantic(StoreShelf(MemoryItems(), "clerk", "semantic"))
    answer = "Fact: Monaco's neighbour is France [atlas#4].\nFact: France's anthem is Marseillaise [atlas#9]."
    memory.shelf.add(memory.notice(Turn(agent="clerk", asked="", answer=answer)))

    found = memory.recall(Query(text="the neighbour of Monaco", at=NOON))
    frame = item_table(memory.shelf.items(), memory.columns)

    assert frame[["object", "cited"]].to_numpy().tolist() == [
        ["France", "atlas#4"],
        ["Marseillaise", "atlas#9"],
    ]
    assert [one.item.text for one in found] == [
        "Monaco's neighbour is France [atlas#4].",
        "France's anthem is Marseillaise [atlas#9].",
    ]
    assert found[1].why == "about France, from m1: Monaco's neighbour is France [atlas#4]."
