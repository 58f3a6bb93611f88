"""What a record tells of a run, before it is put into HTML or plain text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from genxai_nb.errors import DefinitionError, GenXAIError, HumanAnswerMissing, OverBudget
from genxai_nb.graph.absent import absent_input
from genxai_nb.graph.draw import picture_of, status_words
from genxai_nb.graph.draw.figures import counted, short_count
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.draw.picture import GLYPHS, WORDS, Picture, Status
from genxai_nb.graph.fold import fold
from genxai_nb.journal.cost import Cost, cost_in_words
from genxai_nb.journal.events import InstanceFinished, NodeFailed, NodeFinished, RunRebased, RunStarted
from genxai_nb.journal.summary import summarize
from genxai_nb.templates import readable

if TYPE_CHECKING:
    from genxai_nb.graph.build import Graph
    from genxai_nb.journal.events import Event, Remembered
    from genxai_nb.journal.summary import NodeSummary, RunSummary

_MOST_ITEMS = 100
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Value(Struct, frozen=True, kw_only=True):
    """A value in words: on one line, and whole."""

    glance: str
    text: str


class Row(Struct, frozen=True, kw_only=True):
    """A node in the record's table. ``wrote`` holds the last value of each key that it wrote, as text."""

    name: str
    kind: str
    status: Status
    words: str
    tokens: int
    cost: str
    seconds: float | None
    model: str
    prompt: str
    memories: str
    reply: str
    tools: tuple[str, ...]
    wrote: dict[str, str]
    error: str


class Account(Struct, frozen=True, kw_only=True):
    """A run as its record tells it.

    Attributes:
        graph: The graph's name.
        run: The run's id.
        status: The status that colours the record's head.
        headline: The same in words, such as ``Done`` or ``As of step 4``.
        sums: Steps, tokens and cost in words; time stands apart, because it differs from run to run.
        seconds: How long the run was driven.
        rows: Its nodes.
        values: What the run made of the state: the keys that nodes wrote, with their values.
        trouble: What went wrong or why it stands, where, and what to do; empty if all is well.
        resumes: Resuming the run is what to do.
        limits: The limits that were reached, a sentence each.
        picture: The graph with this run in it; None when the graph is not known.
    """

    graph: str
    run: str
    status: Status
    headline: str
    sums: tuple[str, ...]
    seconds: float
    rows: tuple[Row, ...]
    values: dict[str, Value]
    trouble: tuple[str, str, str] | None
    resumes: bool
    limits: tuple[str, ...]
    picture: Picture | None

    @property
    def head(self) -> str:
        """Glyph and headline."""
        return f"{GLYPHS[self.status]} {self.headline}"


def account_of(events: Sequence[Event], graph: Graph | None) -> Account:
    """Gather what a run's record tells from its events and, if it still is as it ran, its graph."""
    summary = summarize(events)
    graph = graph if graph is not None and _is_of(graph, events) else None
    picture = None if graph is None else _settled(picture_of(graph, summary))
    written = _written(events)
    rows = tuple(_rows(summary, picture, written))
    status, headline = _standing(summary)
    instead = _instead(events, graph, rows) if summary.status == "failed" else ""
    sums = [counted(summary.steps, "step")]
    sums += [f"{short_count(summary.usage.total)} tokens"] if summary.usage.total else []
    sums += [cost_in_words(summary.cost)] if summary.cost != Cost() else []
    return Account(
        graph=summary.graph,
        run=summary.run,
        status=status,
        headline=headline,
        sums=tuple(sums),
        seconds=summary.seconds,
        rows=rows,
        values=_values(events, graph, rows),
        trouble=_trouble(summary, instead),
        resumes=not instead,
        limits=tuple(
            sorted(
                f"{limit.node} -> {limit.target} was taken {counted(limit.limit, 'time')}, its limit."
                for limit in summary.limits
            )
        ),
        picture=picture,
    )


def cut(text: str, limit: int) -> str:
    """Cut text to a number of characters and say how much is missing."""
    if len(text) <= limit + 40:
        return text
    return f"{text[:limit].rstrip()}… ({len(text) - limit:,} more characters)"


def memories_in_words(memories: Iterable[Remembered]) -> str:
    """Which memories stood in a prompt, a line each: kind, name, how well it fitted, and why."""
    return "\n".join(f"{one.kind} {one.id} · {one.score:.2f} · {one.why}" for one in memories)


def text_of(value: Any) -> str:
    """Write a value as a person would read it, the same in each run."""
    more = ""
    if isinstance(value, list | tuple | dict) and len(value) > _MOST_ITEMS:
        more = f"\n… ({len(value) - _MOST_ITEMS:,} more)"
        first = islice(value.items() if isinstance(value, dict) else value, _MOST_ITEMS)
        value = dict(first) if isinstance(value, dict) else list(first)
    try:
        text = readable(value)
    except Exception as exc:  # noqa: BLE001 - a value's own __str__ may raise anything; a record must not
        text = f"({type(value).__name__}, which cannot be shown: {type(exc).__name__})"
    return _ADDRESS.sub("", text) + more


