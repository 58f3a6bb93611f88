"""Memories in a real page: the tables of `%genxai memory`, and the panel of a run that recalled."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

SETUP = """
%load_ext genxai_nb
from genxai_nb.providers.scripted import Scripted
echo = Scripted(lambda request: "Noted: " + request.messages[-1].text).model
"""
CLERK = "%%genxai agent clerk\nmodel: $echo\nmemory: short_term, semantic\ntask: {{said}}\nwrites: text"
GRAPH = "%%genxai graph talk\nSTART -> clerk -> END"
HOSTILE = "My cat is <img src=http://evil.example/x onerror=alert(1)>."


def test_memories_are_tables_in_the_page(book):
    """Told, asked, changed: each table stands in its cell, text as text, and the panel names what was recalled."""
    notebook = book(
        SETUP,
        CLERK,
        GRAPH,
        f"%genxai ask clerk My name is Ada. {HOSTILE}",
        "%genxai ask clerk My name is Eve.",
        "%genxai memory clerk --kind semantic",
        "%genxai memory clerk --query What is my name?",
        "%genxai memory clerk --diff r2",
        "%%genxai debug talk\nsaid: What is my name?",
        "%genxai memory clerk --why",
    )
    for number in range(9):
        notebook.run(number)
    table = notebook.cell(5).locator(".jp-OutputArea-output table")
    table.wait_for()
    rows = [row.split("\t")[:4] for row in table.locator("tr").all_inner_texts()]
    assert rows[0] == ["kind", "id", "text", "status"]
    assert [row[1:4] for row in rows[1:4]] == [
        ["m1", "My name is Ada.", "replaced"],
        ["m2", HOSTILE, "current"],
        ["m3", "My name is Eve.", "current"],
    ]
    assert notebook.cell(5).locator("img").count() == 0
    assert (
        table.locator("td", has_text="My name is Ada.").evaluate("cell => getComputedStyle(cell).opacity")
        == "0.55"
    )
    assert "found by meaning" in table.locator("caption").inner_text()
    assert "My name is Eve." in notebook.cell(6).locator("table").inner_text()
    assert notebook.cell(7).locator("table td", has_text="My name is Ada.").count() == 1
    notebook.shoot("lab-memory")

    notebook.panel(8).press("go")
    record = notebook.cell(8).locator(".gx-record", has_text="Done")
    record.wait_for()
    assert "semantic m3 · 0." in record.text_content()
    notebook.run(9)
    assert "My name is Eve." in notebook.cell(9).locator("table").inner_text()
    assert "semantic · my:" in notebook.text(9)
