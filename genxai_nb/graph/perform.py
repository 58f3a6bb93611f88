"""Performing one visit: the state it is shown, the call of its body, and what it returned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from time import perf_counter
from typing import Any

from msgspec import Struct

from genxai_nb.errors import NodeFailed, NotStorable, StateAssigned, StateInvalid, TimedOut
from genxai_nb.journal import events as facts
from genxai_nb.journal.codec import encode_event
from genxai_nb.loop import run_in_worker

from .nodes import Prepared
from .performed import PERFORMED, Performed
from .reducers import HIDDEN
from .state import Note, Schema, State
from .tokens import Visit

NOTHING: dict[str, Any] = {}


class Outcome(Struct, eq=False):
    """How one performance ended: with changes, or with an error. ``index`` is a map instance's."""

    visit: Visit
    index: int | None
    update: dict[str, Any] = NOTHING
    reads: tuple[str, ...] = ()
    seconds: float = 0.0
    error: BaseException | None = None


async def perform(visit: Visit, schema: Schema, performed: Performed) -> Outcome:
    """Run a visit's body once; an exception of it is an outcome, a cancellation from outside is not."""
    name, ready, index = visit.place.name, visit.ready, performed.index
    began = perf_counter()
    try:
        if ready.simple and index is None and schema.model is None:
            state: Any = State(visit.view.data, performed.note)
            value = await ready.run(state)
        else:
            state = _shown(visit, ready, index, schema, performed.note)
            value = await _value(visit, ready, index, state, performed)
        if performed.seen is not None:
            performed.exchange.watch.check(performed.seen)
        if type(value) is not dict:
            value = _changes(value, name)
        update = schema.check(value, name)
    except asyncio.CancelledError as exc:
        _undo(performed)
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return Outcome(visit, index, error=exc)  # the body's own, or the gate's after a failure elsewhere
    except GeneratorExit:  # nobody goes on with this
        raise
    except BaseException as exc:  # noqa: BLE001 - a body may raise anything
        _undo(performed)
        return Outcome(visit, index, seconds=perf_counter() - began, error=exc)
    return Outcome(visit, index, update, state.read, perf_counter() - began)


def _undo(performed: Performed) -> None:
    """What a body has changed in place before it failed is put back: others, and its next attempt, see what it saw."""
    for key, value in (performed.seen or NOTHING).items():
        with suppress(StateAssigned):
            performed.exchange.watch.check({key: value})


def _shown(visit: Visit, ready: Prepared, index: int | None, schema: Schema, note: Note) -> Any:
    data, reads = visit.view.data, ready.options.reads
    function = ready.body.kind == "function"
    if index is not None and visit.items is not None and visit.edge.item and not (function and schema.model):
        data = {**data, visit.edge.item: visit.items[index]}
    if not function:
        return State(data, note)  # agents and tools read their own ``reads`` and arguments
    if reads is not None:
        shown = {*reads, visit.edge.item}
        data = {key: value for key, value in data.items() if key in shown or key[:1] == HIDDEN}
    return State(data, note) if schema.model is None else schema.view(data, note)


async def _value(
    visit: Visit,
    ready: Prepared,
    index: int | None,
    state: Any,
    performed: Performed,
) -> Any:
    """Call the body as it wants to be called, within the node's time."""
    body, options = ready.body, ready.options
    args: tuple[Any, ...] = (state,)
    if body.wants_context:
        of = () if index is None or visit.items is None else (visit.items[index], visit.edge.each)
        args = (state, performed.made(*of))
    called = run_in_worker(_run_as, copy(performed), body.run, args) if body.threaded else body.run(*args)
    value = await (called if options.timeout is None else _within(options.timeout, called, visit.place.name))
    return {options.into: value} if options.into is not None and body.kind == "function" else value


def _run_as(performed: Performed, run: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call a plain body in its thread, which may go on when its visit is over, and is then still this visit's."""
    PERFORMED.set(performed)
    return run(*args)


async def _within(seconds: float, called: Awaitable[Any], name: str) -> Any:
    clock = asyncio.timeout(seconds)
    try:
        async with clock:
            return await called
    except TimeoutError as exc:
        if not clock.expired():
            raise
        raise TimedOut(f"Node {name!r} took longer than {seconds:g} s.", hint="Raise its timeout.") from exc


def _changes(value: Any, node: str) -> dict[str, Any]:
    if value is None:
        return NOTHING
    if isinstance(value, Mapping):
        return dict(value)
    raise StateInvalid(
        f"Node {node!r} returned {value!r:.80}, which is a {type(value).__name__}.",
        hint=f'Return a dict of changes, or give the node into="{node}".',
    )


def refusal_of(outcome: Outcome) -> NotStorable | None:
    """What keeps an update out of the journal, found before others of its turn are written with it."""
    name, visit = outcome.visit.place.name, outcome.visit.number
    try:
        encode_event(facts.NodeFinished(at=0, node=name, visit=visit, update=dict(outcome.update), edges=()))
    except NotStorable as exc:
        return exc
    return None


def not_kept(exc: NotStorable, events: Sequence[facts.Event], run_id: str) -> NodeFailed:
    """What to raise when the events of a turn hold something that cannot be kept."""
    node = next((event.node for event in events if isinstance(event, facts.NodeFinished)), "?")
    return NodeFailed(node, exc.what, hint=exc.hint, run_id=run_id)


def quieten(task: asyncio.Task[Any]) -> None:
    """Let a task of a run that is left standing go without a word; its history is in the journal."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]
