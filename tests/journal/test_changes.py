"""Each change of what is remembered is kept in order, and can be taken back: in memory and in SQLite alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.journal.changes import Cause
from genxai_nb.journal.items import Draft
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.sqlite import SqliteStore

PLACE = "clerk", "semantic"


@pytest.fixture(params=["memory", "sqlite"])
def items(request):
    """The items of an empty store."""
    store = MemoryStore() if request.param == "memory" else SqliteStore("journal.db")
    yield store.items
    store.close()


def told(items):
    """The changes in short."""
    return [(one.number, one.what, one.items, one.other, one.undone) for one in items.changes(*PLACE)]


def holding(items):
    return [row.text for row in items.read(*PLACE) if row.holds]


def add(items, text, about="", **given_):
    return items.add(
        *PLACE, [Draft(text=text, about=about, rule="my", run="r1", agent="clerk", **given_)], at=1
    )


def test_each_change_is_kept_with_who_and_why(items):
    """What was added, took another's place, ended, was dropped and forgotten: in order, with no word of a text."""
    first = add(items, "My town is Ulm.", "user town")
    second = add(items, "My town is Bonn.", "user town")
    add(items, "I live in Bonn.", replaces=(2,))
    items.end(*PLACE, [3], at=4, cause=Cause(why="not used for 365 days", run="r2", agent="clerk"))
    items.end(*PLACE, [3, 1], at=5, what="dropped", cause=Cause(why="beyond 1"))
    items.forget(*PLACE, [1, 3], at=6)

    assert told(items) == [
        (1, "added", (1,), None, None),
        (2, "added", (2,), None, None),
        (3, "replaced", (1,), 2, None),
        (4, "added", (3,), None, None),
        (5, "merged", (2,), 3, None),
        (6, "faded", (3,), None, None),
        (7, "dropped", (3, 1), None, None),
        (8, "forgotten", (1, 3), None, None),
    ]
    changes = items.changes(*PLACE)
    assert [(one.run, one.agent, one.why) for one in changes[1:7:2]] == [
        ("r1", "clerk", "my"),
        ("r1", "clerk", "my"),
        ("r2", "clerk", "not used for 365 days"),
    ]
    assert [(one.at, one.run, one.agent, one.why) for one in changes[6:]] == [
        (5, "", "", "beyond 1"),
        (6, "", "", "by hand"),
    ]
    assert (first.changes, second.changes) == (changes[:1], changes[1:3])
    assert items.changes("guard", "semantic") == []


def test_a_write_made_again_under_its_key_tells_the_same_changes(items):
    """After a crash the write finds what it changed before; another key finds nothing."""
    add(items, "My town is Ulm.", "user town")
    drafts = [Draft(text="My town is Bonn.", about="user town")]
    once, again = (items.add(*PLACE, drafts, at=at, key="k") for at in (2, 3))

    assert [one.what for one in once.changes] == ["added", "replaced"]
    assert again.changes == once.changes == items.changes(*PLACE, key="k")
    assert items.changes(*PLACE, key="other") == []


def test_what_was_added_is_taken_back_with_what_ended_by_it(items):
    """The older one holds again; taking that back lets the newer one hold, and each stands in the log."""
    add(items, "My town is Ulm.", "user town")
    add(items, "My town is Bonn.", "user town")

    done = items.undo(*PLACE, [2], at=5)
    assert (done.count, [one.number for one in done.changes]) == (2, [4])
    assert holding(items) == ["My town is Ulm."]
    assert told(items)[1:] == [
        (2, "added", (2,), None, 4),
        (3, "replaced", (1,), 2, 4),
        (4, "undone", (1, 2), 2, None),
    ]
    assert items.undo(*PLACE, [2, 99], at=6).count == 0
    assert items.undo(*PLACE, [4], at=7).count == 2
    assert holding(items) == ["My town is Bonn."]
    assert [one[-1] for one in told(items)] == [None, None, None, 5, None]
    row = items.read(*PLACE)[0]
    assert (row.until, row.ended_by) == (1, 2)


def test_of_those_that_tell_of_the_same_the_newest_holds(items):
    """Taking the middle one of three back brings the first one back only once the last one is gone, too."""
    for town in ("Ulm", "Bonn", "Rome"):
        add(items, f"My town is {town}.", "user town")
    items.undo(*PLACE, [2], at=5)
    assert holding(items) == ["My town is Rome."]
    assert items.read(*PLACE)[0].ended_by == 3
    items.undo(*PLACE, [4], at=6)
    assert holding(items) == ["My town is Ulm."]


