"""What is read from and written to the tables of a SQLite journal, inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import getrandbits
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

import msgspec

from genxai_nb.errors import RunBusy, StoreDamaged

from .cost import Cost
from .events import Event, NodeFinished
from .heads import OPEN, segments
from .kinds import CALL_FINISHED, NODE_FINISHED, parted
from .schema import source_id
from .store import Definition, HeadRow, RunRow, masked
from .summary import turn

SHIFT = 32
CHUNK = 256

_TIP = "SELECT tip.place, run.status, run.token FROM run JOIN tip ON tip.head = run.head WHERE run.id = ?"
_LENGTH = "SELECT upto + (place & 0xffffffff) FROM head JOIN tip ON tip.head = head.id WHERE head.id = ?"
_WAY = """
WITH RECURSIVE way (id, upto, parent) AS (
    SELECT id, upto, parent FROM head WHERE id = ?
    UNION ALL
    SELECT head.id, head.upto, head.parent FROM way JOIN head ON head.id = way.parent AND head.id < way.id
)
SELECT id, upto FROM way ORDER BY id DESC
"""
_STEPS = "SELECT count(*) FROM event WHERE place > ? AND place <= ? AND kind = ?"
_SPENT = """
SELECT total(json_extract(body, '$.cost')),
    total(json_extract(body, '$.cost') IS NULL AND json_extract(body, '$.reply.v.usage') IS NOT NULL)
FROM event WHERE place > ? AND place <= ? AND kind = ? AND json_valid(body)
"""
_HEADS = """
SELECT 'r' || head.run || '.' || head.number, 'r' || above.run || '.' || above.number, head.upto, head.why,
    head.id = run.head, tip.place & 0xffffffff
FROM head JOIN run ON run.id = head.run JOIN tip ON tip.head = head.id LEFT JOIN head AS above ON above.id = head.parent
WHERE head.run = ? ORDER BY head.number
"""
_ADD_HEAD = """
INSERT INTO head (run, number, parent, upto, why)
SELECT :run, 1 + coalesce((SELECT max(number) FROM head WHERE run = :run), 0), :parent, :upto, :why
"""
_RUNS = """
SELECT id, head, graph, status, started, ended, steps, parent FROM run WHERE id BETWEEN ? AND ? ORDER BY id DESC
"""


_KEYS = """
SELECT json_extract(event.body, '$.key') AS key, 'r' || run.id FROM run
JOIN head ON head.run = run.id AND head.number = 1 JOIN event ON event.place = (head.id << 32) + 1
WHERE key IS NOT NULL ORDER BY run.id
"""

_NEW = "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT hash FROM definition)"

_DEFINITION = """
SELECT hash, kind, name, spec, coalesce(source.body, '') FROM definition LEFT JOIN source ON source.id = definition.source
WHERE hash = ?
"""

T = TypeVar("T")


class Segment(NamedTuple):
    """A part of a history: events that lie between two places, the first one's number and whether it may grow."""

    after: int
    last: int
    upto: int
    open: bool


class Claim(NamedTuple):
    """A holder's claim to a run: its own token, and how the run stood when it took it up.

    The first transaction of a holder puts its token into the run, if nobody has written since; each further
    one finds it there. So whoever has lost a run to another holder writes nothing more.
    """

    token: int
    before: int
    last: int


