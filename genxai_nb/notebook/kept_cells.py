"""The cells that have defined something, kept in the journal and found there again."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import structs

from genxai_nb.errors import DefinitionError, GenXAIError
from genxai_nb.journal import open_store
from genxai_nb.journal.cells import CellText, versions
from genxai_nb.journal.opening import find_store

from .display import show_text
from .keeping import notebook_name
from .verb import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .session import Session


def keep_cell(session: Session, request: Request) -> None:
    """Keep the cell of a definition, unless it is as it was; say once if that cannot be done.

    The definition holds all the same.
    """
    cell = CellText(
        at=time.time(),
        notebook=notebook_name(session),
        kind=request.verb.name,
        name=request.name,
        options={name: str(value) for name, value in request.options.items()},
        body=request.body or "",
    )
    try:
        store = open_store()
        rows = [row for row in store.cells.of(cell.notebook) if row.name == cell.name]
        if rows:
            found, at = versions(rows)
            if found[at].says_what(cell):
                return
        store.cells.add(cell)
    except (GenXAIError, UnicodeError) as exc:
        if not session.unkept:
            show_text(f"What cells define is not kept for a later kernel: {getattr(exc, 'what', exc)}")
        session.unkept = True


def bring_back(cell: CellText) -> None:
    """Note that a version stands again."""
    open_store().cells.add(structs.replace(cell, at=time.time(), again=cell.number))


def kept_versions(session: Session, notebook: str | None = None) -> dict[str, tuple[list[CellText], int]]:
    """What cells of a notebook have defined, by name: the versions and the place of the one that stood last.

    Args:
        session: The notebook.
        notebook: The name of another one.
    """
    rows: dict[str, list[CellText]] = {}
    for cell in find_store().cells.of(notebook_name(session) if notebook is None else notebook):
        rows.setdefault(cell.name, []).append(cell)
    return {name: versions(found) for name, found in rows.items()}


def as_request(session: Session, cell: CellText) -> Request:
    """The cell as it was asked for."""
    from .verbs import find

    verb = find(cell.kind)
    if verb is None:
        raise AssertionError(cell.kind)
    return Request(verb, session.cell(), cell.name, dict(cell.options), cell.body)


def check_whole(cell: CellText) -> None:
    """Refuse a cell that is not kept as it was typed.

    Raises:
        DefinitionError: Something in it looked like a key.
    """
    if cell.masked:
        raise DefinitionError(
            "Its text held what looks like a key, which the journal does not keep.",
            hint=f"Run its own cell: %%genxai {cell.kind} {cell.name}",
        )


def version_in_words(found: Sequence[CellText], at: int) -> str:
    """Which version of a definition it is, and when its cell ran."""
    number = f"version {at + 1} of {len(found)}, " if len(found) > 1 else ""
    return f"{number}as it was typed {in_words(found[at].at)}"


def in_words(at: float) -> str:
    """A moment, in the time of this place."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
