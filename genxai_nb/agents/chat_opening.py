"""Who opens chats: a notebook, if it has loaded the extension. Light, because loading it imports this."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import InputError, SetupError

if TYPE_CHECKING:
    from .definition import Definition

_open: Callable[..., object] | None = None


def open_chats_by(opens: Callable[..., object] | None) -> None:
    """Say who opens chats in this process; None for nobody.

    Args:
        opens: Takes the agent, a first message or empty text, whether it is a new chat, and how it is asked.
    """
    global _open
    _open = opens


def open_chat(agent: Definition, message: str, *, new: bool, how: dict[str, Any]) -> None:
    """Open a chat. See `Agent.chat`.

    Raises:
        InputError: It is said where the runs are kept.
        SetupError: This is no notebook, or the extension is not loaded.
    """
    if how.get("store") is not None:
        raise InputError(
            f"A chat cannot be kept at {how['store']!r}: it is found again in the notebook's own journal.",
            hint="Leave store= out, or set GENXAI_STORE.",
        )
    if _open is None:
        raise SetupError(
            f"A chat with agent {agent.name!r} needs a notebook in which genxai_nb is loaded.",
            hint=f"Type: %load_ext genxai_nb; or ask without one: {agent.name}.ask(...)",
        )
    _open(agent, message, new=new, how=how)
