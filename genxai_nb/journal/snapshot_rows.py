"""Snapshots in the tables of a SQLite journal: when one is due, and what lies before the last one.

A snapshot stands at the place of the last event that it holds. Its check sum is over its place too, so that
a row whose number has changed is not believed. Nothing needs a snapshot: whoever finds one wanting goes on
from the one before it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

from genxai_nb.errors import NotStorable, StoreDamaged

from .codec import encode_snapshot
from .events import (
    Event,
    LoopLimitReached,
    NodeFinished,
    RunRebased,
    RunResumed,
    RunStarted,
    TokenAbsorbed,
)
from .kinds import KINDS
from .rows import SHIFT, Segment, add_blobs
from .store import Part

_TELLING = (NodeFinished, LoopLimitReached, TokenAbsorbed, RunStarted, RunResumed, RunRebased)
_TYPES = {KINDS.index(str(kind.__struct_config__.tag)): kind for kind in _TELLING}
_NUMBERS = ",".join(map(str, sorted(_TYPES)))

_LAST = "SELECT coalesce(max(place), ?1) FROM snapshot WHERE place > ?1 AND place <= ?2"
_GROWN = "SELECT count(*), total(length(CAST(body AS BLOB))) FROM event WHERE place > ? AND place <= ?"
_STORED = "SELECT 1 FROM blob WHERE hash = ?"
_PLACES = """
SELECT place FROM snapshot
WHERE place > ?1 AND place <= (SELECT max(place) FROM event WHERE place > ?1 AND place <= ?2) ORDER BY place
"""
_KINDS = f"""
SELECT place, kind FROM event
WHERE place > ? AND place <= ? AND (kind IN ({_NUMBERS}) OR kind NOT BETWEEN 0 AND {len(KINDS) - 1}) ORDER BY place
"""  # noqa: S608 - the numbers are ours


class Encoded(NamedTuple):
    """A snapshot as it is written, and the large values that it refers to."""

    body: bytes
    blobs: dict[str, bytes]


class Growth:
    """What a head has come to hold since its last snapshot.

    Args:
        between: Events that there are between two snapshots at least.
        events: How many there are since the last one.
        size: The bytes of these events.
    """

    def __init__(self, between: int, events: int, size: int) -> None:
        self._between = between
        self._events = events
        self._size = size
        self._asked = between  # events at which it is worth looking how large a snapshot is

    def encoded(self, part: Part) -> Encoded | None:
        """The snapshot that a part offers, if it is time for one and its state can be kept."""
        if part.snapshot is None or self._events + len(part.events) < self._asked:
            return None
        snapshot, blobs = part.snapshot(), dict[str, bytes]()
        if snapshot is None:
            return None
        try:
            return Encoded(encode_snapshot(snapshot, blobs), blobs)
        except NotStorable:
            self._asked += self._between
            return None

    def outweighs(self, snapshot: int, bodies: Sequence[bytes]) -> bool:
        """Whether what has come since the last snapshot, with these events, weighs more than one of that size."""
        events, size = self._events + len(bodies), self._size + sum(map(len, bodies))
        if snapshot < size:
            return True
        self._asked = max(events + self._between, events * snapshot // max(size, 1))
        return False

    def note(self, bodies: Sequence[bytes], *, taken: bool) -> None:
        """Take note of events that were added, and of whether a snapshot was taken behind them."""
        if taken:
            self._events = self._size = 0
            self._asked = self._between
        else:
            self._events += len(bodies)
            self._size += sum(map(len, bodies))


def growth_of(connection: sqlite3.Connection, tip: int, between: int) -> Growth:
    """How much the head of that last place has grown since its last snapshot, or its beginning."""
    last = connection.execute(_LAST, (tip >> SHIFT << SHIFT, tip)).fetchone()[0]
    events, size = connection.execute(_GROWN, (last, tip)).fetchone()
    return Growth(between, events, int(size))


def weight_of(connection: sqlite3.Connection, snapshot: Encoded) -> int:
    """How many bytes a snapshot would add, with the large values that are not there yet."""
    new = (
        len(value)
        for name, value in snapshot.blobs.items()
        if connection.execute(_STORED, (name,)).fetchone() is None
    )
    return len(snapshot.body) + sum(new)


def add_snapshot(connection: sqlite3.Connection, place: int, snapshot: Encoded) -> None:
    """Add a snapshot of what a run has come to by the event at that place."""
    body = snapshot.body
    connection.execute(
        "INSERT OR REPLACE INTO snapshot (place, body, crc) VALUES (?, ?, ?)",
        (place, body.decode(), _crc(place, body)),
    )
    add_blobs(connection, snapshot.blobs)


def places_of(connection: sqlite3.Connection, history: Sequence[Segment]) -> dict[int, int]:
    """The places of the snapshots in a history by how many events each holds, in order."""
    return {
        segment.upto + place - segment.after: place
        for segment in history
        for (place,) in connection.execute(_PLACES, (segment.after, segment.last))
    }


def telling(
    connection: sqlite3.Connection, history: Sequence[Segment], upto: int
) -> list[tuple[int, type[Event]]]:
    """What is told by the kinds alone of a history's first events: numbers and kinds of visits' ends and of beginnings.

    Raises:
        LookupError: An event is of a kind that this version does not know.
    """
    return [
        (segment.upto + place - segment.after, _TYPES[kind])
        for segment in history
        for place, kind in connection.execute(
            _KINDS, (segment.after, min(segment.last, segment.after + upto - segment.upto))
        )
    ]


def snapshot_at(connection: sqlite3.Connection, place: int) -> bytes:
    """The body of the snapshot at a place.

    Raises:
        StoreDamaged: It is not as it was written.
    """
    row = connection.execute(
        "SELECT CAST(body AS BLOB), crc FROM snapshot WHERE place = ?", (place,)
    ).fetchone()
    if row is None or row[0] is None or _crc(place, row[0]) != row[1]:
        raise StoreDamaged("Its row is missing or not as it was written.")
    body: bytes = row[0]
    return body


def _crc(place: int, body: bytes) -> int:
    return crc32(body, crc32(b"%d" % place))
