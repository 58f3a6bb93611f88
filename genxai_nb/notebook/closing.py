"""``%genxai close``: let go of all that this notebook holds open."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import RunError
from genxai_nb.graph.draw.figures import counted
from genxai_nb.loop import run_sync

from .display import show_text
from .live import close_panel, settle
from .outcome import show_record
from .waiting import stop

if TYPE_CHECKING:
    from .chats.conversation import Chat
    from .session import Session, Started
    from .verb import Request

# What closes something, by the module that opens it; one that has not been loaded has nothing open.
_CLOSERS: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("genxai_nb.tools.mcp.link", lambda module: _servers(run_sync(module.close_links()))),
    ("genxai_nb.providers.clients", lambda module: _some(module.close_clients(), "connection")),
    ("genxai_nb.tools.sandbox.safe", lambda module: "the code executor" if module.close_pool() else ""),
    (
        "genxai_nb.journal.opening",
        lambda module: ", ".join(f"journal {url}" for url in module.close_stores()),
    ),
)


def close(session: Session, request: Request) -> None:
    """Stop what stands, take panels away, close servers, connections and the journal. All is opened again on demand.

    Raises:
        RunError: A run goes on, and ``--force`` was not given.
    """
    alive = [started for started in session.started.values() if started.alive]
    if alive and not request.has("force"):
        names = " and ".join(f"{one.run.run_id} of {_graph(one)}" for one in alive)
        raise RunError(
            f"Run {names} goes on. Nothing was closed.",
            hint=f"%genxai wait {alive[0].run.run_id}, or %genxai close --force, which stops it: it can be resumed.",
            run_id=alive[0].run.run_id,
        )
    stopped = [one.run.run_id for one in session.started.values() if _let_go(one)]
    panels = [one.run.run_id for one in session.started.values() if _without_panel(session, one)]
    chats = [chat.name for chat in session.chats.values() if _without_chat_panel(chat)]
    parts = [
        *(f"run {name} (%genxai resume {name} goes on)" for name in stopped),
        *(f"the panel of {name}" for name in panels if name not in stopped),
        *(f"the chat with {name}" for name in chats),
        *(
            closed
            for name, closer in _CLOSERS
            if (module := sys.modules.get(name)) and (closed := closer(module))
        ),
    ]
    closed = "\n".join(f"  {part}" for part in parts)
    show_text(f"closed:\n{closed}\nWhat is needed again is opened again." if parts else "Nothing was open.")


def _let_go(started: Started) -> bool:
    """Stop a run that goes on, or that stands and holds its calls and its lock; it can be resumed."""
    if started.alive:
        if started.future is None or not stop(started.run, started.future):
            started.run.cancel()
        return True
    if started.run.status != "paused":
        return False
    started.run.cancel()
    return started.run.status == "cancelled"


def _without_panel(session: Session, started: Started) -> bool:
    """Take a panel away and show the record in its place."""
    if started.panel is None:
        return False
    settle(session, started)
    if close_panel(started):  # it stands before its first node
        show_record(started.run, update=True)
    return True


def _without_chat_panel(chat: Chat) -> bool:
    """Take a chat's panel away; running its cell again goes on with it."""
    panel, chat.panel = chat.panel, None
    if panel is not None:
        panel.close()
    return panel is not None


def _graph(started: Started) -> str:
    return started.run.graph.name if started.run.graph is not None else "a graph that is not here"


def _servers(names: list[str]) -> str:
    return f"MCP server{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else ""


def _some(number: int, noun: str) -> str:
    return f"{counted(number, noun)} to models" if number else ""
