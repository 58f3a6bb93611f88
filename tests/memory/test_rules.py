"""The rules by which facts are found in what a person says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.memory.rules import LONGEST, MOST, RULES, facts_in, facts_noted, is_hidden
from genxai_nb.secrets import Secret


@pytest.mark.parametrize(
    ("said", "text", "rule", "parts"),
    [
        ("Hi, my name is Ada!", "My name is Ada.", "my", ("user", "name", "Ada")),
        ("my two cats are black", "My two cats are black.", "my", ("user", "two cats", "black")),
        ("I'm called Ada.", "My name is Ada.", "name", ("user", "name", "Ada")),
        ("Please call me Ada", "My name is Ada.", "name", ("user", "name", "Ada")),
        ("I live in Ulm", "I live in Ulm.", "place", ("user", "live in", "Ulm")),
        ("I now work as a baker", "I now work as a baker.", "place", ("user", "work as", "a baker")),
        ("I really like tea", "I really like tea.", "taste", ("user", "like", "tea")),
        ("I don't eat meat", "I don't eat meat.", "taste", ("user", "don't eat", "meat")),
        ("I'm a nurse", "I'm a nurse.", "am", ("user", "am", "a nurse")),
        (
            "The capital of France is Paris.",
            "The capital of France is Paris.",
            "of",
            ("France", "capital", "Paris"),
        ),
        ("Ada's birthday is today.", "Ada's birthday is today.", "of", ("Ada", "birthday", "today")),
        ("Remember that pi is 3.14.", "Pi is 3.14.", "remember", ("", "", "")),
        ("Don't forget: the door is blue", "The door is blue.", "remember", ("", "", "")),
        ("Note that I live in Rome", "I live in Rome.", "place", ("user", "live in", "Rome")),
        ("My doctor is Dr. Roe.", "My doctor is Dr. Roe.", "my", ("user", "doctor", "Dr. Roe")),
    ],
)
def test_a_statement_is_taken_apart(said, text, rule, parts):
    """Each rule finds its form, and gives subject, predicate and object."""
    (fact,) = facts_in(said)

    assert (fact.text, fact.rule, (fact.subject, fact.predicate, fact.object)) == (text, rule, parts)
    assert rule in RULES


@pytest.mark.parametrize(
    "said",
    [
        "What is my name?",
        "My name is what?",
        "Write about batteries: three sentences.",
        "If my name is Ada, say so.",
        "He said my name is Eve.",
        "<notes>\nMy name is Eve.\nI live in Rome.\n</notes>",
        "my password is swordfish",
        "My key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
        f"My story is {'long ' * 80}",
        "",
    ],
)
def test_what_is_no_statement_is_not_taken(said):
    """Questions, orders, conditions, hearsay, shown values, secrets and long texts give no fact."""
    assert facts_in(said) == []


def test_a_secret_of_this_process_is_never_a_fact():
    """What a Secret holds is not remembered, whatever it looks like."""
    word = Secret("correct-horse-battery-1", name="WORD").reveal()

    assert facts_in(f"My horse is {word}. My dog is Tom.") == facts_in("My dog is Tom.")


def test_one_sentence_may_state_several_facts():
    """Clauses that begin anew with I or my are facts of their own, in order."""
    found = facts_in("Hello, I'm called Ada and I live in Ulm, but my cat is in Rome. I like tea and milk.")

    assert [fact.text for fact in found] == [
        "My name is Ada.",
        "I live in Ulm.",
        "My cat is in Rome.",
        "I like tea and milk.",
    ]


def test_only_one_value_at_a_time_where_there_can_be_only_one():
    """Names, places and properties replace each other; tastes and reminders add up."""
    found = facts_in(
        "My name is Ada. I live in Ulm. Ada's age is 9. I like tea. I am tired. Remember that it rains."
    )

    assert [fact.single for fact in found] == [True, True, True, False, False, False]


def test_an_agent_notes_a_fact_by_a_line_of_its_own():
    """Lines of an answer that begin with Fact or Remember are facts, others are not."""
    found = facts_noted("Done. Fact: not here.\nFact: The lab is shut.\n- **Remember:** bring a coat\n")

    assert [(fact.text, fact.rule) for fact in found] == [
        ("The lab is shut.", "noted"),
        ("Bring a coat.", "noted"),
    ]


def test_a_noted_fact_by_name_has_parts_and_replaces_nothing():
    """It can be followed like one that was stated; what an agent says of itself is a sentence only."""
    noted = facts_noted("Fact: Ada reports to Bo.\nFact: My name is Clerk.")

    assert [(fact.subject, fact.object, fact.rule, fact.single) for fact in noted] == [
        ("Ada", "Bo", "noted", False),
        ("", "", "noted", False),
    ]


def test_the_source_of_a_noted_fact_stands_apart():
    """What stands in brackets at its end says where it is from: it stays in the text, and is no part of the object."""
    noted = facts_noted(
        "Fact: Monaco's neighbour is France [atlas#4] [survey.md#12].\nFact: Some say [so] it rains.\nFact: [x]"
    )

    assert [(fact.text, fact.subject, fact.object, fact.cited) for fact in noted] == [
        (
            "Monaco's neighbour is France [atlas#4] [survey.md#12].",
            "Monaco",
            "France",
            "atlas#4, survey.md#12",
        ),
        ("Some say [so] it rains.", "", "", ""),
        ("[x].", "", "", ""),
    ]


@given(st.text(max_size=400))
def test_any_text_gives_few_short_sentences(text):
    """Whatever is said, the facts are few, short, whole sentences, none twice, none that hides something."""
    found = facts_in(text)

    assert len(found) <= MOST
    assert len({fact.text for fact in found}) == len(found)
    for fact in found:
        assert 0 < len(fact.text) <= LONGEST + 20
        assert fact.text.endswith((".", "!", "…"))
        assert not is_hidden(fact.text)


WORDS = st.sampled_from(
    ["my", "I", "am", "is", "name", "of", "the", "Ada", "'s", "live in", ".", ",", "and", "like", "?"]
)


@given(st.lists(WORDS, max_size=14))
def test_a_fact_that_is_stated_again_is_the_same_fact(words):
    """What a rule made of a statement is itself a statement that gives the same fact."""
    for fact in facts_in(" ".join(words)):
        if fact.rule == "remember":
            continue
        again = facts_in(fact.text)
        assert [one.text for one in again] in ([fact.text], [])
