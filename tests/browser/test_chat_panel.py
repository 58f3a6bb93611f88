"""A chat as a person uses it: writing, reading what is streamed, allowing a tool, stopping, and reading it later."""

from __future__ import annotations

import json

import pytest
from legible import CONTRAST, themed

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

MODEL = """
%load_ext genxai_nb
import asyncio
from genxai_nb import tool
from genxai_nb.messages import ModelReply, TextDelta, ToolCall, assistant
from genxai_nb.providers.scripted import Scripted

rung, waiting, shut = [], [], [True]

@tool(permissions=["send"])
def ring(bell: str) -> str:
    "Ring a bell."
    rung.append(bell)
    return f"the {bell} rang"

class Halting(Scripted):
    "Rings where it is told to; else says half of its answer, and the rest once it is let go on."

    async def stream(self, request):
        said = request.messages[-1].text or "the bell"
        if said.startswith("ring"):
            async for piece in Scripted([ToolCall("c1", "ring", {"bell": said.split()[1]})], name="calls").stream(request):
                yield piece
            return
        yield TextDelta("Half of it, ")
        if shut:
            waiting.append((asyncio.get_running_loop(), asyncio.Event()))
            await waiting[-1][1].wait()
        rest = f"and the rest <b>to</b> {said}."
        yield TextDelta(rest)
        yield ModelReply(message=assistant("Half of it, " + rest))

def go_on():
    shut.clear()
    for loop, gate in waiting:
        loop.call_soon_threadsafe(gate.set)

halting = Halting([], name="halting").model
"""
AGENT = "%%genxai agent clerk\nmodel: $halting\ntools: ring"


CHAT = "%%genxai chat clerk\nHello"


def test_a_conversation_is_streamed_answered_stopped_and_still_read_later(book):
    """Two messages are answered as they come, a tool waits for leave, Stop keeps what was said, a reload keeps it all."""
    notebook = book(MODEL, AGENT, CHAT, "go_on()", "shut.append(True)", "print(rung)")
    notebook.run_all(0, 1, 2)
    panel = notebook.panel(2)
    panel.find(".gx-theirs", has_text="Half of it,").wait_for()
    assert panel.words == "Answering"
    notebook.shoot("chat-streaming")
    notebook.run(3)
    panel.wait_for("Ready")
    assert "Half of it, and the rest <b>to</b> Hello." in panel.find(".gx-theirs").inner_text()

    field = panel.find(".gx-composer textarea")
    field.fill("Second")
    field.press("Shift+Enter")
    field.type("line")
    field.press("Enter")
    panel.find(".gx-theirs", has_text="Second\nline").wait_for()
    field.fill("ring frontdoor")
    panel.find(".gx-composer").get_by_role("button", name="Send").click()
    form = panel.find(".gx-form", has_text="frontdoor")
    form.wait_for()
    assert panel.words == "Waits for you"
    notebook.shoot("chat-question")
    form.get_by_role("button", name="allow", exact=True).click()
    panel.find(".gx-tool", has_text="ring").wait_for()
    panel.wait_for("Ready")
    notebook.run(4)
    field.fill("Never whole")
    field.press("Enter")
    panel.find(".gx-turn", has_text="Never whole").locator(".gx-theirs").wait_for()
    panel.find(".gx-composer").get_by_role("button", name="Stop").click()
    panel.wait_for("Stopped")
    notebook.run(5)
    saved = notebook.save()
    output = json.dumps(saved["cells"][2]["outputs"])

    assert "frontdoor" in notebook.text(5)
    assert notebook.cell(2).locator(".gx-record").count() == 1
    assert not notebook.cell(2).locator(".gx-record").is_visible()
    assert "widget-view" not in output
    notebook.open()
    record = notebook.cell(2).locator(".gx-record")
    record.wait_for()
    text = record.inner_text()
    assert "Half of it, and the rest <b>to</b> Second\nline." in text
    assert "Half of it, " in text.split("Never whole")[1]
    assert "ring(bell=frontdoor)" in text
    assert notebook.panel().root.count() == 0
    notebook.shoot("chat-record")
    notebook.run(2)
    panel = notebook.panel(2)
    panel.find(".gx-strip", has_text="goes on after 4 turns").wait_for()
    assert panel.find(".gx-turn").count() == 4


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_chat_can_be_read_and_used_without_seeing_it(book, server, theme):
    """All text has enough contrast in both themes, keys stay inside, and each part has a role and a name."""
    with themed(server, theme):
        notebook = book(MODEL, "shut.clear()", AGENT, CHAT.replace("clerk", "clerk --new"))
        notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    panel.wait_for("Ready")
    page, field = notebook.page, panel.root.get_by_role("textbox", name="Message to clerk")
    for text in ("ring frontdoor", "never"):
        field.fill(text)
        field.press("Enter")
        if text.startswith("ring"):
            panel.find(".gx-form").get_by_role("button", name="allow", exact=True).click()
        panel.find(".gx-turn", has_text=text).locator(".gx-theirs").wait_for()
        panel.wait_for("Ready")
    panel.find(".gx-tool summary").focus()
    page.keyboard.press("Enter")
    panel.find(".gx-tool dd", has_text="the frontdoor rang").wait_for()
    notebook.shoot(f"chat-{theme.split()[1].lower()}")

    assert panel.root.evaluate(CONTRAST) == []
    assert panel.root.get_by_role("log", name="Conversation").count() == 1
    assert page.get_by_role("region", name="Chat with clerk").count() == 1
    assert panel.root.get_by_role("button", name="Send").is_disabled()
    panel.root.get_by_role("log").focus()
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert notebook.cell(3).locator(".gx-panel").count() == 1
    field.focus()
    page.keyboard.press("Escape")
    assert not panel.root.evaluate("root => root.contains(document.activeElement)")
    page.set_viewport_size({"width": 900, "height": 1200})
    assert panel.root.evaluate("root => root.scrollWidth <= root.clientWidth")


def test_a_restarted_kernel_is_told_and_the_conversation_goes_on(book):
    """A banner says so; after the definitions the cell goes on with what was said."""
    notebook = book(MODEL, "shut.clear()", AGENT, CHAT)
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    panel.wait_for("Ready")
    notebook.page.locator("li.lm-MenuBar-item", has_text="Kernel").click()
    notebook.page.get_by_text("Restart Kernel…", exact=True).click()
    notebook.page.locator(".jp-Dialog button.jp-mod-accept").click()
    panel.find('.gx-strip[role="alert"]', has_text="Kernel gone. What was said is saved").wait_for()
    notebook.idle()
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    panel.find(".gx-strip", has_text="The conversation goes on after 1 turn.").wait_for()
    field = panel.root.get_by_role("textbox", name="Message to clerk")
    field.fill("And then?")
    field.press("Enter")
    panel.find(".gx-turn", has_text="And then?").locator(".gx-theirs").wait_for()
    panel.wait_for("Ready")

    assert panel.find(".gx-turn").count() == 2
    assert panel.find(".gx-strip", has_text="goes on").is_hidden()
