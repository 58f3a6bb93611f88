"""Sentences, terms, numbers and token estimates: the ground of the offline model."""

from __future__ import annotations

import pytest

from genxai_nb.providers.offline.text import Weights, list_items, numbers, sentences, stem, terms


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three? Four", 4),
        ("Dr. Weber lives at St. John's Rd. in May, e.g. near Mt. Cook.", 1),
        ("It costs 3.50 a piece. That is much.", 2),
        ('She said "Go." He went.', 2),
        ("A line\nthat goes on\nto its end.", 1),
        ("- first item\n- second item", 2),
        ("# Title\nThe text. More text.", 3),
        ("Para one\n\nPara two", 2),
        ("J. S. Bach wrote it.", 1),
        ("", 0),
    ],
)
def test_sentences_are_split_where_they_end(text: str, count: int):
    """Abbreviations, decimals and wrapped lines do not end a sentence; items and headings are their own."""
    assert len(sentences(text)) == count, sentences(text)


def test_closing_marks_stay_with_their_sentence():
    """A quotation mark or bracket after a full stop belongs to the sentence that it closes."""
    text = "He said “stay.” (Nobody did.) All left."

    assert sentences(text) == ["He said “stay.”", "(Nobody did.)", "All left."]


@pytest.mark.parametrize(
    "forms",
    [
        ("bake", "bakes", "baked", "baking", "baker"),
        ("battery", "batteries"),
        ("calculate", "calculator", "calculation"),
        ("stop", "stopped", "stopping"),
        ("dish", "dishes"),
        ("quick", "quickly"),
        ("carry", "carried", "carries"),
    ],
)
def test_forms_of_a_word_have_one_stem(forms: tuple[str, ...]):
    """Plural, tense and the commonest derivations are stripped."""
    assert len({stem(form) for form in forms}) == 1, [stem(form) for form in forms]


def test_different_words_keep_different_stems():
    """Short words, and words that merely look alike, are left apart."""
    assert len({stem(word) for word in ("bus", "this", "ring", "red", "sing", "glass")}) == 6


def test_terms_leave_out_function_words():
    """Only words with meaning are terms, in order."""
    assert terms("What is the weight of it, and how many 3 kg bags?") == ["weight", "3", "kg", "bag"]


def test_numbers_are_read_as_figures_and_words():
    """Figures with thousands and decimals and small number words are numbers; parts of names are not."""
    assert numbers("Two of 1,250 at 3.5, -4 and B2B or v1.2.3") == [2, 1250, 3.5, -4]


def test_list_items_are_only_those_of_a_list():
    """A text is a list when each of its lines is an item."""
    assert list_items("- flour\n- salt") == ["flour", "salt"]
    assert list_items("1. mix\n2) bake") == ["mix", "bake"]
    assert list_items("Take:\n- flour") == []


def test_rare_terms_weigh_more():
    """A term of one sentence weighs more than one of all, and an unknown one nothing."""
    weights = Weights(["dough rises", "dough rests", "dough bakes in steam"])
    assert weights.of("steam") > weights.of("dough") > weights.of("sugar") == 0
    assert weights.frequent() == ["dough"]
