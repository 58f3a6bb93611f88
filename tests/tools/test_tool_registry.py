"""Tools by name, known before their modules are imported."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from genxai_nb.errors import UnknownName
from genxai_nb.tools.registry import describe, find, names


def run_python(code: str, folder: Path) -> str:
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{textwrap.dedent(code)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def offer(folder: Path, **entries: str) -> None:
    """Install a package that offers tools, as an installer would leave it."""
    (folder / "shed.py").write_text(
        "from genxai_nb.tools.base import tool\n@tool\ndef hammer(nail: str) -> str:\n    return nail\nsaw = 3\n",
        "utf-8",
    )
    about = folder / "shed-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shed\nVersion: 1.0\n", "utf-8")
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (about / "entry_points.txt").write_text("\n".join(["[genxai_nb.tools]", *lines, ""]), "utf-8")


def test_listing_imports_no_tool(tmp_path):
    """Names and descriptions are known without importing a module with tools or pydantic."""
    code = """
        from genxai_nb.tools import registry
        print("calculator" in registry.names(), registry.find.__name__, registry.describe()[0].category)
        print([m for m in sys.modules if "builtin." in m or m == "pydantic"])
    """
    listed, loaded = run_python(code, tmp_path).splitlines()
    assert listed.startswith("True find ")
    assert loaded == "[]"


def test_table_says_what_the_tools_say():
    """Category, tags, permissions and first line of each row are those of the tool itself."""
    for row in describe():
        made = find(row.name)
        assert made.name == row.name
        assert (made.category, made.tags) == (row.category, row.tags)
        assert frozenset(row.permissions) == made.permissions
        assert made.description.splitlines()[0] == row.description


def test_unknown_tool_suggests_the_nearest():
    """A misspelt name is told with the nearest one."""
    with pytest.raises(UnknownName, match=r"Unknown tool 'calculater'. Did you mean 'calculator'?"):
        find("calculater")
    assert "calculator" in names()


def test_installed_package_offers_a_tool(tmp_path):
    """An entry point makes a tool known by name, and its module is imported when it is found."""
    offer(tmp_path, hammer="shed:hammer", calculator="shed:hammer")
    code = """
        from genxai_nb.tools import registry
        print([name for name in registry.names() if name == "hammer"], "shed" in sys.modules)
        print([tuple(row) for row in registry.describe() if row.name == "hammer"])
        print(registry.find("hammer")("x"), registry.find("calculator")("1 + 1"))
    """
    first, row, found = run_python(code, tmp_path).splitlines()
    assert first == "['hammer'] False"
    assert row == "[('hammer', 'plugin', (), 'A tool of package shed.', 'shed', ())]"
    assert found == "x 2"


def test_entry_point_to_something_else_is_refused(tmp_path):
    """An entry point that leads to no tool names itself and what it found."""
    offer(tmp_path, saw="shed:saw")
    code = """
        from genxai_nb.errors import SchemaInvalid
        from genxai_nb.tools import registry
        try:
            registry.find("saw")
        except SchemaInvalid as error:
            print(error)
    """
    said = run_python(code, tmp_path)
    assert said == (
        "The entry point 'saw' of group 'genxai_nb.tools' is a int, not a tool. "
        "Put @tool above the function that it names."
    )
