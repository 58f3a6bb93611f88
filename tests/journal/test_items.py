"""What agents remember, kept beside the runs: in memory and in SQLite alike."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.errors import StoreBusy, StoreError
from genxai_nb.journal.items import Draft, Use
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.sqlite import SqliteStore

VECTOR = b"\x00\x00\x80\x3f" * 4


@pytest.fixture(params=["memory", "sqlite"])
def items(request):
    """The items of an empty store."""
    store = MemoryStore() if request.param == "memory" else SqliteStore("journal.db")
    yield store.items
    store.close()


def add(items, *texts, owner="clerk", at=1.0, **options):
    return items.add(owner, "semantic", [Draft(text=text) for text in texts], at=at, **options)


def texts(rows):
    return [row.text for row in rows]


def test_an_empty_store_has_no_items(items):
    """Reading, forgetting and listing find nothing, and make nothing."""
    assert items.read("clerk", "semantic") == []
    assert items.entries("clerk", "semantic") == []
    assert items.collection("clerk", "semantic").revision == 0
    assert items.forget("clerk", "semantic", [1], at=1) == 0
    assert items.owners() == []


def test_items_are_read_in_order_with_all_that_is_known_of_them(items):
    """An item keeps its text, source, rule, parts, run and time."""
    draft = Draft(
        text="Ä \u2028 'x'", source="user", rule="my", about="user name", fields={"subject": "user"}, run="r7"
    )
    items.add("clerk", "semantic", [draft], at=1.5)
    add(items, "second", at=2.5)
    first, second = items.read("clerk", "semantic")

    assert (first.text, first.source, first.rule, first.about, first.fields, first.run, first.at) == (
        draft.text,
        "user",
        "my",
        "user name",
        {"subject": "user"},
        "r7",
        1.5,
    )
    assert second.number > first.number
    assert first.holds


def test_owners_and_kinds_do_not_see_each_other(items):
    """Items of another agent or kind are neither read nor forgotten."""
    number = add(items, "mine").added[0].number
    add(items, "yours", owner="writer")

    assert texts(items.read("clerk", "semantic")) == ["mine"]
    assert items.read("clerk", "episodic") == []
    assert items.forget("writer", "semantic", [number], at=2) == 0
    assert texts(items.read("clerk", "semantic")) == ["mine"]
    assert items.owners() == [("clerk", "semantic"), ("writer", "semantic")]


def test_a_text_that_holds_is_not_kept_twice(items):
    """The same text again is known already, also within one write."""
    add(items, "tea")
    done = add(items, "tea", "milk", "milk")

    assert (texts(done.known), texts(done.added)) == (["tea", "milk"], ["milk"])
    assert texts(items.read("clerk", "semantic")) == ["tea", "milk"]


def test_what_is_said_again_of_another_time_is_kept(items):
    """The same words for the same time are known; for another time they take the place of those before."""
    for expires, kept in ((50.0, 1), (50.0, 0), (90.0, 1), (None, 1)):
        draft = Draft(text="The code is 4711.", expires=expires)
        assert len(items.add("clerk", "semantic", [draft], at=60).added) == kept
    rows = items.read("clerk", "semantic")
    assert [(row.expires, row.ended_by) for row in rows] == [(50, 2), (90, 3), (None, None)]


def test_a_newer_item_about_the_same_ends_the_older_one(items):
    """The older one stays readable, with the time of its end and what took its place."""
    old, new = (Draft(text=text, about="user name", vector=VECTOR) for text in ("Ada", "Eve"))
    items.add("clerk", "semantic", [old], at=1, model="m", dims=4)
    done = items.add("clerk", "semantic", [new], at=2, model="m", dims=4)
    first, second = items.read("clerk", "semantic")

    assert texts(done.ended) == ["Ada"]
    assert (first.until, first.ended_by, first.holds, second.holds) == (2, second.number, False, True)
    assert [entry.number for entry in items.entries("clerk", "semantic")] == [second.number]


def test_a_write_made_again_under_its_key_gives_what_the_first_one_gave(items):
    """A run that repeats its write after a crash finds it done."""
    items.add("clerk", "semantic", [Draft(text="Ada", about="user name")], at=1)
    first = items.add("clerk", "semantic", [Draft(text="Eve", about="user name")], at=2, key="k")
    again = items.add("clerk", "semantic", [Draft(text="Eve", about="user name")], at=3, key="k")

    assert again == first
    assert len(items.read("clerk", "semantic")) == 2


def test_embeddings_of_two_models_are_not_mixed(items):
    """A write with another model, or of another length, is refused and keeps nothing."""
    items.add("clerk", "semantic", [Draft(text="a", vector=VECTOR)], at=1, model="m", dims=4)

    with pytest.raises(StoreError, match="of 'm' with 4 numbers, not of 'n' with 4"):
        add(items, "b", model="n", dims=4)
    with pytest.raises(StoreError):
        add(items, "b", model="m", dims=8)
    assert texts(items.read("clerk", "semantic")) == ["a"]


def test_what_is_forgotten_leaves_only_a_mark(items):
    """Text, parts and embedding are gone, the number and the times stay, and the text may be kept anew."""
    draft = Draft(text="Ada", about="user name", fields={"object": "Ada"}, vector=VECTOR, source="user")
    number = items.add("clerk", "semantic", [draft], at=1, model="m", dims=4, key="k").added[0].number
    before = items.collection("clerk", "semantic")

    assert items.forget("clerk", "semantic", [number, number, 99], at=2) == 1
    (row,) = items.read("clerk", "semantic")
    assert (row.number, row.text, row.about, row.fields, row.source, row.at, row.forgotten) == (
        number,
        "",
        "",
        {},
        "user",
        1,
        2,
    )
    assert items.entries("clerk", "semantic") == []
    after = items.collection("clerk", "semantic")
    assert (after.revision > before.revision, after.removed > before.removed) == (True, True)
    assert items.forget("clerk", "semantic", [number], at=3) == 0
    assert texts(items.add("clerk", "semantic", [draft], at=4, model="n", dims=4).added) == ["Ada"]


def test_the_revision_grows_with_each_change_and_only_then(items):
    """Who keeps a copy can see whether it is still true."""
    add(items, "a", "b")
    first = items.collection("clerk", "semantic").revision
    add(items, "a")
    assert items.collection("clerk", "semantic").revision == first
    add(items, "c")
    assert items.collection("clerk", "semantic").revision > first


def test_forgotten_bytes_are_gone_from_the_disk():
    """After forgetting no file of the journal holds the text or the embedding."""
    secret, vector = "the lighthouse keeper is called Ottokar", b"\x12\x34\x56\x78OttokarVector" * 8
    store = SqliteStore("journal.db")
    draft = Draft(
        text=secret, about=f"about {secret}", cue=f"cue {secret}", fields={"object": secret}, vector=vector
    )
    number = store.items.add("clerk", "semantic", [draft], at=1, model="m", dims=4).added[0].number
    add(store.items, "something else")
    assert b"Ottokar" in b"".join(path.read_bytes() for path in Path().glob("journal.db*"))

    store.items.forget("clerk", "semantic", [number], at=2)

    assert b"Ottokar" not in b"".join(path.read_bytes() for path in Path().glob("journal.db*"))
    store.close()


def test_what_is_forgotten_was_nowhere_else_before():
    """Also what an item left behind where its row, or its subject, was written anew, after an earlier forgetting."""
    store = SqliteStore("journal.db")
    items = store.items
    add(items, "the first one")
    items.forget("clerk", "semantic", [1], at=1)
    for number in range(120):
        word = f"secret{number:03d}"
        draft = Draft(
            text=word + " long" * (40 * (number % 5)), about=f"about {word}", fields={"object": word}
        )
        items.add("clerk", "semantic", [draft], at=2)
        items.use("clerk", "semantic", [Use(number=number // 2 + 2, seconds=1.5)], at=3, key=f"k{number}")
        items.end("clerk", "semantic", [number // 3 + 2], at=4)
    items.forget("clerk", "semantic", [row.number for row in items.read("clerk", "semantic")], at=5)
    held = b"".join(path.read_bytes() for path in Path().glob("journal.db*") if path.is_file())
    assert [n for n in range(120) if f"secret{n:03d}".encode() in held] == []
    store.close()


def test_a_reader_that_keeps_the_log_is_told():
    """While another process reads as of before, the log cannot be emptied: that is an error; once it has ended, it is."""
    store, reader = SqliteStore("journal.db"), sqlite3.connect("journal.db")
    add(store.items, "the secret word")
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM item").fetchone() == (1,)
    with pytest.raises(StoreBusy, match="forget again"):
        store.items.forget("clerk", "semantic", [1], at=2)
    assert texts(store.items.read("clerk", "semantic")) == [""]
    reader.close()
    assert store.items.forget("clerk", "semantic", [1], at=3) == 0
    held = b"".join(path.read_bytes() for path in Path().glob("journal.db*") if path.is_file())
    assert b"secret" not in held
    store.close()


def test_whoever_writes_says_how_long_to_wait_for_the_lock():
    """While another process holds it, what is added, counted or ended gives up at once if nobody is to wait."""
    store, other = SqliteStore("journal.db"), sqlite3.connect("journal.db", isolation_level=None)
    add(store.items, "tea")
    other.execute("BEGIN IMMEDIATE")
    place = "clerk", "semantic"
    for act in (
        lambda: add(store.items, "coffee", wait=0.0),
        lambda: store.items.use(*place, [Use(number=1)], at=2, wait=0.0),
        lambda: store.items.end(*place, [1], at=2, wait=0.0),
    ):
        with pytest.raises(StoreBusy, match="waited 0 s"):
            act()
    other.execute("ROLLBACK")
    other.close()
    assert store.items.end(*place, [1], at=2, wait=0.0).items == (1,)
    store.close()


def test_two_processes_write_one_memory():
    """What another process adds is seen, and numbers are never given twice."""
    store = SqliteStore("journal.db")
    add(store.items, "mine")
    code = (
        "from genxai_nb.journal.sqlite import SqliteStore; from genxai_nb.journal.items import Draft\n"
        "items = SqliteStore('journal.db').items\n"
        "for n in range(20): items.add('clerk', 'semantic', [Draft(text=f'theirs {n}')], at=1, wait=60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code])
    for number in range(20):
        add(store.items, f"ours {number}", wait=60.0)
    assert other.wait() == 0

    rows = store.items.read("clerk", "semantic")
    assert len({row.number for row in rows}) == 41
    assert store.items.collection("clerk", "semantic").revision == 41
    store.close()


SUBJECTS = st.sampled_from(["", "name", "town"])
NUMBERS = st.lists(st.integers(1, 8), max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"),
            st.lists(st.tuples(st.sampled_from("abcdef"), SUBJECTS, NUMBERS, st.booleans()), max_size=3),
        ),
        st.tuples(st.sampled_from(["forget", "end", "use"]), NUMBERS),
    ),
    max_size=12,
)


def add_to(model, text, about, replaces, again):
    """What a plain list of dicts does with a draft."""
    if not again and any(row["holds"] and row["text"] == text for row in model):
        return
    for number, row in enumerate(model, 1):
        row["holds"] = row["holds"] and not ((about and row["about"] == about) or number in replaces)
    model.append({"text": text, "about": about, "holds": True, "gone": False, "uses": 0})


def change(model, what, numbers):
    """What a plain list of dicts does with the numbers of items."""
    for number in numbers if what == "use" else dict.fromkeys(numbers):
        if number > len(model):
            continue
        row = model[number - 1]
        if what == "forget":
            row.update(text="", about="", holds=False, gone=True)
        elif what == "end":
            row["holds"] = False
        else:
            row["uses"] += 1


@given(STEPS)
def test_both_stores_do_as_a_plain_model_does(tmp_path_factory, steps):
    """Whatever is added, ended, used and forgotten, in whatever order: both stores hold what a list holds."""
    file = SqliteStore(tmp_path_factory.mktemp("items") / "journal.db")
    stores = [MemoryStore().items, file.items]
    model: list[dict] = []
    for at, (what, given_) in enumerate(steps, 1):
        for items in stores:
            if what == "add":
                drafts = [Draft(text=t, about=a, replaces=tuple(r), again=g) for t, a, r, g in given_]
                items.add("clerk", "semantic", drafts, at=at)
            elif what == "use":
                items.use("clerk", "semantic", [Use(number=number) for number in given_], at=at)
            else:
                getattr(items, what)("clerk", "semantic", given_, at=at)
        if what == "add":
            for one in given_:
                add_to(model, *one)
        else:
            change(model, what, given_)

    for items in stores:
        rows = items.read("clerk", "semantic")
        assert [
            {
                "text": r.text,
                "about": r.about,
                "holds": r.holds,
                "gone": r.forgotten is not None,
                "uses": r.uses,
            }
            for r in rows
        ] == model
        holding = [number for number, row in enumerate(model, 1) if row["holds"]]
        assert items.holding("clerk", "semantic") == holding
        assert [entry.number for entry in items.entries("clerk", "semantic")] == holding
    file.close()


def test_what_was_not_used_for_long_is_found(items):
    """An item counts from when it was written, or from its last use; what ended is not found."""
    add(items, "old", at=1)
    add(items, "ended", at=1)
    add(items, "used", at=1)
    add(items, "new", at=9)
    items.end("clerk", "semantic", [2], at=2)
    items.use("clerk", "semantic", [Use(number=3)], at=9)

    assert items.unused("clerk", "semantic", 5) == [1]
    assert items.unused("clerk", "semantic", 1) == []
    assert items.unused("guard", "semantic", 5) == []


def test_embeddings_of_another_model_go_with_the_first_of_a_new_one(items):
    """Items that hold get theirs, others none, and the collection is of the new model from then on."""
    drafts = [Draft(text=text, vector=VECTOR) for text in "abc"]
    items.add("clerk", "semantic", drafts, at=1, model="m", dims=4)
    items.end("clerk", "semantic", [3], at=2)
    before = items.collection("clerk", "semantic")

    assert items.embed("clerk", "semantic", "n", 8, {1: VECTOR * 2, 3: VECTOR * 2, 99: VECTOR * 2}) == 1
    assert [entry.vector for entry in items.entries("clerk", "semantic")] == [VECTOR * 2, b""]
    after = items.collection("clerk", "semantic")
    assert (after.model, after.dims, after.revision > before.revision, after.removed > before.removed) == (
        "n",
        8,
        True,
        True,
    )
    assert items.embed("clerk", "semantic", "n", 8, {2: VECTOR * 2}) == 1
    assert [entry.vector for entry in items.entries("clerk", "semantic")] == [VECTOR * 2] * 2


def test_a_use_counts_once_under_its_key(items):
    """A run that counts again after a crash counts nothing twice; wins and seconds add up."""
    number = add(items, "tea").added[0].number
    uses = [Use(number=number, seconds=2.0), Use(number=99)]

    assert [items.use("clerk", "semantic", uses, at=at, key="k") for at in (2, 3)] == [1, 0]
    items.use("clerk", "semantic", [Use(number=number, won=False, seconds=1.0)], at=4, key="other")
    (row,) = items.read("clerk", "semantic")
    assert (row.uses, row.wins, row.seconds, row.used) == (2, 1, 3.0, 4)
