"""What is published: the wheel and the source archive hold what belongs into them, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MADE = {"__pycache__", ".mypy_cache", ".ruff_cache"}
BUILD = "import hatchling.build as b, sys; b.build_wheel(sys.argv[1]); b.build_sdist(sys.argv[1])"


def files(folder):
    """What lies below a folder of the repository, as it would be cloned."""
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file() and not MADE & set(path.parts))
    return {path.relative_to(ROOT).as_posix() for path in paths}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with both archives."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-c", BUILD, folder], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return folder


def test_the_wheel_holds_the_package_and_nothing_else(built):
    """Each module, style sheet, script and data file, and the mark that it is typed; no test and no notebook."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = wheel.namelist()
        entry = next(wheel.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    held = {name for name in names if ".dist-info/" not in name}

    assert held == files("genxai_nb")
    assert {"py", "js", "css", "typed"} <= {name.rpartition(".")[2] for name in held}
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert "genxai-nb = genxai_nb.__main__:run" in entry


def test_the_source_archive_can_be_built_and_tested(built):
    """It holds the package, the tests, the notebooks and all that `make` reads; nothing that a tool left behind."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}

    assert files("genxai_nb") | files("tests") | {"Makefile", "README.md", "pyproject.toml"} <= held
    assert {"notebooks/quickstart.ipynb", ".ci/prepare", ".ci/run"} <= held
    left = {".venv", "build", "dist", ".git", ".genxai", "__pycache__", ".hypothesis"}
    assert not [name for name in held if left & set(name.split("/"))]
