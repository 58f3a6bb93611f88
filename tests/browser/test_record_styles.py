"""The record beside panels: what styles a panel styles nothing else."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

SETUP = "%load_ext genxai_nb\ndef count(state):\n    return {'words': 3, 'note': 'short'}"


def test_a_panel_changes_nothing_in_the_records_of_its_page(book):
    """With a panel in the page, each key of a record's result stands on the line of its value."""
    notebook = book(
        SETUP, "%%genxai graph tally\nSTART -> count", "%%genxai run tally\n", "%%genxai debug tally\n"
    )
    for number in range(4):
        notebook.run(number)
    notebook.cell(3).locator(".gx-panel").wait_for()
    keys = notebook.cell(2).locator(".gx-record .gx-key")
    keys.first.wait_for()

    assert keys.all_inner_texts() == ["words", "note"]
    assert keys.evaluate_all("keys => keys.map(key => getComputedStyle(key).position)") == [
        "static",
        "static",
    ]
    assert keys.evaluate_all("keys => keys.map(key => key.offsetTop - key.nextSibling.offsetTop)") == [0, 0]


def test_a_panel_has_its_own_colours(book):
    """The panel's ground, its cards and its key are styled although nothing outside of it is."""
    notebook = book(SETUP, "%%genxai graph tally\nSTART -> count", "%%genxai debug tally\n")
    notebook.run_all(0, 1, 2)
    panel = notebook.panel(2)
    panel.wait_for("Ready to start")

    assert panel.root.evaluate("root => getComputedStyle(root).backgroundColor") == "rgb(255, 255, 255)"
    fill = panel.card("count").locator(".gx-card").evaluate("card => getComputedStyle(card).fill")
    assert fill not in {"rgb(0, 0, 0)", "none"}
    assert panel.find(".gx-key").evaluate("key => getComputedStyle(key).position") == "absolute"
