"""A store that fails at its Nth operation, for every N of a run."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections import Counter

import pytest
from aftermath import check_aftermath
from failing import FailingStore
from workload import GIVEN, workflow

from genxai_nb import Graph, Run
from genxai_nb.calls.call import Traits
from genxai_nb.errors import GenXAIError, NodeFailed, StoreError
from genxai_nb.journal import MemoryStore
from genxai_nb.journal.codec import encode_event, encode_request
from genxai_nb.journal.events import NodeFailed as AttemptFailed
from genxai_nb.journal.opening import register_store
from genxai_nb.journal.sqlite import SqliteStore

stores = {}
numbers = itertools.count()


@pytest.fixture(autouse=True, scope="module")
def _registered():
    """The failing store is known while these tests run."""
    register_store("failing", lambda url: stores[url])


def graph_of(marks):
    return workflow(marks.append, wide=4)


def put(store):
    """The URL under which a store is opened."""
    url = f"failing://{next(numbers)}"
    stores[url] = store
    return url


def told(error):
    """The store's error that a run failed with."""
    while isinstance(error, NodeFailed):
        error = error.__cause__
    return error


def play(url, marks):
    """Start a run and drive it as far as it goes; the run if it began, what was published, and the error."""
    published, run = [], None
    try:
        run = graph_of(marks).start(GIVEN, store=url)
        run.subscribe(published.append)
        run.resume()
    except GenXAIError as exc:
        return run, published, exc
    return run, published, None


def go_on(run, url, marks, *, anew):
    """Resume the run, or start it if it never began; its final state."""
    if not stores[url].inner.runs():
        return graph_of(marks).run(GIVEN, store=url).state
    if run is None or anew:
        run = Run.load("r1", graph_of(marks), url)
    return run.resume().state


@pytest.fixture
def made(request, tmp_path):
    """Make an empty store of the kind that the test asks for."""
    quick = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path  # the disk is not what is tested here
    opened = []

    def make():
        if request.param == "memory":
            return MemoryStore()
        opened.append(SqliteStore(f"{folder}/{len(opened)}.db"))
        return opened[-1]

    with tempfile.TemporaryDirectory(dir=quick) as folder:
        yield make
        for store in opened:
            store.close()


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
@pytest.mark.parametrize("how", ["before", "after", "busy"])
@pytest.mark.parametrize("made", ["memory", "sqlite"], indirect=True)
def test_a_store_may_fail_at_any_operation(made, how, lasting):
    """The error is the store's, the journal is as before or as after, and the run goes on to the same end."""
    expected = encode_request(graph_of([]).run(GIVEN, store=put(FailingStore(made()))).state)
    fired = Counter()
    for at in itertools.count(1):
        store = FailingStore(made(), at, how, lasting=lasting)
        url, marks, later = put(store), [], []
        run, published, error = play(url, marks)
        shown = [encode_event(event) for event in published if hasattr(event, "at")]
        if not store.fired:
            break
        fired[store.fired] += 1
        fired[store.thread] += 1
        assert error is None or isinstance(told(error), StoreError), (at, error)
        store.mend()
        before = list(store.inner.read("r1")) if store.inner.runs() else []
        assert encode_request(go_on(run, url, later, anew=at % 2)) == expected, at
        check_aftermath(shown, before, list(store.inner.read("r1")), marks, later)
    print(f"failed at: {dict(fired)}")
    assert fired["append"] + fired["append_all"] > 20
    assert {"begin", "lease", "read", "heads"} <= set(fired)
    if store.url != ":memory:":
        assert fired["genxai-writer"] > 10


def asking(marks, *, quiet=False):
    """A node that may be tried again and calls the world; ``quiet`` keeps what went wrong to itself."""

    async def send(call):
        return "sent"

    async def ask(state, context):
        marks.append("body")
        try:
            await context.call("tool", "send", {"to": "ada"}, send, Traits(effect=True))
        except StoreError:
            if not quiet:
                raise
        return {"asked": True}

    return Graph("asking").node("ask", ask, retry=3).parse("START -> ask -> END")


@pytest.mark.parametrize("quiet", [False, True], ids=["raised", "swallowed"])
@pytest.mark.parametrize("made", ["memory", "sqlite"], indirect=True)
def test_a_store_that_fails_inside_a_body_costs_no_attempt(made, quiet):
    """The run stops at once with the store's error, also if the body hides it, and can be resumed."""
    stopped = 0
    for at in itertools.count(1):
        store = FailingStore(made(), at)
        url, marks = put(store), []
        try:
            run = asking(marks, quiet=quiet).start({}, store=url)
            run.resume()
        except StoreError:
            stopped += "append" in store.fired
        assert len(marks) <= 1, at
        if not store.fired:
            break
        store.mend()
        if store.inner.runs():
            assert Run.load("r1", asking(marks), url).resume().state == {"asked": True}
            assert not [e for e in store.inner.read("r1") if type(e) is AttemptFailed], at
    assert stopped >= 4
