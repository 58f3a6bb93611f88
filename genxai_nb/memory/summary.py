"""A summary of a conversation without a model: its most telling sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from genxai_nb.tokens import estimate_tokens

from .importance import importance_of
from .words import words_of

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_LONGEST = 200  # characters of a sentence


def extracted(before: str, said: Iterable[tuple[str, str]], tokens: int) -> str:
    """The sentences that tell most of what was said, in order, as many as the tokens allow.

    A sentence counts by how frequent its words are, on average (the weight of SumBasic: Nenkova and Vanderwende, "The
    Impact of Frequency on Summarization", 2005), and by how important the rules of long-term memory find it.

    Args:
        before: The summary of what was said before, a line for each sentence.
        said: Who said what since.
        tokens: How long the summary may be, by estimate.

    Example:
        >>> said = [("user", "Hm. We decided to use Postgres."), ("clerk", "Fine.")]
        >>> extracted("", said, 12)
        'user: We decided to use Postgres.'
    """
    lines = [*filter(None, before.split("\n")), *_lines(said)]
    counts = Counter(word for line in lines for word in words_of(line))
    total = max(counts.total(), 1)

    def weight(place: int) -> tuple[float, int]:
        _, _, sentence = lines[place].partition(": ")
        words = words_of(sentence)
        frequent = sum(counts[word] for word in words) / total / max(len(words), 1)
        return frequent + importance_of(sentence), place

    kept: list[int] = []
    left = tokens
    for place in sorted(range(len(lines)), key=weight, reverse=True):
        cost = estimate_tokens(lines[place]) + 1
        if cost <= left:
            kept.append(place)
            left -= cost
    return "\n".join(lines[place] for place in sorted(kept))


def _lines(said: Iterable[tuple[str, str]]) -> Sequence[str]:
    found: dict[str, None] = {}
    for who, text in said:
        for sentence in _SENTENCE.split(text):
            if words_of(sentence):
                found[f"{who}: {' '.join(sentence.split())[:_LONGEST]}"] = None
    return list(found)
