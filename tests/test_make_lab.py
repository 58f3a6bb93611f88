"""What ``make lab`` opens."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from lab import Server, address

ROOT = Path(__file__).parents[1]
HERE = ("--no-browser", "--ip=127.0.0.1", "--port=0", "--IdentityProvider.token=", "--ServerApp.password=")


@pytest.fixture
def opened(tmp_path: Path):
    """The server that the target starts, on a free port and without a browser."""
    told = subprocess.run(["make", "-n", "lab"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    [command] = [line for line in told.splitlines() if "jupyterlab" in line]
    arguments = [word for word in shlex.split(command)[1:] if word != "--allow-root"]
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython"}
    world = os.environ | {name: str(tmp_path / folder) for name, folder in folders.items()}
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments, "--allow-root", *HERE],
            cwd=ROOT,
            env=world | {"HOME": str(tmp_path)},
            stdout=log,
            stderr=log,
        )
    server = Server(ROOT, process, address(tmp_path / "runtime", process))
    yield server
    server.stop()


@pytest.mark.needs("make")
def test_make_lab_has_the_quickstart_in_front_and_the_lessons_in_reach(opened: Server):
    """The address leads to the quickstart, whichever way it is opened, and the lessons can be chosen beside it."""
    with urllib.request.urlopen(opened.url, timeout=10) as page:
        front = page.url
    folders = {item["name"] for item in opened.api("contents")["content"]}
    lessons = {item["name"] for item in opened.api("contents/tutorials")["content"]}

    assert front.endswith("/lab/tree/notebooks/quickstart.ipynb")
    assert {"notebooks", "tutorials", "docs"} <= folders
    assert "1_first_agent_and_graph.ipynb" in lessons