def _value(value: Any) -> Value:
    text = text_of(value)
    glance = text
    if isinstance(value, list | tuple | set | frozenset) and value:
        glance = " · ".join(text_of(item) for item in islice(value, _MOST_ITEMS))
    elif isinstance(value, dict):
        glance = " · ".join(f"{key}: {text_of(item)}" for key, item in islice(value.items(), _MOST_ITEMS))
    return Value(glance=one_line(glance), text=text)


def _is_of(graph: Graph, events: Sequence[Event]) -> bool:
    """Whether the graph has the structure in which the run goes on; else its edges have other numbers."""
    bases = (event.structure for event in reversed(events) if isinstance(event, RunStarted | RunRebased))
    try:
        return next(bases, None) == graph.structure
    except DefinitionError:
        return False


def _standing(summary: RunSummary) -> tuple[Status, str]:
    if summary.status == "running":
        return "running", f"As of step {summary.steps}"
    if summary.status == "cancelled":
        return "paused", "Cancelled"
    return summary.status, WORDS[summary.status]


def _settled(picture: Picture) -> Picture:
    """A record stays as it is, so it does not say that something is running."""
    cards = [replace(card, words=_unmoving(card.words)) for card in picture.cards]
    return replace(picture, cards=tuple(cards))


def _unmoving(words: str) -> str:
    return words.replace(WORDS["running"], "Started", 1) if words.startswith(WORDS["running"]) else words


def _rows(
    summary: RunSummary, picture: Picture | None, written: Mapping[str, Mapping[str, Any]]
) -> Iterable[Row]:
    cards = [] if picture is None else [card for card in picture.cards if not card.is_cap]
    kinds = {card.name: card.kind for card in cards}
    for key in dict.fromkeys([*kinds, *summary.nodes]):
        node = summary.node(key)
        yield Row(
            name=key,
            kind=kinds.get(key, ""),
            status=node.status,
            words=_unmoving(status_words(node)),
            tokens=node.usage.total,
            cost=str(node.cost),
            seconds=node.seconds if node.visits or node.seconds else None,
            model=node.model,
            prompt=node.prompt,
            memories=memories_in_words(node.memories),
            reply=node.reply,
            tools=node.tools,
            wrote={name: text_of(value) for name, value in written.get(key, {}).items()},
            error=node.error,
        )


def _written(events: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """What the last visit of each node wrote, without hidden keys; of a map, the list of what instances wrote."""
    found: dict[str, dict[str, Any]] = {}
    instances: dict[tuple[str, str, int], dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for event in events:
        if isinstance(event, InstanceFinished):
            instances[event.path, event.node, event.visit][event.index] = event.update
        elif isinstance(event, NodeFinished):
            update: dict[str, Any] = dict(event.update)
            for _, part in sorted(instances.get((event.path, event.node, event.visit), {}).items()):
                for name, value in part.items():
                    update.setdefault(name, []).append(value)
            key = f"{event.path}/{event.node}" if event.path else event.node
            found[key] = {name: value for name, value in update.items() if name[:1] != "@"}
    return found


def _values(events: Sequence[Event], graph: Graph | None, rows: Iterable[Row]) -> dict[str, Value]:
    """The written keys with their values, in the order of the nodes and not of what came first."""
    if graph is None:
        return {}
    try:
        state, _ = fold(graph, events).schedule.now()
    except GenXAIError:
        return {}  # a damaged journal: the rest can still be told
    keys = dict.fromkeys(name for row in rows for name in row.wrote)
    return {key: _value(state[key]) for key in keys if key in state}


def _instead(events: Sequence[Event], graph: Graph | None, rows: Iterable[Row]) -> str:
    """What to do about a failed run that just to resume would fail again; empty where mending helps."""
    absent = "" if graph is None else absent_input(events, graph)
    if absent:
        return f"Give it in the run cell, as {absent}: VALUE"
    failed = next((event for event in reversed(events) if isinstance(event, NodeFailed)), None)
    people = {row.name for row in rows if row.kind == "human"}
    asked = failed is not None and failed.code == HumanAnswerMissing.code and failed.node in people
    return "Answer it: %genxai continue --answer VALUE" if asked else ""


def _trouble(summary: RunSummary, instead: str) -> tuple[str, str, str] | None:
    resume = "Finished nodes do not run again"
    if summary.status == "failed":
        failed = [node for node in summary.nodes.values() if node.status == "failed"]
        mend = "Give it a larger budget." if summary.code == OverBudget.code else "Mend the cause."
        hint = instead or f"{mend} {resume}"
        return summary.error, "".join(_where(node) for node in failed[:1]), hint
    if summary.status == "cancelled":
        return "The run was interrupted.", "", resume
    if summary.status == "paused":
        reason = summary.error if summary.error not in {"", "asked"} else ""
        return reason or "The run stands before its next node.", "", resume
    return None


def _where(node: NodeSummary) -> str:
    place = f"{node.path}/{node.name}" if node.path else node.name
    return f"at {place}, visit {node.visits + 1}"
