"""The verbs that move a run along its history, and those that change it: back, goto, fork, tree, set, watch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from genxai_nb.errors import InputError, UnknownName
from genxai_nb.expressions import compile_expression
from genxai_nb.graph.draw.figures import counted
from genxai_nb.graph.draw.picture import GLYPHS
from genxai_nb.journal import open_store
from genxai_nb.journal.events import NodeFinished

from .display import show_text
from .live import open_panel
from .pairs import cut_pairs, read_pairs
from .pending import Pending
from .session import Started
from .stand import scope_of, show_stand, value_in
from .stops import set_stops
from .taken import taken

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run
    from genxai_nb.journal.store import HeadRow, Store

    from .session import Session
    from .verb import Request

_FORK = re.compile(r"(?P<step>\d+)?(?:\s+|$)?(?P<pairs>.*)", re.DOTALL)


def go_back(session: Session, request: Request) -> None:
    """Go one step back.

    Raises:
        RunError: The run goes on, or stands at its input.
    """
    started = taken(session, request)
    started.run.back()
    _moved(session, started)


def go_to(session: Session, request: Request) -> None:
    """Go back to where the run stood after so many steps; 0 is the input.

    Raises:
        InputError: It is no number.
        RunError: The run goes on, or has fewer steps.
    """
    started = taken(session, request)
    started.run.goto(_number(request.name))
    _moved(session, started)


def _moved(session: Session, started: Started) -> None:
    """The run stands at an earlier step: its result is not there any more."""
    started.future, started.value, started.inside = None, None, []
    session.bind(started.variable, Pending(started.run, lambda: started.alive))
    show_stand(started)


def fork(session: Session, request: Request) -> None:
    """Make a new run that shares the steps so far, or as many as said, with values changed.

    Raises:
        InputError: A value cannot be read.
        RunError: The run has fewer steps.
        StateInvalid: A value does not fit the schema.
    """
    started = taken(session, request)
    found = _FORK.fullmatch(request.name)
    step = found["step"] if found else None
    pairs = cut_pairs(found["pairs"] if found else request.name)
    changes = read_pairs(pairs, _schema_of(started.run), session.insert)
    run: Run = started.run.fork(int(step) if step else None, **changes)  # type: ignore[assignment]  # of its own type
    forked = Started(run, request.cell, None, started.variable, started.read)
    forked.watches, forked.stops = list(started.watches), started.stops
    if forked.stops and run.graph is not None:
        set_stops(run, session.stops.get(run.graph.name, []))
    session.took(forked)
    session.bind(forked.variable, Pending(run, lambda: forked.alive))
    show_text(f"Run {run.run_id} is a fork of {started.run.run_id}.")
    if not (started.panel is not None and open_panel(session, forked)):
        show_stand(forked)


def show_tree(session: Session, request: Request) -> None:
    """Show the lines of a run's history, those that were left, and the runs forked from it."""
    run = taken(session, request).run
    store = open_store(run.options.store)
    glyph = GLYPHS["done" if run.status == "done" else "failed" if run.status == "failed" else "paused"]
    rows = [_head_line(store, head, glyph if head.current else " ") for head in run.heads()]
    rows += [
        f"  {row.run}  forked from {run.run_id}, {counted(row.steps, 'step')}, {row.status}"
        for row in reversed(store.runs())
        if row.parent == run.run_id
    ]
    show_text("\n".join(rows))


def _head_line(store: Store, head: HeadRow, glyph: str) -> str:
    steps = since = 0
    for place, event in enumerate(store.read(head.run, head.name)):
        steps += type(event) is NodeFinished
        since = steps if place < head.upto else since
    began = f"from {head.parent} at step {since}" if head.parent else "from the input"
    here = "  <- here" if head.current else ""
    return f"{glyph} {head.name}  {began}, {counted(steps, 'step')}{here}"


def set_values(session: Session, request: Request) -> None:
    """Write values to the state of a run that stands.

    Raises:
        InputError: A value cannot be read.
        StateInvalid: A value does not fit the schema.
        RunError: The run goes on, or has ended.
    """
    started = taken(session, request)
    pairs = cut_pairs(request.name)
    started.run.set(**read_pairs(pairs, _schema_of(started.run), session.insert))
    show_stand(started)


def watch(session: Session, request: Request) -> None:
    """Watch an expression wherever the run stands; alone, show all; ``--clear`` ends one or all.

    Raises:
        LineInvalid: It is no expression.
        UnknownName: There is no watch of that number.
    """
    started = taken(session, request)
    watches, text = started.watches, request.name
    if request.has("clear"):
        if text and not (text.isdigit() and 1 <= int(text) <= len(watches)):
            raise UnknownName("watch", text, [str(n) for n in range(1, len(watches) + 1)])
        del watches[int(text) - 1 if text else 0 : int(text) if text else len(watches)]
    elif text:
        compile_expression(text)
        watches += [] if text in watches else [text]
    scope = scope_of(started.run) if watches else {}
    rows = [f"  {n}. {known} = {value_in(known, scope)}" for n, known in enumerate(watches, 1)]
    show_text("\n".join(rows) or "Nothing is watched.")


def _schema_of(run: Run) -> type | None:
    return run.graph.schema.model if run.graph is not None else None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"{text!r} is no step.", hint="Write: %genxai goto 3; 0 is the input.")
    return int(text)
