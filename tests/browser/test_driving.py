"""Going through a run in the panel, in a real JupyterLab: each button, by click and by key."""

from __future__ import annotations

import json
import re

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

SETUP = """
import time
%load_ext genxai_nb
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted

def count_words(text: str) -> int:
    "Count the words of a text."
    return len(text.split())

def answer(request):
    if request.messages[-1].role == "user":
        return [ToolCall("c1", "count_words", {"text": request.messages[-1].text})]
    return "It has " + request.messages[-1].parts[0].text + " words."

clerk_model = Scripted(answer).model

def facts(state):
    time.sleep(0.3)
    return {"notes": ["a fact"]}

def style(state):
    time.sleep(0.5)
    return {"notes": ["a style"]}

def critic(state):
    time.sleep(0.2)
    return {"score": state.get("score", 0.2) + 0.3}
"""
WRITER = """%%genxai agent writer
model: $clerk_model
goal: Explain the topic
task: Write about {{topic}}
tools: count_words
writes: draft
"""
GRAPH = """%%genxai graph review --reduce notes=append
START -> writer -> [facts, style] -> critic
critic -> writer if score < 0.8 max 3
critic -> END else
"""
DEBUG = "%%genxai debug review\ntopic: solid-state batteries"
RUN = "%%genxai run review\ntopic: solid-state batteries"


def test_a_run_is_gone_through_by_clicks(book):
    """Next, a breakpoint by click, Continue, Back, Pause and on to the end; the record takes the panel's place."""
    notebook = book(SETUP, WRITER, GRAPH, DEBUG, "%genxai runs")
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    panel.wait_for("Ready to start")
    assert set(panel.statuses().values()) == {"idle"}

    panel.press("next")
    panel.wait_for("Paused before facts, visit 1")
    assert panel.statuses() == {"writer": "done", "facts": "paused", "style": "idle", "critic": "idle"}
    assert panel.card("writer").locator(".gx-sl").text_content() == "Done"

    panel.card("critic").hover()
    panel.card("critic").locator(".gx-bp").click()
    panel.find(".gx-bp.gx-on").wait_for()
    panel.press("go")
    panel.wait_for("Paused before critic, visit 1 · breakpoint 1")
    assert panel.statuses()["critic"] == "paused"
    notebook.shoot("lab-paused")

    panel.press("back")
    panel.wait_for("Paused before")
    panel.find(".gx-scrub .gx-r", has_text="of 2").wait_for()
    panel.find(".gx-heads li", has_text="r1.1").wait_for()
    panel.card("critic").locator(".gx-bp").click()
    panel.find(".gx-bp.gx-on").wait_for(state="detached")

    panel.press("go")
    panel.wait_for("Running")
    panel.press("pause")
    panel.wait_for("Paused before")
    panel.press("go")
    notebook.page.wait_for_selector(".gx-panel", state="detached")
    notebook.cell(3).locator(".gx-record", has_text="Done").wait_for()
    notebook.run(4)
    assert "done" in notebook.text(4)


def test_step_stops_at_calls_which_can_be_edited(book):
    """Step into stops at a model call and at a tool call; what is edited there is what is sent."""
    notebook = book(SETUP, WRITER, GRAPH, DEBUG)
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    panel.press("step")
    panel.wait_for("Paused at a call of writer, visit 1")
    pending = panel.find(".gx-pending")
    assert "Write about solid-state batteries" in pending.inner_text()
    pending.get_by_role("button", name="Edit prompt").click()
    pending.locator("textarea").fill("Write about cats")
    notebook.page.keyboard.press("Control+Enter")
    pending.locator(".gx-txt", has_text="Write about cats").wait_for()

    panel.press("step")
    pending.locator("h4", has_text="Pending tool call").wait_for()
    pending.locator(".gx-txt", has_text="Write about cats").wait_for()
    pending.get_by_role("button", name="Edit arguments").click()
    pending.locator("textarea").fill('{"text": "a b c d e"}')
    pending.get_by_role("button", name="Use this").click()
    pending.locator(".gx-txt", has_text="a b c d e").wait_for()
    panel.press("out")
    panel.wait_for("Paused before facts, visit 1")
    panel.find(".gx-state .gx-v", has_text="It has 5 words.").wait_for()


def test_calls_are_answered_skipped_and_failed_by_hand(book):
    """Answer by hand, Skip and Raise end the call with what was typed, nothing, and an error."""
    calls = """
async def body(state, context):
    said = []
    for name in ("one", "two", "three"):
        try:
            said.append(await context.tool("count_words", text=name))
        except Exception as exc:
            said.append(str(exc))
    return {"said": said}
"""
    notebook = book(
        SETUP + calls, "%%genxai graph g\nSTART -> body", "%%genxai debug g\n", "print(result.state['said'])"
    )
    notebook.run_all(0, 1, 2)
    panel = notebook.panel(2)
    panel.press("step")
    pending = panel.find(".gx-pending")
    pending.locator(".gx-txt", has_text="one").wait_for()
    pending.get_by_role("button", name="Answer by hand").click()
    pending.locator("textarea").fill("17")
    notebook.page.keyboard.press("Control+Enter")
    pending.locator(".gx-txt", has_text="two").wait_for()
    pending.get_by_role("button", name="Skip").click()
    pending.locator(".gx-txt", has_text="three").wait_for()
    pending.get_by_role("button", name="Raise…").click()
    pending.locator("textarea").fill("out of paper")
    pending.locator("button.gx-yes").click()
    panel.press("go")
    notebook.page.wait_for_selector(".gx-panel", state="detached")
    notebook.run(3)

    assert re.search(r"\['17', None, '.*out of paper.*'\]", notebook.text(3))


