"""How writes to one key come together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from genxai_nb.errors import DefinitionError, UnknownName

Reducer = Callable[[Any, Any], Any]

HIDDEN = "@"  # keys that begin so are the engine's and the agents' own; they are extended like "append"


def append(old: Any, new: Any) -> Any:
    """Extend a list by a list."""
    return [*old, *new]


def add(old: Any, new: Any) -> Any:
    """Add with ``+``."""
    return old + new


def merge(old: Any, new: Any) -> Any:
    """Merge two dicts; the newer value wins."""
    return {**old, **new}


def last(_old: Any, new: Any) -> Any:
    """Keep the newer value."""
    return new


BUILTIN: dict[str, Reducer] = {"append": append, "add": add, "merge": merge, "last": last}


class Reduced(Struct, frozen=True):
    """Metadata of a model's field: how writes to it come together.

    Example:
        >>> from typing import Annotated
        >>> notes = Annotated[list[str], Reduced("append")]
    """

    reducer: str | Reducer


def declared_reducers(fields: Mapping[str, Any]) -> dict[str, str | Reducer]:
    """Read the reducers that a model's fields carry themselves."""
    marks = ((key, mark) for key, field in fields.items() for mark in field.metadata)
    return {key: mark.reducer for key, mark in marks if isinstance(mark, Reduced)}


def reducers_from(given: Mapping[str, str | Reducer] | None) -> dict[str, Reducer]:
    """Make reducers ready, by name or as functions of (old, new).

    Raises:
        UnknownName: No builtin reducer has that name.
        DefinitionError: A reducer is neither a name nor callable.
    """
    ready: dict[str, Reducer] = {}
    for key, reducer in (given or {}).items():
        if isinstance(reducer, str):
            if reducer not in BUILTIN:
                raise UnknownName("reducer", reducer, BUILTIN)
            ready[key] = BUILTIN[reducer]
        elif callable(reducer):
            ready[key] = reducer
        else:
            raise DefinitionError(
                f"The reducer of {key!r} is {reducer!r}.", hint="Give a name or a function of (old, new)."
            )
    return ready
