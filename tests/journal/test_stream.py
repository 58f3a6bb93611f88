"""Watchers of a run."""

from __future__ import annotations

import logging

from genxai_nb.journal.events import Logged
from genxai_nb.journal.stream import EventStream

LINES = [Logged("a", "one"), Logged("a", "two")]


def test_each_watcher_gets_each_event_in_order():
    """All watchers get all events, in order."""
    stream, first, second = EventStream(), [], []
    stream.subscribe(first.append)
    stream.subscribe(second.append)
    stream.publish(LINES)
    assert first == second == LINES


def test_failing_watcher_changes_nothing(caplog):
    """A watcher that raises is logged once, is called on, and does not disturb another one."""
    stream, called, seen = EventStream(), [], []

    def broken(event):
        called.append(event)
        raise ValueError("not my day")

    stream.subscribe(broken)
    stream.subscribe(seen.append)
    with caplog.at_level(logging.ERROR, "genxai_nb"):
        stream.publish(LINES)
    assert seen == called == LINES
    assert [record.name for record in caplog.records] == ["genxai_nb"]
    assert "not my day" in caplog.text


def test_unsubscribed_watcher_hears_nothing_more():
    """After unsubscribing, twice even, only other subscriptions of the same function go on."""
    stream, seen = EventStream(), []
    unsubscribe = stream.subscribe(seen.append)
    stream.subscribe(seen.append)
    unsubscribe()
    unsubscribe()
    stream.publish(LINES[:1])
    assert seen == LINES[:1]
    assert stream.watched


def test_watchers_may_leave_while_being_called():
    """A watcher that unsubscribes itself in the middle does not make another one miss an event."""
    stream, seen = EventStream(), []
    leave = stream.subscribe(lambda _: leave())
    stream.subscribe(seen.append)
    stream.publish(LINES)
    assert seen == LINES


def test_nobody_watches():
    """A stream without watchers says so, and publishing is no error."""
    stream = EventStream()
    stream.publish(LINES)
    assert not stream.watched
