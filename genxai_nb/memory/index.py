"""Which items fit a question: meaning and words, fused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from .vectors import Matrix, best
from .words import Words, words_of

if TYPE_CHECKING:
    import numpy as np

    from genxai_nb.journal.items import Entry

    from .spaces import Vectors

MEANING = 0.7  # the weight of meaning against words; see `Index`
LEAST_MEANING = 0.2  # unrelated questions and facts lie below it mostly, paraphrases above
LEAST_WORDS = 0.1


class Match(NamedTuple):
    """How an item fits a question.

    Attributes:
        number: The item's number.
        relevance: How well, from 0 to 1.
        meaning: The cosine similarity of the embeddings; None where one of them is missing, or it was not looked at.
        words: How much of the question's words it has, from 0 to 1.
        shared: The words that they share.
    """

    number: int
    relevance: float
    meaning: float | None
    words: float
    shared: tuple[str, ...]

    @property
    def why(self) -> str:
        """The reason in words."""
        parts = [] if self.meaning is None else [f"meaning {self.meaning:.2f}"]
        if self.shared:
            parts.append(f"shares {', '.join(self.shared[:4])}")
        return "; ".join(parts)


class Index:
    """What the items of a collection are found by, in memory.

    Meaning and words are fused by a convex combination (Bruch, Gai and Ingber, "An Analysis of Fusion
    Functions for Hybrid Retrieval", ACM TOIS 2023)::

        relevance = 0.7 meaning + 0.3 words

    with the cosine similarity of the embeddings, not below 0, and the words' BM25 as a share; see `Words`.
    Where there is no embedding, relevance is the words alone. An item whose meaning is below 0.2, and that has
    less than a tenth of the words, has nothing in common with the question.

    An index of embeddings that does not know all of them, such as Chroma's, tells the meaning of those that it finds
    nearest and of those that have most of the words; the rest counts by its words.

    Args:
        vectors: What the embeddings are compared by; None for a collection without any.

    Attributes:
        last: The largest number that was put in.
        vectors: What the embeddings are compared by.

    Example:
        >>> from genxai_nb.journal.items import Entry
        >>> index = Index()
        >>> index.extend([Entry(3, "The green tea"), Entry(4, "The red car")])
        >>> [(match.number, match.why) for match in index.search("Which tea?", b"", 5)]
        [(3, 'shares tea')]
    """

    def __init__(self, vectors: Vectors | None = None) -> None:
        self.vectors: Vectors = Matrix(0) if vectors is None else vectors
        self._words = Words()
        self._numbers: list[int] = []
        self._slots: dict[int, int] = {}
        self._bare: set[int] = set()  # slots without an embedding
        self._bounds: dict[int, tuple[float, float]] = {}  # of slots whose items hold for a time only
        self.last = 0

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def is_bare(self) -> bool:
        """Whether an item has no embedding, which it may get."""
        return bool(self._bare)

    @property
    def wasted(self) -> bool:
        """Whether more room is held by items that are gone than by those that are there."""
        return len(self._numbers) > 2 * len(self._slots) + 8

    def extend(self, entries: Sequence[Entry]) -> None:
        """Add items in the order of their numbers."""
        self.vectors.extend([entry.number for entry in entries], [entry.vector for entry in entries])
        for slot, entry in enumerate(entries, len(self._numbers)):
            self._numbers.append(entry.number)
            self._slots[entry.number] = slot
            self._words.add(slot, entry.cue)
            if not entry.vector:
                self._bare.add(slot)
            if entry.since is not None or entry.expires is not None:
                self._bounds[slot] = entry.since or -inf, inf if entry.expires is None else entry.expires
            self.last = entry.number

    def keep(self, numbers: Iterable[int]) -> bool:
        """Take out all items but these; tell whether these are all there."""
        wanted = set(numbers)
        gone = [self._slots.pop(number) for number in self._slots.keys() - wanted]
        for slot in gone:
            self._words.remove(slot)
            self._bounds.pop(slot, None)
        if gone:
            self.vectors.empty(gone)
        return wanted == self._slots.keys()

    def search(self, text: str, vector: bytes, k: int, at: float = 0.0) -> list[Match]:
        """The items that fit a question best, the best first, at most ``k``.

        Args:
            text: The words of the question.
            vector: Their embedding; empty for none.
            k: How many items at most.
            at: The time for which they have to hold, in Unix seconds.
        """
        import numpy as np

        words = self._words.scores(text, len(self._numbers))
        outside = [slot for slot, (since, expires) in self._bounds.items() if not since <= at < expires]
        if vector:
            meaning = self.vectors.scores(vector, k + len(outside), words)
            relevance = MEANING * np.maximum(meaning, 0) + (1 - MEANING) * words
            bare = list(self._bare)
            relevance[bare] = words[bare]
            relevance[(meaning < LEAST_MEANING) & (words < LEAST_WORDS)] = -inf
        else:
            meaning = None
            relevance = np.where(words < LEAST_WORDS, -inf, words)
        relevance[outside] = -inf
        asked = words_of(text)
        return [
            self._match(slot, relevance, None if slot in self._bare else meaning, words, asked)
            for slot in best(relevance, k)
        ]

    def _match(
        self,
        slot: int,
        relevance: np.ndarray,
        meaning: np.ndarray | None,
        words: np.ndarray,
        asked: Iterable[str],
    ) -> Match:
        return Match(
            self._numbers[slot],
            min(float(relevance[slot]), 1.0),
            None if meaning is None or meaning[slot] == -inf else float(meaning[slot]),
            float(words[slot]),
            tuple(self._words.shared(slot, asked)),
        )
