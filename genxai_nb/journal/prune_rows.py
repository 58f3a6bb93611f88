"""Taking runs out of a journal file, with all that only they refer to."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import partial
from pathlib import Path

from genxai_nb.errors import RunBusy, StoreBusy, StoreError

from .connection import Connection
from .pruned import DRIVEN, LOCKED, Pruned, lines_of, needed
from .rows import SHIFT, number_of

__all__ = ["prune_file"]

_AT_ONCE = 100  # runs whose locks are held together
_NAME = re.compile(rb'"([0-9a-f]{64})"')
_PARTED = """
SELECT CAST(body AS BLOB) FROM event WHERE instr(body, '"blob"')
UNION ALL SELECT CAST(body AS BLOB) FROM snapshot WHERE instr(body, '"blob"')
"""


def prune_file(
    file: Connection,
    path: Path,
    runs: Collection[str],
    lease: Callable[[str], AbstractContextManager[None]],
    driven: Callable[[str], bool],
    *,
    dry: bool,
) -> Pruned:
    """Take runs out of a journal file, and make the file smaller.

    Args:
        file: The journal.
        path: Where it is.
        runs: The runs; those that are driven or needed stay.
        lease: Takes the right to drive a run, so that nobody else does meanwhile.
        driven: Tells whether somebody has that right.
        dry: Only find out which would go.

    Raises:
        StoreBusy: The lock was not had within 5 seconds; nothing was taken out.
    """
    kept = {run: DRIVEN for run in runs if driven(run)}
    going = [run for run in runs if run not in kept]
    kept |= _told(file.read(lambda connection: _needed(connection, going)))
    # a fork is newer than what it was forked from, so that it goes before it
    going = sorted((run for run in going if run not in kept), key=number_of, reverse=True)
    if dry:
        return Pruned(gone=tuple(going), kept=kept, dry=True)
    before, gone = _size(path), list[str]()
    for first in range(0, len(going), _AT_ONCE):
        with ExitStack() as stack:
            held = []
            for run in going[first : first + _AT_ONCE]:
                try:
                    stack.enter_context(lease(run))
                except RunBusy:
                    kept[run] = DRIVEN
                else:
                    held.append(run)
            try:
                stays = file.write(partial(_remove, runs=tuple(held)))
            except StoreBusy:
                if not gone:
                    raise
                left = dict.fromkeys((run for run in going if run not in {*gone, *kept}), LOCKED)
                return Pruned(gone=tuple(gone), kept=kept | left)
            kept |= _told(stays)
            gone += [run for run in held if run not in stays]
    if gone:
        with suppress(StoreError):  # somebody reads or writes, or the disk is full: another time will do
            file.write(_remove_blobs)
            file.read(lambda connection: connection.execute("VACUUM"))
            file.read(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    return Pruned(gone=tuple(gone), kept=kept, freed=max(0, before - _size(path)))


def _told(stays: dict[str, str]) -> dict[str, str]:
    return {run: f"{other} goes on from it" for run, other in stays.items()}


def _needed(connection: sqlite3.Connection, going: Collection[str]) -> dict[str, str]:
    heads = connection.execute("SELECT id, 'r' || run, parent FROM head")
    return needed(lines_of({head: (run, parent) for head, run, parent in heads}), set(going))


def _remove(connection: sqlite3.Connection, runs: Sequence[str]) -> dict[str, str]:
    """Remove runs, but for those that others need; gives these."""
    stays = _needed(connection, runs)
    for run in runs:
        number = number_of(run)
        if run in stays:
            continue
        for (head,) in connection.execute("SELECT id FROM head WHERE run = ?", (number,)).fetchall():
            place = (head << SHIFT, (head + 1) << SHIFT)
            connection.execute("DELETE FROM event WHERE place > ? AND place < ?", place)
            connection.execute("DELETE FROM snapshot WHERE place > ? AND place < ?", place)
        connection.execute("DELETE FROM head WHERE run = ?", (number,))
        connection.execute("DELETE FROM run WHERE id = ?", (number,))
    return stays


def _remove_blobs(connection: sqlite3.Connection) -> None:
    """Remove the large values that nothing refers to any more; what may be a reference is taken for one."""
    unread = {row[0] for row in connection.execute("SELECT hash FROM blob")}
    fresh = _names(body for (body,) in connection.execute(_PARTED)) & unread
    while fresh:
        unread -= fresh
        bodies = (
            connection.execute("SELECT CAST(body AS BLOB) FROM blob WHERE hash = ?", (name,)).fetchone()[0]
            for name in fresh
        )
        fresh = _names(bodies) & unread
    connection.executemany("DELETE FROM blob WHERE hash = ?", [(name,) for name in sorted(unread)])


def _names(bodies: Iterable[bytes]) -> set[str]:
    return {name.decode() for body in bodies for name in _NAME.findall(body)}


def _size(path: Path) -> int:
    places = (path, path.with_name(f"{path.name}-wal"))
    return sum(place.stat().st_size for place in places if place.exists())
