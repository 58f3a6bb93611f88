"""One budget for what is recalled of all kinds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.memory.base import Item, Recalled
from genxai_nb.memory.budget import cost_of, shared_out


def recalled(kind, words):
    item = Item(kind=kind, id=f"{kind}{words}", text=f"{kind} " + "word " * words)
    return Recalled(item=item, score=1.0, why="")


KINDS = st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(1, 30), unique=True, max_size=6))


@given(KINDS, st.integers(0, 200))
def test_the_budget_is_kept_and_used(lengths, tokens):
    """What is taken fits, keeps its order, and no kind lacks room that an equal part would give it."""
    found = {kind: [recalled(kind, words) for words in sizes] for kind, sizes in lengths.items()}
    taken = shared_out(found, tokens)

    assert sum(map(cost_of, taken)) <= tokens
    for kind, sizes in found.items():
        own = [one for one in taken if one.item.kind == kind]
        assert own == [one for one in sizes if one in own]
        if sum(map(cost_of, sizes)) <= tokens // len(found):
            assert own == sizes


def test_what_a_kind_leaves_goes_to_the_next():
    """A kind with nothing to say leaves its part."""
    long = recalled("b", 60)

    assert shared_out({"b": [long]}, cost_of(long)) == [long]
    assert shared_out({"a": [], "b": [long]}, cost_of(long)) == [long]
    assert shared_out({"b": [long], "a": []}, cost_of(long)) == []


def test_what_two_kinds_say_in_the_same_words_is_said_once():
    """The first kind's item is taken; the other one's room goes to what else it has."""
    first, same = (
        Recalled(item=Item(kind=kind, id="m1", text="It rains."), score=1.0, why="") for kind in "ab"
    )

    assert shared_out({"a": [first], "b": [same, recalled("b", 3)]}, 100) == [first, recalled("b", 3)]
