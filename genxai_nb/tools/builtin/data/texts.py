"""Texts: counts, frequent words, patterns, sentiment, readability."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Annotated, Any, Literal

from annotated_types import Interval, MaxLen
from msgspec import Struct

from genxai_nb.errors import MissingPackage
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

from .readability import Readability, measure, sentences_of, words_of

__all__ = ["Analysis", "Patterns", "Sentiment", "Statistics", "text_analyzer"]

LONGEST = 500_000
MOST_FOUND = 100
_LONGEST_SENTENCE = 200  # words that are looked at together

Operation = Literal[
    "word_count", "char_count", "sentiment", "statistics", "word_frequency", "patterns", "readability", "all"
]

_FINDERS = {
    "emails": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"),
    "urls": re.compile(r"\bhttps?://[^\s<>\"']{1,2000}"),
    "dates": re.compile(r"\b\d{4}-\d{2}-\d{2}\b"),
    "phones": re.compile(r"(?<![\w+])\+?\d(?:[ ().-]{0,2}\d){6,14}(?!\w)"),
    "hashtags": re.compile(r"(?<!\w)#\w{1,100}"),
    "mentions": re.compile(r"(?<![\w.])@\w{1,100}"),
    "numbers": re.compile(r"(?<![\w.,-])-?\d{1,20}(?:[.,]\d{1,20})*(?![\w-])"),
}


class Sentiment(Struct, frozen=True):
    """The feeling in an English text, by the lexicon and rules of VADER (Hutto and Gilbert, 2014).

    Attributes:
        label: positive from 0.05, negative to -0.05, else neutral.
        score: The mean of its sentences, from -1 to 1.
        positive: The share of positive words.
        neutral: The share of neutral words.
        negative: The share of negative words.
    """

    label: str
    score: float
    positive: float
    neutral: float
    negative: float


class Statistics(Struct, frozen=True):
    """Counts of a text."""

    characters: int
    letters: int
    words: int
    distinct_words: int
    sentences: int
    paragraphs: int
    lines: int
    mean_word_length: float
    mean_sentence_length: float


class Patterns(Struct, frozen=True):
    """What is found in a text, each once, a hundred at most."""

    emails: list[str]
    urls: list[str]
    dates: list[str]
    phones: list[str]
    hashtags: list[str]
    mentions: list[str]
    numbers: list[str]


class Analysis(Struct, Outcome, frozen=True, omit_defaults=True):
    """What was found out of a text: that which was asked for."""

    words: int | None = None
    characters: int | None = None
    statistics: Statistics | None = None
    frequency: dict[str, int] | None = None
    patterns: Patterns | None = None
    sentiment: Sentiment | None = None
    readability: Readability | None = None


@tool(category="data", tags=["text"], read_only=True, idempotent=True, timeout=60)
def text_analyzer(
    text: Annotated[str, MaxLen(LONGEST)],
    operation: Operation = "statistics",
    top_n: Annotated[int, Interval(ge=1, le=100)] = 10,
) -> Analysis:
    """Count, measure and look through a text.

    Args:
        text: The text; sentiment and readability are made for English.
        operation: word_count, char_count, statistics, word_frequency, patterns (addresses, links, dates,
            numbers), sentiment, readability (six formulas), or all.
        top_n: How many frequent words to tell.

    Example:
        >>> text_analyzer("The food was not good.", "sentiment").sentiment.label
        'negative'
    """
    words = words_of(text)
    counted = operation in {"word_count", "all"}
    return Analysis(
        words=len(words) if counted else None,
        characters=len(text) if operation in {"char_count", "all"} else None,
        statistics=_statistics(text, words) if operation in {"statistics", "all"} else None,
        frequency=_frequency(words, top_n) if operation in {"word_frequency", "all"} else None,
        patterns=_patterns(text) if operation in {"patterns", "all"} else None,
        sentiment=_sentiment(text) if operation in {"sentiment", "all"} else None,
        readability=measure(text) if operation in {"readability", "all"} else None,
    )


def _statistics(text: str, words: list[str]) -> Statistics:
    sentences = sentences_of(text)
    letters = sum(map(len, words))
    return Statistics(
        characters=len(text),
        letters=letters,
        words=len(words),
        distinct_words=len({word.casefold() for word in words}),
        sentences=len(sentences),
        paragraphs=len([part for part in re.split(r"\n\s*\n", text) if part.strip()]),
        lines=len(text.splitlines()),
        mean_word_length=round(letters / len(words), 2) if words else 0.0,
        mean_sentence_length=round(len(words) / len(sentences), 2) if sentences else 0.0,
    )


def _frequency(words: list[str], top_n: int) -> dict[str, int]:
    counts = Counter(word.casefold() for word in words)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:top_n])


def _patterns(text: str) -> Patterns:
    found = {}
    for name, finder in _FINDERS.items():
        seen: dict[str, None] = {}
        for match in finder.finditer(text):
            if name == "phones" and _FINDERS["dates"].fullmatch(match[0]):
                continue
            seen[match[0].rstrip(".,;:!?)")] = None
            if len(seen) == MOST_FOUND:
                break
        found[name] = list(seen)
    return Patterns(**found)


def _sentiment(text: str) -> Sentiment:
    judge = _vader()
    parts = []
    for sentence in sentences_of(text):
        words = sentence.split()
        for start in range(0, len(words), _LONGEST_SENTENCE):
            part = " ".join(word[:100] for word in words[start : start + _LONGEST_SENTENCE])
            parts.append(judge.polarity_scores(part))
    if not parts:
        return Sentiment("neutral", 0.0, 0.0, 0.0, 0.0)
    means = {
        name: sum(part[name] for part in parts) / len(parts) for name in ("compound", "pos", "neu", "neg")
    }
    score = round(means["compound"], 4)
    label = "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"
    return Sentiment(label, score, *(round(means[name], 4) for name in ("pos", "neu", "neg")))


@cache
def _vader() -> Any:
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError as exc:
        raise MissingPackage("vaderSentiment", "tools") from exc
    return SentimentIntensityAnalyzer()
