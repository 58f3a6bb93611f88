"""The journal as DataFrames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from genxai_nb.errors import MissingPackage
from genxai_nb.messages import ModelReply

from .cost import Cost, cost_of
from .events import (
    CallDiverged,
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    Event,
    InstanceFinished,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunRebased,
    RunResumed,
    StateSet,
)
from .store import Store
from .summary import in_words, top_node, turn

if TYPE_CHECKING:
    from pandas import DataFrame

TEXT = 120


def timeline(events: Iterable[Event]) -> DataFrame:
    """Tabulate a run: one row for each visit of a node, each map instance, each call, and each change by hand.

    The columns are

    - ``step``: the number of the visit among the finished ones, missing while it is not finished; of a
      change by hand, how many had finished before
    - ``node``, ``visit``, ``index``: where in the run; ``index`` is missing outside a map
    - ``kind``: ``visit``, ``instance``, or what was called: ``model``, ``tool``, ``human``, ...; ``set`` for
      values that were set by hand, ``rebase`` for a changed graph
    - ``name``: the model's or tool's name; empty for all else
    - ``status``: ``running``, ``done``, ``failed``, or ``paused`` if the run stands; ``left`` if the changed
      graph does not go on with it; of an answered call also ``edited`` (its request was changed by hand),
      ``by hand`` (so was the answer made) or ``reused`` (it is the answer that was given before going back);
      ``diverged`` are two effects of which a body that ran again made the second in place of the first
    - ``started``: seconds since the run's start
    - ``seconds``: how long it took, missing while it is not finished
    - ``tokens``: tokens of a model call, or of all of a visit's or instance's
    - ``cost``: US dollars that a call cost, or all of a visit's or instance's; missing where there was none to
      pay for, and where the price of one is not known
    - ``attempts``: how often it was tried
    - ``text``: what was written or answered, in short, or the error
    - ``path``: the subgraph visits above it, such as ``part#1``

    A visit is followed by its calls, then by its instances with theirs; what happens inside a subgraph
    has rows of its own after the visit of the subgraph's node.

    Raises:
        MissingPackage: pandas is not installed.
    """
    pandas = load_pandas()
    fold = _Timeline()
    for event in events:
        fold.take(event)
    rows = fold.rows()
    columns: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
    for name, dtype in _COLUMNS.items():
        columns[name] = pandas.array(columns[name], dtype=dtype)
    frame: DataFrame = pandas.DataFrame(columns)
    return frame


def run_log(store: Store) -> DataFrame:
    """Tabulate the runs of a store, newest first.

    The columns are ``run_id``, ``graph``, ``status``, ``steps`` (finished visits), ``started`` (UTC),
    ``seconds`` from start to end, missing without an end, ``cost`` (US dollars of all calls in its history,
    missing where the price of one is not known), and ``parent`` (the run it was forked from).

    Raises:
        MissingPackage: pandas is not installed.
    """
    pandas = load_pandas()
    rows, spent = store.runs(), store.spent()
    frame: DataFrame = pandas.DataFrame(
        {
            "run_id": pandas.array([row.run for row in rows], dtype="str"),
            "graph": pandas.array([row.graph for row in rows], dtype="str"),
            "status": pandas.array([row.status for row in rows], dtype="str"),
            "steps": pandas.array([row.steps for row in rows], dtype="int64"),
            "started": pandas.to_datetime(
                pandas.array([row.started for row in rows], dtype="float64"), unit="s", utc=True
            ),
            "seconds": pandas.array(
                [None if row.ended is None else row.ended - row.started for row in rows], dtype="Float64"
            ),
            "cost": pandas.array([spent.get(row.run, Cost()).total for row in rows], dtype="Float64"),
            "parent": pandas.array([row.parent or "" for row in rows], dtype="str"),
        }
    )
    return frame


def load_pandas() -> Any:
    """Import pandas.

    Raises:
        MissingPackage: It is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError as exc:
        raise MissingPackage("pandas", "notebook") from exc
    return pandas


class _Row(Struct, kw_only=True):
    node: str
    visit: int
    kind: str
    started: float
    step: int | None = None
    index: int | None = None
    name: str = ""
    status: str = "running"
    seconds: float | None = None
    tokens: int | None = None
    spent: Cost | None = None
    attempts: int = 1
    text: str = ""
    path: str = ""
    answered: str = "done"

    @property
    def cost(self) -> float | None:
        return None if self.spent is None else self.spent.total


