"""Working and semantic memory against plain models of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.errors import StoreError
from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.journal.items import Draft
from genxai_nb.memory.base import Query, Turn
from genxai_nb.memory.semantic import Semantic
from genxai_nb.memory.shelves import ListShelf, StoreShelf
from genxai_nb.memory.working import LONGEST, MOST, PER_VISIT, Working

NAMES = st.sampled_from(["a", "b", "c"])


def semantic(items=None):
    return Semantic(StoreShelf(items or MemoryItems(), "clerk", "semantic"))


def told(memory, text):
    """What a turn makes semantic memory remember, found by its words."""
    return memory.shelf.add(memory.notice(Turn(agent="clerk", asked=text)))


def asked(memory, text, k=5):
    return [one.item.text for one in memory.recall(Query(text=text), k)]


def test_a_newer_fact_takes_the_place_of_the_older_one():
    """Only the newer value is recalled; the older one stays in the table with its end."""
    memory = semantic()
    told(memory, "My name is Ada.")
    done = told(memory, "My name is Eve.")

    assert [(old.text, new.text) for old, new in done.replaced] == [("My name is Ada.", "My name is Eve.")]
    assert asked(memory, "What is my name?") == ["My name is Eve."]
    assert [item.status for item in memory.shelf.items()] == ["replaced", "current"]


def test_what_has_nothing_in_common_is_not_recalled():
    """A question about something else recalls nothing, and the reason names what is compared."""
    memory = semantic()
    told(memory, "My name is Ada.")

    assert asked(memory, "Write about batteries") == []
    (found,) = memory.recall(Query(text="My name?"))
    assert (found.why, found.score) == ("shares name", pytest.approx(0.95))


def test_a_question_embedded_by_another_model_is_refused():
    """An embedding of another length cannot be compared; the error names the model to ask with."""
    memory = semantic()
    memory.shelf.add([Draft(text="My name is Ada.", vector=b"\0" * 4 * 4)], model="four", dims=4)

    with pytest.raises(StoreError, match="four"):
        memory.recall(Query(text="name", vector=b"\0" * 4 * 8))


def test_what_another_holder_of_the_store_wrote_is_found():
    """Two shelves of one collection see each other's items, replacements and forgetting at once."""
    items = MemoryItems()
    first, second = semantic(items), semantic(items)
    told(first, "My name is Ada. I like green tea.")
    assert asked(second, "What is my name?") == ["My name is Ada."]
    told(first, "My name is Eve.")
    assert asked(second, "What is my name?") == ["My name is Eve."]
    second.shelf.forget([item.id for item in second.shelf.items() if "tea" in item.text])
    assert asked(first, "Which tea?") == []


@given(
    st.lists(
        st.tuples(st.sampled_from(["name", "cat", "town"]), st.sampled_from(["Ada", "Tom", "Ulm"])),
        max_size=9,
    )
)
def test_semantic_memory_holds_what_a_dict_holds(statements):
    """Whatever is stated in whatever order, the latest value of each property is what holds."""
    memory, model = semantic(), {}
    for name, value in statements:
        told(memory, f"My {name} is {value}.")
        model[name] = value

    current = [item.text for item in memory.shelf.items() if item.status == "current"]
    assert sorted(current) == sorted(f"My {name} is {value}." for name, value in model.items())
    for name, value in model.items():
        assert asked(memory, f"What is my {name}?", 1) == [f"My {name} is {value}."]


@given(st.lists(st.dictionaries(NAMES, st.sampled_from(["1", "2", "3"]), max_size=3), max_size=6))
def test_working_memory_holds_what_a_dict_holds(visits):
    """Whatever visits find out, the newest value of each name holds, also when it is read back from a state."""
    entries, model = [], {}
    for results in visits:
        memory = Working(ListShelf("working", entries))
        entries = entries + msgspec.to_builtins(memory.notice(Turn(agent="clerk", results=results)))
        model = {**{name: model[name] for name in model if name not in results}, **results}

    memory = Working(ListShelf("working", entries))
    current = [item.text for item in memory.shelf.items() if item.status == "current"]
    assert sorted(current) == sorted(f"{name} = {value}" for name, value in model.items())


def test_working_memory_ranks_by_shared_words_and_newness():
    """The value that shares words comes before newer ones that do not, and the newest before older ones."""
    memory = Working(ListShelf("working"))
    results = {"weather(town='Ulm')": "rain", "add(a=1)": "2", "add(a=2)": "3", "add(a=3)": "4"}
    memory.shelf.add(memory.notice(Turn(agent="clerk", results=results)))
    found = memory.recall(Query(text="Does it rain in Ulm?"))

    assert [one.item.fields["name"] for one in found] == [
        "weather(town='Ulm')",
        "add(a=3)",
        "add(a=2)",
        "add(a=1)",
    ]
    assert found[0].why == "shares rain, ulm; 3 newer"
    assert found[0].score == (1 + 1 / 4) / 2


def test_working_memory_is_bounded():
    """A visit gives only so many values, each of a bounded length."""
    memory = Working(ListShelf("working"))
    drafts = memory.notice(Turn(agent="clerk", results={f"t({n})": "x" * 9999 for n in range(99)}))

    assert len(drafts) == PER_VISIT
    assert all(len(draft.fields["value"]) == LONGEST for draft in drafts)
    assert drafts[-1].fields["name"] == "t(98)"


def test_only_the_newest_values_of_a_long_run_are_recalled():
    """Values that many newer ones follow are not recalled any more; the table has them still."""
    memory = Working(ListShelf("working"))
    for number in range(MOST + 50):
        memory.shelf.add(memory.notice(Turn(agent="clerk", results={f"t({number})": "x"})))
    found = memory.recall(Query(text="What is x?"), 1000)

    assert [one.item.fields["name"] for one in found] == [f"t({n})" for n in reversed(range(50, MOST + 50))]
    assert len(memory.shelf.items()) == MOST + 50


def test_a_list_refuses_embeddings_of_another_model():
    """Embeddings of two models are not mixed in a list either."""
    shelf = ListShelf("semantic")
    shelf.add([Draft(text="a", vector=b"\0" * 8)], model="m", dims=2)

    with pytest.raises(StoreError, match="'m'"):
        shelf.add([Draft(text="b", vector=b"\0" * 8)], model="n", dims=2)
