"""What a cell shows when its run has come to an end or to a stop."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from genxai_nb.agents.answer import Answer
from genxai_nb.graph.build import Graph
from genxai_nb.journal.events import CallStarted

from .display import show_bundle, show_text
from .record import record
from .tool_result import result_bundle
from .tracebacks import plain

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

    from .session import Started
OFFLINE = "offline"


def show_outcome(started: Started) -> None:
    """Show an answer as its text, a tool's value as its parts, any other run as its record; say what 'offline' is."""
    if isinstance(started.value, Answer):
        show_answer(started.value)
    elif started.read is not None and started.run.status == "done":
        show_result(started)
    else:
        show_record(started.run)
    tell_of_offline(started.run)


def show_answer(answer: Answer) -> None:
    """Show an answer's text, escaped."""
    text = plain(answer.text)
    shown = html.escape(text)
    show_bundle(
        {
            "text/plain": text,
            "text/html": f'<div style="white-space:pre-wrap;max-width:60em">{shown}</div>',
        }
    )


def show_result(started: Started) -> None:
    """Show what a tool that was run by hand returned."""
    run = started.run
    name = run.graph.name if run.graph else ""
    show_bundle(result_bundle(name, started.value, f"Run {run.run_id}: %genxai show {run.run_id}"))


def show_record(run: Run, *, update: bool = False) -> None:
    """Show the record of a run as it stands, with a display id of its own.

    Args:
        run: The run.
        update: It takes the place that `hold_record` has kept for it.
    """
    graph = run.graph if isinstance(run.graph, Graph) else None
    show_bundle(record(run.events(), graph), display_id=f"genxai-{run.run_id}", update=update)


def hold_record(run: Run) -> None:
    """Keep a place for the record of a run whose panel is shown."""
    show_bundle({"text/plain": ""}, display_id=f"genxai-{run.run_id}")


def tell_of_offline(run: Run) -> None:
    """Say once in a kernel that the stand-in has answered."""
    if any(type(event) is CallStarted and event.name == OFFLINE for event in run.events()):
        from genxai_nb.providers.offline.provider import claim_notice

        if notice := claim_notice():
            show_text(notice)
