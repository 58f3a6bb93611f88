"""A run as it unfolds, fact by fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from genxai_nb.agents.history import memory_key
from genxai_nb.journal.cost import Cost, cost_of
from genxai_nb.journal.events import (
    CallDiverged,
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    Event,
    Hint,
    InstanceFinished,
    Logged,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Progressed,
    RunRebased,
    RunResumed,
    RunStarted,
    StateSet,
    Streamed,
)
from genxai_nb.journal.summary import STATUS_AFTER
from genxai_nb.messages import ModelReply, ReasoningDelta, TextDelta, Usage

from .visits import CallStory, NodeStory, VisitStory, key_of

__all__ = ["Story", "tell", "upto"]


_WORKING = memory_key("working", "")


class Story:
    """Everything that a panel tells of a run; `take` lets it go on by one fact or hint.

    Attributes:
        nodes: Nodes that were reached, by key.
        ways: How often each edge was taken, by the key of its graph's node, a colon and its number.
        visits: All visits in the order in which they began.
        steps: How many visits have ended.
        status: ``ready``, ``running``, ``paused``, ``done``, ``failed`` or ``cancelled``.
        error: Why the run stands or failed.
        seconds: How long the run was driven.
        written: The public keys that the last step wrote, with what it wrote.
        noted: What agents noted in working memory, by whose it is; empty for what they share.
        stops: How often the run came to rest.

    Example:
        >>> from genxai_nb.journal.events import NodeFinished, NodeStarted
        >>> story = tell([
        ...     NodeStarted(at=1, node="a", visit=1, parents=()),
        ...     NodeFinished(at=3, node="a", visit=1, update={"x": 1}, edges=(0,)),
        ... ])
        >>> story.nodes["a"].status, story.ways, story.seconds
        ('done', {':0': 1}, 2)
    """

    def __init__(self) -> None:
        self.run = ""
        self.graph = ""
        self.nodes: dict[str, NodeStory] = {}
        self.ways: dict[str, int] = {}
        self.visits: list[VisitStory] = []
        self.steps = 0
        self.usage = Usage()
        self.cost = Cost()
        self.status = "ready"
        self.error = ""
        self.written: dict[str, Any] = {}
        self.noted: dict[str, tuple[Any, ...]] = {}
        self.stops = 0
        self.sizes: dict[str, int] = {}
        self.definitions: dict[str, str] = {}
        self._calls: dict[str, CallStory] = {}
        self._diverged: set[str] = set()
        self._keys: dict[str, NodeStory] = {}
        self._open: dict[tuple[str, str, int], VisitStory] = {}
        self._lost = 0.0  # Unix time minus seconds of driving
        self._last: float | None = None
        self._stood = False

    @property
    def seconds(self) -> float:
        """How long the run was driven, up to its last fact."""
        return 0.0 if self._last is None else self._last - self._lost

    def now(self, at: float) -> float:
        """The seconds of driving at a Unix time; while the run stands they do not go on."""
        if self._last is None or self._stood:
            return self.seconds
        return max(self.seconds, at - self._lost)

    def node(self, key: str) -> NodeStory:
        """The story of a node; an idle one if it was not reached."""
        return self.nodes.get(key) or NodeStory(key=key)

    def call(self, slot: str) -> CallStory | None:
        """The latest call of that slot."""
        return self._calls.get(slot)

    def streaming(self) -> Iterable[CallStory]:
        """The calls under way of which something has come in already."""
        for visit in self._open.values():
            for call in visit.calls:
                if not call.ended and (call.text or call.reasoning or call.arguments):
                    yield call

    def running(self) -> list[VisitStory]:
        """The visits that have begun and not ended."""
        return list(self._open.values())

    def copy(self) -> Story:
        """The same story once more; going on with one leaves the other as it is."""
        twin = Story()
        for name in (
            "run",
            "graph",
            "steps",
            "usage",
            "cost",
            "status",
            "error",
            "stops",
            "_lost",
            "_last",
            "_stood",
        ):
            setattr(twin, name, getattr(self, name))
        twin.ways, twin.sizes = dict(self.ways), dict(self.sizes)
        twin.written, twin.definitions = self.written, self.definitions
        twin.noted = dict(self.noted)
        twin._diverged = set(self._diverged)
        # Only what is under way changes later: the rest is shared.
        calls = {id(call): call.copy() for visit in self._open.values() for call in visit.calls}
        visits = {id(visit): visit.copy(calls) for visit in self._open.values()}
        twin.visits = [visits.get(id(visit), visit) for visit in self.visits]
        twin.nodes = {key: node.copy(visits) for key, node in self.nodes.items()}
        twin._keys = {name: twin.nodes[node.key] for name, node in self._keys.items()}
        twin._open = {place: visits[id(visit)] for place, visit in self._open.items()}
        twin._calls = {slot: calls.get(id(call), call) for slot, call in self._calls.items()}
        return twin

    def stand(self, status: str) -> None:
        """Come to rest without a fact."""
        self.status, self._stood = status, True

    def take(self, event: Event | Hint) -> None:
        """Go on by one fact or hint."""
        kind = type(event)
        at: float | None = getattr(event, "at", None)
        if at is not None:
            self._stood = self._stood or kind is RunResumed  # taken back or died: no fact says that it stood
            self._move_clock(at)
        status = STATUS_AFTER.get(kind)
        if status is not None:
            self._turn(event, status)
        if (take := _TAKE.get(kind)) is not None:
            take(self, event)

    def _move_clock(self, at: float) -> None:
        if self._last is None:
            self._lost = at
        elif self._stood:
            self._lost += at - self._last
        self._last, self._stood = at, False

    def _turn(self, event: Any, status: str) -> None:
        self.status = status
        self._stood = status != "running"
        self.stops += self._stood
        self.error = getattr(event, "error", "") or getattr(event, "reason", "")

    def _run_started(self, event: RunStarted) -> None:
        self.run, self.graph, self.definitions = event.run, event.graph, event.definitions
        self.status, self._stood = "ready", True
        self._measure(event.input)

    def _run_rebased(self, event: RunRebased) -> None:
        """The graph is another one now: its edges are counted anew, and what was under way is left."""
        self.definitions = event.definitions
        self.ways = {way: count for way, count in self.ways.items() if way[:1] != ":"}
        for visit in self._open.values():
            self.node(visit.key).status = "idle"
            visit.ended = self.seconds
        self._open.clear()

    def _node_started(self, event: NodeStarted) -> None:
        self.status, self.error = "running", ""
        node = self._node(event.path, event.node)
        visit = self._open.get((event.path, event.node, event.visit))
        if visit is None:
            visit = VisitStory(
                key=node.key,
                path=event.path,
                node=event.node,
                number=event.visit,
                step=self.steps,
                started=self.seconds,
                parents=event.parents,
                version=event.version,
            )
            self._open[event.path, event.node, event.visit] = visit
            self.visits.append(visit)
            node.told.append(visit)
        visit.attempt, visit.error, visit.version = event.attempt, "", event.version
        node.status, node.fraction, node.note = "running", None, ""

    def _instance_finished(self, event: InstanceFinished) -> None:
        if (visit := self._open.get((event.path, event.node, event.visit))) is not None:
            visit.parts[event.index] = event.update

    def _node_finished(self, event: NodeFinished) -> None:
        node = self._node(event.path, event.node)
        self.steps += 1
        node.status, node.error, node.fraction = "done", "", None
        node.visits += 1
        node.seconds += event.seconds
        above = key_of(event.path) if event.path else ""
        for number in event.edges:
            way = f"{above}:{number}"
            self.ways[way] = self.ways.get(way, 0) + 1
        visit = self._visit(event)
        if visit is not None:
            del self._open[event.path, event.node, event.visit]
            visit.ended, visit.reads, visit.update = self.seconds, event.reads, event.update
        if not event.path:
            self._wrote(event.update, visit.parts if visit else {})

    def _wrote(self, update: dict[str, Any], parts: dict[int, dict[str, Any]]) -> None:
        written: dict[str, Any] = {}
        for index in sorted(parts):
            for name, value in parts[index].items():
                written.setdefault(name, []).extend(value if isinstance(value, list) else [value])
        written.update(update)
        self.written = {name: value for name, value in written.items() if name[:1] != "@"}
        for name, entries in written.items():
            if name.startswith(_WORKING):
                whose = name.removeprefix(_WORKING)
                self.noted[whose] = (*self.noted.get(whose, ()), *entries)
        self._measure(self.written)

    def _measure(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if isinstance(value, list | tuple):
                self.sizes[name] = len(value)

    def _node_failed(self, event: NodeFailed) -> None:
        node = self._node(event.path, event.node)
        node.seconds += event.seconds
        node.error = event.error
        visit = self._open.get((event.path, event.node, event.visit))
        if visit is not None:
            visit.error = event.error
            visit.attempt = event.attempt + event.retried
        if not event.retried:
            node.status = "failed"
            if visit is not None:
                visit.ended = self.seconds
                del self._open[event.path, event.node, event.visit]

    def _state_set(self, event: StateSet) -> None:
        if not event.path:
            self.written = dict(event.values)
            self._measure(self.written)

    def _call_started(self, event: CallStarted) -> None:
        self.status, self.error = "running", ""
        node = self._node(event.path, event.node)
        call = self._calls[event.slot] = CallStory(fact=event, diverged=event.slot in self._diverged)
        visit = self._visit(event)
        if visit is not None:
            visit.calls.append(call)
        if event.kind == "tool":
            node.tools += 1

    def _call_finished(self, event: CallFinished) -> None:
        call = self._calls.get(event.slot)
        if call is None:
            return
        call.ended, call.reply, call.seconds, call.attempts = True, event.reply, event.seconds, event.attempts
        call.by_hand, call.reused, call.cost = event.by_hand, event.reused, cost_of(event)
        call.text, call.reasoning, call.arguments = [], [], []
        if isinstance(event.reply, ModelReply):
            node = self._node(call.fact.path, call.fact.node)
            node.models += 1
            node.usage += event.reply.usage
            self.usage += event.reply.usage
            node.cost += call.cost
            self.cost += call.cost

    def _call_failed(self, event: CallFailed) -> None:
        if (call := self._calls.get(event.slot)) is not None:
            call.ended, call.error, call.seconds = True, event.error, event.seconds

    def _call_diverged(self, event: CallDiverged) -> None:
        """A body that ran again asked one thing and left the other unasked: both may have happened."""
        for slot in (event.slot, event.recorded):
            self._diverged.add(slot)
            if (call := self._calls.get(slot)) is not None:
                call.diverged = True

    def _call_retried(self, event: CallRetried) -> None:
        if (call := self._calls.get(event.slot)) is not None:
            call.attempts = event.attempt + 1
            call.text, call.reasoning, call.arguments = [], [], []

    def _streamed(self, hint: Streamed) -> None:
        call = self._calls.get(hint.slot)
        if call is None or call.ended:
            return
        delta = hint.delta
        if type(delta) is TextDelta:
            call.text.append(delta.text)
        elif type(delta) is ReasoningDelta:
            call.reasoning.append(delta.text)
        else:
            call.arguments.append(getattr(delta, "arguments", ""))

    def _logged(self, hint: Logged) -> None:
        if (node := self._keys.get(hint.node)) is not None:
            node.log.append(hint.text)

    def _progressed(self, hint: Progressed) -> None:
        if (node := self._keys.get(hint.node)) is not None:
            node.fraction, node.note = hint.fraction, hint.text

    def _visit(self, event: CallStarted | NodeFinished) -> VisitStory | None:
        """The visit of a fact; one that had failed and was taken up again is under way once more."""
        place = event.path, event.node, event.visit
        if place not in self._open:
            node = self._node(event.path, event.node)
            for number, visit in enumerate(node.told):
                if (visit.path, visit.node, visit.number) == place and visit.error:
                    again = visit.copy({})  # what has ended may be shared with a copy of this story
                    again.ended, again.error = None, ""
                    self.visits[self.visits.index(visit)] = node.told[number] = self._open[place] = again
                    node.status, node.error = "running", ""
                    break
        return self._open.get(place)

    def _node(self, path: str, name: str) -> NodeStory:
        key = key_of(path, name)
        node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = NodeStory(key=key)
        self._keys[name] = node  # hints name the node alone: the latest of that name is meant
        return node


_TAKE: dict[type, Callable[[Story, Any], None]] = {
    RunStarted: Story._run_started,
    RunRebased: Story._run_rebased,
    NodeStarted: Story._node_started,
    InstanceFinished: Story._instance_finished,
    NodeFinished: Story._node_finished,
    NodeFailed: Story._node_failed,
    StateSet: Story._state_set,
    CallStarted: Story._call_started,
    CallFinished: Story._call_finished,
    CallFailed: Story._call_failed,
    CallDiverged: Story._call_diverged,
    CallRetried: Story._call_retried,
    Streamed: Story._streamed,
    Logged: Story._logged,
    Progressed: Story._progressed,
}


def tell(events: Iterable[Event | Hint]) -> Story:
    """Tell the story of events from the first on."""
    story = Story()
    for event in events:
        story.take(event)
    return story


def upto(events: Iterable[Event], steps: int) -> Iterable[Event]:
    """The events up to the end of a step: as many as it takes for so many visits to have ended."""
    if steps <= 0:
        yield from (event for event in islice(events, 1) if isinstance(event, RunStarted))
        return
    for event in events:
        yield event
        if type(event) is NodeFinished:
            steps -= 1
            if not steps:
                return
