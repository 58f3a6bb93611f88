"""Any sequence of deeds on a run, against the rules written down once more: stepped, left, taken up, branched."""

from __future__ import annotations

import random
from collections import Counter

from dense import DenseStore
from following import Followed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, rule
from random_graphs import Pace, Sketch, sketches

from genxai_nb import Run
from genxai_nb.errors import NodeFailed, NoWayOn, RunCancelled, WriteConflict
from genxai_nb.journal import events as facts

DONE = Counter()  # deeds, over all examples
ENDS = (NodeFailed, NoWayOn, RunCancelled, WriteConflict)


def alike(state):
    """A state in the middle of a run: parallel branches are merged for looking, in no order that counts."""
    lists = {key: sorted(value) for key, value in state.items() if key in {"log", "error"}}
    return {**state, **lists}


class Deeds(RuleBasedStateMachine):
    """One run and its forks; each deed is followed by the reference."""

    runs = Bundle("runs")
    store = ":memory:"

    @initialize(target=runs, sketch=sketches().filter(Sketch.is_short), seed=st.integers(0, 2**32))
    def start(self, sketch, seed):
        self.sketch = sketch
        self.graph = sketch.graph(Pace(random.Random(seed)))
        self.all = [self.graph.start(sketch.given(), store=self.store)]
        return self.all[0]

    def _check(self, run):
        """Every fact is what the rules say, and the run stands where they do."""
        model = Followed(self.sketch, run.events())
        assert run.steps == sum(model.visits.values()) - len(model.running)
        if run.status == "done":
            assert run.state == model.result()
        elif not self.sketch.shared:
            known = [view for views in model.left.values() for view in views if view[-1] in model.live()]
            seen = {number for view in known for number in view}
            assert alike(run.state)["log"] == alike(model.data(tuple(sorted(seen))))["log"]
        if run.status == "paused" and model.startable() and not model.running:
            assert run.position.node == model.startable()[0]
        return model

    def _go(self, run, deed, verb):
        DONE[deed] += 1
        try:
            verb()
        except ENDS as exc:
            DONE[f"{deed}, {type(exc).__name__}"] += 1
        self._check(run)

    @rule(run=runs)
    def step(self, run):
        """One visit ends, or those that had begun when the run was stopped."""
        before, begun = run.steps, len(Followed(self.sketch, run.events()).running)
        self._go(run, "next", run.next)
        assert run.steps - before <= max(begun, 1)

    @rule(run=runs)
    def resume(self, run):
        self._go(run, "resume", run.resume)

    @rule(run=runs, after=st.integers(1, 6), stop=st.sampled_from(["pause", "cancel"]))
    def stop(self, run, after, stop):
        """Drive until so many visits have ended, and stop there."""
        left = after

        def watch(event):
            nonlocal left
            left -= isinstance(event, facts.NodeFinished)
            if left == 0:
                getattr(run, stop)()

        unsubscribe = run.subscribe(watch)
        self._go(run, stop, run.resume)
        unsubscribe()

    @rule(run=runs, part=st.floats(0, 1))
    def goto(self, run, part):
        step = round(part * run.steps)
        self._go(run, "goto", lambda: run.goto(step))
        assert run.steps == step

    @rule(target=runs, run=runs, part=st.floats(0, 1))
    def fork(self, run, part):
        if len(self.all) > 3:
            return multiple()
        before = run.events()
        made = run.fork(round(part * run.steps))
        self.all.append(made)
        self._go(made, "fork", lambda: None)
        assert run.events() == before
        return made

    @rule(target=runs, run=consumes(runs))
    def load(self, run):
        """Let it go, and load it as another process would."""
        run.cancel()
        self.all.remove(run)
        loaded = Run.load(run.run_id, self.graph, self.store)
        self.all.append(loaded)
        self._go(loaded, "load", lambda: None)
        return loaded

    def teardown(self):
        """Whatever was done to them, all come to one end, if timing may not show."""
        ends = set()
        for run in getattr(self, "all", []):
            ends.add(self._end(run))
        if not self.sketch.joins and not self.sketch.shared:
            assert len(ends) == 1

    def _end(self, run):
        while True:
            try:
                run.resume()
            except NodeFailed:
                continue
            except (NoWayOn, WriteConflict) as exc:
                return type(exc)
            finally:
                self._check(run)
            return run.canonical()


def do_anything(store, examples):
    """Let deeds be done to runs in that store, all kinds of them."""
    DONE.clear()
    kept = type("Kept", (Deeds,), {"store": store})
    kept.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=12, suppress_health_check=list(HealthCheck)
    )
    kept.TestCase().runTest()
    print(dict(DONE))
    assert {deed for deed in DONE if "," not in deed} >= {
        "next",
        "resume",
        "pause",
        "cancel",
        "goto",
        "fork",
        "load",
    }


def test_whatever_is_done_to_a_run_it_goes_by_the_rules():
    """Stepped, paused, cancelled, loaded, sent back and forked: journals follow the reference to one and the same end."""
    do_anything(":memory:", 150)


def test_snapshots_change_nothing_of_that(tmp_path):
    """So do journals in which as many snapshots are taken as may be."""
    store = DenseStore(tmp_path / "journal.db")
    do_anything(store.address, 50)
    assert sum(bool(store.snapshots(row.run)) for row in store.runs()) > 20
