"""How important a sentence is, by patterns: the rules by which long-term memory is written."""

from __future__ import annotations

import re

from msgspec import Struct

from .rules import LONGEST, MOST, as_sentence, facts_in, is_hidden, sentences

_RATED: tuple[tuple[str, float, str], ...] = (
    (
        "asked",
        0.9,
        r"\b(?:remember|note|keep in mind|don['’]t forget|do not forget)\b",
    ),
    (
        "decided",
        0.8,
        r"\b(?:we|I|they) (?:have )?(?:decided|agreed|chose|settled|concluded)\b|\bfrom now on\b"
        r"|\b(?:always|never|must(?: not)?)\b",
    ),
    (
        "due",
        0.7,
        r"\b(?:due|deadline|by the end of)\b|\b(?:by|until|on|before) "
        r"(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b\d{4}-\d\d-\d\d\b",
    ),
)
_PATTERNS = tuple((rule, rated, re.compile(pattern, re.IGNORECASE)) for rule, rated, pattern in _RATED)
STATED, SAID = 0.6, 0.3
_FEWEST = 4  # words of a sentence that says something by itself

RULES = {
    "asked": '0.9: "Remember ...", "Note ...", "Keep in mind ...".',
    "decided": "0.8: what was decided or agreed, and what is so always, never or from now on.",
    "due": "0.7: what has a deadline, a weekday or a date.",
    "stated": "0.6: a statement of which semantic memory would make a fact.",
    "said": "0.3: any other sentence of four words or more that is no question.",
}


class Rated(Struct, frozen=True):
    """A sentence with the rule that found it and how important that makes it, from 0 to 1."""

    text: str
    rule: str
    importance: float


def rated(text: str, least: float) -> list[Rated]:
    """The sentences of a text that are at least so important, in order; never questions or secrets.

    Example:
        >>> [(one.text, one.rule) for one in rated("Hi! We decided to ship on Friday. Nice weather, eh?", 0.5)]
        [('We decided to ship on Friday.', 'decided')]
    """
    found: dict[str, Rated] = {}
    for sentence in sentences(text):
        if len(sentence) <= LONGEST and not is_hidden(sentence):
            rule, importance = _rate(sentence)
            if rule and importance >= least and len(found) < MOST:
                found.setdefault(as_sentence(sentence), Rated(as_sentence(sentence), rule, importance))
    return list(found.values())


def importance_of(sentence: str) -> float:
    """How important a sentence is by the rules, from 0 to 1.

    Example:
        >>> importance_of("We decided to ship on Friday"), importance_of("Hello")
        (0.8, 0.0)
    """
    return _rate(sentence)[1]


def _rate(sentence: str) -> tuple[str, float]:
    for rule, importance, pattern in _PATTERNS:
        if pattern.search(sentence):
            return rule, importance
    if facts_in(sentence):
        return "stated", STATED
    return ("said", SAID) if len(sentence.split()) >= _FEWEST else ("", 0.0)
