"""A notebook that is executed once for several tests: its outputs, the exports of its graphs, its exercises.

``python tests/support/executed_notebooks.py NOTEBOOK ...`` commits what it gives to the notebook, and to its script in
notebooks/scripts/.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from msgspec import Struct
from nbclient import NotebookClient
from output_texts import differences

SOLUTION = re.compile(r"<summary>Solution</summary>(.+?)</details>", re.DOTALL)
FENCED = re.compile(r"^```(?:python)?\n(.+?)^```$", re.MULTILINE | re.DOTALL)
CHECKED = "checked"  # the folder of the scripts that EXPORTS writes
EXPORTS = f"""
def _exports():
    import json
    from pathlib import Path

    from genxai_nb import Agent, GenXAIError, Graph, export, run_log

    Path({CHECKED!r}).mkdir()
    ran, made = set(run_log()["graph"]), {{}}
    found = {{value.name: value for value in globals().values() if isinstance(value, Agent)}}
    found.update({{value.name: value for value in globals().values() if isinstance(value, Graph)}})
    for name in sorted(ran & found.keys()):
        try:
            script = export(found[name], f"{CHECKED}/{{name}}.py", check=True)
            made[name] = [script.checked, script.events, script.verdict]
        except GenXAIError as error:
            made[name] = [False, 0, str(error)]
    print(json.dumps(made))


_exports()
"""
# A script asks for at least the packages that are installed, by their version; its last line is a sum of its text.
_VERSIONS = re.compile(r'>=[\d.]+",$|^# exported by genxai-nb, \w+$', re.MULTILINE)


class Export(Struct, frozen=True):
    """What the export of one graph, or of an agent that was asked, came to.

    Attributes:
        same: Whether its script does what its run did.
        events: In how many events.
        verdict: The same in words.
    """

    same: bool | None
    events: int
    verdict: str


class Executed(Struct, frozen=True):
    """A notebook and what became of it.

    Attributes:
        path: Where it is committed.
        committed: With the outputs that are committed.
        notebook: With those of this execution.
        exports: By the name of the graph or agent.
        scripts: What its own cells wrote, by the name of the file.
        verdicts: What the checkers of its exercises said to their solutions.
    """

    path: Path
    committed: Any
    notebook: Any
    exports: dict[str, Export]
    scripts: dict[str, str]
    verdicts: list[str]

    @property
    def script(self) -> str:
        """What is committed as its script: the one that has its name, or the only one that it writes."""
        wrote = self.scripts
        return wrote.get(f"{self.path.stem}.py") or (next(iter(wrote.values())) if len(wrote) == 1 else "")


def execute(path: Path, folder: Path) -> Executed:
    """Execute a committed notebook in an empty folder, then export what it defines, then solve its exercises.

    Data beside it come along; scripts and other notebooks do not.
    """
    others = shutil.ignore_patterns(".*", "*.py", "*.ipynb", "scripts")
    shutil.copytree(path.parent, folder, dirs_exist_ok=True, ignore=others)
    shutil.copy(path, folder)
    committed = nbformat.read(path, as_version=4)
    notebook = copy.deepcopy(committed)
    client = NotebookClient(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    with client.setup_kernel(env=_plain_environment()):
        for place, cell in enumerate(notebook.cells):
            client.execute_cell(cell, place)
        wrote = {script.name: script.read_text("utf-8") for script in folder.rglob("*.py")}
        exports = _run_below(client, EXPORTS)
        verdicts = [_verdict(client, *solved) for solved in _solved(committed)]
    notebook.cells = notebook.cells[: len(committed.cells)]
    made = {name: Export(*found) for name, found in json.loads(exports).items()}
    return Executed(path, committed, notebook, made, wrote, verdicts)


def script_place(path: Path) -> Path | None:
    """Where the script of a notebook is committed; None if it is not: that of a lesson, or of the quickstart."""
    if path.parent.name != "notebooks" or path.stem == "quickstart":
        return None
    return path.parent / "scripts" / f"{path.stem}.py"


def unversioned(script: str) -> str:
    """A script without the versions of the packages that were installed where it was exported."""
    return _VERSIONS.sub("", script)


def tagged(notebook: Any, tag: str) -> Iterator[Any]:
    """The cells with a tag."""
    return (cell for cell in notebook.cells if tag in cell.metadata.get("tags", ()))


def _solved(notebook: Any) -> Iterator[tuple[list[str], str]]:
    """The cells of the folded solution of each exercise, and its checker."""
    texts = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    solutions = [FENCED.findall(text) for text in SOLUTION.findall(texts)]
    return zip(solutions, (cell.source for cell in tagged(notebook, "check")), strict=True)


def _verdict(client: NotebookClient, solution: list[str], check: str) -> str:
    for source in solution:
        _run_below(client, source)
    return _run_below(client, check).strip()


def _run_below(client: NotebookClient, source: str) -> str:
    """Run one more cell, and give what it prints."""
    cell = nbformat.v4.new_code_cell(source)
    client.nb.cells.append(cell)
    client.execute_cell(cell, len(client.nb.cells) - 1)
    failed = [output.evalue for output in cell.outputs if output.output_type == "error"]
    assert not failed, f"{source}\n{failed}"
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def _plain_environment() -> dict[str, str]:
    """This environment without settings and keys."""
    ours = ("GENXAI_", "JPY_")
    keys = ("_API_KEY", "_BASE_URL", "_API_URL")
    return {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(ours) and not name.endswith(keys)
    }


def refresh(path: Path) -> str:
    """Write a notebook's outputs anew, and its script, where they say something else; tell what was written."""
    with tempfile.TemporaryDirectory() as folder:
        executed = execute(path, Path(folder))
    failed = [name for name, made in executed.exports.items() if not made.same]
    errors = [
        output for cell in executed.notebook.cells for output in cell.get("outputs", ()) if "ename" in output
    ]
    assert not [*failed, *errors], f"{path}: {failed} {errors}"
    told = []
    counts = [
        [cell.get("execution_count") for cell in book.cells]
        for book in (executed.committed, executed.notebook)
    ]
    if counts[0] != counts[1] or differences(executed.committed, executed.notebook):
        executed.notebook.metadata = executed.committed.metadata
        for cell in executed.notebook.cells:
            cell.metadata.pop("execution", None)
        nbformat.write(executed.notebook, path)
        told.append(str(path))
    place = script_place(path)
    if place and unversioned(executed.script) != (
        unversioned(place.read_text("utf-8")) if place.exists() else ""
    ):
        place.parent.mkdir(exist_ok=True)
        place.write_text(executed.script, "utf-8")
        told.append(str(place))
    return f"{path.stem}: {', '.join(told) or 'as it is'}"


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(refresh(Path(argument).resolve()))
