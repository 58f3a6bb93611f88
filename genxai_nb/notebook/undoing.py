"""``%genxai undo``: the version of a definition before its last change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genxai_nb.agents.naming import variable_of
from genxai_nb.errors import DefinitionError, UnknownName
from genxai_nb.journal.opening import find_store

from .definitions import made, put
from .display import show_text
from .keeping import notebook_name
from .kept_cells import as_request, bring_back, check_whole, kept_versions, version_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from genxai_nb.journal.cells import CellText

    from .session import Session
    from .verb import Request


def undo(session: Session, request: Request) -> None:
    """Bring back the version of a definition before the one that stands, or with ``--redo`` the one after it.

    Raises:
        UnknownName: No cell has defined anything of that name; the nearest one is suggested.
        DefinitionError: There is no such version, or the definition is not in this kernel.
        GenXAIError: What the version names is not there any more; nothing has changed.
    """
    kept = kept_versions(session)
    name = variable_of(request.name) or _changed_last(session, kept)
    if name not in kept:
        kind = session.notebook.kinds().get(name)
        hint = f"The {kind} is not from a cell of %%genxai; edit its cell." if kind else ""
        raise UnknownName("kept definition", name, kept, hint=hint)
    if name not in session.defined:
        raise DefinitionError(f"{name!r} is not defined in this kernel.", hint=f"%genxai restore {name}")
    found, at = kept[name]
    redo = request.has("redo")
    to = at + 1 if redo else at - 1
    if not 0 <= to < len(found):
        raise DefinitionError(
            f"{name!r} has no version {'after' if redo else 'before'} the one that stands.",
            hint=f"The journal has {len(found)} of it.",
        )
    cell = found[to]
    check_whole(cell)
    asked = as_request(session, cell)
    value = made(session, asked)
    bring_back(cell)
    told = put(session, asked, value, shows=True) or f"{name}: other options in its head"
    back = "%genxai undo goes" if redo else "%genxai undo --redo takes it"
    show_text(
        f"{told}\n✓ {cell.kind} {name}: {version_in_words(found, to)}\nIts cell still has the other text. {back} back."
    )


def _changed_last(session: Session, kept: Mapping[str, tuple[list[CellText], int]]) -> str:
    """The definition of this kernel whose version has changed last."""
    rows = reversed(find_store().cells.of(notebook_name(session)))
    name = next((r.name for r in rows if r.name in session.defined and len(kept[r.name][0]) > 1), "")
    if not name:
        raise DefinitionError(
            "No definition of this kernel has been changed.", hint="Name one: %genxai undo NAME"
        )
    return name
