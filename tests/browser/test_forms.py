"""What a person fills in, watches and decides in a panel, in a real JupyterLab."""

from __future__ import annotations

import json

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

LOAD = "%load_ext genxai_nb"
REVIEW = """%%genxai schema Review
score: float  # quality from 0 to 1
verdict: Literal["publish", "drop"]
ready: bool = False
note: str = "none"
tags: list[str] = []
"""
DRAFT = "%%genxai schema Draft\nreview: Review | None = None"
RATE = '%%genxai graph rate --state Draft\nnode ask = human "How good is it?": into review\nSTART -> ask'
COUNT = """
%load_ext genxai_nb
def tick(state):
    return {"n": state.get("n", 0) + 1}
def tock(state):
    return {}
"""
TICKS = "%%genxai graph ticks\nSTART -> tick -> tock\ntock -> tick if n < 4 max 9\ntock -> END else"


def test_a_form_has_a_field_for_each_of_its_schema(book):
    """Numbers, choices, a tick, a text and JSON are filled in; what does not fit is told and can be mended."""
    notebook = book(
        LOAD + "\nfrom typing import Literal",
        REVIEW,
        DRAFT,
        RATE,
        "%%genxai run rate\n",
        "import json\nprint(json.dumps(result.state.review.model_dump()))",
    )
    notebook.run_all(0, 1, 2, 3)
    notebook.run(4, wait=False)
    panel = notebook.panel(4)
    panel.wait_for("Waits for you")
    form = panel.find(".gx-form")
    field = {name: form.locator(f'[name="{name}"]') for name in ("score", "verdict", "note", "tags")}
    assert field["score"].get_attribute("type") == "number"
    assert field["verdict"].locator("option").all_inner_texts() == ["", "publish", "drop"]
    assert field["note"].input_value() == "none"
    send = form.get_by_role("button", name="Send")
    send.click()  # the browser itself asks for what is missing
    field["score"].fill("0.75")
    field["verdict"].select_option("publish")
    form.locator('input[type="checkbox"]').check()
    field["tags"].fill("not JSON")
    notebook.shoot("lab-form")
    send.click()
    panel.find('.gx-strip[role="alert"]', has_text="tags: 'not JSON' is not JSON").wait_for()
    field["tags"].fill('["a", "b"]')
    notebook.page.keyboard.press("Control+Enter")
    notebook.cell(4).locator(".gx-record", has_text="Done").wait_for()
    notebook.run(5)

    assert json.loads(notebook.text(5)) == {
        "score": 0.75,
        "verdict": "publish",
        "ready": True,
        "note": "none",
        "tags": ["a", "b"],
    }


def test_watched_expressions_follow_the_run(book):
    """What `%genxai watch` names is shown with the state, with its value at the step that is looked at."""
    notebook = book(COUNT, TICKS, "%%genxai debug ticks\n", "%genxai watch n > 0", "%genxai watch --clear")
    notebook.run_all(0, 1, 2, 3)
    panel = notebook.panel(2)
    watched = panel.find(".gx-watch")
    watched.locator(".gx-v", has_text="absent").wait_for()
    panel.press("next")
    watched.locator(".gx-v", has_text="true").wait_for()
    assert "n > 0" in watched.inner_text()
    notebook.run(4)
    watched.wait_for(state="detached")


def test_a_graph_that_was_changed_is_refused_until_it_is_rebased(book):
    """The press shows the lines that differ and a button; Rebase draws the new graph and goes on in it."""
    notebook = book(COUNT, TICKS, "%%genxai debug ticks\n", "print(result.state['n'])")
    notebook.run_all(0, 1, 2)
    panel = notebook.panel(2)
    panel.press("next")
    panel.wait_for("Paused before tock, visit 1")
    notebook.write(1, TICKS.replace("n < 4", "n < 2"))
    notebook.run(1)
    panel.press("next")
    refused = panel.find('.gx-strip[role="alert"]', has_text="has changed its nodes or edges")
    refused.wait_for()
    assert "- tock -> tick if n < 4 max 9" in refused.inner_text()
    assert "+ tock -> tick if n < 2 max 9" in refused.inner_text()
    assert panel.words == "Paused before tock, visit 1"
    notebook.shoot("lab-refused")
    refused.get_by_role("button", name="Rebase").click()
    panel.find(".gx-l", has_text="n < 2").wait_for()
    panel.press("go")
    notebook.page.wait_for_selector(".gx-panel", state="detached")
    notebook.run(3)

    assert notebook.text(3).strip() == "2"


def test_a_panel_of_an_ended_run_leaves_its_record_in_the_file(book, server):
    """Opened again it can be gone through; saved and opened without a kernel the picture stands in its place."""
    notebook = book(COUNT, TICKS, "%%genxai run ticks\n", "%genxai show r1", "%genxai show r1 ")
    notebook.run_all(0, 1, 2)
    notebook.page.wait_for_selector(".gx-panel", state="detached")
    notebook.run(3)
    panel = notebook.panel(3)
    panel.wait_for("Done")
    notebook.cell(3).locator(".gx-record").wait_for(state="hidden")
    for _ in range(100):  # the kernel takes the widget away when it hears of it
        saved = notebook.save()
        if "widget-view" not in json.dumps(saved["cells"][3]["outputs"]):
            break
    panel.find(".gx-scrub input").focus()
    notebook.page.keyboard.press("ArrowLeft")
    panel.find(".gx-state h4", has_text="after step 7").wait_for()
    panel.choose("tick")
    notebook.shoot("lab-ended")
    notebook.run(4)
    panel.root.wait_for(state="detached")
    notebook.panel(4).wait_for("Done")
    notebook.cell(3).locator(".gx-record").wait_for()

    text = json.dumps(saved["cells"][3]["outputs"])
    assert "widget-view" not in text
    assert "image/svg+xml;base64" in text
    server.end_sessions()
    for trusted in (True, False):
        if not trusted:
            saved["cells"][0]["source"] += "\n# touched"
            (server.place / notebook.name).write_text(json.dumps(saved))
        again = book(name=notebook.name)
        picture = again.cell(3).locator("img").first
        picture.wait_for()
        assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
        assert "Error displaying widget" not in again.text(3)
