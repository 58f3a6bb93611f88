"""The linter of the page's code."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OXLINT = Path(sysconfig.get_path("scripts"), "oxlint")


def said(*command: object) -> subprocess.CompletedProcess[str]:
    """Run a program in the project's folder and collect what it says."""
    return subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not OXLINT.exists(), reason="oxlint comes with the group check")
def test_the_page_is_clean():
    """Oxlint finds nothing in the page's code and its tests."""
    lint = said(OXLINT, "genxai_nb/notebook/static", "tests/js")

    assert lint.returncode == 0, lint.stdout


@pytest.mark.skipif(not OXLINT.exists(), reason="oxlint comes with the group check")
def test_markup_made_from_text_is_refused(tmp_path):
    """The linter refuses code that would turn text into elements."""
    (tmp_path / "bad.js").write_text("document.body.innerHTML = location.hash;\n")
    lint = said(OXLINT, "--config", ROOT / ".oxlintrc.json", tmp_path)

    assert lint.returncode != 0
    assert "no-restricted-properties" in lint.stdout
