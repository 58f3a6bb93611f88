"""Embeddings by the vendors and by servers of one's own: ``openai:text-embedding-3-small``, ``local:URL#MODEL``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from genxai_nb.errors import BadResponse, UnknownName
from genxai_nb.loop import run_sync

from .registry import find_provider
from .vendors import extras_of

if TYPE_CHECKING:
    import numpy as np

_DIMS = {
    "openai:text-embedding-3-small": 1536,
    "openai:text-embedding-3-large": 3072,
    "google:gemini-embedding-001": 3072,
    "google:gemini-embedding-2": 3072,
    "cohere:embed-v4.0": 1536,
}
_MOST = 96  # texts of one request; the least that a vendor takes
_LONGEST = 5000  # characters of a text that are looked at; the vendors' models take 8000 tokens or fewer
_NOTHING = "(empty)"  # a text has to say something


def embedding_models(provider: str) -> list[str]:
    """The embedding models of a provider that are known by name, the smallest first.

    Example:
        >>> embedding_models("cohere")
        ['cohere:embed-v4.0']
    """
    return [model for model in _DIMS if model.startswith(f"{provider}:")]


class Embeds(Protocol):
    """A provider whose model makes embeddings."""

    async def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """The embeddings of texts, in their order.

        Raises:
            ProviderError: The request failed.
        """


class Embeddings:
    """An embedding model of a vendor, or of a server of one's own.

    It is as ``genxai_nb.memory.embed.Embedder`` wants it. What it needs is looked for when it embeds.

    Args:
        model: ``openai:MODEL``, ``google:MODEL``, ``cohere:MODEL`` or ``local:URL#MODEL``.

    Attributes:
        model: Its name; vectors of two models cannot be compared.
        extra: The extra of this package that it needs.

    Example:
        >>> Embeddings("cohere:embed-v4.0").dims
        1536
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self.extra = next(iter(extras_of(model)), "")
        self._dims = _DIMS.get(model, 0)

    def __repr__(self) -> str:
        return f"Embeddings({self.model!r})"

    @property
    def dims(self) -> int:
        """How many numbers a vector has; a model that is not known is asked once."""
        if not self._dims:
            self._dims = self.embed([_NOTHING]).shape[1]
        return self._dims

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of texts, as rows of unit length.

        Raises:
            UnknownName: The provider has no embeddings.
            MissingPackage: The vendor's package is not installed.
            Authentication: The vendor's key is not set, or is refused.
            ProviderError: The request failed.
        """
        import numpy as np

        came = run_sync(self._rows(texts))
        if len(came) != len(texts) or len({len(row) for row in came}) != 1 or not came[0]:
            raise BadResponse(f"Model {self.model!r} gave no embedding of each text.")
        rows = np.array(came, dtype=np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: np.ndarray = rows / np.where(lengths == 0, 1, lengths)
        return unit

    async def _rows(self, texts: Sequence[str]) -> list[Sequence[float]]:
        provider = find_provider(self.model)
        if not hasattr(provider, "embed"):
            raise UnknownName("embedding model", self.model, _DIMS)
        embeds = cast("Embeds", provider)
        said = [text[:_LONGEST] if text.strip() else _NOTHING for text in texts]
        return [
            row
            for start in range(0, len(said), _MOST)
            for row in await embeds.embed(said[start : start + _MOST])
        ]
