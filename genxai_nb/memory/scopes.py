"""Whose a memory is: an agent's, a person's, or a project's."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genxai_nb.errors import DefinitionError
from genxai_nb.settings import read_settings

SCOPES = ("agent", "user", "project")
OPTIONS = ("scope", "of")


def owner_of(agent: str, options: Mapping[str, Any]) -> str:
    """The owner under whose name the store keeps items; owners cannot read each other.

    With ``scope: user`` or ``scope: project`` all agents that name the same person or project share what is
    remembered. ``of`` names them; by default it is the setting ``user``, or who is logged in, and the setting
    ``project``, or the working folder.

    Args:
        agent: The agent's name.
        options: The options of its kind of memory.

    Example:
        >>> owner_of("clerk", {}), owner_of("clerk", {"scope": "user", "of": "ada"})
        ('clerk', 'user/ada')
    """
    scope = options.get("scope", "agent")
    if scope == "agent":
        return agent
    return f"{scope}/{options.get('of') or _usual(scope)}"


def check_scope(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse a scope that there is not, or a name where none belongs.

    Raises:
        DefinitionError: Says what to write.
    """
    scope, of = options.get("scope", "agent"), options.get("of")
    if scope not in SCOPES:
        raise DefinitionError(
            f"The scope of {kind} memory is {scope!r}.", hint=f"Write one of {', '.join(SCOPES)}."
        )
    if of is not None and (scope == "agent" or not isinstance(of, str) or not of.strip()):
        raise DefinitionError(
            f"{kind} memory is said to be of {of!r}, with scope {scope!r}.",
            hint=f"Write {kind}: {{scope: user, of: ada}}.",
        )


def _usual(scope: str) -> str:
    settings = read_settings()
    if scope == "user":
        return settings.user or getpass.getuser()
    return settings.project or Path.cwd().name or "project"
