"""The panel in Voila, which shows a notebook's outputs and lets its kernel live."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from urllib.error import URLError

import pytest
from lab import free_port, write_cells

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

CELLS = (
    "%load_ext genxai_nb\nasync def tick(state):\n    return {'n': 1}\nasync def tock(state):\n    return {}",
    "%%genxai graph ticks\nSTART -> tick -> tock",
    "%%genxai debug ticks\n",
    "%%genxai agent clerk\nmodel: offline",
    "%genxai chat clerk",
)


@pytest.fixture
def voila(tmp_path):
    """A page that Voila serves."""
    write_cells(tmp_path / "page.ipynb", list(CELLS))
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("GENXAI_", "PYTHON"))
    }
    environment |= {
        name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    command = [
        sys.executable,
        "-m",
        "voila",
        "page.ipynb",
        "--no-browser",
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
    ]
    with (tmp_path / "voila.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/static/", timeout=5).close()
        except URLError as exc:
            if getattr(exc, "code", None) is None:
                continue
        break
    yield url
    process.terminate()
    process.wait(timeout=20)


def test_voila_shows_a_panel_that_can_be_driven(voila, browser):
    """The panel is there without its cell, and its buttons move the run."""
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(voila, timeout=60_000)
    page.locator(".gx-pill", has_text="Ready to start").wait_for(timeout=60_000)
    page.locator('.gx-tools [data-do="next"]').click()
    page.locator(".gx-pill", has_text="Paused before tock, visit 1").wait_for()
    page.close()


def test_voila_shows_a_chat_that_answers(voila, browser):
    """Without its cell too a message is answered, and the next one after it."""
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(voila, timeout=60_000)
    chat = page.locator(".gx-chat.gx-panel")
    for number, text in enumerate(("What is 2 + 2? Cats eat fish.", "What do cats eat?")):
        chat.get_by_role("textbox", name="Message to clerk").fill(text, timeout=60_000)
        chat.get_by_role("button", name="Send").click()
        chat.locator(".gx-turn").nth(number).locator(".gx-theirs").wait_for()
        chat.locator(".gx-pill", has_text="Ready").wait_for()
    page.close()
