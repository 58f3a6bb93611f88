"""The panel in its page: safe, kept over reload and restart, one for several windows, gone from saved files."""

from __future__ import annotations

import json
import re

import pytest
from legible import CONTRAST, themed

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

HOSTILE = "<img src=http://evil.example/x onerror=alert(1)><script>alert(2)</script>"
COUNT = """
import time
%load_ext genxai_nb
def tick(state):
    time.sleep(0.05)
    return {"n": state.get("n", 0) + 1}
def tock(state):
    return {}
"""
TICKS = "%%genxai graph ticks\nSTART -> tick -> tock\ntock -> tick if n < 4 max 9\ntock -> END else"
DEBUG = "%%genxai debug ticks\n"


def test_hostile_text_stays_text(book):
    """Markup in names, conditions, values, prompts, choices, logs, errors and differences is shown as it is."""
    cell = f"""
%load_ext genxai_nb
from genxai_nb import Agent, Graph, human
from genxai_nb.notebook.panel import show_panel
from genxai_nb.providers.scripted import Scripted
bad = {HOSTILE!r}
def body(state, context):
    context.log(bad)
    return {{"text": bad, "items": [bad, bad], "nested": {{"a": bad}}}}
def fail(state):
    local = bad
    raise ValueError(bad)
graph = Graph("x" + bad)
graph.node(bad, body).node("ask", human(bad, choices=(bad, "no")))
graph.node("agent", Agent("agent", model=Scripted(lambda _: bad).model, goal=bad, task=bad)).node("fail", fail)
graph.edge("START", bad).edge(bad, "ask").edge("ask", "agent", when="text != '<b>'", limit=3).edge("agent", "fail")
run = graph.start({{"topic": bad}}, interactive=True)
panel = show_panel(run)
"""
    notebook = book(cell)
    notebook.run(0)
    panel = notebook.panel(0)
    panel.press("next")
    panel.wait_for("Paused before ask, visit 1")
    panel.find(".gx-n .gx-t").first.click()
    for opened in panel.find(".gx-more").all():
        opened.click()
    panel.press("go")
    form = panel.find(".gx-form")
    form.locator("button").first.wait_for()
    assert HOSTILE in form.inner_text()
    form.locator("button").first.click()
    panel.wait_for("Failed")
    panel.find(".gx-failure", has_text="ValueError").wait_for()
    panel.choose("agent")
    panel.find(".gx-node .gx-reply").wait_for()

    assert panel.find("img, script, iframe, object, embed, link, style, a, form[action], b b").count() == 0
    assert HOSTILE in panel.find(".gx-node").inner_text()
    assert HOSTILE in panel.find(".gx-failure").inner_text()


def test_two_windows_press_next_and_one_step_is_made(book):
    """The same notebook in two windows: both press Next at one stand, and one node runs."""
    notebook = book(COUNT, TICKS, DEBUG)
    for number in range(3):
        notebook.run(number)
    notebook.panel(2).wait_for("Ready to start")
    notebook.save()
    other = book(name=notebook.name)
    other.panel(2).wait_for("Ready to start")
    press = "document.querySelector('.gx-tools [data-do=\"next\"]').click()"
    notebook.page.evaluate(press)
    other.page.evaluate(press)

    for window in (notebook, other):
        window.panel(2).wait_for("Paused before tock, visit 1")
        window.panel(2).find(".gx-scrub .gx-r", has_text="of 1").wait_for()
    notebook.panel(2).press("next")
    other.panel(2).wait_for("Paused before tick, visit 2")


def test_a_page_that_is_loaded_again_has_its_panel_again(book):
    """After a reload while the run is paused the panel is live."""
    notebook = book(COUNT, TICKS, DEBUG)
    for number in range(3):
        notebook.run(number)
    panel = notebook.panel(2)
    panel.press("next")
    panel.wait_for("Paused before tock, visit 1")
    notebook.save()
    notebook.page.reload()
    panel.wait_for("Paused before tock, visit 1")
    panel.press("next")
    panel.wait_for("Paused before tick, visit 2")


