"""A copy of the repository on a fresh machine: an empty folder, an empty home, no environment, no `.git`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", ".*_cache", ".hypothesis", ".coverage*", ".genxai", "__pycache__"
)


@pytest.fixture
def fresh(tmp_path):
    """Runs a command in the copy, with nothing of this machine but its programs and package index."""
    copy, home = tmp_path / "repository", tmp_path / "home"
    shutil.copytree(ROOT, copy, ignore=LEFT)
    home.mkdir()
    index = {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))
    }
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "CI") if name in os.environ}

    def run(*command, timeout):
        done = subprocess.run(
            command,
            cwd=copy,
            env={**index, **kept, "HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    return run


@pytest.mark.needs("make")
def test_the_demo_runs_on_a_fresh_machine(fresh):
    """The README's first command makes an environment and runs the quickstart; what the second needs can be had."""
    said = fresh("make", "demo", timeout=600)

    assert "Creating .venv" in said
    assert "It came to the same as run" in said
    assert "Installing genxai-nb and what 'make test' needs" in fresh(
        "bash", ".ci/prepare", "test", timeout=900
    )


@pytest.mark.slow
@pytest.mark.needs("make")
def test_all_tests_run_on_a_fresh_machine(fresh):
    """The second one too, from its own environment."""
    said = fresh("make", "test", timeout=3000)

    assert "Creating .venv" in said
    assert " failed" not in said
