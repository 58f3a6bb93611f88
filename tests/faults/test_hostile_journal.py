"""Journals that were damaged or written by somebody who means harm."""

from __future__ import annotations

import itertools
import json
import os
import random
import sqlite3
import sys
import tempfile
import warnings
from contextlib import closing, suppress
from pathlib import Path
from zlib import crc32

import pytest
from dense import DenseStore
from workload import GIVEN, workflow

from genxai_nb import Run, run_log
from genxai_nb.errors import GenXAIError, RunNotFound, StoreDamaged, StoreError
from genxai_nb.journal import events as facts
from genxai_nb.journal.codec import encode_request
from genxai_nb.journal.opening import open_store

PAGE = 2048
LARGE = "x" * 20_000
ACTS = {
    "resume": lambda graph, store: Run.load("r1", graph, store).resume().state,
    "list": lambda graph, store: run_log(store),
    "read": lambda graph, store: Run.load("r1", store=store).timeline(),
    "fork": lambda graph, store: Run.load("r1", graph, store).fork(2),
    "go back": lambda graph, store: Run.load("r1", graph, store).goto(1),
    "look": lambda graph, store: _looked(Run.load("r1", graph, store)),
    "resume late": lambda graph, store: _resumed_late(Run.load("r1", graph, store)),
}


