"""When a run's facts are written, in how many transactions, and what waits for them."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest
from counting import CountingStore

from genxai_nb import Graph
from genxai_nb.calls.call import Traits
from genxai_nb.errors import NodeFailed, RunCancelled
from genxai_nb.graph.rows import Batch
from genxai_nb.graph.workflow import RunOptions
from genxai_nb.journal import events as facts
from genxai_nb.journal.writer import writer_of
from genxai_nb.loop import submit

WIDE = 100


@pytest.fixture
def store(tmp_path):
    store = CountingStore(tmp_path / "journal.db")
    yield store
    store.close()


class Barrier:
    """Lets all go on once so many are there."""

    def __init__(self, count):
        self.left = count
        self.open = asyncio.Event()

    async def wait(self):
        self.left -= 1
        if not self.left:
            self.open.set()
        await self.open.wait()


def fan(body, width=WIDE):
    graph = Graph("fan", reducers={"out": "append"})
    names = [f"b{number}" for number in range(width)]
    for name in names:
        graph.node(name, body)
    return graph.parse(f"START -> [{', '.join(names)}] -> END")


async def test_what_ends_at_once_is_one_transaction(store):
    """A hundred bodies that end together are written together, and so are those that start together."""
    barrier = Barrier(WIDE)

    async def body(state):
        await barrier.wait()
        return {"out": [1]}

    run = fan(body).start({"out": []}, store=store.address)
    assert (await run.drive()).state["out"] == [1] * WIDE
    assert store.transactions <= 4


async def test_calls_beside_each_other_share_transactions(store):
    """What a hundred calls hand in while one is written is one transaction, and each is there before its effect."""
    barrier = Barrier(WIDE)
    asking, asked = 0, threading.Event()
    unrecorded, beginnings = [], []

    def hold_up(parts):
        begun = [event for part in parts for event in part.events if type(event) is facts.CallStarted]
        if begun:
            beginnings.append(len(begun))
            assert asked.wait(20)

    async def send(call):
        await barrier.wait()
        begun = {e.slot for e in store.read("r1") if type(e) is facts.CallStarted}
        unrecorded.extend({call.slot} - begun)
        return 1

    async def body(state, context):
        nonlocal asking
        asking += 1
        if asking == WIDE:
            asked.set()
        return {"out": [await context.call("tool", "send", {}, send, Traits(effect=True))]}

    run = fan(body).start({"out": []}, store=store.address)
    store.before = hold_up
    assert (await run.drive()).state["out"] == [1] * WIDE
    assert unrecorded == []
    assert sum(beginnings) == WIDE
    assert len(beginnings) <= 3


async def test_runs_beside_each_other_share_transactions(store):
    """What a hundred runs of a batch write at the same time is written together."""
    barrier = Barrier(WIDE)

    async def wait(state):
        await barrier.wait()
        return {"n": 1}

    async def more(state):
        return {"n": state["n"] + 1}

    graph = Graph("row").node("wait", wait).node("more", more).parse("START -> wait -> more -> END")
    runs = [graph.start({"row": number}, store=store.address) for number in range(WIDE)]
    results = await asyncio.gather(*(run.drive() for run in runs))
    assert [result.state["n"] for result in results] == [2] * WIDE
    facts_written = sum(len(list(store.read(run.run_id))) - 1 for run in runs)
    assert facts_written >= 5 * WIDE
    assert store.transactions <= WIDE // 2


@pytest.fixture
def lock(store):
    """Holds the journal's lock as another process would, and lets it go."""
    other = sqlite3.connect(store.url, isolation_level=None)
    yield other
    other.close()


async def turns_of_the_loop(count):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("resumed", [False, True], ids=["begun", "resumed"])
async def test_a_lock_of_another_process_does_not_hold_up_the_loop(store, lock, resumed):
    """While somebody else holds the lock the loop goes on with everything else, and no body starts."""
    bodies = []

    async def body(state):
        bodies.append(1)
        if resumed and len(bodies) == 1:
            raise ValueError("the first time")
        return {}

    run = Graph("one").node("a", body).parse("START -> a -> END").start({}, store=store.address)
    if resumed:
        with pytest.raises(NodeFailed):
            await run.drive()
    before = list(bodies)
    lock.execute("BEGIN IMMEDIATE")
    driving = asyncio.create_task(run.drive())
    await turns_of_the_loop(1000)
    assert not driving.done()
    assert bodies == before
    lock.execute("ROLLBACK")
    await driving
    assert bodies == [*before, 1]


