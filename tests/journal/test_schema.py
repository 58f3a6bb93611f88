"""Journals that an earlier version wrote."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from zlib import crc32

import pytest

from genxai_nb.errors import StoreDamaged, StoreError
from genxai_nb.journal.codec import encode_event
from genxai_nb.journal.events import NodeFinished, RunFinished, RunStarted
from genxai_nb.journal.kinds import parted
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.journal.store import Definition

VERSION_1 = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    head INTEGER,
    parent TEXT,
    graph TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    steps INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE head (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    parent INTEGER,
    upto INTEGER,
    why TEXT NOT NULL
);
CREATE TABLE event (
    place INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE blob (hash TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE definition (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    source TEXT NOT NULL
) WITHOUT ROWID;
CREATE VIEW progress AS SELECT run.id AS run, (
    SELECT count(*) FROM event
    WHERE place > run.head << 32 AND place < (run.head + 1) << 32 AND body GLOB '{"event":"node_finished",*'
) AS steps FROM run;
CREATE VIEW history AS SELECT
    'r' || head.run AS run,
    place & 0xffffffff AS n,
    json_extract(body, '$.event') AS event,
    json_extract(body, '$.node') AS node,
    body
FROM event JOIN head ON head.id = place >> 32;
PRAGMA application_id = 1735945826;
PRAGMA user_version = 1;
INSERT INTO definition VALUES ('h', 'agent', 'a', 'spec', '');
INSERT INTO run (id, head, graph, status, started, ended, steps) VALUES
    (1, 1, 'g', 'done', 100, 109, 2), (2, 2, 'g', 'running', 200, NULL, 0);
INSERT INTO head (id, run, why) VALUES (1, 1, 'begun'), (2, 2, 'begun');
"""


