"""``%genxai`` alone: what is defined, stale, running and resumable, and what was spent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from genxai_nb.journal.cost import Cost, cost_in_words
from genxai_nb.journal.summary import summarize
from genxai_nb.messages import Usage

from .display import show_text
from .kept_cells import kept_versions
from .stand import asked_in_words, standing_place
from .versions import stale_nodes

if TYPE_CHECKING:
    from .session import Session
    from .verb import Request

SHOWN = 8  # names in a row, before it says how many more there are


def look_around(session: Session, _request: Request) -> None:
    """Show what is defined, stale, running and resumable, and what was spent."""
    rows = {
        "defined": _defined(session),
        "kept": _kept(session),
        "stale": _stale(session),
        "running": _running(session),
        "standing": _standing(session),
        "asked": _asked(session),
        "resumable": _resumable(session),
        "spent": _spent(session),
        "help": "%genxai help",
    }
    show_text("\n".join(f"{name:<10} {text}" for name, text in rows.items() if text))


def _defined(session: Session) -> str:
    kinds = session.notebook.kinds() | dict.fromkeys(session.schemas, "schema")
    groups = []
    for kind in ("agent", "graph", "schema", "tool", "function"):
        names = [name for name, known in kinds.items() if known == kind]
        if names:
            groups.append(f"{kind}{'s' if len(names) > 1 else ''} {_few(names)}")
    return " · ".join(groups) or "nothing yet: %%genxai agent NAME"


def _kept(session: Session) -> str:
    """What cells had defined in an earlier kernel and is not here."""
    here = {*session.notebook, *session.schemas}
    names = [name for name in kept_versions(session) if name not in here]
    return f"{_few(names)}: %genxai restore" if names else ""


def _stale(session: Session) -> str:
    graphs = (
        (name, session.notebook[name]) for name, kind in session.notebook.kinds().items() if kind == "graph"
    )
    return " · ".join(
        f"{', '.join(nodes)} in {name}" for name, graph in graphs if (nodes := stale_nodes(session, graph))
    )


def _running(session: Session) -> str:
    texts = []
    for item in session.started.values():
        if item.alive:
            summary = summarize(item.run.events())
            seconds = time.time() - summary.started
            texts.append(f"{item.run.run_id} {summary.graph}, step {summary.steps + 1}, for {seconds:.0f} s")
    return " · ".join(texts)


def _standing(session: Session) -> str:
    """The runs that wait here for the next stride, with where they stand."""
    return " · ".join(
        f"{item.run.run_id} {item.run.graph.name} {standing_place(item.run)}"
        for item in session.started.values()
        if item.run.status in {"ready", "paused"} and not item.alive and item.run.graph is not None
    )


def _asked(session: Session) -> str:
    return " · ".join(
        f"{item.run.run_id} {asked_in_words(question.node, question.prompt, question.offered)}"
        for item in session.started.values()
        for question in item.run.questions
    )


def _resumable(session: Session) -> str:
    rows = session.resumable()
    if not rows:
        return ""
    words = {"paused": "unfinished"}  # the word for a run that stands because its kernel went away, too
    texts = [f"{row.run} {row.graph} ({words.get(row.status, row.status)})" for row in rows]
    return f"{_few(texts)}: %genxai resume {rows[0].run}"


def _spent(session: Session) -> str:
    if not session.started:
        return ""
    summaries = [summarize(item.run.events()) for item in session.started.values()]
    usage = sum((summary.usage for summary in summaries), Usage())
    count = len(summaries)
    cost = sum((summary.cost for summary in summaries), Cost())
    money = "" if cost == Cost() else f", {cost_in_words(cost)},"
    return f"{usage.total:,} tokens{money} in {count} run{'s' if count > 1 else ''} of this notebook"


def _few(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