def test_a_restarted_kernel_is_told_and_its_run_goes_on(book):
    """A restart while paused: a banner within two seconds; after the definitions resume goes on from there."""
    notebook = book(COUNT, TICKS, DEBUG, "%genxai resume r1")
    for number in range(3):
        notebook.run(number)
    panel = notebook.panel(2)
    panel.press("next")
    panel.wait_for("Paused before tock, visit 1")
    notebook.page.locator("li.lm-MenuBar-item", has_text="Kernel").click()
    notebook.page.get_by_text("Restart Kernel…", exact=True).click()
    notebook.page.locator(".jp-Dialog button.jp-mod-accept").click()
    banner = panel.find(
        '.gx-strip[role="alert"]', has_text="Kernel gone. This run is saved: %genxai resume r1"
    )
    banner.wait_for(timeout=2000)
    panel.find(".gx-foot", has_text="Kernel does not answer").wait_for()
    notebook.idle()
    for number in (0, 1, 3):
        notebook.run(number)

    notebook.cell(3).locator(".gx-record", has_text="Done").wait_for()
    assert "8 steps" in notebook.cell(3).locator(".gx-record").inner_text()


def test_a_saved_notebook_of_an_ended_run_holds_no_widget(book, server):
    """Saved, closed and opened again, trusted or not, the picture is there and nothing is amiss."""
    notebook = book(COUNT, TICKS, "%%genxai run ticks\n")
    for number in range(3):
        notebook.run(number)
    notebook.cell(2).locator(".gx-record img").wait_for()
    notebook.page.wait_for_selector(".gx-panel", state="detached")
    saved = notebook.save()
    text = json.dumps(saved["cells"][2]["outputs"])
    assert "widget-view" not in text
    assert "image/svg+xml;base64" in text
    server.end_sessions()

    for trusted in (True, False):
        if not trusted:
            saved["cells"][0]["source"] += "\n# touched"
            saved["cells"][2]["metadata"].pop("trusted", None)
            (server.place / notebook.name).write_text(json.dumps(saved))
        again = book(name=notebook.name)
        picture = again.cell(2).locator("img").first
        picture.wait_for()
        assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
        assert "Error displaying widget" not in again.text(2)


def test_a_person_is_asked_while_the_cell_waits(book):
    """A human node shows a form under the waiting cell; the answer goes on without ending the wait."""
    graph = '%%genxai graph publish\nnode ok = human "Publish?": choices [yes, no], into verdict\nSTART -> ok -> END'
    notebook = book("%load_ext genxai_nb", graph, "%%genxai run publish\n", "print(result.state)")
    for number in range(2):
        notebook.run(number)
    notebook.run(2, wait=False)
    panel = notebook.panel(2)
    panel.wait_for("Waits for you")
    assert notebook.cell(2).locator(".jp-InputPrompt").inner_text().startswith("[*]")
    assert panel.statuses() == {"ok": "waiting"}
    notebook.shoot("lab-question")
    panel.find(".gx-form button", has_text="no").click()
    notebook.cell(2).locator(".gx-record", has_text="Done").wait_for()
    notebook.run(3)
    assert notebook.text(3).strip() == "{'verdict': 'no'}"


def test_an_agent_is_edited_while_its_run_is_paused(book):
    """The agent's cell runs again while the run is paused: difference, mark and step are shown, and it is used."""
    setup = """
%load_ext genxai_nb
from genxai_nb.providers.scripted import Scripted
echo = Scripted(lambda request: request.messages[0].text).model
def rest(state):
    return {"n": state.get("n", 0) + 1}
"""
    agent = "%%genxai agent writer\nmodel: $echo\ngoal: Be short\nwrites: draft\n"
    graph = "%%genxai graph g\nSTART -> writer -> rest\nrest -> writer if n < 2 max 3\nrest -> END else"
    notebook = book(setup, agent, graph, "%%genxai debug g\ntopic: cats", "print(result.state['draft'])")
    for number in range(4):
        notebook.run(number)
    panel = notebook.panel(3)
    panel.press("next")
    panel.wait_for("Paused before rest, visit 1")
    notebook.write(1, agent.replace("short", "long"))
    notebook.run(1)
    edits = panel.find(".gx-edits")
    edits.wait_for()
    assert "goal: Be short" in edits.locator(".gx-del").inner_text()
    assert "goal: Be long" in edits.locator(".gx-add").inner_text()
    assert "Continue uses the new version from step 2 on." in edits.inner_text()
    assert panel.card("writer").locator(".gx-badge").text_content() == "edited"
    notebook.shoot("lab-edited")
    panel.press("go")
    notebook.page.wait_for_selector(".gx-panel", state="detached")
    notebook.run(4)
    assert "Be long" in notebook.text(4)