_COLUMNS = {
    "step": "Int64",
    "node": "str",
    "visit": "int64",
    "index": "Int64",
    "kind": "str",
    "name": "str",
    "status": "str",
    "started": "float64",
    "seconds": "Float64",
    "tokens": "Int64",
    "cost": "Float64",
    "attempts": "int64",
    "text": "str",
    "path": "str",
}

Place = tuple[str, str, int]


class _Timeline:
    """The rows under way."""

    def __init__(self) -> None:
        self._top: list[_Row] = []
        self._visits: dict[Place, _Row] = {}
        self._instances: dict[Place, dict[int, _Row]] = {}
        self._calls: dict[Place, list[_Row]] = {}
        self._open: dict[str, _Row] = {}
        self._latest: dict[str, _Row] = {}  # by slot
        self._diverged: set[str] = set()
        self._start: float | None = None
        self._steps = 0
        self._status = "running"

    def take(self, event: Event) -> None:
        if self._start is None:
            self._start = event.at
        self._status = turn(event, self._status) or self._status
        if (take := _TAKE.get(type(event))) is not None:
            take(self, event)

    def rows(self) -> list[_Row]:
        """All rows: a visit, its calls, its instances with theirs."""
        rows: list[_Row] = []
        for visit in self._top:
            place = _place(visit)
            calls = self._calls.get(place, [])
            instances = self._instances.get(place, {})
            family = [visit, *(call for call in calls if call.index is None)]
            for index in sorted({*instances, *(call.index for call in calls if call.index is not None)}):
                family += [instances[index]] if index in instances else []
                family += [call for call in calls if call.index == index]
            for row in family:
                row.step = visit.step
                if row.status == "running" and self._status != "running":
                    row.status = "paused"
            rows += family
        return rows

    def run_resumed(self, event: RunResumed) -> None:  # noqa: ARG002 - one signature for all kinds
        for row in (*self._visits.values(), *(r for rows in self._instances.values() for r in rows.values())):
            if row.status == "failed":
                row.status, row.seconds = "running", None

    def run_rebased(self, event: RunRebased) -> None:
        calls = [call for calls in self._calls.values() for call in calls]
        instances = [row for rows in self._instances.values() for row in rows.values()]
        for row in (*self._visits.values(), *instances, *calls):
            if row.status == "running" and top_node(row.path, row.node) not in event.nodes:
                row.status = "left"
        self._by_hand(event, "rebase", f"goes on from {', '.join(event.nodes)}")

    def state_set(self, event: StateSet) -> None:
        self._by_hand(event, "set", _written(event.values), event.path)

    def _by_hand(self, event: StateSet | RunRebased, kind: str, text: str, path: str = "") -> None:
        row = _Row(node="", visit=0, kind=kind, started=self._since(event.at), path=path)
        row.step, row.status, row.text = self._steps, "done", _cut(text)
        self._top.append(row)

    def node_started(self, event: NodeStarted) -> None:
        row = self._visit(event)
        row.status, row.seconds = "running", None

    def instance_finished(self, event: InstanceFinished) -> None:
        row = self._instance(event, event.index)
        row.status, row.seconds, row.text = "done", event.seconds, _written(event.update)

    def node_finished(self, event: NodeFinished) -> None:
        row = self._visit(event)
        self._steps += 1
        row.step, row.status, row.seconds, row.text = (
            self._steps,
            "done",
            event.seconds,
            _written(event.update),
        )
        if instances := self._instances.get(_place(event)):
            row.text = f"{len(instances)} instances"

    def node_failed(self, event: NodeFailed) -> None:
        row = self._visit(event) if event.index is None else self._instance(event, event.index)
        row.attempts = event.attempt + 1 if event.retried else event.attempt
        row.text = _cut(event.error)
        row.seconds = None if event.retried else event.seconds
        row.status = "running" if event.retried else "failed"
        if event.index is not None and not event.retried:
            visit = self._visit(event)
            visit.status, visit.text = "failed", row.text

    def call_started(self, event: CallStarted) -> None:
        if event.slot in self._open:
            return
        row = self._open[event.slot] = self._latest[event.slot] = _Row(
            node=event.node,
            visit=event.visit,
            index=event.index,
            kind=event.kind,
            name=event.name,
            started=self._since(event.at),
            path=event.path,
            answered=self._if_answered(event),
        )
        self._calls.setdefault(_place(event), []).append(row)

    def _if_answered(self, event: CallStarted) -> str:
        if event.slot in self._diverged:
            return "diverged"
        return "edited" if event.edited else "done"

    def call_diverged(self, event: CallDiverged) -> None:
        self._diverged.add(event.slot)  # it starts next
        row = self._latest.get(event.recorded)
        if row is not None and row.status != "failed":
            row.status = "diverged"

    def call_retried(self, event: CallRetried) -> None:
        if row := self._open.get(event.slot):
            row.attempts, row.text = event.attempt + 1, _cut(event.error)

    def call_finished(self, event: CallFinished) -> None:
        row = self._close(event)
        if row is None:
            return
        how = "by hand" if event.by_hand else "reused" if event.reused else ""
        row.status = row.answered if row.answered == "diverged" else how or row.answered
        row.text = _answered(event.reply)
        if isinstance(event.reply, ModelReply):
            place = (row.path, row.node, row.visit)
            spenders = [row, self._visits.get(place)]
            spenders += [] if row.index is None else [self._instance(row, row.index)]
            for spender in spenders:
                self._spend(spender, event.reply.usage.total, cost_of(event))

    def call_failed(self, event: CallFailed) -> None:
        if row := self._close(event):
            row.status, row.text = "failed", _cut(event.error)

    def _close(self, event: CallFinished | CallFailed) -> _Row | None:
        row = self._open.pop(event.slot, None)
        if row is not None:
            row.seconds, row.attempts = event.seconds, event.attempts
        return row

    def _spend(self, row: _Row | None, tokens: int, cost: Cost) -> None:
        if row is not None:
            row.tokens = (row.tokens or 0) + tokens
            row.spent = (row.spent or Cost()) + cost

    def _since(self, at: float) -> float:
        return at - (self._start or 0.0)

    def _visit(self, event: NodeStarted | NodeFinished | NodeFailed) -> _Row:
        place = _place(event)
        row = self._visits.get(place)
        if row is None:
            row = self._visits[place] = _Row(
                node=event.node,
                visit=event.visit,
                kind="visit",
                started=self._since(event.at),
                path=event.path,
            )
            self._top.append(row)
        return row

    def _instance(self, event: InstanceFinished | NodeFailed | _Row, index: int) -> _Row:
        instances = self._instances.setdefault(_place(event), {})
        row = instances.get(index)
        if row is None:
            began = event.started if isinstance(event, _Row) else self._since(event.at - event.seconds)
            row = instances[index] = _Row(
                node=event.node,
                visit=event.visit,
                index=index,
                kind="instance",
                started=began,
                path=event.path,
            )
        return row


