"""``%genxai config``: the settings in force, and where each comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genxai_nb.doctor.variables import in_force
from genxai_nb.errors import UnknownName

from .styled import styled
from .tables import framed

if TYPE_CHECKING:
    from pandas import DataFrame

    from .session import Session
    from .verb import Request


def show_settings(session: Session, request: Request) -> DataFrame:
    """The settings in force, one of them if it is named; of a secret only whether it is set.

    Raises:
        UnknownName: There is no such setting; the nearest one is suggested.
    """
    found = in_force(session.environment)
    if name := request.name:
        chosen = [one for one in found if name.upper() in {one.name, one.name.removeprefix("GENXAI_")}]
        if not chosen:
            raise UnknownName("setting", name, (one.name for one in found))
        found = chosen
    rows = [
        {"setting": one.name, "value": one.value, "from": one.origin, "what it is": one.meaning}
        for one in found
    ]
    return styled(framed("setting", rows, ["value", "from", "what it is"]), nothing="")


def setting_names() -> list[str]:
    """The names of all settings."""
    return [one.name for one in in_force({})]
