"""How easily an English text is read, by the published formulas."""

from __future__ import annotations

import math
import re

from msgspec import Struct

__all__ = ["Readability", "measure", "sentences_of", "syllables", "words_of"]

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n\s*\n")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^laeiouy]es|[^aeioudty]ed|[^laeiouy]e)$")


class Readability(Struct, frozen=True):
    """Measures of a text; a grade is one of the schools of the United States.

    Attributes:
        flesch_reading_ease: R. Flesch, A new readability yardstick, 1948: 0 (hard) to 100 (easy).
        flesch_kincaid_grade: J. P. Kincaid and others, Derivation of new readability formulas, 1975.
        gunning_fog: R. Gunning, The technique of clear writing, 1952.
        smog: G. H. McLaughlin, SMOG grading, 1969; meant for 30 sentences and more.
        automated_readability: R. J. Senter and E. A. Smith, Automated readability index, 1967.
        coleman_liau: M. Coleman and T. L. Liau, A computer readability formula, 1975.
    """

    flesch_reading_ease: float
    flesch_kincaid_grade: float
    gunning_fog: float
    smog: float
    automated_readability: float
    coleman_liau: float


def words_of(text: str) -> list[str]:
    """The words of a text.

    Example:
        >>> words_of("It's a well-known fact: 42.")
        ["It's", 'a', 'well-known', 'fact']
    """
    return _WORD.findall(text)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text.

    Example:
        >>> sentences_of('He said "go." They went!')
        ['He said "go."', 'They went!']
    """
    parts: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        parts.append(text[start : match.end()].strip())
        start = match.end()
    parts.append(text[start:].strip())
    return [part for part in parts if _WORD.search(part)]


def syllables(word: str) -> int:
    """Count the syllables of an English word, by its groups of vowels.

    Example:
        >>> [syllables(word) for word in ("cat", "table", "making", "readability")]
        [1, 2, 2, 5]
    """
    plain = word.lower()
    count = len(_VOWELS.findall(plain))
    if _SILENT.search(plain):
        count -= 1
    return max(1, count)


def measure(text: str) -> Readability | None:
    """Measure a text; None if it has no words."""
    words, sentences = words_of(text), len(sentences_of(text))
    if not words or not sentences:
        return None
    count = len(words)
    counts = [syllables(word) for word in words]
    long = sum(1 for number in counts if number >= 3)
    letters = sum(len(word) for word in words)
    per_sentence, per_word, letters_per_word = count / sentences, sum(counts) / count, letters / count
    return Readability(
        flesch_reading_ease=round(206.835 - 1.015 * per_sentence - 84.6 * per_word, 2),
        flesch_kincaid_grade=round(0.39 * per_sentence + 11.8 * per_word - 15.59, 2),
        gunning_fog=round(0.4 * (per_sentence + 100 * long / count), 2),
        smog=round(1.0430 * math.sqrt(long * 30 / sentences) + 3.1291, 2),
        automated_readability=round(4.71 * letters_per_word + 0.5 * per_sentence - 21.43, 2),
        coleman_liau=round(0.0588 * 100 * letters_per_word - 0.296 * 100 / per_sentence - 15.8, 2),
    )
