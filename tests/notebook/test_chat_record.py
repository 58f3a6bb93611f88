"""The record of a chat: text stays text, it stays small, and running again makes no difference to its plain form."""

from __future__ import annotations

import re

import pytest
from chats import Talking

from genxai_nb import Agent, tool
from genxai_nb.messages import ToolCall
from genxai_nb.notebook.chats.record import chat_record
from genxai_nb.notebook.record import LARGEST
from genxai_nb.providers.scripted import Scripted


@tool
def look(place: str) -> str:
    """Look at a place."""
    return f"<i>{place}</i> is empty"


@pytest.fixture
def said():
    """Hold a conversation: what a person says, and what the model answers to it."""
    opened = []

    def hold(*messages, replies):
        model = Scripted(replies)
        opened.append(Talking(Agent("clerk", model=model.model, tools=[look])))
        for message in messages:
            opened[-1].say(message)
        return opened[-1].chat

    yield hold
    for one in opened:
        one.desk.close()


def test_what_people_models_and_tools_say_is_escaped(said):
    """No text of theirs becomes an element, an attribute or a script, and all of it can be read."""
    chat = said(
        "<script>alert(1)</script>",
        replies=[ToolCall("c1", "look", {"place": '"><img src=x>'}), "<b>Bold</b>\u202e"],
    )
    page = chat_record(chat, "Run <me> again")["text/html"]

    inside = page.split("</style>")[1]
    assert set(re.findall(r"<(\w+)", inside)) == {"div", "b", "span", "br", "details", "summary"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;i&gt;" in page
    assert "&lt;b&gt;Bold&lt;/b&gt;\\u202e" in page
    assert "Run &lt;me&gt; again" in page


def test_the_plain_form_has_no_run_and_no_time(said):
    """Two chats in which the same was said read the same, tools included."""
    first = said("Where?", replies=[ToolCall("c1", "look", {"place": "attic"}), "Not there."])
    second = said("Where?", replies=[ToolCall("c1", "look", {"place": "attic"}), "Not there."])
    plain = chat_record(first, "")["text/plain"]

    assert first.runs != second.runs
    assert plain == chat_record(second, "")["text/plain"]
    assert plain.splitlines() == [
        "clerk: chat, 1 turn",
        "",
        "you: Where?",
        "  look(place=attic)",
        "clerk: Not there.",
    ]


def test_a_long_chat_takes_at_most_200_kb(said):
    """Longer texts are cut, and say so."""
    chat = said(*[f"{n} " + "word " * 2000 for n in range(30)], replies=["answer " * 1000] * 30)
    page = chat_record(chat, "")["text/html"]

    assert len(page.encode()) <= LARGEST
    assert "more characters" in page
