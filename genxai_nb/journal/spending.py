"""What a run asked of the world and what that cost, as DataFrames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from genxai_nb.messages import ModelReply, ModelRequest, Usage

from .cost import Cost, cost_of
from .events import CallFailed, CallFinished, CallStarted, Event
from .frames import load_pandas
from .summary import in_words

if TYPE_CHECKING:
    from pandas import DataFrame

_CALLS = {
    "node": "str",
    "visit": "int64",
    "index": "Int64",
    "kind": "str",
    "name": "str",
    "status": "str",
    "seconds": "Float64",
    "attempts": "int64",
    "input": "Int64",
    "output": "Int64",
    "cached": "Int64",
    "reasoning": "Int64",
    "cost": "Float64",
    "trimmed": "int64",
    "answer": "str",
    "path": "str",
}
_COSTS = {
    "node": "str",
    "model": "str",
    "calls": "int64",
    "input": "int64",
    "output": "int64",
    "cached": "int64",
    "reasoning": "int64",
    "cost": "Float64",
    "at_least": "float64",
}


def calls(events: Iterable[Event]) -> DataFrame:
    """Tabulate the calls of a run in the order in which they were made.

    The columns are

    - ``node``, ``visit``, ``index``, ``path``: where in the run; ``index`` is missing outside a map
    - ``kind``, ``name``: what was called, such as ``model`` and ``openai:gpt-5``
    - ``status``: ``done``, ``failed``, or ``open`` for a call that has not come back
    - ``seconds``, ``attempts``: how long the last attempt took, and how many there were
    - ``input``, ``output``, ``cached``, ``reasoning``: a model's tokens; ``cached`` are part of ``input``,
      ``reasoning`` of ``output``; missing for all other calls
    - ``cost``: US dollars, as they were reckoned when the call ended; 0 for what is free, missing where no
      price is known or nothing was answered
    - ``trimmed``: how many messages of the history were left out so that the request fits the model
    - ``answer``: what came back in words, or the error

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows: dict[str, dict[str, Any]] = {}
    order: list[dict[str, Any]] = []
    for event in events:
        if type(event) is CallStarted:
            row = rows[event.slot] = _begun(event)
            order.append(row)
        elif type(event) is CallFinished and (ended := rows.pop(event.slot, None)) is not None:
            ended |= {"status": "done", "seconds": event.seconds, "attempts": event.attempts}
            ended |= {"cost": cost_of(event).total, "answer": _in_words(event.reply), **_tokens(event.reply)}
        elif type(event) is CallFailed and (ended := rows.pop(event.slot, None)) is not None:
            ended |= {"status": "failed", "seconds": event.seconds, "attempts": event.attempts}
            ended |= {"answer": event.error}
    return _frame(order, _CALLS)


def costs(events: Iterable[Event]) -> DataFrame:
    """Tabulate what the models of a run took and cost, a row for each node and model.

    The columns are

    - ``node``: the node, in a subgraph as ``path/name``
    - ``model``: which model
    - ``calls``: how many of its calls were answered
    - ``input``, ``output``, ``cached``, ``reasoning``: their tokens; ``cached`` are part of ``input``,
      ``reasoning`` of ``output``
    - ``cost``: US dollars, as they were reckoned when each call ended; missing where the price of a call is
      not known, never 0 for it
    - ``at_least``: US dollars of the calls whose price is known

    Raises:
        MissingPackage: pandas is not installed.
    """
    asked: dict[str, tuple[str, str]] = {}
    sums: dict[tuple[str, str], tuple[int, Usage, Cost]] = {}
    for event in events:
        if type(event) is CallStarted and event.kind in ("model", "embedding"):
            asked[event.slot] = (f"{event.path}/{event.node}" if event.path else event.node, event.name)
        elif type(event) is CallFinished and (key := asked.pop(event.slot, None)) is not None:
            count, usage, cost = sums.get(key, (0, Usage(), Cost()))
            more = event.reply.usage if isinstance(event.reply, ModelReply) else Usage()
            sums[key] = count + 1, usage + more, cost + cost_of(event)
    rows = [
        {"node": node, "model": model, "calls": count, "cost": cost.total, "at_least": cost.known}
        | {name: getattr(usage, name) for name in Usage.__struct_fields__}
        for (node, model), (count, usage, cost) in sums.items()
    ]
    return _frame(rows, _COSTS)


def _begun(event: CallStarted) -> dict[str, Any]:
    trimmed = event.request.trimmed if isinstance(event.request, ModelRequest) else 0
    place = {name: getattr(event, name) for name in ("node", "visit", "index", "kind", "name", "path")}
    return {**place, "status": "open", "attempts": 1, "trimmed": trimmed, "answer": ""}


def _tokens(reply: Any) -> dict[str, int]:
    if not isinstance(reply, ModelReply):
        return {}
    return {name: getattr(reply.usage, name) for name in Usage.__struct_fields__}


def _in_words(reply: Any) -> str:
    return in_words(reply.message) if isinstance(reply, ModelReply) else str(reply)


def _frame(rows: list[dict[str, Any]], columns: dict[str, str]) -> DataFrame:
    pandas = load_pandas()
    values: dict[str, Any] = {
        name: pandas.Series([row.get(name) for row in rows], dtype=dtype) for name, dtype in columns.items()
    }
    frame: DataFrame = pandas.DataFrame(values)
    return frame