VERSION_2 = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    head INTEGER,
    parent TEXT,
    graph TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    steps INTEGER
);
CREATE TABLE head (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    number INTEGER NOT NULL DEFAULT 1,
    parent INTEGER,
    upto INTEGER NOT NULL DEFAULT 0,
    why TEXT NOT NULL,
    UNIQUE (run, number)
);
CREATE TABLE event (
    place INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE blob (hash TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE definition (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    source TEXT NOT NULL
) WITHOUT ROWID;
CREATE VIEW tip AS SELECT head.id AS head, coalesce(
    (SELECT max(place) FROM event WHERE place > head.id << 32 AND place < (head.id + 1) << 32), head.id << 32
) AS place FROM head;
CREATE VIEW history AS SELECT
    'r' || head.run AS run,
    'r' || head.run || '.' || head.number AS head,
    head.upto + (place & 0xffffffff) AS n,
    json_extract(body, '$.event') AS event,
    json_extract(body, '$.node') AS node,
    body
FROM event JOIN head ON head.id = place >> 32;
PRAGMA application_id = 1735945826;
PRAGMA user_version = 2;
INSERT INTO definition VALUES ('h', 'agent', 'a', 'spec', ''),
    ('i', 'function', 'b', '', 'def f(): ...'), ('j', 'function', 'c', '', 'def f(): ...');
INSERT INTO run (id, head, graph, status, started, ended, steps) VALUES
    (1, 1, 'g', 'done', 100, 109, 2), (2, 2, 'g', 'running', 200, NULL, NULL);
INSERT INTO head (id, run, why) VALUES (1, 1, 'begun'), (2, 2, 'begun');
"""
VERSION_3 = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    head INTEGER,
    parent TEXT,
    graph TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    steps INTEGER,
    token INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE head (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    number INTEGER NOT NULL DEFAULT 1,
    parent INTEGER,
    upto INTEGER NOT NULL DEFAULT 0,
    why TEXT NOT NULL,
    UNIQUE (run, number)
);
CREATE TABLE event (
    place INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    body TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE blob (hash TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE definition (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    source INTEGER
) WITHOUT ROWID;
CREATE VIEW tip AS SELECT head.id AS head, coalesce(
    (SELECT max(place) FROM event WHERE place > head.id << 32 AND place < (head.id + 1) << 32), head.id << 32
) AS place FROM head;
CREATE VIEW history AS SELECT
    'r' || head.run AS run,
    'r' || head.run || '.' || head.number AS head,
    head.upto + (place & 0xffffffff) AS n,
    json_extract('["run_started","run_resumed","node_started","instance_finished","node_finished","node_failed","loop_limit_reached","token_absorbed","call_started","call_finished","call_failed","call_diverged","call_retried","state_set","run_rebased","run_paused","run_finished","run_failed","run_cancelled"]', '$[' || kind || ']') AS event,
    json_extract(body, '$.node') AS node,
    body
FROM event JOIN head ON head.id = place >> 32;
PRAGMA application_id = 1735945826;
PRAGMA user_version = 3;
INSERT INTO definition VALUES ('h', 'agent', 'a', 'spec', NULL),
    ('i', 'function', 'b', '', 7), ('j', 'function', 'c', '', 7);
INSERT INTO source VALUES (7, 'def f(): ...');
INSERT INTO run (id, head, graph, status, started, ended, steps) VALUES
    (1, 1, 'g', 'done', 100, 109, 2), (2, 2, 'g', 'running', 200, NULL, NULL);
INSERT INTO head (id, run, why) VALUES (1, 1, 'begun'), (2, 2, 'begun');
"""
VERSION_4 = VERSION_3.replace("user_version = 3", "user_version = 4").replace(
    "CREATE TABLE blob",
    """CREATE TABLE snapshot (place INTEGER PRIMARY KEY, body TEXT NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE blob""",
)
EARLIER = {1: VERSION_1, 2: VERSION_2, 3: VERSION_3, 4: VERSION_4}
ITEMS = """
CREATE TABLE collection (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    dims INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, kind)
);
CREATE TABLE item (
    number INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    digest INTEGER,
    text TEXT NOT NULL,
    at REAL NOT NULL,
    until REAL,
    ended_by INTEGER,
    forgotten REAL,
    about TEXT,
    key TEXT,
    body TEXT NOT NULL,
    vector BLOB
);
CREATE INDEX item_digest ON item (digest);
CREATE INDEX item_about ON item (about, collection) WHERE about IS NOT NULL AND until IS NULL;
CREATE INDEX item_ended ON item (ended_by) WHERE ended_by IS NOT NULL;
CREATE VIEW memory AS SELECT owner, kind, number, at, until, forgotten, text, body
FROM item JOIN collection ON collection.id = item.collection;
INSERT INTO collection VALUES (1, 'clerk', 'semantic', '', 0, 2);
INSERT INTO item (number, collection, text, at, until, ended_by, forgotten, about, body) VALUES
    (1, 1, 'My town is Ulm.', 10, 20, 2, NULL, 'user town', '{"source":"user","rule":"my","run":"r1","agent":"clerk"}'),
    (2, 1, 'My town is Bonn.', 20, NULL, NULL, NULL, 'user town', '{"source":"user","rule":"my","run":"r2","agent":"clerk"}'),
    (3, 1, 'We sell tea.', 11, 30, NULL, NULL, NULL, '{"source":"by hand","rule":"by hand"}'),
    (4, 1, '', 12, NULL, NULL, 31, NULL, '{"source":"by hand","rule":"by hand"}');
"""


def finished(visit: int) -> NodeFinished:
    return NodeFinished(at=visit, node="a", visit=visit, update={"text": "x" * 10_000}, edges=())


def histories() -> dict[int, list]:
    """The events of two runs: one ended, one was under way."""
    first, second = (
        RunStarted(at=100.0 * run, run=f"r{run}", graph="g", structure="", input={}, definitions={})
        for run in (1, 2)
    )
    return {1: [first, finished(1), finished(2), RunFinished(at=109)], 2: [second, finished(1)]}


@pytest.fixture(params=EARLIER)
def path(request, tmp_path):
    """A journal of an earlier version."""
    path = tmp_path / "journal.db"
    connection = sqlite3.connect(path)
    connection.executescript(EARLIER[request.param])
    blobs: dict[str, bytes] = {}
    with connection:
        for head, events in histories().items():
            for number, event in enumerate(events, 1):
                body = encode_event(event, blobs)
                row = ((head << 32) + number, body.decode(), crc32(body))
                if request.param >= 3:
                    kind, rest = parted(body)
                    row = (row[0], kind, rest.decode(), row[2])
                connection.execute(f"INSERT INTO event VALUES ({', '.join('?' * len(row))})", row)
        for name, body in blobs.items():
            connection.execute("INSERT INTO blob VALUES (?, ?)", (name, body.decode()))
    connection.close()
    return path


def tables(path) -> list[tuple]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    rows = [(*row, sql and "".join(sql.split())) for *row, sql in rows]  # spaces do not count
    found = [*rows, *connection.execute("PRAGMA user_version"), *connection.execute("PRAGMA integrity_check")]
    connection.close()
    return found


def test_journal_of_an_earlier_version(path, tmp_path):
    """It opens with all it had, gets the tables of a new journal, and its runs can go on, back and apart."""
    store = SqliteStore(path)
    assert [list(store.read(f"r{run}")) for run in (1, 2)] == list(histories().values())
    assert [(row.run, row.status, row.steps, row.started, row.ended) for row in store.runs()] == [
        ("r2", "paused", 1, 200, None),
        ("r1", "done", 2, 100, 109),
    ]
    assert store.definition("h") == Definition(hash="h", kind="agent", name="a", spec="spec")
    if kept := store.definition("j"):
        assert kept == Definition(hash="j", kind="function", name="c", source="def f(): ...")
    assert (store.branch("r1", 2, "back"), store.fork("r2", 2)) == ("r1.2", "r3")
    store.append("r1", [finished(12)])
    assert [event.at for event in store.read("r1")] == [100, 1, 12]
    assert store.row("r1").steps == 2
    store.close()
    SqliteStore(tmp_path / "new.db").close()
    assert tables(path) == tables(tmp_path / "new.db")


def test_processes_that_open_it_at_once(path):
    """Several processes that find it bring it up once."""
    text = """
import sys
from genxai_nb.journal.kinds import parted
from genxai_nb.journal.sqlite import SqliteStore
print(*(row.run for row in SqliteStore(sys.argv[1]).runs()))
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", text, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert [process.communicate() for process in processes] == [("r2 r1\n", "")] * 4


def test_what_was_remembered_gets_its_changes(path):
    """Items of an earlier version tell what became of them, in order, and each change can be taken back."""
    connection = sqlite3.connect(path)
    connection.executescript(ITEMS)
    connection.close()
    store = SqliteStore(path)
    changes = store.items.changes("clerk", "semantic")
    assert [(one.at, one.what, one.items, one.other, one.run, one.agent, one.why) for one in changes] == [
        (10, "added", (1,), None, "r1", "clerk", "my"),
        (11, "added", (3,), None, "", "", "by hand"),
        (12, "added", (4,), None, "", "", "by hand"),
        (20, "added", (2,), None, "r2", "clerk", "my"),
        (20, "replaced", (1,), 2, "r2", "clerk", "tells of the same"),
        (30, "faded", (3,), None, "", "", ""),
        (31, "forgotten", (4,), None, "", "", ""),
    ]
    assert store.items.undo("clerk", "semantic", [4, 6], at=40).count == 3
    assert [row.text for row in store.items.read("clerk", "semantic") if row.holds] == [
        "My town is Ulm.",
        "We sell tea.",
    ]
    store.close()


def test_journal_that_cannot_be_brought_up(path):
    """When a statement fails, the journal stays as it was."""
    connection = sqlite3.connect(path)
    connection.executescript(f"CREATE TABLE change (x); {ITEMS}")
    connection.close()
    before = tables(path)
    with pytest.raises(StoreError, match="change already exists"):
        SqliteStore(path)
    assert tables(path) == before


def test_a_row_that_was_damaged_stays_so(path):
    """What could not be read before cannot be read after, and hides nothing else."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE event SET body = x'ff00' WHERE place = (1 << 32) + 3")
    connection.close()
    store = SqliteStore(path)
    reader = store.read("r1")
    assert [next(reader).at, next(reader).at] == [100, 1]
    with pytest.raises(StoreDamaged, match="Event 3 of run 'r1'"):
        next(reader)
    assert list(store.read("r2")) == histories()[2]
    store.close()
