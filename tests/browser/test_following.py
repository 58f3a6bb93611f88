"""What a panel shows while a run moves: streams, maps, breakpoints, lines of history, failures."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

COUNT = """
%load_ext genxai_nb
def tick(state):
    return {"n": state.get("n", 0) + 1}
def tock(state):
    return {}
"""
TICKS = "%%genxai graph ticks\nSTART -> tick -> tock\ntock -> tick if n < 4 max 9\ntock -> END else"
DEBUG = "%%genxai debug ticks\n"


def test_text_is_seen_while_a_model_still_speaks(book):
    """The words so far stand in the chosen node; when the reply is whole it takes their place."""
    setup = """
%load_ext genxai_nb
import threading
from genxai_nb.messages import ReasoningDelta
from genxai_nb.providers.scripted import Scripted
gate = threading.Event()
class Slowly(list):
    def __iter__(self):
        yield from self[:3]
        gate.wait(60)
        yield from self[3:]
bard_model = Scripted(lambda _: Slowly([ReasoningDelta("Rhyme it. "), "Once ", "upon", " a time"])).model
"""
    agent = "%%genxai agent bard\nmodel: $bard_model\ngoal: Tell a tale"
    notebook = book(setup, agent, "%%genxai graph tale\nSTART -> bard", "%%genxai debug tale\n", "gate.set()")
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    panel.choose("bard")
    panel.press("go")
    panel.find(".gx-live .gx-text", has_text="Once upon").wait_for()
    assert panel.find(".gx-live .gx-thought").inner_text().strip() == "Rhyme it."
    assert panel.statuses() == {"bard": "running"}
    notebook.shoot("lab-streaming")
    notebook.run(4)
    notebook.page.wait_for_selector(".gx-panel", state="detached")
    notebook.cell(3).locator(".gx-record", has_text="Once upon a time").wait_for()


def test_branches_of_a_map_are_counted_while_they_run(book):
    """The card says how many of the items are done; in the end all of them."""
    setup = """
%load_ext genxai_nb
import threading
gates = [threading.Event() for _ in range(3)]
def split(state):
    return {"items": ["a", "b", "c"]}
def work(state, context):
    gates[context.index].wait(60)
    return {"seen": [context.item]}
def last(state):
    return {}