def _place(event: Any) -> Place:
    return event.path, event.node, event.visit


_TAKE: dict[type, Callable[[_Timeline, Any], None]] = {
    RunResumed: _Timeline.run_resumed,
    RunRebased: _Timeline.run_rebased,
    StateSet: _Timeline.state_set,
    NodeStarted: _Timeline.node_started,
    InstanceFinished: _Timeline.instance_finished,
    NodeFinished: _Timeline.node_finished,
    NodeFailed: _Timeline.node_failed,
    CallStarted: _Timeline.call_started,
    CallDiverged: _Timeline.call_diverged,
    CallRetried: _Timeline.call_retried,
    CallFinished: _Timeline.call_finished,
    CallFailed: _Timeline.call_failed,
}


def _written(update: Mapping[str, Any]) -> str:
    return _cut(
        ", ".join(f"{key}: {_short(value)}" for key, value in update.items() if not key.startswith("@"))
    )


def _answered(reply: Any) -> str:
    return _cut(in_words(reply.message) if isinstance(reply, ModelReply) else _short(reply))


def _short(value: Any) -> str:
    """A value in a few words, whatever its size."""
    if isinstance(value, str):
        return value[: TEXT + 1]
    if isinstance(value, Mapping) and 0 < len(value) <= 4:
        return ", ".join(f"{key}={_short(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)) and 0 < len(value) <= 4:
        return f"[{', '.join(map(_short, value))}]"
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{type(value).__name__} of {' x '.join(map(str, shape))}"
    if isinstance(value, (list, tuple, set, frozenset, Mapping)):
        return f"{type(value).__name__} of {len(value)}"
    return _cut(repr(value))


def _cut(text: str) -> str:
    text = " ".join(text[: 2 * TEXT].split())
    return text if len(text) <= TEXT else f"{text[: TEXT - 3]}..."