def test_the_past_is_looked_at_changed_and_gone_on_from(book):
    """The slider shows an earlier step and changes nothing; from there the run goes another way."""
    notebook = book(SETUP, WRITER, GRAPH, DEBUG)
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    panel.find('.gx-tools [data-do="until"]').click()
    panel.find(".gx-small input").fill("score > 0.3")
    notebook.page.keyboard.press("Enter")
    panel.wait_for("Paused before writer, visit 2")
    panel.find(".gx-state h4", has_text="before step 5").wait_for()
    panel.wait_for_state("score", "0.5")

    slider = panel.find(".gx-scrub input")
    slider.focus()
    for _ in range(3):
        notebook.page.keyboard.press("ArrowLeft")
    panel.find(".gx-state h4", has_text="after step 1").wait_for()
    assert panel.statuses() == {"writer": "done", "facts": "idle", "style": "idle", "critic": "idle"}
    panel.wait_for_state("score", None)
    panel.find(".gx-strip").get_by_role("button", name="Return").click()
    panel.find(".gx-state h4", has_text="before step 5").wait_for()

    panel.find(".gx-state").get_by_role("button", name="Edit score").click()
    panel.find(".gx-state textarea").fill("0.75")
    notebook.page.keyboard.press("Control+Enter")
    panel.find(".gx-state .gx-v", has_text="0.75").wait_for()
    panel.press("fork")
    panel.find(".gx-small button", has_text="Fork").click()
    fork = notebook.panel_of("r2")
    fork.wait_for("Paused before writer, visit 2")
    notebook.panel_of("r1").find(".gx-heads li", has_text="r2").wait_for()
    notebook.shoot("lab-forked")


def test_each_thing_of_a_node_is_told_at_a_click(book):
    """State in and out, prompt, reply, tool call and memories of a node that ran; zoom, fit and search."""
    notebook = book(SETUP, WRITER, GRAPH, DEBUG)
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    panel.press("next")
    panel.wait_for("Paused before facts, visit 1")
    told = panel.choose("writer").inner_text()
    for piece in (
        "topic",
        "solid-state batteries",
        "Explain the topic",
        "Write about",
        "Tool call",
        "It has 4 words",
        "draft",
        "memories",
    ):
        assert piece in told
    world = panel.find(".gx-canvas svg.gx-g > g")
    before = world.get_attribute("transform")
    panel.find(".gx-zoom button").nth(2).click()
    assert world.get_attribute("transform") != before
    panel.find(".gx-zoom button").nth(1).click()
    assert world.get_attribute("transform") == before
    panel.find(".gx-find").fill("cri")
    assert panel.find(".gx-hit").get_attribute("data-node") == "critic"
    notebook.page.keyboard.press("Enter")
    panel.find(".gx-node h4", has_text="critic").wait_for()


def test_keys_work_inside_and_change_no_cell(book):
    """n, b and Escape do what they say; d d, Shift+Enter, c and x leave the cells as they are."""
    notebook = book(SETUP, WRITER, GRAPH, DEBUG, "'last'")
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    cells = notebook.page.locator(".jp-Notebook .jp-Cell").count()
    panel.find(".gx-canvas svg.gx-g").click(position={"x": 12, "y": 60})
    notebook.page.keyboard.press("n")
    panel.wait_for("Paused before facts, visit 1")
    for key in ("d", "d", "Shift+Enter", "x", "z", "m"):
        notebook.page.keyboard.press(key)
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert notebook.page.locator(".jp-MarkdownCell").count() == 0
    assert panel.words == "Paused before facts, visit 1"
    notebook.page.keyboard.press("b")
    panel.wait_for("Paused before writer, visit 1")
    notebook.page.keyboard.press("c")
    panel.wait_for("Running")
    notebook.page.keyboard.press("Escape")
    assert notebook.page.evaluate("document.activeElement.closest('.gx-panel')") is None
    assert notebook.page.evaluate("document.activeElement.closest('.jp-Notebook') !== null")


def test_at_least_three_pictures_are_seen_and_the_last_is_the_journals(book):
    """While a run goes on several pictures of it are seen; in the end the counts are those of the journal."""
    watch = """() => {
      window.seen = new Set();
      new MutationObserver(() => {
        const cards = [...document.querySelectorAll('.gx-n')];
        if (cards.length) window.seen.add(cards.map((card) => card.dataset.st + card.querySelector('.gx-sl').textContent).join());
      }).observe(document.body, { subtree: true, attributes: true, childList: true, characterData: true });
    }"""
    count = (
        "import json\nfrom genxai_nb import Run\nfrom genxai_nb.journal.summary import summarize\n"
        "print(json.dumps({n: s.visits for n, s in summarize(Run.load('r1').events()).nodes.items()}))"
    )
    notebook = book(SETUP, WRITER, GRAPH, RUN, count)
    notebook.run_all(0, 1, 2)
    notebook.page.evaluate(watch)
    notebook.run(3)
    notebook.cell(3).locator(".gx-record", has_text="Done").wait_for()
    seen = notebook.page.evaluate("[...window.seen]")
    notebook.run(4)

    assert len(seen) >= 3
    record = notebook.cell(3).locator(".gx-record .gx-state").all_inner_texts()
    shown = [int(found[1]) if (found := re.search(r"(\d+) visits", words)) else 1 for words in record]
    assert shown == list(json.loads(notebook.text(4)).values())
