"""``%genxai take``: the work of this notebook in one file, to go on with it at home."""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile

from genxai_nb.errors import DefinitionError, GenXAIError, InputError
from genxai_nb.export.exporting import Origin, Wanted, export_graph
from genxai_nb.graph.draw.figures import counted
from genxai_nb.journal.opening import find_store
from genxai_nb.secrets import find_secrets, held_secret, learn_environment

from .display import show_bundle, show_text
from .keeping import notebook_name, notebook_path
from .markup import element

if TYPE_CHECKING:
    from .session import Session
    from .verb import Request

_NEXT = """\
# How to go on with this work

It was taken with genxai-nb {version} on Python {python}.

    python -m venv .venv && . .venv/bin/activate
    pip install -r requirements.txt
    jupyter lab {notebook}

The runs are in `.genxai/journal.db`, beside the notebook as before: `%genxai runs` lists them, `%genxai resume RUN` goes on with
one, `%genxai restore` defines again what the notebook's cells had defined. Each script runs by itself: `python {script} --help`. Keys are never in here: set them in the environment again. Other
files that your cells read were not taken along.
{left}"""


def take(session: Session, request: Request) -> Path:
    """Pack the notebook as it was saved last, the journal, and a script of each graph.

    Returns:
        The file.

    Raises:
        InputError: The file is there already, or the name is not that of a zip file.
        DefinitionError: A key stands in the notebook.
    """
    notebook = notebook_path(session)
    place = Path(request.name or f"{notebook.stem if notebook else 'work'}.zip").expanduser()
    if place.suffix != ".zip":
        raise InputError(f"{str(place)!r} is no zip file.", hint="%genxai take work.zip")
    if place.exists() and not request.has("force"):
        raise InputError(f"{str(place)!r} is there already.", hint="Choose another name, or write: --force")
    if notebook:
        _refuse_keys(notebook)
    with tempfile.TemporaryDirectory() as folder, ZipFile(place, "w", ZIP_DEFLATED) as pack:
        taken = [notebook.name] if notebook else []
        if notebook:
            pack.write(notebook, f"{place.stem}/{notebook.name}")
        if _copied(Path(find_store().url), copy := Path(folder, "journal.db")):
            pack.write(copy, f"{place.stem}/.genxai/journal.db")
            taken.append("the journal")
        scripts, left = _scripts(session, Path(folder))
        for script in scripts:
            pack.write(script, f"{place.stem}/{script.name}")
        taken.append(counted(len(scripts), "script"))
        ours = version("genxai-nb")
        pack.writestr(f"{place.stem}/requirements.txt", f"genxai-nb[embed,lab,render,tools]=={ours}\n")
        words = {"version": ours, "python": ".".join(map(str, sys.version_info[:2])), "left": left}
        names = {
            "notebook": notebook.name if notebook else "",
            "script": scripts[0].name if scripts else "GRAPH.py",
        }
        pack.writestr(f"{place.stem}/HOW_TO_GO_ON.md", _NEXT.format(**words, **names))
    _tell(place, taken, left, notebook)
    return place


def _refuse_keys(notebook: Path) -> None:
    """Look through cells and outputs as they were saved.

    Raises:
        DefinitionError: In one of them stands a known key, or what looks like one.
    """
    learn_environment()
    for number, cell in enumerate(json.loads(notebook.read_text("utf-8")).get("cells", ()), 1):
        text = json.dumps(cell, ensure_ascii=False)
        found = held_secret(text) or next((finding.what for finding in find_secrets(text)), "")
        if found:
            raise DefinitionError(
                f"In cell {number} of {notebook.name} stands what looks like a key ({found}).",
                hint="Take it out, also of the output, save the notebook, and take the work again.",
            )


def _copied(journal: Path, copy: Path) -> bool:
    """Copy a journal as it stands at one moment, whoever writes to it; tell whether there is one."""
    if not journal.is_file():
        return False
    readable = f"{journal.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(readable, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return True


def _scripts(session: Session, folder: Path) -> tuple[list[Path], str]:
    """A script of each graph, and why others have none."""
    made, left = [], ""
    for name, kind in session.notebook.kinds().items():
        if kind != "graph":
            continue
        try:
            origin = Origin(session.variables, source=notebook_name(session))
            made.append(
                export_graph(session.graph(name), folder / f"{name}.py", origin, Wanted(check=False)).path
            )
        except GenXAIError as exc:
            left += f"\nGraph {name} has no script: {exc}\n"
    return made, left


def _tell(place: Path, taken: list[str], left: str, notebook: Path | None) -> None:
    lines = [f"✓ {place}: {', '.join(taken)}."]
    if notebook:
        lines.append("The notebook is in it as it was saved last.")
    else:
        lines.append(
            "The notebook is not in it: the front end does not tell where it is. Download it beside."
        )
    text = "\n".join([*lines, *left.split("\n\n")]).strip()
    show_text(text)
    link = element("a", f"Download {place.name}", href=quote(str(place)), download=place.name)
    show_bundle({"text/plain": str(place), "text/html": str(link)})
