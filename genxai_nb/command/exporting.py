"""The commands ``export`` and ``check``."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import redirect_stdout
from pathlib import Path

from genxai_nb.errors import InputError
from genxai_nb.export.checking import check_script
from genxai_nb.export.exporting import Exported, Origin, Wanted, export_graph

from .definitions import opened
from .exits import DONE, FAILED
from .keeping import cells_of
from .lists import journal_of
from .printing import as_json, put, tell

__all__ = ["check_file", "export_file"]


def export_file(given: Namespace) -> int:
    """Write a graph of a file as a script, and compare what it does with a run.

    Returns:
        The exit code: 1 if the script does not do what the run did.

    Raises:
        GenXAIError: The file or its graph is not sound, or something cannot be carried.
    """
    store = _store_of(given)
    with redirect_stdout(sys.stderr), opened(given.file, given.graph, trust=given.trust, reads=True) as file:
        for notice in file.notices:
            tell(notice)
        values = file.notebook.example_of(file.graph) if file.notebook is not None else None
        origin = Origin(file.space, cells_of(file), Path(given.file).name, values)
        wanted = Wanted(
            check=given.check,
            run=given.run,
            store=store,
            force=given.force,
        )
        out = given.out or f"{file.graph.name}.py"
        if Path(out).absolute() == Path(given.file).absolute():
            raise InputError(f"{out!r} is the file that the graph is from.", hint="Name another: -o OUT.py.")
        made = export_graph(file.graph, Path(out).absolute(), origin, wanted)
    return _told(made, out, json=given.json)


def check_file(given: Namespace) -> int:
    """Compare what a script does with a run.

    Returns:
        The exit code: 1 if the script does not do what the run did.

    Raises:
        GenXAIError: There is no such script or run, or the run has not ended.
    """
    found = check_script(given.file, given.run, graph=given.graph or "", store=_store_of(given))
    return _told(found, given.file, json=given.json)


def _store_of(given: Namespace) -> str:
    """The journal that is meant: that of the working folder, else one that lies beside the file."""
    store = journal_of(given.store)
    beside = Path(given.file).expanduser().absolute().parent / ".genxai" / "journal.db"
    if given.store is None and store is not None and not store.is_file() and beside.is_file():
        store = beside
    return ":memory:" if store is None else str(store)


def _told(made: Exported, name: str, *, json: bool) -> int:
    if json:
        put(
            as_json(
                {"path": str(made.path), "run": made.run_id, "checked": made.checked, "events": made.events}
            )
        )
    glyph = "✕" if made.difference else "○" if made.checked is None else "✓"
    tell(f"{glyph} {name}, {made.lines} lines: {made.verdict}")
    if made.needs:
        tell(f"  {made.needs}")
    return FAILED if made.difference is not None else DONE
