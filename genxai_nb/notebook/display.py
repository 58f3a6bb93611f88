"""What a cell shows: lines of text, or one thing in several forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genxai_nb.secrets import redact

from .tracebacks import plain


def show_text(text: str) -> None:
    """Show lines of text, in which known secrets stand by their names."""
    show_bundle({"text/plain": plain(redact(text))})


def show_bundle(bundle: dict[str, Any], *, display_id: str | None = None, update: bool = False) -> None:
    """Show one thing in several forms; the front end takes the best that it can.

    Args:
        bundle: The forms by media type.
        display_id: The name under which it can be changed later.
        update: It is shown under that name already, and is changed now.
    """
    from IPython.display import publish_display_data

    transient = {"display_id": display_id} if display_id else None
    publish_display_data(bundle, transient=transient, update=update)  # type: ignore[no-untyped-call]  # IPython's


def names_of(tools: Iterable[Any]) -> list[str]:
    """The names of tools, which are given by name or as they are."""
    return [tool if isinstance(tool, str) else tool.name for tool in tools]
