"""``make live``: whole graphs on a server in a vendor's place, and what is skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from chat_chunks import DONE, call_chunk, chunk, usage_chunk
from model_server import ModelServer, Refusal, serving

from genxai_nb.providers.vendors import VENDORS

ROOT = Path(__file__).parents[2]
KEY = "sk-canary-0123456789abcdef"


def answer(text: str) -> list:
    return [chunk(content=text), chunk("stop"), usage_chunk(100, 10), DONE]


def called(name: str, arguments: str) -> list:
    return [call_chunk(0, name, arguments, "c1"), chunk("tool_calls"), usage_chunk(100, 10), DONE]


def live(tmp_path, server: ModelServer | None, *models: str) -> subprocess.CompletedProcess:
    """Run the script with OpenAI's variables leading to a server."""
    configured = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY} if server else {}
    command = [
        sys.executable,
        str(ROOT / "notebooks" / "live.py"),
        "--place",
        str(tmp_path / "runs"),
        *models,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **configured}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_all_tasks_run_on_a_configured_vendor(tmp_path):
    """The quickstart's graph, a tool and a loop pass; vendors without a key are skipped with what they lack."""
    with serving() as server:
        server.answers = [
            called("look_up", '{"topic": "Function definitions"}'),
            answer("A function definition binds a name."),
            answer("It binds a name."),
            answer('{"score": 0.95, "advice": ""}'),
            called("add", '{"a": 1234, "b": 4321}'),
            answer("It is 5,555."),
            answer("A definition binds the name of a function to an object when it is executed by somebody."),
            answer("A definition binds a function's name."),
        ]
        done = live(tmp_path, server)
        assert server.answers == []
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[:2] for line in lines[:3]] == [["✓", "openai:gpt-4.1-nano"]] * 3
    assert "score 0.95, It binds a name." in lines[0]
    assert "$" in lines[0]
    assert "1 calls, It is 5555." in lines[1]
    assert "2 rounds, 6 words" in lines[2]
    assert any(line.startswith("○ anthropic: skipped. Provider 'anthropic' has no key") for line in lines)
    assert lines[-1].startswith("3 of 3 passed. The runs are in ")
    assert KEY not in done.stdout


@pytest.mark.slow
def test_all_vendors_are_tried_over_their_own_sdks(tmp_path, llmock, monkeypatch):
    """Every task reaches every vendor; one that calls tools at random fails at the sum, and at nothing before it."""
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "beta")  # llmock has no other
    done = live(tmp_path, None)
    for vendor in VENDORS:
        lines = [line for line in done.stdout.splitlines() if f" {vendor}:" in line]
        assert [" ".join(line.split()[2:4]) for line in lines][1:] == ["use a", "go round"]
        assert "1 calls, " in lines[1]
        assert lines[2].startswith("✓")
    assert "skipped" not in done.stdout


def test_what_fails_is_told_with_its_reason(tmp_path):
    """One task that fails does not keep the others from being run, and the exit code tells."""
    with serving() as server:
        server.answers = [Refusal(404, {"error": {"message": "no such model"}}) for _ in range(3)]
        done = live(tmp_path, server, "openai:none-such")
    assert done.returncode == 1
    assert done.stdout.count("✕ openai:none-such") == 3
    assert done.stdout.count("There is no model 'openai:none-such'") == 3
    assert "openai:gpt-4.1-nano: skipped. Other models were named." in done.stdout


def test_nothing_configured_is_no_failure(tmp_path):
    """All vendors are skipped with what they lack."""
    done = live(tmp_path, None)
    assert done.returncode == 0
    assert done.stdout.count(": skipped. ") >= 4
    assert done.stdout.splitlines()[-1].startswith("No model is configured")
