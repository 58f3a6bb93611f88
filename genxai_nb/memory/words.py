"""Search by words: BM25 over what items are found by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from math import log
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    import numpy as np

K1 = 1.2  # the usual value; see `Words`

_WORD = re.compile(r"\w+")
_COMMON = frozenset(
    _WORD.findall(
        "a about am an and are as at be but by can did do does dr for from go had has have he her hi him his how i if in "
        "is it its me mr ms my no not of oh ok on or our out say she so tell that the their them they this to up us was "
        "we were what when where which who whom why will with you your"
    )
)
_LONGEST = 2000  # characters of a text that are looked at


def in_one_form(text: str) -> str:
    """A text with each accent in its letter, whichever of the two ways it was written in.

    Example:
        >>> len("Cafe\u0301"), len(in_one_form("Cafe\u0301"))
        (5, 4)
    """
    return text if text.isascii() else normalize("NFC", text)


def words_of(text: str) -> list[str]:
    """The words of a text that say something, in lower case: no common ones, no plural ``s``.

    Words of one or two letters count if they begin with a capital, as names do, or are numbers.

    Example:
        >>> words_of("What are the Cats' names in room 7, and is Bo 't there?")
        ['cat', 'name', 'room', '7', 'bo', 'there']
    """
    return [
        word.lower().removesuffix("s") if len(word) > 3 else word.lower()
        for word in _WORD.findall(in_one_form(text[:_LONGEST]))
        if word.lower() not in _COMMON and (len(word) > 2 or word[0].isupper() or word.isdecimal())
    ]


class Words:
    """The words of items, each in a slot, and how much of a question's words each item has.

    The score is BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
    2009) with b = 0, because what items are found by is short and its length says nothing::

        sum over the question's words w of  idf(w) f (k1 + 1) / (f + k1)
        idf(w) = ln(1 + (N - n + 0.5) / (n + 0.5))

    where f is how often w stands in the item, n how many of the N items have it, and k1 = 1.2. It is
    divided by what an item would have that has each of the question's words once, also those that no item has,
    and is 1 at most.

    Example:
        >>> words = Words()
        >>> words.add(0, "The green tea")
        >>> words.add(1, "The green car")
        >>> [round(float(score), 2) for score in words.scores("Which tea is green?", 2)]
        [1.0, 0.21]
    """

    def __init__(self) -> None:
        self._counts: dict[int, dict[str, int]] = {}  # plain ones, which the garbage collector leaves alone
        self._slots: dict[str, dict[int, int]] = {}  # of each word: how often it stands there, by slot
        self._packed: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def add(self, slot: int, text: str) -> None:
        """Put the words of an item into a slot."""
        counts = self._counts[slot] = dict(Counter(words_of(text)))
        for word, count in counts.items():
            self._slots.setdefault(word, {})[slot] = count
            self._packed.pop(word, None)

    def remove(self, slot: int) -> None:
        """Empty a slot."""
        for word in self._counts.pop(slot):
            self._packed.pop(word, None)
            del self._slots[word][slot]
            if not self._slots[word]:
                del self._slots[word]

    def shared(self, slot: int, asked: Iterable[str]) -> list[str]:
        """The words of a question that an item has, in the question's order."""
        return [word for word in dict.fromkeys(asked) if word in self._counts[slot]]

    def scores(self, text: str, slots: int) -> np.ndarray:
        """How much of the words of a text the items have, by slot, from 0 to 1."""
        import numpy as np

        scores, full = np.zeros(slots, dtype=np.float32), 0.0
        for word in dict.fromkeys(words_of(text)):
            having = len(self._slots.get(word, ()))
            idf = log(1 + (len(self._counts) - having + 0.5) / (having + 0.5))
            full += idf
            if having:
                places, counts = self._pack(word)
                scores[places] += idf * (K1 + 1) * counts / (counts + K1)
        return np.minimum(scores / full, 1) if full else scores

    def _pack(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        packed = self._packed.get(word)
        if packed is None:
            has = self._slots[word]
            places = np.fromiter(has.keys(), dtype=np.int64, count=len(has))
            counts = np.fromiter(has.values(), dtype=np.float32, count=len(has))
            packed = self._packed[word] = places, counts
        return packed
