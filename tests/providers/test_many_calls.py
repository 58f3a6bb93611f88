"""A thousand calls leave neither memory nor sockets behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import claude_events
import cohere_events
import gemini_events
import pytest
from chat_chunks import DONE, chunk, usage_chunk
from model_server import serving

from genxai_nb.providers.vendors import VENDORS

WARMING, CALLS = 300, 1000
LOOP = 2  # sockets: the pair by which a loop is woken
SCRIPT = Path(__file__).parents[1] / "support" / "calling_often.py"
ANSWERS = {
    "local": [chunk(content="Moss "), chunk(content="grows."), chunk("stop"), usage_chunk(9, 3), DONE],
    "openai": [chunk(content="Moss "), chunk(content="grows."), chunk("stop"), usage_chunk(9, 3), DONE],
    "anthropic": claude_events.claude_events(claude_events.text("Moss grows.")),
    "google": gemini_events.gemini_events(gemini_events.text("Moss grows.")),
    "cohere": cohere_events.cohere_events(cohere_events.text("Moss grows.")),
}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
@pytest.mark.parametrize(
    "name", ["local", *(pytest.param(name, marks=pytest.mark.slow) for name in ANSWERS if name != "local")]
)
def test_a_thousand_calls_leave_nothing_behind(name: str):
    """The process grows by less than 5 MB, has one connection at a time, and none once its loop is closed."""
    with serving() as server:
        server.answers = [ANSWERS[name]] * (WARMING + CALLS)
        model = f"local:{server.url}#m" if name == "local" else f"{name}:{VENDORS[name].small}"
        keys = {vendor.variable: "k" for vendor in VENDORS.values()}
        addresses = {vendor.address: server.url for vendor in VENDORS.values()}
        said = subprocess.run(
            [sys.executable, str(SCRIPT), model, str(WARMING), str(CALLS)],
            env={**os.environ, **keys, **addresses},
            capture_output=True,
            text=True,
            check=True,
        )
        assert server.answers == []
    grown, most, left = map(int, said.stdout.split())
    assert grown < 5_000_000
    assert most <= 1 + LOOP
    assert left == 0
