"""Holders of a run that have lost it without knowing."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack

import pytest

from genxai_nb.errors import RunBusy, StoreBusy
from genxai_nb.journal.events import NodeFinished, RunStarted
from genxai_nb.journal.sqlite import SqliteStore


def finished(visit):
    return NodeFinished(at=visit, node="a", visit=visit, update={}, edges=())


class Holder:
    """One of two that take a run in turns, each with a store of its own."""

    def __init__(self, folder):
        self._folder = folder
        self.store = SqliteStore(folder / "journal.db")
        self.held = ExitStack()

    def take(self):
        """Take the run up; whoever has it loses the lock as if its file had been removed."""
        (self._folder / "journal.db-leases" / "r1.lock").unlink(missing_ok=True)
        self.held.enter_context(self.store.lease("r1"))
        return self

    def write(self, visit):
        self.store.append("r1", [finished(visit)])

    def visits(self):
        return [event.visit for event in list(self.store.read("r1"))[1:]]


@pytest.fixture
def holders(tmp_path):
    """Two of them, at a run that has begun."""
    both = Holder(tmp_path), Holder(tmp_path)
    both[0].store.begin(RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={}))
    yield both
    for holder in both:
        holder.held.close()
        holder.store.close()


@pytest.mark.parametrize("wrote", [False, True], ids=["before it wrote", "after it wrote"])
def test_the_first_holder_writes_nothing_once_the_second_has(holders, wrote):
    """It gets RunBusy however often it tries, for facts and for taking the run back; the second one goes on."""
    first, second = holders
    first.take()
    if wrote:
        first.write(1)
    second.take().write(2)
    before = second.visits()
    for _ in range(2):
        with pytest.raises(RunBusy, match="'r1' was taken over"):
            first.write(3)
    assert second.visits() == before
    assert [row.name for row in second.store.heads("r1")] == ["r1.1"]
    second.write(4)
    assert second.visits() == [*before, 4]


def test_the_second_holder_does_not_build_on_what_it_has_not_seen(holders):
    """If the first one still wrote after the second had looked, the second one has to look again."""
    first, second = holders
    first.take().write(1)
    second.take()
    first.write(2)
    with pytest.raises(RunBusy, match="taken over"):
        second.write(3)
    second.held.close()
    second.take().write(3)
    with pytest.raises(RunBusy, match="taken over"):
        first.write(4)
    assert second.visits() == [1, 2, 3]


def test_a_run_that_was_taken_back_is_no_longer_the_first_holders(holders):
    """A new head counts as writing to the run."""
    first, second = holders
    first.take().write(1)
    (second._folder / "journal.db-leases" / "r1.lock").unlink()
    second.store.branch("r1", 1, "back")
    with pytest.raises(RunBusy, match="taken over"):
        first.write(2)
    assert second.visits() == []


def test_what_is_written_after_letting_go_is_checked_too(holders):
    """Facts that were on their way when their holder let go are kept only while nobody else has the run."""
    first, second = holders
    first.take().write(1)
    first.held.close()
    first.write(2)
    second.take().write(3)
    with pytest.raises(RunBusy, match="taken over"):
        first.write(4)
    assert second.visits() == [1, 2, 3]


def test_a_first_write_that_failed_claims_nothing(holders):
    """A transaction that was not made leaves the run to whoever takes it next, and to its holder until then."""
    first, second = holders
    first.take()
    other = sqlite3.connect(first.store.url, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        first.write(1)
    other.close()
    first.write(1)
    second.take().write(2)
    assert second.visits() == [1, 2]
