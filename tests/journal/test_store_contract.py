"""What every kind of store has to keep; a new kind is tested once it is registered and has a place here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from genxai_nb.errors import NotStorable, RunBusy, RunError, RunNotFound
from genxai_nb.journal.cells import CellText
from genxai_nb.journal.events import NodeFinished, NodeStarted, RunFailed, RunFinished, RunPaused, RunStarted
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.opening import kinds
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.journal.store import Definition, Store

MAKERS: dict[str, Callable[[Path], Store]] = {
    "memory": lambda folder: MemoryStore(),
    "sqlite": lambda folder: SqliteStore(folder / "journal.db"),
}
DURABLE = {"sqlite"}


@pytest.fixture(params=kinds())
def kind(request):
    return request.param


@pytest.fixture
def store(kind, tmp_path):
    store = MAKERS[kind](tmp_path)
    yield store
    store.close()


def started(graph: str = "g") -> RunStarted:
    return RunStarted(at=1, run="", graph=graph, structure="s", input={"n": 1}, definitions={"a": "v"})


def finished(visit: int, **update: object) -> NodeFinished:
    return NodeFinished(at=visit + 1, node="a", visit=visit, update=update, edges=(0,), reads=("n",))


def test_ids_count_up(store):
    """Runs are r1, r2 and so on, and RunStarted holds the id."""
    assert [store.begin(started()) for _ in range(3)] == ["r1", "r2", "r3"]
    assert next(store.read("r2")).run == "r2"


def test_events_come_back_as_they_were(store):
    """In order, in full, from any place on; also large values and such that JSON does not know."""
    run = store.begin(started())
    events = [
        NodeStarted(at=2, node="a", visit=1, parents=(("START", 0),)),
        finished(1, seen={1, 2}, text="ä" * 20_000),
    ]
    store.append(run, events[:1])
    store.append(run, events[1:])
    assert list(store.read(run))[1:] == events
    assert list(store.read(run, after=2)) == events[1:]
    assert list(store.read(run, after=3)) == []


def test_what_was_appended_is_there_for_others(kind, store, tmp_path):
    """Another store at the same place reads it; a store in memory is its own only."""
    run = store.begin(started(), [Definition(hash="v", kind="function", name="a", source="def a(): ...")])
    store.append(run, [finished(1), RunFinished(at=9)])
    other = MAKERS[kind](tmp_path)
    if kind in DURABLE:
        assert list(other.read(run)) == list(store.read(run))
        assert other.row(run) == store.row(run)
        assert other.definition("v") == store.definition("v")
    else:
        assert other.runs() == []
    other.close()


def test_a_value_that_cannot_be_kept_leaves_nothing_behind(kind, store):
    """The whole append is refused; a store in memory keeps objects as they are."""
    run = store.begin(started())
    if kind in DURABLE:
        with pytest.raises(NotStorable, match=r"update\.thing"):
            store.append(run, [finished(1), finished(2, thing=object())])
        assert len(list(store.read(run))) == 1
    else:
        store.append(run, [finished(2, thing=object())])
        assert len(list(store.read(run))) == 2


def test_reading_is_not_disturbed(store):
    """Who reads goes on while others append."""
    run = store.begin(started())
    store.append(run, [finished(visit) for visit in range(1, 600)])
    reading = store.read(run)
    first = next(reading)
    store.append(run, [finished(600)])
    assert first == next(store.read(run))
    assert [event.visit for event in reading][:599] == list(range(1, 600))


def test_rows_say_how_a_run_stands(store):
    """Newest first: driven, left, paused, failed and done."""
    runs = [store.begin(started(f"g{number}")) for number in range(5)]
    for run, event in zip(
        runs[2:],
        (RunPaused(at=5, reason="asked"), RunFailed(at=6, error="e", code="c"), RunFinished(at=7)),
        strict=True,
    ):
        store.append(run, [finished(1), event])
    with store.lease(runs[0]):
        rows = store.runs()
        assert store.row(runs[0]) == rows[-1]
    assert [(row.run, row.graph, row.status, row.steps) for row in rows] == [
        ("r5", "g4", "done", 1),
        ("r4", "g3", "failed", 1),
        ("r3", "g2", "paused", 1),
        ("r2", "g1", "paused", 0),
        ("r1", "g0", "running", 0),
    ]
    assert (rows[0].started, rows[0].ended) == (1, 7)


@pytest.mark.parametrize("verb", ["read", "row", "heads", "append", "branch", "fork"])
def test_a_run_that_is_not_there(store, verb):
    """Each verb says so and names one that is near."""
    store.begin(started())
    more = {"append": ([finished(1)],), "branch": (1, "why"), "fork": (1,)}.get(verb, ())
    with pytest.raises(RunNotFound, match="No run 'r7'"):
        list(getattr(store, verb)("r7", *more) or ())


def test_heads_share_what_came_before_them(store):
    """Going back and forking copy nothing; each line of history stays readable."""
    run = store.begin(started())
    store.append(run, [finished(1), finished(2), finished(3)])
    assert store.branch(run, 2, "back") == "r1.2"
    store.append(run, [finished(20)])
    assert store.fork(run, 3) == "r2"
    visits = {head: [e.visit for e in list(store.read(run, head))[1:]] for head in ("r1.1", "r1.2")}
    assert visits == {"r1.1": [1, 2, 3], "r1.2": [1, 20]}
    forked = list(store.read("r2"))
    assert (forked[0].run, forked[0].parent, [e.visit for e in forked[1:]]) == ("r2", "r1", [1, 20])
    assert [
        (head.name, head.parent, head.upto, head.why, head.current, head.events) for head in store.heads(run)
    ] == [
        ("r1.1", None, 0, "begun", False, 4),
        ("r1.2", "r1.1", 2, "back", True, 1),
    ]
    with pytest.raises(RunError, match="its history has 3"):
        store.branch(run, 4, "too far")


def test_one_holder_at_a_time(store):
    """A run is driven by one, and taken back by nobody meanwhile; then by the next."""
    run, other = store.begin(started()), store.begin(started())
    with store.lease(run), store.lease(other):
        with pytest.raises(RunBusy, match="being driven"), store.lease(run):
            pass
        with pytest.raises(RunBusy):
            store.branch(run, 1, "back")
    with store.lease(run):
        pass


def test_definitions_are_kept_once(store):
    """The first of a hash stays; one that was not kept is None."""
    store.keep([Definition(hash="h", kind="function", name="a", source="one")])
    store.keep([Definition(hash="h", kind="function", name="a", source="two")])
    assert store.definition("h").source == "one"
    assert store.definition("nothing") is None


def test_threads_share_a_store(store):
    """What several threads append at once is all there, each run's in its order."""

    def work(run):
        for visit in range(1, 31):
            store.append(run, [finished(visit)], wait=10)

    runs = [store.begin(started()) for _ in range(4)]
    threads = [threading.Thread(target=work, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for run in runs:
        assert [event.visit for event in list(store.read(run))[1:]] == list(range(1, 31))


def test_a_closed_store_opens_again(store):
    """Closing lets go of files, not of what was kept."""
    run = store.begin(started())
    store.close()
    store.append(run, [finished(1)])
    assert len(list(store.read(run))) == 2


def test_runs_are_taken_out_for_good(kind, store, tmp_path):
    """They are gone with all their heads, here and for others; the rest stays, and no id is given again."""
    runs = [store.begin(started()) for _ in range(3)]
    for run in runs:
        store.append(run, [finished(1, text="ä" * 20_000), RunFinished(at=9)])
    store.branch("r2", 1, "back")
    events = list(store.read("r3"))
    assert store.prune(["r2", "r1"], dry=True).gone == ("r2", "r1")
    assert len(store.runs()) == 3
    pruned = store.prune(["r1", "r2"])
    assert (pruned.gone, pruned.kept) == (("r2", "r1"), {})
    assert [row.run for row in store.runs()] == ["r3"]
    assert list(store.read("r3")) == events
    for run in ("r1", "r2"):
        with pytest.raises(RunNotFound):
            list(store.read(run))
        with pytest.raises(RunNotFound):
            store.append(run, [RunFinished(at=10)])
    if kind in DURABLE:
        other = MAKERS[kind](tmp_path)
        assert [row.run for row in other.runs()] == ["r3"]
        assert other.begin(started()) == "r4"
        other.close()
    else:
        assert store.begin(started()) == "r4"


def test_a_run_that_a_fork_goes_on_from_stays(store):
    """Also by way of a fork of a fork; with all its forks it goes."""
    first = store.begin(started())
    store.append(first, [finished(1), finished(2)])
    second = store.fork(first, 2)
    third = store.fork(second, 2)
    events = list(store.read(third))
    pruned = store.prune([first, second])
    assert pruned.gone == ()
    assert pruned.kept == {first: f"{third} goes on from it", second: f"{third} goes on from it"}
    assert list(store.read(third)) == events
    assert store.prune([first, second, third]).gone == (third, second, first)
    assert store.runs() == []


def test_a_run_that_is_driven_stays(store):
    """It is somebody else's; once it is let go it can be taken out. A run that is none takes out nothing."""
    first, second = store.begin(started()), store.begin(started())
    with store.lease(first):
        pruned = store.prune([first, second])
    assert (pruned.gone, pruned.kept) == ((second,), {first: "it is being driven"})
    with pytest.raises(RunNotFound):
        store.prune([first, "r9"])
    assert store.prune([first]).gone == (first,)


def cell(body: str, notebook: str = "a.ipynb", **more) -> CellText:
    return CellText(at=1, notebook=notebook, kind="agent", name="writer", body=body, **more)


def test_cells_come_back_by_notebook_in_order(store):
    """Each with its number, whole, in the order in which they ran; a store without any has none."""
    assert store.cells.of("a.ipynb") == store.cells.notebooks() == []
    first = store.cells.add(cell("role: Ä\n\ntask: 'x'", options={"state": "Draft"}))
    store.cells.add(cell("", notebook="b.ipynb"))
    second = store.cells.add(cell("role: B"))

    assert store.cells.of("a.ipynb") == [first, second]
    assert first == structs.replace(cell("role: Ä\n\ntask: 'x'", options={"state": "Draft"}), number=1)
    assert store.cells.notebooks() == ["a.ipynb", "b.ipynb"]


def test_another_process_finds_the_cells_of_a_durable_store(kind, store, tmp_path):
    """Another store of the same place has them; one in memory is empty."""
    kept = store.cells.add(cell("role: A"))
    other = MAKERS[kind](tmp_path)

    assert other.cells.of("a.ipynb") == ([kept] if kind in DURABLE else [])
    other.close()


def test_what_looks_like_a_key_is_not_kept(store):
    """The text says what stood there, and the cell says that something is left out."""
    kept = store.cells.add(cell("goal: use sk-canary-0123456789abcdef0123 to ask"))

    assert kept.masked
    assert "canary" not in kept.body
    assert [row.body for row in store.cells.of("a.ipynb")] == ["goal: use [an OpenAI key] to ask"]
