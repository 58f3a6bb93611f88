"""Snapshots: a run is taken up and looked at from the nearest one, and everything is as it is without any."""

from __future__ import annotations

import random

import pytest
from dense import DenseStore, counting, failed_at
from graphs import nothing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from random_graphs import Pace, sketches
from standing import stands

from genxai_nb import Graph, Run
from genxai_nb.calls.call import Traits
from genxai_nb.errors import GenXAIError, NodeFailed, OverBudget
from genxai_nb.graph.fold import fold
from genxai_nb.graph.history import History
from genxai_nb.journal import events as facts


class Note(BaseModel):
    text: str


class Notes(BaseModel):
    n: int = 0
    last: Note | None = None
    notes: list[Note] = []


@pytest.fixture
def store(tmp_path):
    made = DenseStore(tmp_path / "journal.db")
    yield made
    made.close()


def outcome_of(run):
    try:
        return run.resume().status
    except GenXAIError as exc:
        return type(exc).__name__


# ── as without ───────────────────────────────────────────────────────────────────────────────


def follows(sketch, seed, store):
    """Check a run of a random graph in all that can be asked; give how many snapshots it has."""
    graph = sketch.graph(Pace(random.Random(seed)))
    run = graph.start(sketch.given(), store=store.address)
    outcome = outcome_of(run)
    events = list(store.read(run.run_id))
    taken = store.snapshots(run.run_id)
    for cut in {*taken, *(random.Random(seed).randint(1, len(events)) for _ in range(9))}:
        plain, found = fold(graph, events[:cut]), History(store, run.run_id).folded(graph, cut).copy()
        assert stands(found) == stands(plain)
        for event in events[cut:]:
            plain.take(event)
            found.take(event)
        assert stands(found) == stands(plain)

    loaded = Run.load(run.run_id, graph, store.address)
    assert loaded.steps == sum(type(event) is facts.NodeFinished for event in events)
    for step in reversed(range(loaded.steps + 1)):
        schedule = fold(graph, events[: loaded._history.cut(step)]).schedule
        assert loaded.state_at(step) == graph.schema.result(schedule.now()[0])
    assert loaded.events() == events
    if outcome == "done" and not sketch.joins:
        other = sketch.graph(Pace(random.Random(seed))).start(sketch.given(), store=":memory:")
        assert outcome_of(other) == "done"
        assert loaded.canonical() == other.canonical()
    return len(taken)


def test_any_graph_is_followed_as_without_snapshots(store):
    """Its tokens, views and counts at each of its events, its state at each step, its events and its end."""
    taken = []

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(sketches().filter(lambda one: not one.shared and one.is_short()), st.integers(0, 2**32))
    def check(sketch, seed):
        taken.append(follows(sketch, seed, store))

    check()
    assert sum(number > 0 for number in taken) > 10


# ── what is read ─────────────────────────────────────────────────────────────────────────────


def test_a_run_goes_on_with_what_is_behind_its_last_snapshot(store):
    """Neither loading it nor driving it reads what is before; whoever asks for all of it is given all."""
    graph, run_id = failed_at(25, store)
    length = len(list(store.read(run_id)))
    last = store.snapshots(run_id)[-1]
    assert last > length // 2
    store.given = 0

    run = Run.load(run_id, graph, store.address)
    assert run.steps == 25
    assert run.resume().state == {"n": 30, "log": list(range(30))}
    assert store.given < length // 2
    assert run.events() == list(store.read(run_id))
    assert len(run.events()) > length


def test_a_step_is_looked_at_from_the_snapshot_before_it(store):
    """Only what lies between is read."""
    graph, run_id = failed_at(25, store)
    run = Run.load(run_id, graph, store.address)
    assert run.steps == 25
    store.given = 0

    assert run.state_at(20) == {"n": 20, "log": list(range(20))}
    assert store.given < 15
    assert [run.state_at(step)["n"] for step in range(26)] == list(range(26))


