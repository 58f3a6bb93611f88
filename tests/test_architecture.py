"""The house keeps its own rules, as far as the linters cannot see them."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from genxai_nb import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
ROOMS = [ROOT / name for name in ("genxai_nb", "tests", "notebooks")]
EXPORTED = "\n# exported by genxai-nb, "  # in the last line of a script that a notebook wrote
SOURCES = sorted(
    path
    for room in ROOMS
    for ending in ("py", "js", "css")
    for path in room.rglob(f"*.{ending}")
    if ".ipynb_checkpoints" not in path.parts and EXPORTED not in path.read_text("utf-8")[-100:]
)
MODULES = [path for path in SOURCES if path.suffix == ".py"]
PACKAGE = sorted((ROOT / "genxai_nb").rglob("*.py"))
BROAD_WORDS = {
    "common",
    "handler",
    "handlers",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "util",
    "utils",
}
HEAVY = {
    "IPython",
    "anthropic",
    "anywidget",
    "cohere",
    "google",
    "graphviz",
    "ipykernel",
    "ipywidgets",
    "numpy",
    "openai",
    "pandas",
    "pydantic",
    "traitlets",
}


def run_python(code: str) -> str:
    """Run code in a fresh interpreter that measures no coverage, and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def syntax(*paths: Path) -> Iterator[tuple[str, ast.AST]]:
    """Walk the syntax trees of files: each node, with its file and line."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", node


def test_importing_the_package_loads_nothing_heavy():
    """`import genxai_nb` loads no Jupyter, no pandas, no numpy, no pydantic and no vendor's SDK."""
    loaded = run_python("import sys, genxai_nb; print(*sys.modules)").split()

    assert "genxai_nb" in loaded
    assert set(loaded) & HEAVY == set()


def test_importing_the_package_is_quick():
    """`import genxai_nb` takes at most 60 ms in a started process."""
    code = "import time; began = time.perf_counter(); import genxai_nb; print(time.perf_counter() - began)"

    assert min(float(run_python(code)) for _ in range(5)) <= 0.060


def test_core_install_is_small():
    """The core with everything that it pulls in is at most 15 packages."""
    found: set[str] = set()
    waiting = ["genxai-nb"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        needed = map(Requirement, metadata.requires(name) or ())
        waiting += [
            need.name for need in needed if need.marker is None or need.marker.evaluate({"extra": ""})
        ]

    assert "msgspec" in found
    assert len(found) <= 15, sorted(found)


def test_no_file_is_long():
    """No source file has more than 400 lines."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in SOURCES
        if (count := len(path.read_text("utf-8").splitlines())) > 400
    }

    assert long == {}


def test_no_file_has_a_broad_name():
    """Files are named for what they hold, never `utils` or `manager`."""
    names = [path.relative_to(ROOT) for path in SOURCES]

    assert [
        str(name)
        for name in names
        for part in name.with_suffix("").parts
        if BROAD_WORDS & set(part.split("_"))
    ] == []


def test_no_test_replaces_our_own_code():
    """No test imports unittest.mock, and none sets an attribute of this package through monkeypatch."""
    found = []
    for place, node in syntax(*MODULES):
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            found += [place for name in names if name.startswith(("unittest", "pytest_mock"))]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "monkeypatch.setattr":
            target = ast.unparse(node.args[0]).strip("'\"")
            found += [place] if target.startswith("genxai_nb") else []

    assert found == []


def test_nobody_inside_imports_the_package_root():
    """Modules import from the room that holds a name, never from `genxai_nb` itself."""
    found = []
    for place, node in syntax(*PACKAGE):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
        found += [place for name in names if name == "genxai_nb"]

    assert found == []


def error_classes() -> list[type[errors.GenXAIError]]:
    """All error classes of the package, the base first."""
    found = [errors.GenXAIError]
    for known in found:
        found += known.__subclasses__()
    return [known for known in found if known.__module__.startswith("genxai_nb.")]


def test_the_drawn_error_tree_is_the_real_one():
    """The tree in the docstring of errors.py shows every error class under its base, and no other."""
    drawn, bases = {}, {}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ([│├└─ ]*)([A-Z]\w+)", line):
            depth = len(match[1]) // 4
            bases[depth] = match[2]
            drawn[match[2]] = bases.get(depth - 1)

    real = {
        known.__name__: known.__base__.__name__ if depth else None
        for depth, known in enumerate(error_classes())
    }

    assert drawn == real


def test_every_error_has_its_own_code():
    """No two error classes share a code, and each defines its own."""
    codes = [known.__dict__.get("code") for known in error_classes()]

    assert None not in codes
    assert len(set(codes)) == len(codes)


def test_errors_live_in_one_file():
    """No module but errors.py defines an error class."""
    bases = {known.__name__ for known in error_classes()} | {"Exception", "RuntimeError", "ValueError"}
    found = [
        place
        for place, node in syntax(*PACKAGE)
        if isinstance(node, ast.ClassDef)
        and bases & {ast.unparse(base).split(".")[-1] for base in node.bases}
    ]

    assert found != []
    assert {place.partition(":")[0] for place in found} == {"genxai_nb/errors.py"}


def test_version_is_the_newest_heading_of_the_changelog():
    """pyproject.toml and CHANGELOG.md agree on the version."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)

    assert headings[0] == version


def test_no_registry_is_named():
    """No file names the host of a package registry: every machine brings its own."""
    hosts = re.compile(r"pythonhosted|pypi\.org|registry\.npmjs|deb\.debian")
    files = [
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
        *(path for path in (ROOT / ".ci").iterdir() if path.is_file()),
        *(ROOT / ".github").rglob("*.yml"),
    ]

    assert [
        path.name
        for path in [*files, *MODULES]
        if path != Path(__file__) and hosts.search(path.read_text("utf-8"))
    ] == []
    assert not (ROOT / "uv.lock").exists()
