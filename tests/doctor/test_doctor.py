"""What the doctor sees, says and never shows."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
from chat_chunks import DONE, call_chunk, chunk, usage_chunk
from model_server import Plain, Refusal, serving

from genxai_nb.doctor import Finding, Report, ask_models, examine
from genxai_nb.providers.vendors import VENDORS

CANARY = "sk-canary-0123456789abcdef"


def found(part: str, name: str, **more) -> Finding:
    """The finding of that part and name."""
    (finding,) = [one for one in examine(**more) if (one.part, one.name) == (part, name)]
    return finding


def test_every_part_is_looked_at():
    """Python, packages, extras, keys, models, programs and the store are there, and all is well here."""
    findings = examine()
    parts = list(dict.fromkeys(finding.part for finding in findings))
    assert parts == [
        "python",
        "packages",
        "extras",
        "keys",
        "models",
        "servers",
        "programs",
        "sandboxes",
        "store",
    ]
    assert Report(findings).ok
    assert found("packages", "msgspec").value == metadata.version("msgspec")
    assert "openai" in found("extras", "openai").value


def test_missing_extra_is_told_with_what_to_type():
    """An extra without its package names the pip command, and is no reason to fail."""
    missing = [one for one in examine() if one.part == "extras" and one.status == "absent"]
    for finding in missing:
        assert finding.hint == f'pip install "genxai-nb[{finding.name}]"'
    assert {one.name for one in examine() if one.part == "extras"} >= {"anthropic", "notebook", "openai"}


def test_package_that_its_vendor_has_ended_is_told_with_what_to_do(tmp_path, monkeypatch):
    """Google's old SDK is recognised where it is installed, with what takes its place, and is no failure."""
    assert not [one for one in examine() if one.name == "google-generativeai"]
    about = tmp_path / "google_generativeai-0.8.6.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: google-generativeai\nVersion: 0.8.6\n")
    monkeypatch.syspath_prepend(tmp_path)
    finding = found("packages", "google-generativeai")
    assert (finding.status, finding.value) == ("warning", "0.8.6")
    assert "pip uninstall google-generativeai" in finding.hint
    assert 'pip install "genxai-nb[google]"' in finding.hint
    assert Report([finding]).ok


def test_keys_are_set_or_not_and_never_shown(monkeypatch: pytest.MonkeyPatch):
    """Whatever is in the environment, not even its beginning is in the report."""
    assert found("keys", "OPENAI_API_KEY").value == "not set"
    for vendor in VENDORS.values():
        monkeypatch.setenv(vendor.variable, CANARY)
    monkeypatch.setenv("GENXAI_LOCAL_KEY", f"{CANARY}\n")
    findings = examine()
    assert {one.value for one in findings if one.part == "keys"} == {
        "set",
        "set, with a blank or a line's end around it",
    }
    report = Report(findings)
    assert CANARY[:6] not in f"{report!r}{report.as_data()}"


def test_models_say_what_they_lack(monkeypatch: pytest.MonkeyPatch):
    """A vendor without a key names its variable, with one it is ready."""
    assert "OPENAI_API_KEY is not set" in found("models", "openai").value
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    assert found("models", "openai").status == "ok"


def test_model_setting_that_cannot_work_has_to_be_mended(monkeypatch: pytest.MonkeyPatch):
    """A misspelt GENXAI_MODEL fails the whole, with the nearest name."""
    monkeypatch.setenv("GENXAI_MODEL", "opnai:gpt-5")
    finding = found("models", "GENXAI_MODEL")
    assert (finding.status, "openai" in finding.hint) == ("failed", True)
    report = Report(examine())
    assert not report.ok
    assert repr(report).endswith("✕ To mend: GENXAI_MODEL.")


def test_store_is_looked_at_and_not_made(tmp_path: Path):
    """A store that is not there yet is told so, and is still not there afterwards."""
    place = tmp_path / "deep" / "runs.db"
    finding = found("store", str(place), store=str(place))
    assert (finding.status, finding.value) == ("ok", "can be written; will be made by the first run")
    assert not place.parent.exists()


