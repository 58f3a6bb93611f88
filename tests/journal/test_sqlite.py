"""The journal in a SQLite file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from genxai_nb.errors import NotStorable, RunNotFound, StoreDamaged, StoreError
from genxai_nb.journal.events import (
    CallStarted,
    NodeFinished,
    NodeStarted,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.journal.store import Definition
from genxai_nb.messages import ModelRequest, user


def started(at: float = 0.0, **given) -> RunStarted:
    return RunStarted(at=at, run="", graph="g", structure="s", input=given, definitions={"a": "h"})


def finished(visit: int, **update) -> NodeFinished:
    return NodeFinished(at=visit, node="a", visit=visit, update=update, edges=(0,))


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path / "journal.db")
    yield store
    store.close()


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_events_come_back_in_order(store):
    """A run is read back as it was appended, by another store on the same file too."""
    run = store.begin(started(topic="x"))
    events = [
        NodeStarted(at=1, node="a", visit=1, parents=(("START", 0),)),
        finished(1, seen={1, 2}),
        CallStarted(
            at=2,
            slot="s",
            kind="model",
            name="m",
            request=ModelRequest(model="m", messages=(user("hi"),)),
            node="a",
            visit=2,
            ordinal=0,
        ),
    ]
    store.append(run, events[:2])
    store.append(run, events[2:])
    store.append(run, [])
    other = SqliteStore(store.url)
    first, *rest = other.read(run)
    other.close()
    assert (first.run, first.input) == ("r1", {"topic": "x"})
    assert rest == events


def test_many_events(store):
    """Reading goes on over the size of one fetch, and runs do not mix."""
    runs = [store.begin(started()) for _ in range(3)]
    for visit in range(700):
        store.append(runs[visit % 3], [finished(visit)])
    for number, run in enumerate(runs):
        assert [event.visit for event in list(store.read(run))[1:]] == list(range(number, 700, 3))


def test_rows_newest_first(store):
    """The list of runs tells status, steps and times, before and after the end."""
    first, second = store.begin(started(1)), store.begin(started(2))
    store.append(first, [finished(1), finished(2), RunPaused(at=3, reason="asked")])
    store.append(second, [finished(1)])
    assert [(row.run, row.status, row.steps, row.ended) for row in store.runs()] == [
        ("r2", "paused", 1, None),
        ("r1", "paused", 2, 3),
    ]
    with store.lease(second):
        store.append(first, [RunResumed(at=4, definitions={}), finished(3), RunFinished(at=5)])
        assert [(row.run, row.status, row.steps, row.ended) for row in store.runs()] == [
            ("r2", "running", 1, None),
            ("r1", "done", 3, 5),
        ]


@pytest.mark.parametrize(
    "run", ["r2", "r", "", "1", "r-1", "r1 ", "r1;drop table run", "x1", "r99999999999999999999"]
)
def test_unknown_run(store, run):
    """A run that is not there is named, for reading and appending alike."""
    store.begin(started())
    with pytest.raises(RunNotFound) as caught:
        store.read(run)
    assert repr(run) in str(caught.value)
    with pytest.raises(RunNotFound):
        store.append(run, [finished(1)])


def test_definitions_are_kept_once(store):
    """A definition stays as it was first kept."""
    store.begin(started(), [Definition(hash="h", kind="agent", name="a", spec="one", source="s")])
    store.keep([Definition(hash="h", kind="agent", name="a", spec="two")])
    store.keep([])
    assert store.definition("h") == Definition(hash="h", kind="agent", name="a", spec="one", source="s")
    assert store.definition("other") is None


def test_refused_value_leaves_nothing_behind(store):
    """When one value cannot be kept, none of the events is, and no run id is taken."""
    with pytest.raises(NotStorable, match=r"input\.x is a"):
        store.begin(started(x=print))
    run = store.begin(started())
    with pytest.raises(NotStorable, match=r"update\.y\[0\] is a"):
        store.append(run, [finished(1), finished(2, y=[print])])
    assert run == "r1"
    assert len(list(store.read(run))) == 1


def test_unchanged_large_value_costs_nothing(tmp_path):
    """200 steps that carry 100 KB along take at most 0.2 MB, and so do steps that write it again."""
    for number, update in enumerate([{}, {"document": "x" * 100_000}]):
        store = SqliteStore(tmp_path / str(number) / "journal.db")
        run = store.begin(started(document="x" * 100_000))
        for visit in range(200):
            store.append(
                run, [finished(visit, **update), NodeStarted(at=1, node="a", visit=visit, parents=())]
            )
        assert all(event.update == update for event in store.read(run) if isinstance(event, NodeFinished))
        store.close()
        assert size(tmp_path / str(number)) <= 200_000


def test_folder_keeps_itself_out_of_git(tmp_path):
    """The folder is made on demand; one named .genxai ignores itself, and only that."""
    for folder, ignored in ((".genxai", True), ("runs/all", False)):
        SqliteStore(tmp_path / folder / "journal.db").close()
        assert (tmp_path / folder / ".gitignore").exists() == ignored
    assert (tmp_path / ".genxai/.gitignore").read_text(encoding="utf-8") == "*\n"


def test_durable_settings(store):
    """A local journal is written ahead and synced at each commit."""
    pragmas = [
        store._file._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    ]
    assert pragmas == ["wal", 2]


def change(store: SqliteStore, statement: str) -> None:
    """Do to the file what no store would do."""
    other = sqlite3.connect(store.url)
    with other:
        other.execute(statement)
    other.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = replace(body, '\"n\":2', '\"n\":3') WHERE place & 255 = 3",
        "UPDATE event SET body = substr(body, 1, 20) WHERE place & 255 = 3",
        "UPDATE event SET body = x'ff00' WHERE place & 255 = 3",
        "UPDATE event SET crc = crc + 1 WHERE place & 255 = 3",
        "DELETE FROM event WHERE place & 255 = 3",
        "DELETE FROM blob",
        "UPDATE blob SET body = replace(body, 'x', 'y')",
    ],
)
def test_damaged_row(store, statement):
    """A row that was changed or lost is named by run and number; what came before it is given."""
    run = store.begin(started())
    store.append(run, [finished(1, n=1), finished(2, n=2, text="x" * 10_000), finished(3)])
    change(store, statement)
    reader = store.read(run)
    seen = [next(reader).at, next(reader).at]
    with pytest.raises(StoreDamaged, match="Event 3 of run 'r1'"):
        next(reader)
    assert seen == [0, 1]
    assert [row.run for row in store.runs()] == ["r1"]


def test_damaged_row_of_a_parent(store):
    """A row lost from what a fork took over is named by its number in the fork's history; so is one after it."""
    run = store.begin(started())
    store.append(run, [finished(1), finished(2), finished(3)])
    fork = store.fork(run, 3)
    store.append(fork, [finished(4), finished(5)])
    change(store, "DELETE FROM event WHERE place >> 32 = 2 AND place & 255 = 1")
    with pytest.raises(StoreDamaged, match="Event 4 of run 'r2'"):
        list(store.read(fork))
    change(store, "DELETE FROM event WHERE place >> 32 = 1 AND place & 255 > 2")
    with pytest.raises(StoreDamaged, match="Event 3 of run 'r2'"):
        list(store.read(fork))


