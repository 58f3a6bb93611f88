"""The report generator as a person uses it: a form sends the report back, then lets it go, and the mail arrives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

REPORT = Path(__file__).parents[2] / "notebooks" / "report_generator.ipynb"
IN_A_FORM = ('ANSWERS = OUT / "answers.json"', 'ANSWERS = ""')


def test_a_person_sends_the_report_back_then_approves_and_allows_the_mail(book, server):
    """The form comes twice, with what the report holds; the tool asks with its recipient; the rest runs to its end."""
    content, run = json.loads(REPORT.read_text()), 0
    for number, cell in enumerate(content["cells"]):
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
            cell["source"] = "".join(cell["source"]).replace(*IN_A_FORM)
            run = number if cell["source"].startswith("%%genxai run report") else run
    name = "approval/report_generator.ipynb"
    (server.place / name).parent.mkdir(exist_ok=True)
    server.api(f"contents/{name}", "PUT", {"type": "notebook", "format": "json", "content": content})
    notebook = book(name=name)
    code = [number for number, cell in enumerate(content["cells"]) if cell["cell_type"] == "code"]
    notebook.run_all(*(number for number in code if number < run))
    notebook.run(run, wait=False)

    panel = notebook.panel(run)
    form = panel.find(".gx-form")
    assert "Send this report to parks@example.org? In its 4 sections are 50 numbers" in form.inner_text()
    form.locator('[name="decision"]').select_option("mend")
    form.locator('[name="comment"]').fill("Say which month was furthest from the usual.")
    notebook.shoot("report-form")
    form.get_by_role("button", name="Send").click()
    again = panel.find(".gx-form", has_text="In its 4 sections are 56 numbers")  # the mended one has more
    again.locator('[name="decision"]').select_option("send")
    again.get_by_role("button", name="Send").click()
    asked = panel.find(".gx-form", has_text="email_sender")
    asked.wait_for()
    assert "parks@example.org" in asked.inner_text()
    assert "report-2015.pdf" in asked.inner_text()
    notebook.shoot("report-permission")
    asked.get_by_role("button", name="allow", exact=True).click()
    notebook.cell(run).locator(".gx-record", has_text="Done").wait_for()
    notebook.run_all(*(number for number in code if number > run))
    notebook.idle()
    saved = notebook.save()
    outputs = [output for cell in saved["cells"] for output in cell.get("outputs", ())]
    text = json.dumps(outputs)
    printed = " ".join("".join(line for output in outputs for line in output.get("text", "")).split())

    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert "Furthest from the usual was December: 284.5 mm" in printed.split("became")[1]
    assert text.count("<td>True</td>") == 4
    assert "widget-view" not in text
    notebook.shoot("report-run")
