"""What Binder is told: it reads each file, and the lessons run in the environment that they make."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the repository as Binder sees it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    names = [name for name in listed if name] or [
        str(path.relative_to(ROOT))
        for folder in ("binder", "genxai_nb", "tutorials", "notebooks")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ] + ["README.md", "pyproject.toml", "LICENSE"]
    for name in names:
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def test_binder_reads_each_file(checkout: Path):
    """The recipe that repo2docker writes has the Python, the packages, the postBuild and the start of these files."""
    made = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(checkout)],
        capture_output=True,
        text=True,
        check=True,
    )
    recipe = made.stdout + made.stderr
    assert f"python={(BINDER / 'runtime.txt').read_text().strip().removeprefix('python-')}" in recipe
    for package in (BINDER / "apt.txt").read_text().split():
        assert f"--no-install-recommends {package}" in recipe
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in recipe
    assert "RUN ./binder/postBuild" in recipe
    assert 'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in recipe


def test_lessons_run_in_the_environment_of_these_files(checkout: Path):
    """In an empty environment, made as Binder makes it, JupyterLab opens the first lesson and all lessons run."""
    home = checkout / "home"
    home.mkdir()
    venv.create(checkout / "env", with_pip=True, symlinks=True)
    scripts = checkout / "env" / "bin"
    keep = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    world = {**keep, "PATH": f"{scripts}:/usr/bin:/bin", "HOME": str(home)}

    def done(*command: str) -> str:
        ended = subprocess.run(
            command, cwd=checkout, env=world, capture_output=True, text=True, check=False, timeout=600
        )
        assert ended.returncode == 0, f"{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        return ended.stdout

    done("python", "-m", "pip", "install", "-q", "-r", "binder/requirements.txt")
    done("binder/postBuild")
    names = "GENXAI_MODEL", "GENXAI_POLICY"
    told = done("binder/start", "python", "-c", f"import os; print(*map(os.environ.get, {names}))")
    assert told.split() == ["offline", "safe"]
    settings = done("jupyter", "lab", "--show-config-json")
    assert '"default_url": "/lab/tree/tutorials/1_first_agent_and_graph.ipynb"' in settings
    for lesson in sorted(path.name for path in (checkout / "tutorials").glob("*.ipynb")):
        done("binder/start", "jupyter", "execute", f"tutorials/{lesson}")
