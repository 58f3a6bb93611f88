"""Embeddings without a network."""

from __future__ import annotations

import numpy as np
import pytest

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
