"""A tool that needs leave: the panel asks a person, with the real arguments."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

TOOL = """
%load_ext genxai_nb
from genxai_nb import tool
rung = []
@tool(permissions=["send"])
def ring(bell: str) -> str:
    "Ring a bell."
    rung.append(bell)
    return f"{bell} rang"
"""
GRAPH = '%%genxai graph bells\nnode one = tool ring(bell="front\u202edoor")\nnode two = tool ring(bell="back door")\nSTART -> one -> two'


def test_a_person_allows_one_call_and_refuses_another(book):
    """The question shows what would be done, hidden marks too; what is allowed is done, what is refused is not."""
    notebook = book(TOOL, GRAPH, "%%genxai run bells\n", "print(rung)")
    notebook.run_all(0, 1)
    notebook.run(2, wait=False)
    panel = notebook.panel(2)
    panel.wait_for("Waits for you")
    form = panel.find(".gx-form")
    assert r"front\u202edoor" in form.inner_text()
    assert "'send'" in form.inner_text()
    notebook.shoot("lab-permission")
    form.get_by_role("button", name="allow", exact=True).click()
    panel.find(".gx-form", has_text="back door").get_by_role("button", name="deny", exact=True).click()
    notebook.cell(2).locator(".gx-record", has_text="the person who was asked said no").wait_for()
    notebook.run(3)

    assert "front" in notebook.text(3)
    assert "back door" not in notebook.text(3)
