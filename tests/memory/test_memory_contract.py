"""What every kind of memory has to do. A new kind is tested by being registered."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from genxai_nb.errors import UnknownName
from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.journal.items import Draft
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.memory import registry
from genxai_nb.memory.base import Query, Turn
from genxai_nb.memory.embed import find_embedder, vectors_of
from genxai_nb.memory.frames import item_table, recalled_table
from genxai_nb.memory.shelves import ListShelf, StoreShelf

TEXTS = ("My name is Ada.", "I live in Paris.", "I like green tea.")
TURN = Turn(
    agent="clerk",
    asked="Hi, my name is Ada. Who are you? I live in Paris and I like green tea.",
    answer="Hello Ada.\nFact: The office is closed on Monday.",
    results={"add(a=1, b=2)": "3", "look_up(name='tea')": "a drink"},
    wrote={"draft": "Hello Ada."},
)
SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"


def shelf_for(kind, name):
    if kind.place != "store":
        return ListShelf(name)
    return StoreShelf(MemoryItems(), "clerk", name)


@pytest.fixture(params=registry.names())
def memory(request):
    """Each registered kind, empty."""
    kind = registry.find(request.param)
    return registry.open_kind(request.param, shelf_for(kind, request.param))


def embedded(memory, drafts):
    """Drafts with their embeddings, and what the shelf is told of them."""
    if not memory.embeds:
        return drafts, {}
    embedder = find_embedder()
    vectors = vectors_of("", [draft.cue or draft.text for draft in drafts])
    named = [replace(draft, vector=vector) for draft, vector in zip(drafts, vectors, strict=True)]
    return named, {"model": embedder.model, "dims": embedder.dims}


def remember(memory, *texts):
    drafts, model = embedded(memory, [Draft(text=text) for text in texts])
    return memory.shelf.add(drafts, **model).added


def query(memory, text):
    return Query(text=text, vector=vectors_of("", [text])[0] if memory.embeds else b"")


def test_it_says_what_it_is(memory):
    """A kind has a name, a place, columns, and at least one rule in words for writing and one for recall."""
    assert memory.name in registry.names()
    assert memory.place in {"store", "run", "conversation"}
    assert "recalled" in memory.rules
    assert len(memory.rules) > 1
    assert all(text.endswith(".") for text in memory.rules.values())


def test_an_empty_one_recalls_nothing(memory):
    """Before anything was remembered nothing is recalled, and the table is empty with its columns."""
    assert memory.recall(query(memory, "What is my name?")) == []
    assert len(item_table(memory.shelf.items(), memory.columns)) == 0


def test_what_is_remembered_is_recalled_with_score_and_reason(memory):
    """A question that shares words and meaning with an item finds it; score and reason are given."""
    remember(memory, *TEXTS)
    found = memory.recall(query(memory, "What is my name? Is it Ada?"))

    assert "My name is Ada." in [one.item.text for one in found]
    assert all(0 <= one.score <= 1 and one.why for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_at_most_so_many_are_recalled(memory):
    """No more than ``k`` items come, and no item twice."""
    remember(memory, *(f"My tea number {number} is green." for number in range(12)))
    found = memory.recall(query(memory, "Which tea is green?"), 4)

    assert len(found) == 4
    assert len({one.item.id for one in found}) == 4


def test_what_is_forgotten_is_not_recalled(memory):
    """After forgetting only a mark without text is left, and it is not recalled."""
    first, *_ = remember(memory, *TEXTS)

    assert memory.shelf.forget([first.id]) == 1
    assert memory.shelf.forget([first.id, "nothing"]) == 0
    assert "My name is Ada." not in [
        one.item.text for one in memory.recall(query(memory, "What is my name?"))
    ]
    marks = [item for item in memory.shelf.items() if item.id == first.id]
    assert [(mark.text, mark.status) for mark in marks] == [("", "forgotten")]


def test_its_rules_are_the_same_each_time(memory):
    """A turn gives the same drafts again, each with its source and a rule that is described."""
    drafts = memory.notice(TURN)

    assert memory.notice(TURN) == drafts
    assert all(draft.text and draft.source and draft.rule in memory.rules for draft in drafts)
    assert all(set(draft.fields) <= set(memory.columns) for draft in drafts)
    assert memory.notice(Turn(agent="clerk")) == []


def test_what_a_person_tells_is_kept_word_for_word(memory):
    """A draft made by hand says so, and its rule is described."""
    draft = memory.draft("My name is Ada.")

    assert (draft.text, draft.source, draft.rule) == ("My name is Ada.", "by hand", "by hand")
    assert draft.rule in memory.rules


def test_no_key_is_ever_written(memory):
    """Whatever looks like a key or a password is not remembered, wherever it stands."""
    texts = (f"My token is {SECRET}.", "My password is swordfish.", f"Remember that {SECRET} opens it.")
    for text in texts:
        turn = Turn(
            agent="clerk", asked=text, answer=f"Fact: {text}", results={"t()": text}, wrote={"x": text}
        )
        assert memory.notice(turn) == []


def test_its_tables_have_the_documented_columns(memory):
    """The columns of a table do not depend on what is in it."""
    common = ["kind", "id", "text", "status", "source", "rule", "run_id", "written", "until"]
    empty = item_table(memory.shelf.items(), memory.columns)
    remember(memory, *TEXTS)
    full = item_table(memory.shelf.items(), memory.columns)

    assert list(empty.columns) == list(full.columns) == [*common, *memory.columns]
    assert list(empty.dtypes) == list(full.dtypes)
    assert list(full["text"]) == list(TEXTS)
    found = recalled_table(memory.recall(query(memory, "tea")))
    assert list(found.columns) == ["kind", "id", "score", "why", "text"]


def test_a_kind_of_the_store_is_there_for_the_next_process(memory):
    """What a kind of the store remembers is read by another store of the same file."""
    if memory.place != "store":
        assert not isinstance(memory.shelf, StoreShelf)
        return
    for texts in (TEXTS, ()):
        store = SqliteStore("journal.db")
        kept = registry.open_kind(memory.name, StoreShelf(store.items, "clerk", memory.name))
        remember(kept, *texts)
        assert [item.text for item in kept.shelf.items()] == list(TEXTS)
        assert "My name is Ada." in [one.item.text for one in kept.recall(query(kept, "What is my name?"))]
        store.close()


def test_what_is_forgotten_is_on_the_disk_no_more(memory):
    """Neither file of the store holds a word of it, nor does what the process keeps to search in."""
    if memory.place != "store":
        assert not isinstance(memory.shelf, StoreShelf)
        return
    store = SqliteStore("journal.db")
    kept = registry.open_kind(memory.name, StoreShelf(store.items, "clerk", memory.name))
    told = "Ottokar's lamp: climb(Ottokar), then light(Ottokar)"
    turn = Turn(
        agent="clerk", asked="Remember Ottokar's tower is white.", answer="Fact: Ottokar sleeps at noon."
    )
    drafts, model = embedded(kept, [kept.draft(told), *kept.notice(turn)])
    ids = [item.id for item in kept.shelf.add(drafts, **model).added]
    assert kept.recall(query(kept, "Ottokar's lamp"))
    assert b"Ottokar" in _bytes()

    assert kept.shelf.forget(ids) == len(ids)
    assert kept.recall(query(kept, "Ottokar's lamp")) == []
    assert b"Ottokar" not in _bytes()
    assert all(vector.vector not in _bytes() for vector in drafts if vector.vector)
    store.close()


def _bytes() -> bytes:
    return b"".join(path.read_bytes() for path in Path().glob("journal.db*"))


def test_an_unknown_kind_is_refused_with_the_nearest_name():
    """A misspelt kind names the one that was meant."""
    with pytest.raises(UnknownName, match="semantic"):
        registry.find("semantics")
