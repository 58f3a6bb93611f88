"""What runs elsewhere is what runs here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / ".github" / "workflows"


def commands(path):
    """The shell commands of a workflow, in order."""
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def targets():
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_every_check_of_a_change_is_make_test():
    """`.ci/run` does nothing but `make test`, and the workflow nothing but `.ci/run`."""
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()

    assert script == ["#!/usr/bin/env bash", "set -e", 'cd "$(dirname "$0")/.."', "make test"]
    assert commands(WORKFLOWS / "ci.yml") == ["bash .ci/run"]


def test_the_slow_tests_run_every_night():
    """By targets that there are."""
    workflow = yaml.safe_load((WORKFLOWS / "nightly.yml").read_text("utf-8"))

    assert workflow[True]["schedule"]  # YAML 1.1 reads the key "on" as true
    assert commands(WORKFLOWS / "nightly.yml") == ["make slow", "make audit"]
    assert {"test", "slow", "soak", "audit"} <= targets()


def test_the_checks_pass_by_what_notebooks_have_written(tmp_path):
    """In a copy without .git too, where ruff does not heed .gitignore."""
    for name in ("pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    ignored = (tmp_path / ".gitignore").read_text("utf-8").split()
    written = [name.strip("/").replace("*", "any") for name in ignored if name.endswith(".py")]
    for name in ("notebooks/demo.py", "notebooks/build/report/script.py", *written):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    ruff = [Path(sys.executable).with_name("ruff"), "check", "--show-files"]
    found = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert len(written) == 5
    assert {Path(line).name for line in found.splitlines()} == {"pyproject.toml", "demo.py"}


@pytest.mark.parametrize("name", ["slow", "soak"])
def test_a_set_is_defined_once(name):
    """By a mark in pyproject.toml, which the default set leaves out and a target of make runs."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    recipe = (ROOT / "Makefile").read_text("utf-8").partition(f"\n{name}:")[2].partition("\n\n")[0]

    assert f"not {name}" in settings["addopts"][-1]
    assert [mark for mark in settings["markers"] if mark.startswith(f"{name}:") and f"make {name}" in mark]
    assert f"-m pytest tests -m {name}" in recipe
