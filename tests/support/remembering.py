"""What the tests of memory have in common: a model that says what it was told, and looks at what it got."""

from __future__ import annotations

from genxai_nb.journal import open_store
from genxai_nb.journal.events import CallStarted
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool


@tool
async def weigh(item: str) -> str:
    """Weigh an item."""
    return f"{item} weighs 7 kg"


def prompts(script: Scripted, request: int = -1) -> list[str]:
    return [message.text for message in script.requests[request].messages]


def calls(run_id: str, kind: str, store: str = "journal.db") -> list[CallStarted]:
    events = open_store(store).read(run_id)
    return [event for event in events if isinstance(event, CallStarted) and event.kind == kind]


def echo(request) -> str:
    """Answer with what the prompt says of the user's name, or that it says nothing."""
    text = "\n".join(message.text for message in request.messages[:-1])
    return next((line for line in text.splitlines() if "name is" in line), "I do not know.")
