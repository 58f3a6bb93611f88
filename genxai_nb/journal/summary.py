"""What a run came to: a pure fold over its events, for pictures, tables and lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Literal
from urllib.parse import unquote

from msgspec import Struct

from genxai_nb.messages import Message, ModelReply, ModelRequest, Usage

from .cost import Cost, cost_of
from .events import (
    CallDiverged,
    CallFailed,
    CallFinished,
    CallStarted,
    Event,
    InstanceFinished,
    LoopLimitReached,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Remembered,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunRebased,
    RunResumed,
    RunStarted,
    StateSet,
)
from .store import RunRow

NodeStatus = Literal["idle", "running", "done", "paused", "failed"]
RunStatus = Literal["running", "paused", "done", "failed", "cancelled"]

STATUS_AFTER: dict[type, RunStatus] = {
    RunStarted: "running",
    RunResumed: "running",
    RunPaused: "paused",
    RunFinished: "done",
    RunFailed: "failed",
    RunCancelled: "cancelled",
}


class NodeSummary(Struct, kw_only=True):
    """What became of one node of a run, all visits together.

    Attributes:
        name: The node's name.
        path: The subgraph visits above it; empty at the top.
        status: Where its latest visit stands; ``paused`` is an unfinished visit of a run that stands still.
        visits: How many visits finished.
        attempt: The attempt that the latest visit is in.
        instances: Finished instances of the latest visit, if it is a map.
        seconds: Time spent in its bodies.
        usage: Tokens of its model calls.
        cost: What its calls cost, as far as it is known.
        model: The model it asked last.
        system: The system message of its last model call, as text.
        prompt: The last user message of its last model call, of a map that of its last item, as text.
        memories: What of its last model call's prompt was remembered.
        reply: The last model's answer in words.
        model_calls: How many model calls were answered.
        tools: The names of the tools it called, in order; those of a map by its items.
        edited: How many calls went out with a request that a person had changed.
        by_hand: How many calls a person answered instead.
        reused: How many calls got the answer that was given before the run was taken back or forked.
        diverged: How many effects it made in place of a recorded one when its body ran again.
        update: The public keys that its last visit wrote.
        error: What its last failure said; empty once a visit finished.
    """

    name: str
    path: str = ""
    status: NodeStatus = "idle"
    visits: int = 0
    attempt: int = 1
    instances: int = 0
    seconds: float = 0.0
    usage: Usage = Usage()
    cost: Cost = Cost()
    model: str = ""
    system: str = ""
    prompt: str = ""
    memories: tuple[Remembered, ...] = ()
    reply: str = ""
    model_calls: int = 0
    tools: tuple[str, ...] = ()
    edited: int = 0
    by_hand: int = 0
    reused: int = 0
    diverged: int = 0
    update: tuple[str, ...] = ()
    error: str = ""


class RunSummary(Struct, kw_only=True):
    """What a run came to.

    Attributes:
        run: The run's id.
        graph: The graph's name.
        status: Where the run stands.
        input: The validated input.
        model: The model that the run was told to use instead of each agent's own.
        nodes: The nodes that were visited, in order of their first visit; in a subgraph as ``path/name``.
        edges: How often each edge of the top graph was taken, by its number; in a changed graph since then.
        written: The public keys that a person wrote, in the order of their first writing.
        usage: Tokens of all model calls.
        cost: What all calls cost, as far as it is known.
        steps: How many visits finished.
        seconds: Time during which the run was driven.
        started: When it began, as Unix time in seconds.
        ended: When it came to its end or to a stop; None while it runs.
        limits: The limits that were reached, in order.
        error: Why it failed, or why it is paused.
        code: The failure's error code.
    """

    run: str = ""
    graph: str = ""
    status: RunStatus = "running"
    input: dict[str, Any] = {}
    model: str | None = None
    nodes: dict[str, NodeSummary] = {}
    edges: dict[int, int] = {}
    written: tuple[str, ...] = ()
    usage: Usage = Usage()
    cost: Cost = Cost()
    steps: int = 0
    seconds: float = 0.0
    started: float = 0.0
    ended: float | None = None
    limits: tuple[LoopLimitReached, ...] = ()
    error: str = ""
    code: str = ""

    def node(self, name: str) -> NodeSummary:
        """What became of a node; an idle one if it was never visited."""
        return self.nodes.get(name) or NodeSummary(name=name)


def summarize(events: Iterable[Event]) -> RunSummary:
    """Fold a run's events into its summary.

    Example:
        >>> from genxai_nb.journal.events import NodeFinished, NodeStarted
        >>> summary = summarize([
        ...     NodeStarted(at=1, node="a", visit=1, parents=()),
        ...     NodeFinished(at=2, node="a", visit=1, update={"x": 1}, edges=(0,)),
        ... ])
        >>> summary.node("a").status, summary.edges
        ('done', {0: 1})
    """
    fold = _Fold()
    for event in events:
        fold.take(event)
    return fold.close()


def turn(event: Event, status: str) -> RunStatus | None:
    """The status into which an event brings a run of some status; None if it stays as it is.

    A paused run runs again when a visit or a call starts, unless that call is answered by hand.
    """
    kind = type(event)
    if status == "paused" and (kind is NodeStarted or kind is CallStarted):
        return "running"
    if isinstance(event, CallFinished) and event.by_hand:
        return "paused"
    return STATUS_AFTER.get(kind)


def row_of(events: Sequence[Event], since: int = 0) -> RunRow:
    """Fold a run's events into its row of the list of runs.

    Args:
        events: The run's history.
        since: How much of it was taken over from another head; the run stands at its end.
    """
    first = events[0]
    if not isinstance(first, RunStarted):
        raise TypeError(f"A run's first event is RunStarted, not {type(first).__name__}.")
    steps = sum(type(event) is NodeFinished for event in events)
    status: RunStatus = "paused"
    ended: float | None = None
    for event in islice(events, since, None):
        if (turned := turn(event, status)) is not None:
            status = turned
            ended = None if turned == "running" else event.at
    return RunRow(
        run=first.run,
        graph=first.graph,
        status=status,
        started=first.at,
        ended=ended,
        steps=steps,
        parent=first.parent,
    )


def top_node(path: str, node: str) -> str:
    """The node of the top graph that a place is in: itself, or that of the outermost subgraph.

    Example:
        >>> top_node("part#1/inner#2", "a"), top_node("", "a")
        ('part', 'a')
    """
    return unquote(path.partition("#")[0]) if path else node


def in_words(message: Message) -> str:
    """Put a message into words: its text, then the tools that it asks for."""
    lines = [message.text] if message.text else []
    for call in message.tool_calls:
        arguments = ", ".join(f"{key}={value!r}" for key, value in call.arguments.items())
        lines.append(f"{call.name}({arguments})")
    return "\n".join(lines)


class _Fold:
    """The summary under way, and what it takes to go on."""

    def __init__(self) -> None:
        self.summary = RunSummary()
        self._calls: dict[str, tuple[NodeSummary, CallStarted]] = {}
        self._diverged: set[str] = set()
        self._tools: dict[str, list[tuple[int, int, str]]] = {}  # by node: visit, item, name
        self._latest: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._since = 0.0
        self._last = 0.0
        self._failed_at = ""

    def take(self, event: Event) -> None:
        status = turn(event, self.summary.status)
        if status is not None:
            self._turn(event, status)
        self._last = event.at
        if (take := _TAKE.get(type(event))) is not None:
            take(self, event)

    def close(self) -> RunSummary:
        summary = self.summary
        summary.seconds += max(0.0, self._last - self._since)
        for key, calls in self._tools.items():
            summary.nodes[key].tools = tuple(name for *_, name in sorted(calls, key=lambda call: call[:2]))
        if summary.status != "running":
            for node in summary.nodes.values():
                if node.status == "running":
                    node.status = "paused"
            if self._failed_at and summary.status == "failed":
                self._node("", self._failed_at).status = "failed"
        return summary

    def _turn(self, event: Event, status: RunStatus) -> None:
        summary = self.summary
        if status == "running":
            summary.seconds += max(0.0, self._last - self._since)
            self._since = event.at
            summary.error = summary.code = ""
        summary.status = status
        summary.ended = None if status == "running" else event.at

    def _node(self, path: str, name: str) -> NodeSummary:
        key = f"{path}/{name}" if path else name
        node = self.summary.nodes.get(key)
        if node is None:
            node = self.summary.nodes[key] = NodeSummary(name=name, path=path)
        return node

    def _is_latest(self, what: str, call: CallStarted) -> bool:
        """Whether no call of a later visit or item was told of before; which item is faster does not count."""
        key, place = (what, call.path, call.node), (call.visit, -1 if call.index is None else call.index)
        if place < self._latest.get(key, place):
            return False
        self._latest[key] = place
        return True

    def run_started(self, event: RunStarted) -> None:
        summary = self.summary
        summary.run, summary.graph, summary.model = event.run, event.graph, event.model
        summary.input, summary.started = event.input, event.at

    def run_resumed(self, event: RunResumed) -> None:  # noqa: ARG002 - one signature for all kinds
        for node in self.summary.nodes.values():
            if node.status == "failed":
                node.status = "running"

    def run_rebased(self, event: RunRebased) -> None:
        self.summary.edges = {}
        for node in self.summary.nodes.values():
            if node.status == "running" and top_node(node.path, node.name) not in event.nodes:
                node.status = "done" if node.visits else "idle"

    def state_set(self, event: StateSet) -> None:
        keys = (key for key in event.values if not key.startswith("@"))
        self.summary.written = tuple(dict.fromkeys((*self.summary.written, *keys)))

    def run_failed(self, event: RunFailed) -> None:
        self.summary.error, self.summary.code = event.error, event.code
        self._failed_at = event.node

    def run_paused(self, event: RunPaused) -> None:
        self.summary.error = event.reason

    def node_started(self, event: NodeStarted) -> None:
        node = self._node(event.path, event.node)
        node.status, node.attempt, node.instances = "running", event.attempt, 0

    def instance_finished(self, event: InstanceFinished) -> None:
        node = self._node(event.path, event.node)
        node.instances += 1

    def node_finished(self, event: NodeFinished) -> None:
        summary, node = self.summary, self._node(event.path, event.node)
        summary.steps += 1
        node.status, node.error = "done", ""
        node.visits += 1
        node.seconds += event.seconds
        node.update = tuple(key for key in event.update if not key.startswith("@"))
        if not event.path:
            for number in event.edges:
                summary.edges[number] = summary.edges.get(number, 0) + 1

    def node_failed(self, event: NodeFailed) -> None:
        node = self._node(event.path, event.node)
        node.seconds += event.seconds
        node.error = event.error
        if event.index is None:
            node.attempt = event.attempt + event.retried
        if not event.retried:
            node.status = "failed"

    def loop_limit_reached(self, event: LoopLimitReached) -> None:
        self.summary.limits += (event,)

    def call_started(self, event: CallStarted) -> None:
        node = self._node(event.path, event.node)
        self._calls[event.slot] = node, event
        node.edited += event.edited
        node.diverged += event.slot in self._diverged
        self._diverged.discard(event.slot)  # one that is made again after a crash is counted once
        if event.kind == "tool":
            key = f"{event.path}/{event.node}" if event.path else event.node
            item = -1 if event.index is None else event.index
            self._tools.setdefault(key, []).append((event.visit, item, event.name))
        elif isinstance(request := event.request, ModelRequest) and self._is_latest("asked", event):
            node.model = event.name
            node.system = _last(request, "system")
            node.prompt = _last(request, "user")
            node.memories = event.memories

    def call_diverged(self, event: CallDiverged) -> None:
        self._diverged.add(event.slot)  # it starts next

    def call_finished(self, event: CallFinished) -> None:
        node, started = self._calls.pop(event.slot, (None, None))
        if node is None or started is None:
            return
        node.by_hand += event.by_hand
        node.reused += event.reused
        cost = cost_of(event)
        node.cost += cost
        self.summary.cost += cost
        if isinstance(reply := event.reply, ModelReply):
            node.model_calls += 1
            node.usage += reply.usage
            if self._is_latest("answered", started):
                node.reply = in_words(reply.message)
            self.summary.usage += reply.usage


_TAKE: dict[type, Callable[[_Fold, Any], object]] = {
    RunStarted: _Fold.run_started,
    RunResumed: _Fold.run_resumed,
    RunRebased: _Fold.run_rebased,
    StateSet: _Fold.state_set,
    RunFailed: _Fold.run_failed,
    RunPaused: _Fold.run_paused,
    NodeStarted: _Fold.node_started,
    InstanceFinished: _Fold.instance_finished,
    NodeFinished: _Fold.node_finished,
    NodeFailed: _Fold.node_failed,
    LoopLimitReached: _Fold.loop_limit_reached,
    CallStarted: _Fold.call_started,
    CallDiverged: _Fold.call_diverged,
    CallFinished: _Fold.call_finished,
    CallFailed: lambda fold, event: fold._calls.pop(event.slot, None),
}


def _last(request: ModelRequest, role: str) -> str:
    return next((message.text for message in reversed(request.messages) if message.role == role), "")