def test_event_of_a_later_version(store):
    """An event of a kind that this version does not know is named, not skipped."""
    run = store.begin(started())
    store.append(run, [finished(1)])
    change(store, "UPDATE event SET kind = 99 WHERE place & 255 = 2")
    with pytest.raises(StoreDamaged, match=r"Event 2 of run 'r1'.*of kind 99"):
        list(store.read(run))


def test_file_that_is_no_journal(tmp_path):
    """Another file is refused and left as it is."""
    text, foreign = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_text("just some notes, and a few more of them" * 50, encoding="utf-8")
    other = sqlite3.connect(foreign)
    other.execute("CREATE TABLE mine (x)")
    other.close()
    before = text.read_bytes(), foreign.read_bytes()
    with pytest.raises(StoreDamaged, match=r"notes\.txt.*no SQLite file"):
        SqliteStore(text)
    with pytest.raises(StoreError, match=r"other\.db.*of something else"):
        SqliteStore(foreign)
    assert (text.read_bytes(), foreign.read_bytes()) == before


def test_journal_of_a_newer_version(store):
    """A journal with newer tables is refused and left as it is."""
    change(store, "PRAGMA user_version = 6")
    with pytest.raises(StoreError, match="has version 6; this genxai-nb knows 5"):
        SqliteStore(store.url)


def test_place_that_cannot_be_written(tmp_path):
    """A folder that cannot be made is an error of ours that says what to do."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="GENXAI_STORE"):
        SqliteStore(tmp_path / "file" / "journal.db")


def test_journal_deleted_under_a_living_store(store):
    """When the file was deleted meanwhile, the next run begins in a new one."""
    store.begin(started())
    for path in Path(store.url).parent.glob("journal.db*"):
        path.unlink()
    run = store.begin(started())
    other = SqliteStore(store.url)
    assert [event.run for event in other.read(run)] == ["r1"]
    other.close()


def test_closed_store_opens_again(store):
    """A closed store lets go of the file, and takes it up again when it is used."""
    run = store.begin(started())
    store.close()
    assert not Path(f"{store.url}-wal").exists()
    assert len(list(store.read(run))) == 1


def test_rows_are_readable_without_us(store):
    """The file is plain tables with plain JSON: any SQLite shell shows what happened."""
    run = store.begin(started(topic="x"))
    store.append(run, [finished(1, draft="hello")])
    store.branch(run, 1, "back")
    store.append(run, [finished(1, draft="hi")])
    other = sqlite3.connect(store.url)
    rows = other.execute(
        "SELECT run, head, n, event, node, json_extract(body, '$.update.draft') FROM history"
    ).fetchall()
    other.close()
    assert rows == [
        ("r1", "r1.1", 1, "run_started", None, None),
        ("r1", "r1.1", 2, "node_finished", "a", "hello"),
        ("r1", "r1.2", 2, "node_finished", "a", "hi"),
    ]
