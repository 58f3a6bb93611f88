"""Sentences, terms and numbers of a text, without any model of the language."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable

WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
_SEPARATOR = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"'”’)\]]))\s+(?=[\"'“‘(\[*_`]*[A-Z0-9À-Þ])|(?<=[。！？])")
_LIST_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_ABBREVIATION = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Mt|Rd|Ave|No|Nos|Fig|vs|cf|approx|etc|e\.g|i\.e|Inc|Ltd|Jr|Sr)\.[\"')\]]*$"
)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w]|\.\d)")

_FUNCTION_WORDS = """
a about above after again against all also am an and any are as at be because been before being
below between both but by can cannot could did do does doing done down during each either else ever
every few for from further get gets given goes had has have having he her here hers him his how
however i if in into is it its itself just let like made make makes many may me might more most much
must my near need needs neither no nor not now of off on once one only onto or other others our out
over own per please rather s same she should since so some such than that the their them then there
these they this those through thus to too toward under until up upon us use used uses using very via
was we well were what when where whether which while who whom whose why will with within without
would yet you your
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())
_COUNTED = "zero one two three four five six seven eight nine ten eleven twelve"
NUMBER_WORDS = {word: number for number, word in enumerate(_COUNTED.split())}


def words(text: str) -> list[str]:
    """The words and numbers of a text in lower case."""
    return [word.lower() for word in WORD.findall(text)]


def stems(text: str) -> list[str]:
    """The stems of all words of a text in order; ``word_count`` has two."""
    return [stem(word) for word in words(text)]


def terms(text: str) -> list[str]:
    """The stems of a text's words in order, without function words.

    Example:
        >>> terms("The batteries were charging at the docks.")
        ['battery', 'charg', 'dock']
    """
    return [
        stem(word) for word in words(text) if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())
    ]


@functools.lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Strip the commonest endings, so that the forms of a word become one."""
    word = word.lower().replace("’", "'").removesuffix("'s")
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    word = _singular(word)
    for ending, kept in (("ied", "y"), ("ing", ""), ("ed", ""), ("ly", ""), ("ment", ""), ("ness", "")):
        if word.endswith(ending) and _has_vowel(word[: -len(ending)]):
            root = word[: -len(ending)]
            word = _undoubled(root) if not kept else root + kept
            break
    for ending in ("er", "or", "ion"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and _has_vowel(root) and (ending != "ion" or root[-1] in "st"):
            word = _undoubled(root)
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _has_vowel(root: str) -> bool:
    return len(root) >= 3 and any(letter in "aeiouy" for letter in root)


def _undoubled(root: str) -> str:
    doubled = len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeiouls"
    return root[:-1] if doubled else root


def sentences(text: str) -> list[str]:
    """Split a text into sentences; a list item and a line that stands alone are one each, fenced code none.

    Example:
        >>> sentences("Dr. Roe left. It was 3.5 km away!")
        ['Dr. Roe left.', 'It was 3.5 km away!']
    """
    found: list[str] = []
    for block in _blocks(text):
        pending = ""
        for piece in _SEPARATOR.split(block):
            pending = f"{pending} {piece}".strip() if pending else piece.strip()
            if not _ABBREVIATION.search(pending):
                found.append(pending)
                pending = ""
        if pending:
            found.append(pending)
    return [sentence for sentence in found if sentence]


def _blocks(text: str) -> list[str]:
    blocks: list[list[str]] = [[]]
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            blocks.append([])
        elif fenced:
            continue
        elif not line.strip():
            blocks.append([])
        elif _LIST_ITEM.match(line):
            blocks.append([_LIST_ITEM.sub("", line).strip()])
        elif line.startswith("#"):
            blocks.extend([[line.lstrip("# ").strip()], []])
        else:
            blocks[-1].append(line.strip())
    return [" ".join(block) for block in blocks if block]


def list_items(text: str) -> list[str]:
    """The items of a text that is a list, marked or one short line each; empty for other texts."""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and all(_LIST_ITEM.match(line) for line in lines):
        return [_LIST_ITEM.sub("", line).strip() for line in lines]
    return []


def numbers(text: str) -> list[float | int]:
    """The numbers of a text in order, also those written as a word up to twelve.

    Example:
        >>> numbers("Two of 1,200 are below 3.5")
        [2, 1200, 3.5]
    """
    found = [(match.start(), _number(match[0])) for match in _NUMBER.finditer(text)]
    found += [
        (match.start(), NUMBER_WORDS[match[0].lower()])
        for match in re.finditer(r"[^\W\d_]+", text)
        if match[0].lower() in NUMBER_WORDS
    ]
    return [value for _, value in sorted(found)]


def _number(text: str) -> float | int:
    text = text.replace(",", "")
    return float(text) if "." in text else int(text)


class Weights:
    """How much a term tells: its inverse frequency over the sentences of a context."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        self._total = 0
        for text in texts:
            self._total += 1
            self._counts.update(dict.fromkeys(terms(text), 1))

    def of(self, term: str) -> float:
        """The weight of a term; 0 for one that the context does not hold."""
        count = self._counts.get(term, 0)
        return math.log(1 + self._total / count) if count else 0.0

    def frequent(self, least: int = 2) -> list[str]:
        """The terms that stand in several sentences, the commonest first, ties in order of appearance."""
        return [term for term, count in self._counts.most_common() if count >= least and not term.isdigit()]
