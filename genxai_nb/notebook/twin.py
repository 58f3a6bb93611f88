"""Verbs as Python functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from genxai_nb.errors import UnknownName

from .dispatch import perform
from .extension import session_of
from .verb import Request
from .verbs import find
from .waiting import Inquiry, Wait


def twin_of(name: str) -> Callable[..., Any]:
    """Make the function that does what a verb does, waiting where the verb waits.

    Raises:
        UnknownName: There is no such verb.
    """
    verb = find(name)
    if verb is None:
        raise UnknownName("verb", name)

    def twin(argument: str = "", body: str | None = None, **options: Any) -> Any:
        session = session_of()
        given = {key.rstrip("_"): value for key, value in options.items()}  # ``as_`` for ``--as``
        for key in given:
            if verb.option(key) is None:
                raise UnknownName("option", key, (option.name for option in verb.options))
        value = perform(session, Request(verb, session.cell(), argument, given, body))
        return value.join() if isinstance(value, Wait | Inquiry) else value

    twin.__name__ = twin.__qualname__ = name or "overview"
    twin.__doc__ = f"{verb.help} The same as: {verb.usage}"
    return twin