"""
    graph = "%%genxai graph fan --reduce seen=append\nSTART -> split\nsplit -> work for each item in items\nwork -> last"
    debug = "%%genxai debug fan\n"
    notebook = book(setup, graph, debug, "gates[1].set()", "[gate.set() for gate in gates]")
    notebook.run_all(0, 1, 2)
    panel = notebook.panel(2)
    panel.press("go")
    words = panel.card("work").locator(".gx-sl")
    words.filter(has_text="0 of 3").wait_for()
    notebook.run(3)
    words.filter(has_text="1 of 3").wait_for()
    notebook.shoot("lab-map")
    notebook.run(4)
    notebook.cell(2).locator(".gx-record", has_text="Done").wait_for()
    assert "3 items" in notebook.cell(2).locator(".gx-record").inner_text()


def test_a_breakpoint_with_a_condition_stops_at_the_third_visit(book):
    """Its condition is not true before; the same point behind the node stops there; removed it stops no more."""
    notebook = book(COUNT, TICKS, DEBUG)
    notebook.run_all(0, 1, 2)
    panel = notebook.panel(2)
    panel.choose("tick")
    node = panel.find(".gx-node")
    node.get_by_role("button", name="Stop here").click()
    node.get_by_label("Condition of the breakpoint").fill("n >= 2")
    notebook.page.keyboard.press("Enter")
    panel.card("tick").locator(".gx-bp title", has_text="n >= 2").wait_for(state="attached")
    panel.press("go")
    panel.wait_for("Paused before tick, visit 3 · breakpoint")
    panel.wait_for_state("n", "2")

    node.get_by_label("Before or after").select_option("after")
    panel.card("tick").locator(".gx-bp title", has_text=" after").wait_for(state="attached")
    panel.press("go")
    panel.wait_for("Paused before tock, visit 3 · breakpoint")
    panel.wait_for_state("n", "3")
    node.get_by_role("button", name="Remove").click()
    panel.find(".gx-bp.gx-on").wait_for(state="detached")
    panel.press("go")
    notebook.cell(2).locator(".gx-record", has_text="Done").wait_for()


def test_a_run_goes_to_a_node_and_its_lines_are_compared(book):
    """Until a node; back and on another way; a click on the line that was left shows both beside each other."""
    notebook = book(COUNT, TICKS, DEBUG)
    notebook.run_all(0, 1, 2)
    panel = notebook.panel(2)
    panel.find('.gx-tools [data-do="until"]').click()
    panel.find(".gx-small").get_by_label("Node").select_option("tock")
    panel.find(".gx-small button", has_text="Run").click()
    panel.wait_for("Paused before tock, visit 1")
    panel.press("back")
    panel.wait_for("Paused before tick, visit 1")
    panel.press("next")
    panel.wait_for("Paused before tock, visit 1")
    panel.find(".gx-state").get_by_role("button", name="Edit n").click()
    panel.find(".gx-state textarea").fill("7")
    notebook.page.keyboard.press("Control+Enter")
    panel.find(".gx-state .gx-v", has_text="7").wait_for()
    lines = panel.find(".gx-heads li")
    assert [text.split("\n")[-1].strip() for text in lines.all_inner_texts()][-1].endswith("you are here")
    panel.find(".gx-heads button").first.click()
    compared = panel.find(".gx-compare")
    compared.locator("td", has_text="7").wait_for()
    assert "beside" in compared.locator("h4").inner_text()
    notebook.shoot("lab-compared")
    compared.get_by_role("button", name="Close").click()
    compared.wait_for(state="hidden")


def test_the_graph_is_moved_by_hand_and_by_keys(book):
    """Dragging the ground and the arrow keys move the drawing; Fit brings it back."""
    notebook = book(COUNT, TICKS, DEBUG)
    notebook.run_all(0, 1, 2)
    panel = notebook.panel(2)
    panel.wait_for("Ready to start")
    world = panel.find(".gx-canvas svg.gx-g > g")
    panel.find(".gx-zoom button").nth(1).click()
    before = world.get_attribute("transform")
    box = panel.find(".gx-canvas svg.gx-g").bounding_box()
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 30, box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + 90, box["y"] + 100, steps=4)
    mouse.up()
    dragged = world.get_attribute("transform")
    notebook.page.keyboard.press("ArrowRight")
    pushed = world.get_attribute("transform")
    notebook.page.keyboard.press("0")

    assert len({before, dragged, pushed}) == 3
    assert world.get_attribute("transform") == before


def test_debug_after_a_failure_opens_the_failed_node(book):
    """The panel names the line and shows the locals there; the mended function goes on to the end."""
    broken = "%load_ext genxai_nb\ndef halve(state):\n    half = 10 / state['n']\n    return {'half': half}"
    graph = "%%genxai graph g\nSTART -> halve"
    notebook = book(broken, graph, "%%genxai run g\nn: 0", "%genxai debug", "print(result.state['half'])")
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(3)
    panel.wait_for("Failed")
    failure = panel.find(".gx-failure")
    failure.wait_for()
    assert "ZeroDivisionError" in failure.inner_text()
    assert "halve, visit 1" in failure.inner_text()
    assert panel.statuses() == {"halve": "failed"}
    panel.wait_for_state("n", "0")
    notebook.shoot("lab-failed")
    notebook.write(0, broken.replace("10 / state['n']", "10 / (state['n'] or 1)"))
    notebook.run(0)
    panel.press("go")
    panel.root.wait_for(state="detached")
    notebook.cell(3).locator(".gx-record", has_text="Done").wait_for()
    notebook.run(4)
    assert notebook.text(4).strip() == "10.0"


HOSTILE = "<img src=http://evil.example/x onerror=alert(1)><script>alert(2)</script>"


def test_hostile_text_in_differences_and_forms_stays_text(book):
    """Markup in an edited goal, a changed edge, a watch, a comparison, and a form's choices is shown as it is."""
    setup = f"""
%load_ext genxai_nb
from typing import Literal
from pydantic import BaseModel, Field
from genxai_nb import human
from genxai_nb.providers.scripted import Scripted
bad = {HOSTILE!r}
bad_model = Scripted(lambda _: bad).model
class Form(BaseModel):
    pick: Literal[{HOSTILE!r}, "no"] = Field(default="no", description=bad)
    text: str = bad
async def ask(state, context):
    return {{"answer": await context.ask_human(bad, schema=Form)}}
"""
    agent = "%%genxai agent clerk\nmodel: $bad_model\ngoal: Be short\ntask: Go"
    graph = '%%genxai graph g\nSTART -> clerk -> ask\nask -> clerk if topic == "x" max 2\nask -> END else'
    changed = graph.replace('"x"', f'"{HOSTILE}"')
    notebook = book(setup, agent, graph, "%%genxai debug g\ntopic: y", f"%genxai watch topic == {HOSTILE!r}")
    notebook.run_all(0, 1, 2, 3, 4)
    panel = notebook.panel(3)
    panel.press("next")
    panel.wait_for("Paused before ask, visit 1")
    notebook.write(1, agent.replace("Be short", HOSTILE))
    notebook.run(1)
    panel.find(".gx-edits .gx-add", has_text="evil.example").wait_for()
    panel.find(".gx-watch", has_text="evil.example").wait_for()
    notebook.write(2, changed)
    notebook.run(2)
    panel.press("next")
    panel.find('.gx-strip[role="alert"] pre', has_text="evil.example").wait_for()
    notebook.write(2, graph)
    notebook.run(2)
    panel.press("back")
    panel.wait_for("Paused before clerk, visit 1")
    panel.find(".gx-heads button").first.click()
    panel.find(".gx-compare td", has_text="evil.example").first.wait_for()
    panel.press("go")
    form = panel.find(".gx-form")
    form.wait_for()

    assert HOSTILE in form.inner_text()
    assert form.locator("option").first.get_attribute("value") == HOSTILE
    assert form.locator("textarea").input_value() == HOSTILE
    assert panel.find("img, script, iframe, object, embed, link, style, a, form[action], b b").count() == 0
