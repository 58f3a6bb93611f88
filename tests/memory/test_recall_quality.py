"""What 100 questions that were held back find among 500 items, each with more than ten near distractors."""

from __future__ import annotations

import pytest
from recall_data import FACTS, TASKS, facts, questions, tasks
from recall_measure import LASTING, measured

from genxai_nb.memory.embed import find_embedder
from genxai_nb.memory.words import words_of


def test_questions_are_paraphrases_among_near_distractors():
    """500 items, 200 questions that share no more with their item than others do, ten and more items near each."""
    for items, table in ((facts(), FACTS), (tasks(), TASKS)):
        asked = [one for held_back in (False, True) for one in questions(table, held_back=held_back)]
        near = [
            {place, *range(place % 25, 500, 25), *range(place - place % 25, place - place % 25 + 25)}
            for place in range(500)
        ]

        assert (len(set(items)), len(asked)) == (500, 200)
        assert all(len(others) > 40 for others in near)
        shared = [len({*words_of(one.question)} & {*words_of(items[one.place])}) for one in asked]
        assert sum(shared) / len(shared) < 1.6  # the name, and seldom anything else


@pytest.mark.slow
@pytest.mark.parametrize("kind", LASTING)
def test_a_paraphrase_finds_its_item_among_the_first_five(kind):
    """With the offline embedding nine of ten do; by words alone, which say so, only what asks in its words."""
    found = measured(kind, find_embedder().model, held_back=True)
    by_words = measured(kind, "", held_back=True)

    assert found.five >= 0.9
    assert found.first > by_words.first
    assert measured(kind, "", held_back=True, in_words=True).first == 1.0
