"""The offline model in a conversation: what it was told before, and what of that is no source."""

from __future__ import annotations

import pytest
from bread import BREAD, NOTES, text_of

from genxai_nb.agents.agent import Agent
from genxai_nb.messages import assistant, user
from genxai_nb.providers.offline.answer import NOTED, NOTHING

TOLD = (user("The library opens at nine. It closes at six on weekdays. Who are you?"), assistant("Noted."))


def test_what_is_told_is_noted():
    """A statement that asks for nothing gets no excuse for an answer; a command does."""
    assert text_of("My first language is JavaScript.") == "Noted."
    assert text_of("My first language is JavaScript. Compare it with Python.") != "Noted."
    assert text_of("Which language is my first one?") != "Noted."


def test_context_of_earlier_messages_is_used():
    """A question in a conversation is answered from what was given before."""
    before = (user(f"Here are my notes. {BREAD}"), assistant("Thank you."))
    assert "Rye flour holds more water" in text_of("What about rye?", *before)


@pytest.mark.parametrize(
    "advice",
    [
        "Leave out what no source says.",
        "Leave out what no source says. The first source does not speak of the sea, of ships or of the tide.",
    ],
)
def test_advice_and_tags_of_earlier_turns_are_no_sentences(advice: str):
    """What an earlier turn gave between tags is told without them, also where the source was its answer."""
    asked = f"Answer from the sources: what does salt do to the yeast?\n\n<sources>\n{BREAD}\n</sources>"
    advised = text_of(f"{asked}\n\n<advice>\n{advice}\n</advice>", user(asked), assistant(BREAD))

    assert advised == BREAD


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("When does the library close?", "The library opens at nine. It closes at six on weekdays."),
        ("When does it close on weekdays?", "It closes at six on weekdays."),
        ("Summarise in one sentence what I told you.", "The library opens at nine."),
        ("Where do whales sleep?", NOTHING),
        ("The café closes at eight.", NOTED),
        (
            f"What lifts the dough when it closes?\n\n{NOTES}",
            "Yeast turns sugar into gas, which lifts the dough.",
        ),
    ],
)
def test_earlier_turns_are_what_an_answer_is_picked_from_where_nothing_is_given(asked, answered):
    """Of a question, sentences that share a term with it; what the request itself gives comes before all that."""
    assert text_of(asked, *TOLD) == answered


def test_name_that_was_told_is_known_and_what_was_commanded_is_no_source():
    """Also a word that commands elsewhere; neither commands nor questions of earlier turns are told."""
    before = (
        user("My name is Ada and I work on moss."),
        assistant(NOTED),
        user("Write about moss. What is your name?"),
        assistant(NOTHING),
    )
    assert text_of("What is my name?", *before) == "My name is Ada and I work on moss."
    assert text_of("What did I say about moss?", *before) == "My name is Ada and I work on moss."


def test_agent_that_is_asked_twice_answers_from_what_it_was_told():
    """By the conversation of ask, without any other memory."""
    agent = Agent("clerk", model="offline")
    agent.ask("The reading room closes at six today.", store=":memory:")
    assert agent.ask("When does the reading room close?", store=":memory:").text == (
        "The reading room closes at six today."
    )
