"""A notebook whose kernel was restarted, in a real page: what its cells had defined comes back."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

LOAD = "%load_ext genxai_nb"
GRADE = "def grade(state):\n    return {'score': 1}"
WRITER = "%%genxai agent writer\nmodel: offline\ntask: Cats eat fish. What do {{topic}} eat?\nwrites: draft"
GRAPH = "%%genxai graph review\nSTART -> writer -> grade -> END"


def test_definitions_come_back_after_a_restart_of_the_kernel(book):
    """Restored by one line, undone by another; a new cell appears below; closing leaves a notebook that goes on."""
    notebook = book(
        LOAD,
        GRADE,
        WRITER,
        GRAPH,
        "%%genxai run review\ntopic: cats",
        "%genxai",
        "%genxai restore",
        "%genxai undo writer",
        "%genxai config",
        "%genxai close",
        "%genxai new tool count_letters",
    )
    notebook.run_all(0, 1, 2, 3, 4)
    notebook.write(2, WRITER.replace("Cats", "Dogs"))
    notebook.run(2)
    (session,) = notebook.server.api("sessions")
    notebook.server.api(f"kernels/{session['kernel']['id']}/restart", "POST", {})
    notebook.idle()
    notebook.run_all(0, 5, 6)

    assert "kept       writer, review: %genxai restore" in notebook.text(5)
    told = notebook.text(6).splitlines()
    assert told[0].startswith("✓ agent writer: version 2 of 2, as it was typed 20")
    assert told[1:5] == [
        "✕ graph review: Unknown agent, tool or function 'grade'.",
        "function grade, as it was in run r1:",
        "    def grade(state):",
        "        return {'score': 1}",
    ]
    notebook.shoot("lab-restore")
    notebook.run_all(1, 6, 7, 8)
    assert "✓ graph review: as it was typed 20" in notebook.text(6)
    assert "  + task: Cats eat fish." in notebook.text(7)
    notebook.cell(8).locator("table td", has_text="offline").first.wait_for()
    notebook.run_all(9, 10)
    assert "journal.db" in notebook.text(9)
    drafted = notebook.cell(11).locator(".cm-content", has_text="def count_letters(text: str) -> int:")
    drafted.wait_for()
    notebook.run_all(11, 4)
    assert "✓ Done" in notebook.text(4)
    notebook.shoot("lab-restored")
