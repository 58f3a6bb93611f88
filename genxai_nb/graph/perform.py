"""Performing one visit: the state it is shown, the call of its body, and what it returned."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from genxai_nb.calls.call import Scope
from genxai_nb.errors import StateInvalid, TimedOut
from genxai_nb.loop import run_in_worker

from .context import Exchange, VisitContext
from .reducers import HIDDEN
from .schedule import Visit
from .state import Schema, State

NOTHING: dict[str, Any] = {}


class Outcome:
    """How one performance ended: with changes, or with an error. ``index`` is a map instance's."""

    __slots__ = ("error", "index", "reads", "seconds", "update", "visit")

    def __init__(
        self,
        visit: Visit,
        index: int | None,
        update: Mapping[str, Any] = NOTHING,
        reads: tuple[str, ...] = (),
        seconds: float = 0.0,
        error: BaseException | None = None,
    ) -> None:
        self.visit = visit
        self.index = index
        self.update = update
        self.reads = reads
        self.seconds = seconds
        self.error = error


async def perform(visit: Visit, index: int | None, schema: Schema, exchange: Exchange) -> Outcome:
    """Run a visit's body once; an exception of it is an outcome, a cancellation from outside is not."""
    body, options = visit.body, visit.options
    if index is None and options.reads is None and schema.model is None:
        state: Any = State(visit.view.data)
    else:
        state = _shown(visit, index, schema)
    began = perf_counter()
    try:
        if body.wants_context:
            scope = Scope("", visit.place.name, visit.number, index)
            item = None if index is None or visit.items is None else visit.items[index]
            args: tuple[Any, ...] = (state, VisitContext(exchange, scope, item))
        else:
            args = (state,)
        if options.timeout is not None:
            value = await _within(options.timeout, visit, args)
        elif body.threaded:
            value = await run_in_worker(body.run, *args)
        else:
            value = await body.run(*args)
        if options.into is not None and body.kind == "function":
            value = {options.into: value}
        elif type(value) is not dict:
            value = _changes(value, visit.place.name)
        update = schema.check(value, visit.place.name)
    except asyncio.CancelledError as exc:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return Outcome(visit, index, error=exc)  # the body's own, or the gate's after a failure elsewhere
    except Exception as exc:  # noqa: BLE001 - a body is the user's code and may raise anything
        return Outcome(visit, index, seconds=perf_counter() - began, error=exc)
    return Outcome(visit, index, update, state.read, perf_counter() - began)


def _shown(visit: Visit, index: int | None, schema: Schema) -> Any:
    data, options = visit.view.data, visit.options
    if index is not None and visit.items is not None and visit.edge.item and schema.model is None:
        data = {**data, visit.edge.item: visit.items[index]}
    if visit.body.kind != "function":
        return State(data)  # agents and tools read their own ``reads`` and arguments
    if options.reads is not None:
        shown = {*options.reads, visit.edge.item}
        data = {key: value for key, value in data.items() if key in shown or key[:1] == HIDDEN}
    return State(data) if schema.model is None else schema.view(data)


async def _within(seconds: float, visit: Visit, args: tuple[Any, ...]) -> Any:
    body = visit.body
    clock = asyncio.timeout(seconds)
    try:
        async with clock:
            return await (run_in_worker(body.run, *args) if body.threaded else body.run(*args))
    except TimeoutError as exc:
        if not clock.expired():
            raise
        name = visit.place.name
        raise TimedOut(f"Node {name!r} took longer than {seconds:g} s.", hint="Raise its timeout.") from exc


def _changes(value: Any, node: str) -> Mapping[str, Any]:
    if value is None:
        return NOTHING
    if isinstance(value, Mapping):
        return value
    raise StateInvalid(
        f"Node {node!r} returned {value!r:.80}, which is a {type(value).__name__}.",
        hint=f'Return a dict of changes, or give the node into="{node}".',
    )