async def test_a_lock_of_another_process_does_not_hold_up_the_rows_of_a_batch(store, lock):
    """The loop goes on while they wait to begin."""

    async def body(state):
        return {"n": 1}

    graph = Graph("row").node("a", body).parse("START -> a -> END")
    batch = Batch(graph, [{"row": number} for number in range(5)], RunOptions(store=store.address), limit=3)
    lock.execute("BEGIN IMMEDIATE")
    running = asyncio.create_task(batch.run())
    await turns_of_the_loop(1000)
    assert store.runs() == []
    lock.execute("ROLLBACK")
    assert [row.status for row in await running] == ["done"] * 5


async def test_what_a_cancelled_run_wrote_is_published(store, lock):
    """A run that is cancelled while its facts wait for the lock shows them in the order of the journal."""
    published, locked = [], asyncio.Event()

    async def send(call):
        return 1

    async def body(state, context):
        lock.execute("BEGIN IMMEDIATE")
        locked.set()
        await context.call("tool", "send", {}, send, Traits(effect=True))

    run = Graph("one").node("a", body).parse("START -> a -> END").start({}, store=store.address)
    run.subscribe(published.append)
    driving = asyncio.create_task(run.drive())
    await locked.wait()
    await turns_of_the_loop(10)
    run.cancel()
    await turns_of_the_loop(10)
    assert not driving.done()
    lock.execute("ROLLBACK")
    with pytest.raises(RunCancelled):
        await driving
    written = list(store.read("r1"))[1:]
    assert [type(event) for event in written] == [facts.NodeStarted, facts.CallStarted, facts.RunCancelled]
    assert published == written


async def on_the_loop(state):
    return {"n": state.get("n", 0) + 1}


def in_a_thread(state):
    return {"n": state.get("n", 0) + 1}


@pytest.mark.parametrize("body", [on_the_loop, in_a_thread])
@pytest.mark.parametrize("slow", [False, True], ids=["quick disk", "slow disk"])
async def test_a_run_alone_writes_on_the_loop_unless_the_disk_is_slow(store, slow, body):
    """A chain of bodies that nothing else has to wait for is a transaction a turn, without a thread if it can be."""
    writer = writer_of(store)
    writer.quick = -1.0 if slow else float("inf")
    graph = Graph("chain")
    for number in range(20):
        graph.node(f"n{number}", body)
    graph.parse("START -> " + " -> ".join(f"n{number}" for number in range(20)) + " -> END")
    run = graph.start({}, store=store.address)
    assert (await run.drive()).state["n"] == 20
    assert store.transactions == 22
    assert (writer._thread is not None) == slow


@pytest.mark.parametrize("stride", ["go", "next"])
def test_what_is_asked_while_the_end_of_a_visit_is_written_is_done(store, stride):
    """A run that is told to go on while its last end is on its way to the disk goes on once it is there."""
    writing, written = threading.Event(), threading.Event()

    def hold_up(parts):
        if any(isinstance(event, facts.NodeFinished) for part in parts for event in part.events):
            writing.set()
            assert written.wait(20)

    async def ask(state, context):
        return {"said": await context.call("tool", "m", {"q": 1}, answer, Traits())}

    async def answer(call):
        return "made"

    graph = Graph("two").node("ask", ask).node("then", lambda state: {"n": len(state["said"])})
    run = graph.parse("START -> ask -> then -> END").start({}, store=store.address)
    run.step()
    (held,) = run.held
    writer_of(store).quick = -1.0  # so that the loop goes on while it is written
    writer_of(store).slow = True
    store.before = hold_up
    run.answer_call(held.slot, "by hand")
    assert writing.wait(20)
    going_on = run.begin(stride)
    submit(asyncio.sleep(0)).result(20)  # what was asked before has begun
    written.set()
    assert going_on.result(20).state == {"said": "by hand", "n": 7}
