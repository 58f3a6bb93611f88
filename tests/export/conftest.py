"""Modules that define a graph, run and exported in a folder of their own."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from genxai_nb.export.exporting import Exported, Origin, Wanted, export_graph

numbers = itertools.count()


@dataclass
class Flow:
    """A module with a graph, and the store of its runs.

    Attributes:
        module: The module.
        folder: Its folder.
    """

    module: ModuleType
    folder: Path

    @property
    def graph(self) -> Any:
        """The graph called ``graph``."""
        return self.module.graph

    @property
    def store(self) -> str:
        """Where its runs are kept."""
        return str(self.folder / "journal.db")

    def run(self, given: dict[str, Any] | None = None, **options: Any) -> Any:
        """Run the graph and keep the run."""
        return self.graph.run(given or {}, store=self.store, **options)

    def edit(self, before: str, after: str) -> Flow:
        """Change the module's file and load it anew."""
        path = Path(str(self.module.__file__))
        text = path.read_text("utf-8")
        assert before in text
        path.write_text(text.replace(before, after), "utf-8")
        Path(importlib.util.cache_from_source(str(path))).unlink(
            missing_ok=True
        )  # of one second and one size, it would be taken
        self.module.__spec__.loader.exec_module(self.module)
        return self

    def export(self, name: str = "out.py", **options: Any) -> Exported:
        """Export the graph beside its module."""
        wanted = Wanted(**{"store": self.store, "force": True, **options})
        origin = Origin(vars(self.module), source=Path(str(self.module.__file__)).name)
        return export_graph(self.graph, self.folder / name, origin, wanted)


@pytest.fixture
def flow(tmp_path, monkeypatch):
    """Make a module of a text, and files beside it by their names."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(text: str, **files: str) -> Flow:
        for name, content in files.items():
            (tmp_path / f"{name}.py").write_text(dedent(content), "utf-8")
            monkeypatch.delitem(sys.modules, name, raising=False)
        name = f"flow_{next(numbers)}"
        path = tmp_path / f"{name}.py"
        path.write_text(dedent(text), "utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return Flow(module, tmp_path)

    return make


@pytest.fixture
def script(tmp_path):
    """Run a script with plain Python in an empty folder."""
    place = tmp_path / "elsewhere"

    def run(path: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        place.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-I", str(path), *words],
            cwd=place,
            env={**os.environ, **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )

    return run


@pytest.fixture(scope="session")
def ruff() -> str:
    """The linter of this environment."""
    found = shutil.which("ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found, "ruff is part of the group check"
    return found
