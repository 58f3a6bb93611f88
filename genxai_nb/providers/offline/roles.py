"""Which of the given texts is the draft, which is advice, and what a judge wants covered."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from .ask import ASKING, Ask
from .text import Weights, list_items, sentences, stem, stems, terms, words

_SHORT = 12  # words; a longer text is something to answer from
_ITEM = 6  # words of a list's items on average; longer ones are something to answer from, too
_ADVICE = 80  # words; a longer text that begins with "Add" is a recipe
_SALIENT = 8  # terms of a long text that are wanted when nothing shorter says so

ADVICE = frozenset(
    stems("""absent advice advise amend correct correction critic criticise criticism criticize critique feedback fix gap
    improve improvement lack lacking mend missing objection remark revise suggest suggestion""")
)
DRAFT = frozenset(stems("attempt current draft previous version"))
JUDGING = frozenset(
    stems("""assess check compare criticise criticize critique evaluate examine grade inspect judge rate review score
    verify""")
)
_MEASURES = frozenset(
    stems("""about clarity clear complete completeness far full fully good length material quality source style
    subject text theme tone topic well whole""")
)
_ADVISES = re.compile(
    r"\s*(missing|add|mention|include|it lacks|lacks|cover|nothing is missing)\b", re.IGNORECASE
)
_REPORTED = re.compile(r"^\s*Missing: (.+?)\.(?=\s*$|\s+Covered:)", re.MULTILINE)  # as ``report`` writes it
_FILLER = ADVICE | ASKING | frozenset(stems("all covered covers nothing still"))


def is_short(text: str) -> bool:
    """A text that names something rather than telling of it."""
    return len(words(text)) <= _SHORT and not list_items(text) and len(sentences(text)) <= 1


def is_value(text: str) -> bool:
    """A number, a yes or a no: it says nothing that an answer could hold."""
    said = text.strip().lower()
    return said in {"true", "false", "yes", "no", "none"} or not any(sign.isalpha() for sign in said)


def advice_of(ask: Ask) -> dict[str, str]:
    """The given texts that say what to mend, by key."""
    return advice_in(ask.given)


def advice_in(given: Mapping[str, str]) -> dict[str, str]:
    """Those of some texts that say what to mend, by key."""
    return {
        key: text
        for key, text in given.items()
        if text.strip() and (_names(key, ADVICE) or (_ADVISES.match(text) and len(words(text)) <= _ADVICE))
    }


def advice_terms(advice: str) -> list[str]:
    """What advice names: its terms, without the words of advising; of a report all that it misses."""
    reported = terms(" ".join(_REPORTED.findall(advice)))
    told = " ".join(
        sentence
        for sentence in sentences(_REPORTED.sub("", advice))
        if not sentence.startswith(("Covered:", "Nothing is missing"))
    )
    named = [term for term in terms(told) if term not in _FILLER and not term.isdigit()]
    return list(dict.fromkeys(reported + named))


def draft_of(ask: Ask, *, besides: Container[str] = ()) -> tuple[str, str] | None:
    """The key and text of the draft that the request is about, if it gives one."""
    given = {key: text for key, text in ask.given.items() if key not in besides and text.strip()}
    said = _normal(ask.said)
    by_history = (key for key, text in given.items() if said and _normal(text) == said)
    by_name = (key for key in given if _names(key, DRAFT))
    key = next(by_history, None) or next(by_name, None)
    return (key, given[key]) if key else None


def judged_of(ask: Ask, *, besides: Container[str] = ()) -> tuple[str, str] | None:
    """The text that a judge judges: the one named first, the draft, or the longest."""
    given = {
        key: text
        for key, text in ask.given.items()
        if key not in besides and text.strip() and not _names(key, ADVICE) and not ask.repeats(text)
    }
    places = {key: place for key in given if (place := _place(key, ask.task)) is not None}
    if places:
        key = min(places, key=lambda name: places[name])
        return key, given[key]
    found = draft_of(ask, besides=besides)
    if found or not given:
        return found
    key = max(given, key=lambda name: len(given[name]))
    return key, given[key]


def wanted_of(ask: Ask, judged: str, *, besides: Container[str] = ()) -> list[str]:
    """What a judge wants to find in a text, as words to be shown.

    It is the first of these that there is: short lists and short texts that the task names, any short
    list, the topic of the task together with the frequent terms of long texts, any short text.

    Args:
        ask: The request.
        judged: The key of the judged text.
        besides: Keys that say nothing of what is wanted.
    """
    roles = {judged, *advice_of(ask)}
    given = {
        key: text
        for key, text in ask.given.items()
        if key not in roles and key not in besides and not is_value(text)
    }
    given |= {result.name: result.readable for result in ask.results if not result.failed}
    named = {key: text for key, text in given.items() if ask.names_key(key)}
    long = {key: text for key, text in given.items() if not is_short(text) and not _listed(text)}
    long = {key: text for key, text in long.items() if key in named} or long
    found = _listed(*named.values()) or _named(named) or _listed(*given.values())
    if not found:
        source = [sentence for text in long.values() for sentence in sentences(text)]
        found = _topic(ask, source) + _salient(source)
    return list(dict.fromkeys(found or _named(given)))


def _listed(*texts: str) -> list[str]:
    """The items of lists of short items."""
    lists = [list_items(text) for text in texts]
    short = [items for items in lists if items and sum(map(len, map(words, items))) <= _ITEM * len(items)]
    return [item for items in short for item in items if terms(item)]


def _named(given: Mapping[str, str]) -> list[str]:
    """The words of short texts."""
    return [word for text in given.values() if is_short(text) for word in _telling(text)]


def _topic(ask: Ask, source: list[str]) -> list[str]:
    """The words that say what the task is about: those that the source has, or all when there is none."""
    there = {term for sentence in source for term in terms(sentence)}
    keys = {term for key in ask.given for term in terms(key)}
    asked = " ".join(
        sentence.partition(" ")[2] for sentence in sentences(ask.task)
    )  # the first word commands
    telling = [word for word in _telling(asked) if stem(word) not in keys | JUDGING | _MEASURES]
    return [word for word in telling if not source or stem(word) in there]


def coverage(wanted: list[str], text: str) -> tuple[float, list[str]]:
    """Measure how far a text covers what is wanted.

    Returns:
        The share of the wanted that the text covers, from 0 to 1 (1 when nothing is wanted), and
        what it does not cover. Something of several terms is covered when most of them are there.
    """
    there = set(terms(text))
    missing = [item for item in wanted if not _is_covered(item, there)]
    return (1 - len(missing) / len(wanted) if wanted else 1.0), missing


def report(share: float, wanted: list[str], missing: list[str]) -> str:
    """Say what is missing, in words that a writer can act on."""
    total = len(wanted)
    if not missing:
        return f"Nothing is missing. Covered: {total} of {total}." if wanted else "Nothing is missing."
    return f"Missing: {', '.join(missing)}. Covered: {round(share * total)} of {total}."


def _is_covered(item: str, there: set[str]) -> bool:
    needed = dict.fromkeys(terms(item))
    return sum(term in there for term in needed) > 0.6 * len(needed) if needed else True


def _telling(text: str) -> list[str]:
    """The words of a text that carry its meaning, as written."""
    return [
        word
        for word in words(text)
        if (found := terms(word)) and found[0] not in ASKING and not word[0].isdigit()
    ]


def _salient(texts: list[str]) -> list[str]:
    weights = Weights(texts)
    frequent = weights.frequent() or weights.frequent(1)
    shown: dict[str, str] = {}
    for text in texts:
        for word in words(text):
            shown.setdefault(stem(word), word)
    return [shown[term] for term in frequent if term not in ASKING and len(term) > 2][:_SALIENT]


def _names(key: str, cues: frozenset[str]) -> bool:
    return bool(cues.intersection(stems(key)))


def _place(key: str, task: str) -> int | None:
    needed = stems(key)
    there = stems(task)
    for place in range(len(there) - len(needed) + 1):
        if there[place : place + len(needed)] == needed:
            return place
    return None


def _normal(text: str) -> str:
    return " ".join(text.split()).lower()