def test_store_that_cannot_be_used_has_to_be_mended(tmp_path: Path):
    """A file that is no journal, and a place below a file, are failures with a reason."""
    file = tmp_path / "notes.txt"
    file.write_text("not a journal, and long enough to be looked at as one " * 40)
    assert found("store", str(file), store=str(file)).status == "failed"
    below = file / "runs.db"
    assert found("store", str(below), store=str(below)).value == "cannot be written"


def said(*texts: str) -> list:
    """An answer in pieces."""
    return [*(chunk(content=text) for text in texts), chunk("stop"), usage_chunk(9, 1), DONE]


CALLED = [call_chunk(0, "add", '{"a": 17, "b": 25}', "c1"), chunk("tool_calls"), usage_chunk(9, 1), DONE]
EMBEDDED = Plain({"data": [{"index": 0, "embedding": [0.6, 0.8]}], "model": "m", "usage": {}})


def test_live_tries_all_that_a_model_can_do_and_tells_what_it_cost(monkeypatch: pytest.MonkeyPatch):
    """Text, stream, tool, structured output and embedding of each configured vendor, by tiny calls."""
    with serving() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        server.answers = [said("Yes"), said("one, ", "two"), CALLED, said('{"sum": 42}'), EMBEDDED]
        findings = ask_models()
        assert {one.part for one in findings} == {f"live openai:{VENDORS['openai'].small}"}
        values = {one.name: one.value for one in findings}
        assert list(values) == ["text", "stream", "tool", "structured", "embedding"]
        assert {one.status for one in findings} == {"ok"}
        assert "9 + 1 tokens, $0.00000" in values["text"]
        assert values["stream"].startswith("2 pieces, ")
        assert values["tool"].startswith("add(17, 25), ")
        assert values["structured"].startswith('{"sum": 42}, ')
        assert values["embedding"].startswith("openai:text-embedding-3-small: 2 numbers")
        assert server.requests[3]["response_format"]["type"] == "json_schema"
        assert [request.get("max_completion_tokens") for request in server.requests] == [400] * 4 + [None]

        server.answers = [Refusal(401, {"error": {"message": f"Wrong: {CANARY}"}})]
        (finding,) = ask_models()
        assert (finding.status, finding.hint) == ("failed", "Set OPENAI_API_KEY to a valid key.")
        report = repr(Report([finding]))
        assert report.endswith("✕ To mend: text of openai:gpt-4.1-nano.")
        assert CANARY[:6] not in report


def test_live_warns_of_what_a_model_cannot_do():
    """A model that writes text, and neither streams nor calls nor fits a schema, is no failure of the installation."""
    with serving() as server:
        server.answers = [
            said("Yes"),
            said("one, two"),
            Refusal(400, {"error": {"message": "m does not support tools"}}),
            said("It is 42."),
        ]
        findings = {one.name: one for one in ask_models([f"local:{server.url}#m"])}
    assert {name: one.status for name, one in findings.items()} == {
        "text": "ok",
        "stream": "warning",
        "tool": "warning",
        "structured": "warning",
        "embedding": "absent",
    }
    assert "came in 1 piece" in findings["stream"].value
    assert "does not support tools" in findings["tool"].value
    assert "'It is 42.' does not fit the schema" in findings["structured"].value
    assert Report(findings.values()).ok


def test_live_tells_of_a_model_that_is_none_and_of_none_at_all():
    """A misspelt model fails with the nearest name; nothing configured is said."""
    (wrong,) = ask_models(["opnai:x"])
    assert (wrong.status, "openai" in wrong.hint) == ("failed", True)
    (none,) = ask_models()
    assert (none.status, none.value) == ("absent", "none is configured")


def test_live_tries_every_vendor_over_its_own_sdk(llmock, monkeypatch: pytest.MonkeyPatch):
    """Text comes from each, in pieces, a tool is called, and the price is known."""
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "beta")  # llmock has no other
    findings = ask_models()
    for vendor, about in VENDORS.items():
        found = {one.name: one for one in findings if one.part == f"live {vendor}:{about.small}"}
        assert (found["text"].status, found["stream"].status) == ("ok", "ok")
        assert "$0.0000" in found["text"].value
        assert "('add', {'a': 1, 'b': 1})" in found["tool"].value