def test_what_was_merged_faded_or_dropped_holds_again(items):
    """Each comes back as it was: what held holds, what had ended before is there and holds no more."""
    add(items, "We use Postgres.")
    add(items, "Postgres is what we use.", replaces=(1,))
    items.end(*PLACE, [2, 1], at=4)
    items.end(*PLACE, [1, 2], at=5, what="dropped")
    assert [(row.is_there, row.until) for row in items.read(*PLACE)] == [(False, 1), (False, 4)]
    assert items.end(*PLACE, [1, 2], at=6, what="dropped") is None

    assert items.undo(*PLACE, [5], at=7).count == 0
    assert [(row.is_there, row.until) for row in items.read(*PLACE)] == [(True, 1), (True, 4)]
    assert items.undo(*PLACE, [4], at=8).count == 1
    assert holding(items) == ["Postgres is what we use."]
    assert items.undo(*PLACE, [3], at=9).count == 1
    assert holding(items) == ["We use Postgres.", "Postgres is what we use."]
    items.end(*PLACE, [1], at=10, what="dropped")
    assert holding(items) == ["Postgres is what we use."]
    assert items.undo(*PLACE, [9], at=11).count == 1
    assert holding(items) == ["We use Postgres.", "Postgres is what we use."]


def test_what_was_forgotten_stays_so(items):
    """Neither its own change nor another one brings anything of it back."""
    add(items, "My town is Ulm.", "user town")
    add(items, "My town is Bonn.", "user town")
    items.forget(*PLACE, [1], at=3)
    assert items.undo(*PLACE, [4], at=4).count == 0
    assert items.undo(*PLACE, [2], at=5).count == 1
    assert [(row.text, row.holds) for row in items.read(*PLACE)] == [("", False), ("My town is Bonn.", False)]


def test_the_log_has_no_word_of_what_was_forgotten():
    """The bytes on the disk hold nothing of it, in whichever way it was changed and taken back before."""
    store = SqliteStore("journal.db")
    add(store.items, "The code of the door is 4711.", "code of the door", cue="code of the door")
    add(store.items, "The code of the door is 4712.", "code of the door", fields={"object": "4712"})
    store.items.undo(*PLACE, [2], at=3)
    store.items.undo(*PLACE, [4], at=4)
    store.items.end(*PLACE, [1, 2], at=5, what="dropped")
    store.items.forget(*PLACE, [1, 2], at=6)
    held = b"".join(path.read_bytes() for path in Path().glob("journal.db*"))

    assert [one.what for one in store.items.changes(*PLACE)][-1] == "forgotten"
    assert not [word for word in (b"code", b"door", b"471") if word in held]
    store.close()


NUMBERS = st.lists(st.integers(1, 6), max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"), st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "x", "y"]), NUMBERS)
        ),
        st.tuples(st.sampled_from(["forget", "end", "drop"]), NUMBERS),
        st.tuples(st.just("undo"), st.lists(st.integers(1, 12), max_size=3)),
    ),
    max_size=14,
)


def act(items, what, given_, at):
    if what == "add":
        text, about, replaces = given_
        items.add(*PLACE, [Draft(text=text, about=about, replaces=tuple(replaces))], at=at)
    elif what == "drop":
        items.end(*PLACE, given_, at=at, what="dropped")
    else:
        getattr(items, what)(*PLACE, given_, at=at)


@given(STEPS)
def test_both_stores_take_back_alike_and_nothing_is_left_when_all_is_taken_back(tmp_path_factory, steps):
    """Whatever happens, both hold and log the same; of one thing one item holds; without any addition none does."""
    file, other = SqliteStore(tmp_path_factory.mktemp("changes") / "journal.db"), MemoryStore()
    for at, (what, given_) in enumerate(steps, 1):
        for items in (file.items, other.items):
            act(items, what, given_, at)
        rows = file.items.read(*PLACE)
        assert rows == other.items.read(*PLACE)
        assert file.items.changes(*PLACE) == other.items.changes(*PLACE)
        about = [row.about for row in rows if row.holds and row.about]
        assert len(about) == len(set(about))
    for items in (file.items, other.items):
        items.undo(*PLACE, [one.number for one in items.changes(*PLACE) if one.what == "added"], at=99)
        assert holding(items) == []
    file.close()