def test_subgraphs_are_folded_and_laid_open(book):
    """A subgraph is one card; stepping into it lays it open, its button folds it again, Out leaves it."""
    inner = "%%genxai graph inner\nSTART -> tick -> tock"
    outer = "%%genxai graph outer\nnode part = graph inner\nSTART -> part -> last"
    last = "def last(state):\n    return {}"
    notebook = book(COUNT + last, inner, outer, "%%genxai debug outer\n")
    for number in range(4):
        notebook.run(number)
    panel = notebook.panel(3)
    assert set(panel.statuses()) == {"part", "last"}
    panel.card("part").locator(".gx-fold").click()
    panel.card("part/tock").wait_for()
    panel.press("step")
    panel.wait_for("Paused before part/tick, visit 1")
    panel.press("step")
    panel.wait_for("Paused before part/tock, visit 1")
    notebook.shoot("lab-subgraph")
    panel.find('.gx-n[data-node="part"] > .gx-fold').click()
    panel.card("part/tock").wait_for(state="detached")
    panel.press("out")
    panel.wait_for("Paused before last, visit 1")
    assert panel.statuses() == {"part": "done", "last": "paused"}


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_text_can_be_read_in_both_themes_and_narrow(book, server, theme):
    """All text has a contrast of at least 4.5; in a narrow page the parts lie below each other. Pictures are kept."""
    with themed(server, theme):
        notebook = book(COUNT, TICKS, DEBUG)
        for number in range(3):
            notebook.run(number)
        panel = notebook.panel(2)
        panel.press("next")
        panel.wait_for("Paused before tock, visit 1")
        panel.choose("tick")
        panel.find(".gx-node").get_by_role("button", name="Stop here").click()
        panel.find(".gx-bp.gx-on").wait_for()
        name = theme.split()[1].lower()
        dark = notebook.page.evaluate("document.body.dataset.jpThemeLight") == "false"
        assert dark == (name == "dark")
        notebook.shoot(f"panel-{name}")
        assert panel.root.evaluate(CONTRAST) == []

        notebook.page.set_viewport_size({"width": 900, "height": 1900})
        notebook.page.keyboard.press("Control+b")
        left, side = panel.find(".gx-left"), panel.find(".gx-side")
        notebook.page.wait_for_function("document.querySelector('.gx-panel').clientWidth <= 820")
        assert side.bounding_box()["y"] >= left.bounding_box()["y"] + left.bounding_box()["height"] - 2
        assert panel.root.evaluate("root => root.scrollWidth <= root.clientWidth")
        notebook.shoot(f"panel-narrow-{name}")


def test_parts_have_roles_and_names(book):
    """Every button, field and card has a name for those who do not see it; the status is said aloud."""
    notebook = book(COUNT, TICKS, DEBUG)
    for number in range(3):
        notebook.run(number)
    panel = notebook.panel(2)
    panel.press("next")
    panel.wait_for("Paused before tock, visit 1")
    nameless = panel.root.evaluate(
        "root => [...root.querySelectorAll('button, input, textarea, select, [role=button]')].filter(part =>"
        " !(part.getAttribute('aria-label') || part.textContent.trim() || part.title)).map(part => part.outerHTML)"
    )

    assert nameless == []
    assert panel.root.get_attribute("aria-label") == "Run r1 of graph ticks, Paused before tock, visit 1"
    assert panel.find('.gx-pill[role="status"]').count() == 1
    assert panel.find('[role="toolbar"]').get_attribute("aria-label") == "Debugger"
    assert panel.card("tock").get_attribute("aria-label") == "tock, function, Paused · visit 1"
    assert re.match("Graph ticks: START leads to tick", panel.find("svg.gx-g").get_attribute("aria-label"))
