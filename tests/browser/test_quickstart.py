"""The quickstart as a person opens it: readable before it runs, and whole after Run All."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"

DRAWN = """() => [...document.querySelectorAll(".jp-OutputArea img")].every(
    image => image.complete && image.naturalWidth > 100)"""


def placed(server, name, *, trusted=True, outputs=True):
    """Put the quickstart into the server's folder, signed or not, with or without what it showed."""
    content = json.loads(QUICKSTART.read_text())
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["metadata"] |= {"trusted": True} if trusted else {}
            cell |= {} if outputs else {"outputs": [], "execution_count": None}
    (server.place / name).parent.mkdir(exist_ok=True)
    server.api(f"contents/{name}", "PUT", {"type": "notebook", "format": "json", "content": content})
    return name


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_the_saved_quickstart_can_be_read_before_it_runs(book, server, trusted):
    """Each record shows its picture and its table, with nothing run and whether or not the file is trusted."""
    notebook = book(name=placed(server, f"saved-{trusted}/quickstart.ipynb", trusted=trusted))
    pictures = notebook.page.locator(".jp-OutputArea img")
    pictures.nth(2).wait_for(state="attached")
    notebook.page.wait_for_function(DRAWN)

    assert notebook.page.get_by_text("Error displaying widget").count() == 0
    assert notebook.page.locator(".jp-OutputArea table", has_text="researcher").count() >= 3
    notebook.shoot(f"quickstart-{'trusted' if trusted else 'untrusted'}")


def test_the_quickstart_runs_from_top_to_bottom_in_the_page(book, server):
    """Run All goes through every cell, debugger included; the last one agrees with the script; no widget is saved."""
    notebook = book(name=placed(server, "whole/quickstart.ipynb", outputs=False))
    page = notebook.page
    page.locator('.lm-MenuBar-itemLabel:text-is("Kernel")').click()
    page.locator('.lm-Menu-itemLabel:text-is("Restart Kernel and Run All Cells…")').click()
    page.locator('.jp-Dialog-button:has-text("Restart")').click()
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    last.locator(".jp-InputPrompt", has_text="[30]:").wait_for(timeout=120_000)
    notebook.idle()
    saved = notebook.save()
    outputs = [output for cell in saved["cells"] for output in cell.get("outputs", ())]

    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert "".join(outputs[-1]["data"]["text/plain"]) == "True"
    assert "same in" in json.dumps(outputs)
    assert "widget-view" not in json.dumps(outputs)
    notebook.shoot("quickstart-run")