def _looked(run):
    return [run.state_at(step) for step in (run.steps, run.steps // 2)]


def _resumed_late(run):
    run.goto(run.steps - 1)
    return run.resume().state


seen = None
numbers = itertools.count()


def _listen(event, arguments):
    if seen is not None and event in {"import", "exec", "compile", "open", "os.system", "subprocess.Popen"}:
        seen.append((event, str(arguments[0])))


sys.addaudithook(_listen)  # for good: such a hook cannot be taken away


@pytest.fixture(scope="module")
def graph():
    return workflow(wide=3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, graph):
    """The bytes of a journal with one finished run that has snapshots, and its final state."""
    path = tmp_path_factory.mktemp("whole") / "journal.db"
    store = DenseStore(path)
    state = graph.run(GIVEN | {"large": LARGE}, store=store.address).state
    assert len(store.snapshots("r1")) > 1
    store.close()
    body = path.read_bytes()
    for act in ACTS.values():  # whatever they import is imported now
        act(graph, str(path))
    open_store(str(path)).close()
    return body, encode_request(state)


@pytest.fixture(scope="module")
def plain(tmp_path_factory, graph):
    """The bytes of such a journal that has no snapshots, and the final state."""
    path = tmp_path_factory.mktemp("plain") / "journal.db"
    state = graph.run(GIVEN | {"large": LARGE}, store=str(path)).state
    open_store(str(path)).close()
    return path.read_bytes(), encode_request(state)


@pytest.fixture
def folder(tmp_path):
    """Where the journals are put: in memory if there is a place for that, for the disk is not what is tested."""
    quick = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(dir=quick) as made:
        yield Path(made)


@pytest.fixture
def attempt(folder, graph):
    """Do everything that reads a journal to one made of these bytes; the outcomes by what was done."""

    def tried(body, alter=None):
        outcomes = {}
        for name, act in ACTS.items():
            path = folder / f"{next(numbers)}" / "journal.db"
            path.parent.mkdir()
            path.write_bytes(body)
            if alter is not None:
                with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                    alter(connection)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    outcomes[name] = act(graph, str(path))
                except GenXAIError as exc:
                    outcomes[name] = exc
            with suppress(StoreError):
                open_store(str(path)).close()
        return outcomes

    return tried


def rewritten(number, body):
    """Put another body, with its right check sum, in place of an event's."""

    def alter(connection):
        connection.execute(
            "UPDATE event SET kind = -1, body = ?, crc = ? WHERE place = (SELECT place FROM event LIMIT 1 OFFSET ?)",
            (body, crc32(body.encode("utf-8", "surrogatepass")), number),
        )

    return alter


def test_flipped_bits(whole, attempt):
    """One wrong bit anywhere: an error of ours, or nothing that anybody notices."""
    chance = random.Random(11)
    outcomes = []
    for _ in range(40):
        body = bytearray(whole[0])
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        outcomes += attempt(bytes(body)).values()
    assert any(isinstance(outcome, StoreDamaged) for outcome in outcomes)


@pytest.mark.slow
def test_a_thousand_flipped_bits(whole, attempt):
    """As above, in more places."""
    chance = random.Random(12)
    for _ in range(1000):
        body = bytearray(whole[0])
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        attempt(bytes(body))


def test_a_table_whose_name_is_no_text(whole, attempt):
    """SQLite complains in bytes that Python cannot read; that is damage like any other."""
    name = b"tableheadhead"
    assert name in whole[0]
    outcomes = attempt(whole[0].replace(name, b"table\xcc\x80\xffdhead"))
    assert {type(outcome) for outcome in outcomes.values()} == {StoreDamaged}


def test_cut_off_at_each_page(whole, attempt):
    """A file that ends early is damaged, or empty; a run is never given back in part without a word."""
    body, state = whole
    for end in range(0, len(body), PAGE):
        resumed = attempt(body[:end])["resume"]
        assert isinstance(resumed, StoreDamaged | RunNotFound) or encode_request(resumed) == state


def test_each_page_emptied(whole, attempt):
    """A page of zeros in place of any page: an error of ours, or the run is made whole again."""
    body, state = whole
    for start in range(0, len(body), PAGE):
        resumed = attempt(body[:start] + bytes(PAGE) + body[start + PAGE :])["resume"]
        assert isinstance(resumed, GenXAIError) or encode_request(resumed) == state


def test_a_newer_version_and_another_file_are_refused(whole, attempt):
    """Neither is touched."""
    for alter in ("PRAGMA user_version = 999", "PRAGMA application_id = 7"):
        outcomes = attempt(whole[0], lambda connection, alter=alter: connection.execute(alter))
        assert {type(outcome) for outcome in outcomes.values()} == {StoreError}


VALUES = ("NULL", "-1", "9223372036854775807", "'x'", "x'00ff'", "1e400", "''", "2")
COLUMNS = {
    "run": ("id", "head", "parent", "graph", "status", "started", "ended", "steps", "token"),
    "head": ("id", "run", "number", "parent", "upto", "why"),
    "event": ("place", "kind", "body", "crc"),
    "blob": ("body",),
    "definition": ("kind", "spec", "source"),
    "source": ("body",),
    "snapshot": ("place", "body", "crc"),
}


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_that_hold_anything(whole, attempt, table):
    """Wrong types and numbers in any column are errors of ours."""
    for column in COLUMNS[table]:
        for value in VALUES:

            def alter(connection, column=column, value=value):
                try:
                    connection.execute(f"UPDATE OR REPLACE {table} SET {column} = {value}")
                except sqlite3.Error:
                    connection.execute(f"DELETE FROM {table}")  # the column cannot hold that

            attempt(whole[0], alter)


@pytest.mark.parametrize("table", COLUMNS)
def test_tables_and_rows_that_are_gone(whole, attempt, table):
    """Without its rows, or without a table, a journal gives errors of ours."""
    emptied = attempt(whole[0], lambda connection: connection.execute(f"DELETE FROM {table}"))
    dropped = attempt(whole[0], lambda connection: connection.execute(f"DROP TABLE {table}"))
    if table in {"run", "head", "event"}:
        assert isinstance(emptied["resume"], StoreDamaged | RunNotFound)
        assert isinstance(dropped["resume"], StoreError)


DEEP = '{"event":"state_set","at":1,"values":' + '{"a":' * 100_000 + "1" + "}" * 100_001
BODIES = {
    "no object": "[]",
    "not JSON": "{",
    "no kind": "{}",
    "an unknown kind": '{"event":"os.system","at":1,"command":"touch harmed"}',
    "an unknown tag": '{"event":"state_set","at":1,"values":{"a":{"$":"pickle","v":"Y29zCnN5c3RlbQ=="}}}',
    "a type to import": '{"event":"state_set","at":1,"values":{"a":{"$":"model","v":["antigravity","x"]}}}',
    "a tag without content": '{"event":"state_set","at":1,"values":{"a":{"$":"set"}}}',
    "a wrong content": '{"event":"state_set","at":1,"values":{"a":{"$":"datetime","v":"never"}}}',
    "a value that is not there": '{"event":"state_set","at":1,"values":{"a":{"$":"blob","v":"00"}}}',
    "a path in place of a hash": '{"event":"state_set","at":1,"values":{"a":{"$":"blob","v":"/etc/passwd"}}}',
    "a lone surrogate": '{"event":"state_set","at":1,"values":{"a":"\\ud800"}}',
    "deep nesting": DEEP,
    "a node that is not there": '{"event":"node_finished","at":1,"node":"no","visit":1,"update":{},"edges":[]}',
    "a negative edge": '{"event":"node_finished","at":1,"node":"first","visit":1,"update":{},"edges":[-1]}',
    "an edge of another node": '{"event":"node_finished","at":1,"node":"first","visit":1,"update":{},"edges":[9]}',
    "a wrong visit": '{"event":"node_started","at":1,"node":"first","visit":-7,"parents":[]}',
    "an index far off": '{"event":"instance_finished","at":1,"node":"post","visit":1,"index":99999999,"update":{}}',
    "another first event": '{"event":"run_started","at":1,"run":"r9","graph":"g","structure":"s","input":{},"definitions":{}}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_forged_events_do_nothing(whole, attempt, folder, body):
    """With a right check sum, too, they are refused or ignored: nothing is imported, compiled, run or opened."""
    global seen
    for number in (0, 1, 4, 30):
        seen = []
        try:
            attempt(whole[0], rewritten(number, body))
        finally:
            heard, seen = seen, None
        strange = [
            (event, what)
            for event, what in heard
            if not what.startswith(str(folder)) and not (event == "open" and what == "/proc/self/mountinfo")
        ]
        assert strange == []


def test_a_value_whose_hash_does_not_fit_is_damage(whole, attempt):
    """A large value that was exchanged is not believed."""
    forged = json.dumps("y" * len(LARGE))
    outcomes = attempt(whole[0], lambda connection: connection.execute("UPDATE blob SET body = ?", (forged,)))
    assert isinstance(outcomes["resume"], StoreDamaged)
    assert "not as it was written" in str(outcomes["resume"])


def damaged(path, body, number):
    path.write_bytes(body)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "UPDATE event SET crc = crc + 1 WHERE place = (SELECT place FROM event LIMIT 1 OFFSET ?)",
            (number,),
        )
    return str(path)


def test_a_damaged_event_is_left_behind_loudly(plain, graph, tmp_path):
    """The run stands before it, says so, goes on in a new head, and comes to the same end."""
    store = damaged(tmp_path / "journal.db", plain[0], 20)
    with pytest.warns(UserWarning, match="Event 21 of run 'r1'.*stands at event 20"):
        run = Run.load("r1", graph, store)
    assert (run.status, run.reason) == ("paused", "event 21 is damaged")
    assert len(run.events()) == 20

    assert encode_request(run.resume().state) == plain[1]

    assert [(head.name, head.upto, head.why) for head in run.heads()][1:] == [
        ("r1.2", 20, "event 21 is damaged")
    ]
    again = Run.load("r1", graph, store)
    assert again.status == "done"
    visits = [(e.node, e.visit) for e in again.events() if type(e) is facts.NodeFinished]
    assert len(visits) == len(set(visits))


def test_a_damaged_run_can_be_read_and_set(plain, graph, tmp_path):
    """Reading changes nothing; what a person sets is behind what is intact, where it is found again."""
    store = damaged(tmp_path / "journal.db", plain[0], 20)
    with pytest.warns(UserWarning, match="Event 21"):
        assert len(Run.load("r1", store=store).heads()) == 1
    with pytest.warns(UserWarning, match="Event 21"):
        run = Run.load("r1", graph, store)
    run.set(topic="ferns")
    assert run.state["topic"] == "ferns"
    assert Run.load("r1", graph, store).state["topic"] == "ferns"


def test_without_its_first_event_a_run_is_lost(whole, graph, tmp_path):
    """There is nothing to stand at."""
    store = damaged(Path(tmp_path / "journal.db"), whole[0], 0)
    with pytest.raises(StoreDamaged, match="Event 1 of run 'r1'"):
        Run.load("r1", graph, store)