def test_a_run_in_its_own_file_has_a_snapshot_each_few_hundred_events(tmp_path):
    """Without being asked for."""
    store = DenseStore(tmp_path / "journal.db", between=256)
    graph = Graph("long").node("a", lambda s: {"n": s["n"] + 1})
    graph.parse("START -> a\na -> a if n < 600 max 999\na -> END else")
    graph.run({"n": 0}, store=store.address)

    assert [at // 256 for at in store.snapshots("r1")] == [1, 2, 3, 4]
    assert Run.load("r1", graph, store.address).state_at(599) == {"n": 599}


# ── going on ─────────────────────────────────────────────────────────────────────────────────


def test_calls_of_the_visit_under_way_are_answered_from_the_record(store):
    """Effects that were made after the snapshot are not made again."""
    made, fails = [], [True]

    async def send(call):
        made.append(call.request)
        return len(made)

    async def b(state, context):
        answer = await context.call("tool", "mail", {"to": state["n"]}, send, Traits(effect=True))
        if fails:
            raise ValueError("after it")
        return {"answer": answer}

    graph = Graph("mails", reducers={"log": "append"})
    graph.node("a", lambda s: {"n": s["n"] + 1, "log": ["x" * 200]}).node("b", b)
    graph.parse("START -> a\na -> a if n < 9 max 20\na -> b else")
    run = graph.start({"n": 0, "log": []}, store=store.address)
    with pytest.raises(NodeFailed):
        run.resume()
    fails.clear()
    events = list(store.read(run.run_id))
    assert type(events[store.snapshots(run.run_id)[-1] - 1]) is facts.NodeStarted

    assert Run.load(run.run_id, graph, store.address).resume().state["answer"] == 1
    assert made == [{"to": 9}]


def test_going_back_and_forking_use_the_snapshots_of_the_shared_part(store):
    """What the left line had beyond is no part of the new one."""
    graph, run_id = failed_at(25, store)
    before = store.snapshots(run_id)
    run = Run.load(run_id, graph, store.address)
    run.goto(12)
    cut = len(run.events())
    shared = [at for at in before if at <= cut]
    forked = Run.load(run_id, graph, store.address).fork(9, n=100)
    assert shared
    assert store.snapshots(run_id) == shared
    store.given = 0

    assert Run.load(run_id, graph, store.address).state == {"n": 12, "log": list(range(12))}
    assert store.given < cut // 2
    assert forked.resume().state == {"n": 101, "log": [*range(9), 100]}
    loaded = Run.load(forked.run_id, graph, store.address)
    assert [event.run for event in loaded.events()[:1]] == [forked.run_id]
    assert [loaded.state_at(step)["n"] for step in (8, 9, 10)] == [8, 9, 101]
    assert run.resume().state["n"] == 30


def test_a_snapshot_of_another_structure_is_not_used(store):
    """After a rebase, the run goes on in the changed graph, also when it is loaded, and older steps are still seen."""
    graph, run_id = failed_at(25, store)
    run = Run.load(run_id, graph, store.address)
    changed = counting(upto=28)
    run.rebase(changed)
    assert store.snapshots(run_id)

    loaded = Run.load(run_id, changed, store.address)
    assert loaded.state["n"] == 25
    assert loaded.resume().state == {"n": 28, "log": list(range(28))}
    again = Run.load(run_id, changed, store.address)
    store.given = 0
    assert again.state_at(24)["n"] == 24
    assert store.given > 24  # from the beginning
    assert [again.state_at(step)["n"] for step in (25, 26, 28)] == [25, 26, 28]


def test_nothing_under_way_inside_is_part_of_a_snapshot(store):
    """Subgraphs and maps have them where they begin, and not before they are over."""
    inner = Graph("inner").node("w", lambda s: {"n": s["n"] + 1})
    inner.parse("START -> w\nw -> w if n < 9 max 9\nw -> END else")
    graph = Graph("outer", reducers={"seen": "append"}).node("a", nothing).node("part", inner)
    graph.node("m", lambda s: {"seen": [s["item"]]}).node("z", nothing)
    graph.parse("START -> a -> part\npart -> m for each item in items\nm -> z")
    run = graph.start({"n": 0, "items": ["p", "q"], "text": "t"}, store=store.address)
    assert run.resume().state["seen"] == ["p", "q"]
    events = list(store.read(run.run_id))
    taken = [events[at - 1] for at in store.snapshots(run.run_id)]

    assert {(type(event), event.path) for event in taken} == {(facts.NodeStarted, "")}
    for cut in range(1, len(events) + 1):
        found = History(store, run.run_id).folded(graph, cut)
        assert stands(found) == stands(fold(graph, events[:cut]))


def test_values_come_back_in_the_types_of_the_schema(store):
    """As they do from events."""

    def write(state):
        note = Note(text=f"{state.n}")
        return {"n": state.n + 1, "last": note, "notes": [note]}

    graph = (
        Graph("notes", state=Notes, reducers={"notes": "append"})
        .node("a", write)
        .parse("START -> a\na -> a if n < 9 max 20\na -> END else")
    )
    run = graph.start({}, store=store.address)
    run.resume()
    events = list(store.read(run.run_id))
    at = store.snapshots(run.run_id)[-1]

    found = History(store, run.run_id).folded(graph, at)
    assert stands(found) == stands(fold(graph, events[:at]))
    assert type(found.schedule.now()[0]["last"]) is Note


def test_what_was_spent_before_a_snapshot_is_spent(store):
    """A budget is for the whole run, also for what is not read for anything else."""
    asked = []

    async def answer(call):
        asked.append(call.request)
        return "yes"

    async def ask(state, context):
        await context.call("embedding", "ask", {"n": state["n"]}, answer, Traits())
        return {"n": state["n"] + 1}

    graph = Graph("asks").node("a", ask).parse("START -> a\na -> a if n < 12 max 20\na -> END else")
    run = graph.start({"n": 0}, store=store.address, budget={"calls": 8})
    with pytest.raises(OverBudget):
        run.resume()
    assert store.snapshots(run.run_id)
    with pytest.raises(OverBudget):
        Run.load(run.run_id, graph, store.address).resume()

    assert len(asked) == 8