def _whole(rows: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """Rows of numbers that can be those of heads and events."""
    for row in rows:
        if not all(type(value) is int and 0 <= value <= OPEN for value in row):
            raise _damaged(f"{row!r} can be no head's numbers")
        yield row


def _as(kind: type[T], values: dict[str, Any]) -> T:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as exc:
        raise _damaged(str(exc)) from exc


def _damaged(why: str) -> StoreDamaged:
    return StoreDamaged(f"A row of the journal is damaged: {why}.", hint="Take the file back from a copy.")


def number_of(run: str) -> int:
    """The number in a run's id; 0, which no run has, if it is no id."""
    digits = run[1:]
    number = int(digits) if digits.isdecimal() and len(digits) < 18 else 0
    return number if run == f"r{number}" else 0


def head_of(connection: sqlite3.Connection, run: str) -> int | None:
    """The id of a run's current head, if there is such a run."""
    row = connection.execute("SELECT head FROM run WHERE id = ?", (number_of(run),)).fetchone()
    return None if row is None else row[0]


def head_named(connection: sqlite3.Connection, run: str, name: str) -> int | None:
    """The id of a run's head of that name, if it has one."""
    row = connection.execute(
        "SELECT id FROM head WHERE run = ? AND 'r' || run || '.' || number = ?", (number_of(run), name)
    ).fetchone()
    return None if row is None else row[0]


def name_of(connection: sqlite3.Connection, head: int) -> str:
    """The name of a head."""
    name: str = connection.execute(
        "SELECT 'r' || run || '.' || number FROM head WHERE id = ?", (head,)
    ).fetchone()[0]
    return name


def length_of(connection: sqlite3.Connection, head: int) -> int:
    """How many events a head's history has."""
    ((length,),) = _whole(connection.execute(_LENGTH, (head,)))
    return int(length)


def history_of(connection: sqlite3.Connection, head: int) -> list[Segment]:
    """The segments of a head's history, in order."""
    return [
        Segment(after=found << SHIFT, last=(found << SHIFT) + bound - upto, upto=upto, open=bound == OPEN)
        for found, upto, bound in segments(_whole(connection.execute(_WAY, (head,))))
    ]


def behind(history: Sequence[Segment], after: int) -> list[Segment]:
    """What is left of a history without its first events."""
    left = []
    for part in history:
        skipped = max(after - part.upto, 0)
        if part.after + skipped < part.last:
            left.append(part._replace(after=part.after + skipped, upto=part.upto + skipped))
    return left


def steps_of(connection: sqlite3.Connection, head: int) -> int:
    """How many visits have finished in a head's history."""
    return sum(
        connection.execute(_STEPS, (segment.after, segment.last, NODE_FINISHED)).fetchone()[0]
        for segment in history_of(connection, head)
    )


def heads_of(connection: sqlite3.Connection, run: str) -> list[HeadRow]:
    """All heads of a run, oldest first; none if there is no such run."""
    names = ("name", "parent", "upto", "why", "current", "events")
    rows = connection.execute(_HEADS, (number_of(run),))
    return [
        _as(HeadRow, dict(zip(names, row, strict=True)) | {"run": run, "current": bool(row[4])})
        for row in rows
    ]


def runs_in(connection: sqlite3.Connection, run: str | None = None) -> list[RunRow]:
    """All runs, newest first, or one of them, with the status that was written."""
    first, last = (0, OPEN) if run is None else (number_of(run),) * 2
    return [
        _as(
            RunRow,
            {
                "run": f"r{number}",
                "graph": graph,
                "status": status,
                "started": started,
                "ended": ended,
                "steps": steps_of(connection, head) if steps is None else steps,
                "parent": parent,
            },
        )
        for number, head, graph, status, started, ended, steps, parent in connection.execute(
            _RUNS, (first, last)
        )
    ]


def keys_in(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """The runs that began under a key, oldest first, each behind its key."""
    return connection.execute(_KEYS).fetchall()


def spent_in(connection: sqlite3.Connection) -> dict[str, Cost]:
    """What the calls in each run's history cost, without reading what was said."""
    heads = connection.execute("SELECT id, head FROM run WHERE head IS NOT NULL").fetchall()
    return {
        f"r{number}": sum(
            (
                Cost(known, int(unpriced))
                for segment in history_of(connection, head)
                for known, unpriced in connection.execute(
                    _SPENT, (segment.after, segment.last, CALL_FINISHED)
                )
            ),
            Cost(),
        )
        for number, head in heads
    }


def parent_of(connection: sqlite3.Connection, run: str) -> str | None:
    """The run that a run was forked from."""
    row = connection.execute("SELECT parent FROM run WHERE id = ?", (number_of(run),)).fetchone()
    return None if row is None else row[0]


def graph_of(connection: sqlite3.Connection, run: str) -> str:
    """The name of a run's graph."""
    name: str = connection.execute("SELECT graph FROM run WHERE id = ?", (number_of(run),)).fetchone()[0]
    return name


def events_in(connection: sqlite3.Connection, after: int, last: int) -> list[tuple[int, int, bytes, int]]:
    """The next events after a place, as far as the last place: their places, kinds, bodies and check sums."""
    return connection.execute(
        "SELECT place, kind, CAST(body AS BLOB), crc FROM event WHERE place > ? AND place <= ? ORDER BY place LIMIT ?",
        (after, last, CHUNK),
    ).fetchall()


def add_run(connection: sqlite3.Connection, graph: str, started: float, parent: str | None) -> str:
    """Add a run, which has no head yet, and return its id."""
    number = connection.execute(
        "INSERT INTO run (parent, graph, status, started) VALUES (?, ?, 'running', ?)",
        (parent, graph, started),
    ).lastrowid
    return f"r{number}"


def add_head(
    connection: sqlite3.Connection, run: str, why: str, parent: int | None = None, upto: int = 0
) -> int:
    """Give a run a new head, make it the current one and return its id. With a parent, the run stands there."""
    number = number_of(run)
    values = {"run": number, "why": why, "parent": parent, "upto": upto}
    head = connection.execute(_ADD_HEAD, values).lastrowid or 0
    status = "running" if parent is None else "paused"
    connection.execute(
        "UPDATE run SET head = ?, status = ?, ended = NULL, steps = NULL WHERE id = ?", (head, status, number)
    )
    return head


def tip_of(connection: sqlite3.Connection, run: str) -> tuple[int, str, int] | None:
    """The place of the last event of a run's current head, and the run's status and token, if there is such a run."""
    row: tuple[int, str, int] | None = connection.execute(_TIP, (number_of(run),)).fetchone()
    return row


def claim(connection: sqlite3.Connection, run: str) -> Claim | None:
    """Claim a run, if there is one of that id; nothing is written yet."""
    row = tip_of(connection, run)
    return None if row is None else Claim(getrandbits(62), row[2], row[0])


def check_claim(connection: sqlite3.Connection, run: str, made: Claim) -> None:
    """Check that a run is still its claimant's to write to, and put the claim into it if it is not there yet.

    Raises:
        RunBusy: Another holder has written to it since.
    """
    row = tip_of(connection, run)
    if row is None or row[2] == made.token:
        return
    if (row[2], row[0]) != (made.before, made.last):
        raise RunBusy(
            f"Run {run!r} was taken over by another process, which has written to it since.",
            hint="Nothing of this was kept. Load the run again to see where it stands.",
            run_id=run,
        )
    put_claim(connection, run, made)


def put_claim(connection: sqlite3.Connection, run: str, made: Claim) -> None:
    """Take a run from whoever has written to it until now."""
    connection.execute("UPDATE run SET token = ? WHERE id = ?", (made.token, number_of(run)))


def add_events(connection: sqlite3.Connection, last: int, bodies: Sequence[bytes]) -> None:
    """Add events after the place of the last one."""
    rows = []
    for place, body in enumerate(bodies, last + 1):
        kind, rest = parted(body)
        rows.append((place, kind, rest.decode(), crc32(body)))
    connection.executemany("INSERT INTO event (place, kind, body, crc) VALUES (?, ?, ?, ?)", rows)


def add_blobs(connection: sqlite3.Connection, blobs: Mapping[str, bytes]) -> None:
    """Add the large values that events refer to; one that is there already stays as it is."""
    if blobs:
        connection.executemany(
            "INSERT OR IGNORE INTO blob (hash, body) VALUES (?, ?)",
            [(name, body.decode()) for name, body in blobs.items()],
        )


def turn_run(connection: sqlite3.Connection, run: str, status: str, events: Sequence[Event]) -> None:
    """Bring a run of some status into the one that these events, which were just added, lead to."""
    last: Event | None = None
    for event in events:
        if (turned := turn(event, status)) is not None:
            status, last = turned, event
    if last is None and status == "running":
        return
    number = number_of(run)
    if last is None:
        more = sum(type(event) is NodeFinished for event in events)
        connection.execute("UPDATE run SET steps = steps + ? WHERE id = ?", (more, number))
    elif status == "running":
        connection.execute(
            "UPDATE run SET status = 'running', ended = NULL, steps = NULL WHERE id = ?", (number,)
        )
    else:
        steps = steps_of(connection, head_of(connection, run) or 0)
        connection.execute(
            "UPDATE run SET status = ?, ended = ?, steps = ? WHERE id = ?", (status, last.at, steps, number)
        )


def keep_definitions(connection: sqlite3.Connection, definitions: Sequence[Definition]) -> None:
    """Keep definitions that are not there yet; each text of source once."""
    hashes = msgspec.json.encode([definition.hash for definition in definitions]).decode()
    new = {row[0] for row in connection.execute(_NEW, (hashes,))}
    if not new:
        return
    rows = sorted((masked(row) for row in definitions if row.hash in new), key=lambda row: row.hash)
    texts = {source_id(row.source): row.source for row in rows if row.source}
    connection.executemany("INSERT OR IGNORE INTO source (id, body) VALUES (?, ?)", sorted(texts.items()))
    connection.executemany(
        "INSERT OR IGNORE INTO definition (hash, kind, name, spec, source) VALUES (?, ?, ?, ?, ?)",
        [
            (row.hash, row.kind, row.name, row.spec, source_id(row.source) if row.source else None)
            for row in rows
        ],
    )


def definition_of(connection: sqlite3.Connection, version: str) -> Definition | None:
    """The definition of that hash, if it was kept."""
    row = connection.execute(_DEFINITION, (version,)).fetchone()
    if row is None:
        return None
    return _as(Definition, dict(zip(("hash", "kind", "name", "spec", "source"), row, strict=True)))
