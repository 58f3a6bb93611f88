"""Any sequence of deeds on heads, against plain lists of events, for both stores."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genxai_nb.journal.events import (
    NodeFinished,
    NodeStarted,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.sqlite import SqliteStore


def finished(visit: int) -> NodeFinished:
    return NodeFinished(at=visit, node="a", visit=visit, update={}, edges=(0,))


class Model:
    """Heads as plain lists of events."""

    def __init__(self) -> None:
        self.runs: dict[str, list[str]] = {}
        self.events: dict[str, list] = {}
        self.own: dict[str, int] = {}
        self.graphs: dict[str, str] = {}

    def add(self, run: str, events: list, graph: str = "") -> None:
        heads = self.runs.setdefault(run, [])
        heads.append(f"{run}.{len(heads) + 1}")
        self.events[heads[-1]] = list(events)
        self.own[heads[-1]] = len(events)
        self.graphs.setdefault(run, graph)

    def status(self, run: str) -> str:
        """The status of a run that somebody drives."""
        head = self.runs[run][-1]
        status = "paused"
        for event in self.events[head][self.own[head] :]:
            kinds = {RunResumed: "running", RunPaused: "paused", RunFinished: "done", RunStarted: "running"}
            if isinstance(event, NodeStarted) and status == "paused":
                status = "running"
            status = kinds.get(type(event), status)
        return status


@st.composite
def deeds(draw) -> list[tuple]:
    """What is done to a store: the verb, which run, which head, and how far."""
    kind = st.sampled_from(["begin", "append", "append", "append", "branch", "fork"])
    part = st.floats(0, 1, exclude_max=True)
    events = st.lists(st.sampled_from("fffsprd"), max_size=4)
    return draw(st.lists(st.tuples(kind, part, part, part, events), min_size=2, max_size=25))


def made(kind: str, at: int):
    if kind == "f":
        return finished(at)
    if kind == "s":
        return NodeStarted(at=at, node="a", visit=at, parents=())
    if kind == "p":
        return RunPaused(at=at, reason="step")
    return RunResumed(at=at, definitions={}) if kind == "r" else RunFinished(at=at)


def started(at: int) -> RunStarted:
    return RunStarted(at=at, run="", graph=f"g{at}", structure="s", input={}, definitions={})


def pick(part: float, items):
    items = list(items)
    return items[int(part * len(items))]


def do(model: Model, store, deed: tuple, at: int) -> None:
    """Do one thing to a store and to the model, and compare what is returned."""
    verb, first, second, third, kinds = deed
    if verb == "begin" or not model.runs:
        run = store.begin(started(at))
        assert run == f"r{len(model.runs) + 1}"
        model.add(run, [], f"g{at}")
        model.events[f"{run}.1"].append(next(store.read(run)))
        return
    run = pick(first, model.runs)
    if verb == "append":
        events = [made(kind, 100 * at + number) for number, kind in enumerate(kinds)]
        store.append(run, events)
        model.events[model.runs[run][-1]] += events
    elif verb == "branch":
        history = model.events[model.runs[run][-1]]
        upto = 1 + int(third * len(history))
        name = store.branch(run, upto, f"why {at}")
        model.add(run, history[:upto])
        assert name == model.runs[run][-1]
    else:
        head = pick(second, model.runs[run])
        history = model.events[head]
        upto = 1 + int(third * len(history))
        fork = store.fork(run, upto, head)
        assert fork == f"r{len(model.runs) + 1}"
        model.add(fork, history[:upto], model.graphs[run])


def check(model: Model, store) -> None:
    """Compare all that a store tells with the model."""
    assert [row.run for row in store.runs()] == list(model.runs)[::-1]
    for run, heads in model.runs.items():
        rows = store.heads(run)
        assert [row.name for row in rows] == heads
        assert [row.name for row in rows if row.current] == heads[-1:]
        for row in rows:
            first, *rest = store.read(run, row.name)
            assert (first.run, rest) == (run, model.events[row.name][1:])
            assert row.upto == model.own[row.name]
            assert row.events == len(model.events[row.name]) - row.upto
        assert list(store.read(run)) == list(store.read(run, heads[-1]))
        with store.lease(run):
            row = store.row(run)
        assert (row.run, row.graph, row.status) == (run, model.graphs[run], model.status(run))
        assert row.steps == sum(isinstance(event, NodeFinished) for event in model.events[heads[-1]])
        assert row.ended is None or row.status != "running"


@pytest.mark.parametrize("kind", [MemoryStore, SqliteStore])
@settings(max_examples=60)
@given(deeds=deeds())
def test_any_order_of_deeds(kind, deeds):
    """Whatever is begun, appended, taken back and forked, each head has the history that plain lists have."""
    with tempfile.TemporaryDirectory() as folder:
        store = MemoryStore() if kind is MemoryStore else SqliteStore(f"{folder}/journal.db")
        model = Model()
        for at, deed in enumerate(deeds, 1):
            do(model, store, deed, at)
        check(model, store)
        store.close()
