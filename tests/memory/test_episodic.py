"""Episodes against a plain model of them, what variants have in common, and the bound of a rate."""

from __future__ import annotations

import re
import sys
from difflib import SequenceMatcher
from math import comb

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.memory.base import Query, Step, Turn, Visit
from genxai_nb.memory.episodic import LONGEST, MOST_STEPS, Episodic, steps_in
from genxai_nb.memory.frames import rate_table
from genxai_nb.memory.patterns import GAP, grouped, pattern_of
from genxai_nb.memory.rates import wilson
from genxai_nb.memory.shelves import ListShelf, StoreShelf

TASKS = st.sampled_from(["Weigh the box", "Weigh the cat", "Sing a song"])
STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=4)
EPISODES = st.lists(st.tuples(TASKS, st.booleans(), STEPS, st.integers(0, 9)), max_size=8)


def written(memory, task, failed, steps, seconds):
    turn = Turn(agent="clerk", asked=task, **({"error": "no"} if failed else {"answer": "yes"}))
    visit = Visit(
        steps=tuple(Step(tool, f"{tool}(x=1)", failing) for tool, failing in steps), seconds=float(seconds)
    )
    memory.shelf.add([memory.complete(draft, visit) for draft in memory.notice(turn)])


@given(EPISODES)
def test_each_visit_is_an_episode_and_rates_are_what_counting_gives(visits):
    """Whatever is tried, in whatever order: outcome, steps and rates are those of a plain list."""
    memory = Episodic(StoreShelf(MemoryItems(), "clerk", "episodic"))
    for visit in visits:
        written(memory, *visit)
    items = memory.shelf.items()

    assert [(i.fields["task"], i.fields["outcome"] == "failed") for i in items] == [v[:2] for v in visits]
    assert [steps_in(item.fields) for item in items] == [
        [f"{tool}(x=1)" for tool, failing in steps if not failing] for _, _, steps, _ in visits
    ]
    frame = rate_table(items, "tool").set_index("tool")
    for tool in {tool for _, _, steps, _ in visits for tool, _ in steps}:
        using = [visit for visit in visits if tool in {name for name, _ in visit[2]}]
        assert frame.loc[tool, "episodes"] == len(using)
        assert frame.loc[tool, "done"] == sum(not failed for _, failed, _, _ in using)
        assert frame.loc[tool, "seconds"] == pytest.approx(sum(v[3] for v in using) / len(using))
    assert rate_table(items)["episodes"].sum() == len(visits)
    found = [one.item.fields["task"] for one in memory.recall(Query(text="Weigh the box"), 99)]
    telling = [task for task, failed, steps, _ in visits if failed or steps]
    assert found.count("Weigh the box") == telling.count("Weigh the box")
    assert "Sing a song" not in found


def test_an_episode_is_bounded():
    """Long tasks, answers and calls are shortened, and only so many steps are kept."""
    memory = Episodic(ListShelf("episodic"))
    (draft,) = memory.notice(Turn(agent="clerk", asked="x" * 999, answer="y" * 999))
    steps = tuple(Step("t", f"t({n}, {'z' * 999})") for n in range(99))
    fields = memory.complete(draft, Visit(steps=steps)).fields

    assert len(fields["task"]) == len(fields["answer"]) == LONGEST
    assert [len(step) for step in fields["steps"].split("\n")] == [LONGEST] * MOST_STEPS


def test_the_values_that_a_prompt_shows_are_not_the_task():
    """Blocks between tags are left out, unless there is nothing else."""
    memory = Episodic(ListShelf("episodic"))
    task = [
        memory.notice(Turn(agent="clerk", asked=asked, answer="y"))[0].fields["task"]
        for asked in ("Weigh it.\n\n<box>\nred\n</box>", "<box>\nred\n</box>")
    ]
    assert task == ["Weigh it.", "<box> red </box>"]


def test_variants_of_a_text_are_one_group_with_what_they_share():
    """What differs is a gap; what shares less than half, or no word that says something, is another group."""
    groups = grouped(["Weigh the red box", "Sing!", "Weigh the big blue box", "Weigh the red box", "Sing."])

    assert [(group.pattern, group.members) for group in groups] == [
        ("Weigh the … box", [0, 2, 3]),
        ("Sing …", [1, 4]),
    ]
    assert pattern_of(["add(a=1, b=2)", "add(a=7, b=2)"]) == "add(a=…, b=2)"


def test_texts_with_few_words_in_common_are_not_compared_in_order():
    """That is what takes long where there are many tasks."""
    compared = []

    def note(frame, event, _):
        if event == "call" and frame.f_code is SequenceMatcher.get_matching_blocks.__code__:
            compared.append(frame)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        apart = grouped(
            ["Weigh the box for Ada now", "Sing of the sea at dusk", "Feed all cats but the grey one"]
        )
        told_apart = len(compared)
        alike = grouped(["Weigh the red box", "Weigh the blue box"])
    finally:
        sys.setprofile(before)

    assert (len(apart), told_apart) == (3, 0)
    assert (len(alike), len(compared)) == (1, 1)


@given(
    st.lists(
        st.lists(st.sampled_from(["weigh", "box", "red", "cat", "a"]), min_size=1, max_size=5), max_size=8
    )
)
def test_every_text_is_in_one_group_and_fits_its_pattern(rows):
    """Whatever the texts, each is a member once, and the words of its pattern stand in it in order."""
    texts = [" ".join(row) for row in rows]
    groups = grouped(texts)

    assert sorted(place for group in groups for place in group.members) == list(range(len(texts)))
    for group in groups:
        for place in group.members:
            words = iter(re.findall(r"\w+|\s+", texts[place]))
            assert all(token in words for token in group.tokens if token != GAP)


@example(0, 10)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_bound_is_below_the_rate_and_grows_with_what_was_seen(wins, losses):
    """It is never above the rate, one more win raises it and one more loss lowers it."""
    count = wins + losses
    bound = wilson(wins, count)

    assert 0 <= bound <= (wins / count if count else 0) + 1e-12
    assert wilson(wins + 1, count + 1) > bound
    assert wilson(wins, count + 1) <= bound


def test_the_bound_holds_as_often_as_it_says():
    """Of all that may be seen in 40 trials, a rate of 0.8 lies above its bound in 97.5 % of the cases, nearly."""
    rate, count = 0.8, 40
    held = sum(
        comb(count, wins) * rate**wins * (1 - rate) ** (count - wins)
        for wins in range(count + 1)
        if wilson(wins, count) <= rate
    )
    assert held == pytest.approx(0.975, abs=0.015)
