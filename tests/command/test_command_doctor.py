"""``genxai-nb doctor``."""

from __future__ import annotations

import json


def test_report_is_text_or_json_and_its_end_is_the_exit_code(command):
    """All is well: 0; something to mend: 1; both forms say the same."""
    text = command("doctor")
    assert text.returncode == 0
    assert text.stdout.endswith("✓ Nothing has to be mended.\n")
    data = json.loads(command("doctor", "--json").stdout)
    assert data["ok"] is True
    assert all(finding["name"] in text.stdout for finding in data["findings"])

    wrong = command("doctor", "--json", GENXAI_MODEL="opnai:gpt-5")
    assert wrong.returncode == 1
    assert json.loads(wrong.stdout)["ok"] is False


def test_nothing_is_asked_without_live(command):
    """A key alone makes no request: the vendor's address would not answer here."""
    done = command("doctor", OPENAI_API_KEY="sk-canary-0123456789", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert (done.returncode, "live" in done.stdout.splitlines()) == (0, False)
    assert "canary" not in done.stdout + done.stderr
    live = command("doctor", "--live", "--model", "local:http://127.0.0.1:9/v1#m")
    assert live.returncode == 1
    assert "Nothing answers at http://127.0.0.1:9/v1." in live.stdout
