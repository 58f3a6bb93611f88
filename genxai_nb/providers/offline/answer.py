"""An answer in text: sentences picked from the context, or a draft mended from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .ask import Ask, Result, commands
from .roles import (
    JUDGING,
    advice_in,
    advice_of,
    advice_terms,
    coverage,
    draft_of,
    is_short,
    is_value,
    judged_of,
    report,
    wanted_of,
)
from .text import STOP_WORDS, Weights, list_items, sentences, stems, terms, words

NOTED = "Noted."
NOTHING = "I am the offline stand-in: I pick sentences from the text that I am given, and there was none to pick from."

_FREQUENT = 0.01  # the weight of a term that is only frequent, next to 1 of one that is asked for
_FOLLOWING = 0.02  # what it is worth to come right after a picked sentence
_SUBJECT = 1.2  # for a sentence that begins with a wanted term
_ENOUGH = 0.25  # of the first sentence's worth, for a further one that nobody asked for
_SHORTEST, _LONGEST = 4, 60  # words of a sentence; others are headings, items, tables
_COMMANDING = frozenset(stems("and please must now should then to you"))
_MOST_FOUND = 10  # passages that a search hands on
_SEEKING = frozenset(stems("collect fetch find gather look retrieve search seek"))
_MEASURING = frozenset(stems("average calculate compute count evaluate measure solve sum total weigh"))


def compose(ask: Ask, *, hint: str = "", judge: bool = True, draft: str = "") -> str:
    """Answer in text.

    Args:
        ask: The request.
        hint: Further words that say what is asked for, such as a field's description.
        judge: Report what is missing when the task is to judge.
        draft: The version before this answer, when the caller knows it.
    """
    judged = judged_of(ask) if judge and _judges(ask) else None
    if judged and (wanted := wanted_of(ask, judged[0])):
        share, missing = coverage(wanted, judged[1])
        return report(share, wanted, missing)
    facts, found = _told_by_tools(ask)
    source = material(ask) + [sentence for passage in found for sentence in sentences(passage) or [passage]]
    if found and _seeks(ask):
        return "\n\n".join(found[: ask.amount("sentences") or _MOST_FOUND])
    if facts and (not source or ask.is_question or measures(ask)):
        more = [] if measures(ask) else pick(source + _reminded(ask), weigh(ask, hint), 1)
        return " ".join([*facts, *more])
    limit = ask.amount("sentences")
    weights = weigh(ask, hint)
    if not source and (source := remembered(ask)):
        weights = dict.fromkeys(terms(ask.task), 1.0) | weights
    advice = advice_of(ask)
    found_draft = draft_of(ask)
    draft = draft or (found_draft[1] if found_draft else ask.said)
    if draft and advice:
        chosen = mend(sentences(draft), source, "\n".join(advice.values()), limit)
    else:
        count = limit or (2 if ask.is_question else 3)
        chosen = pick(source, weights, count, exact=limit is not None or not ask.is_question)
    told = within(chosen, ask.amount("words"), weights, ask.opening)
    return told or (NOTED if ask.is_statement else NOTHING)


def remembered(ask: Ask) -> list[str]:
    """What earlier turns told, for a request that gives nothing: of a question, the sentences that share a term with it."""
    if ask.is_statement:
        return []
    told = dict.fromkeys(sentence for text in ask.turns for sentence in sentences(text))
    asked = set(terms(ask.task))
    return [
        sentence
        for sentence in told
        if sentence not in (NOTED, NOTHING)
        and not sentence.endswith("?")
        and not commands(sentence)
        and (not ask.is_question or asked.intersection(terms(sentence)))
    ]


def _reminded(ask: Ask) -> list[str]:
    """What is remembered beside the results of tools and shares a term with the question."""
    asked = set(terms(ask.task)) if ask.is_question else set()
    return [sentence for sentence in ask.reminded if asked.intersection(terms(sentence))]


def material(ask: Ask) -> list[str]:
    """The sentences that an answer may be picked from, each once, in order."""
    source = sources(ask)
    told = [sentence for text in source.values() for sentence in list_items(text) or sentences(text)]
    found = [sentence for sentence in told if _SHORTEST <= len(words(sentence)) <= _LONGEST] or told
    if ask.is_question:
        others = ask.given.keys() - source.keys() - advice_of(ask).keys()
        short = {key: text for key, text in ask.given.items() if key in others and is_short(text)}
        found.extend(
            f"{key.replace('_', ' ')}: {text.strip()}" for key, text in short.items() if not ask.repeats(text)
        )
    return list(dict.fromkeys(found))


def sources(ask: Ask) -> dict[str, str]:
    """The given texts to answer from: those that the task names, or else all that are more than a few words."""
    draft = draft_of(ask)
    roles = {*advice_of(ask), *([draft[0]] if draft else [])}
    given = {key: text for key, text in ask.given.items() if key not in roles}
    long = {key: text for key, text in given.items() if not is_short(text)}
    named = {key: text for key, text in given.items() if ask.names_key(key)}
    short = {key: text for key, text in named.items() if _is_whole(text)}
    return {key: text for key, text in named.items() if key in long} or long or short


def weigh(ask: Ask, hint: str = "") -> dict[str, float]:
    """What an answer should hold: terms of the task, of short and listed texts, of advice, each weighed."""
    wanted: dict[str, float] = dict.fromkeys(terms(ask.persona), 0.2)
    for text in advice_in(ask.before).values():
        wanted |= dict.fromkeys(advice_terms(text), 1.5)
    wanted |= dict.fromkeys([*terms(hint), *ask.task_terms()], 1.0)
    advice, draft, source = advice_of(ask), draft_of(ask), sources(ask)
    for key, text in ask.given.items():
        if draft and key == draft[0]:
            continue
        if key in advice:
            wanted |= dict.fromkeys(advice_terms(text), 2.0)
        elif key not in source and not is_short(text):
            wanted = {**dict.fromkeys(terms(text), 0.5), **wanted}
        elif (is_short(text) or list_items(text)) and not is_value(text):
            wanted |= dict.fromkeys(terms(text), 1.0)
    return wanted


def pick(source: Sequence[str], wanted: Mapping[str, float], count: int, *, exact: bool = False) -> list[str]:
    """Pick the sentences that together hold most of what is wanted, and keep their order.

    A term that a picked sentence holds already counts little for the next one.

    Args:
        source: The sentences.
        wanted: The terms to hold, with their weights.
        count: How many sentences at most.
        exact: Take that many, also such as follow a picked one or hold what the source often tells of.
    """
    weights = Weights(source)
    asked = {term: weight for term, weight in wanted.items() if weights.of(term)}
    if exact or not asked:
        asked = {**dict.fromkeys(weights.frequent(), _FREQUENT), **asked}
    found = [dict.fromkeys(terms(sentence)) for sentence in source]
    openings = [_SUBJECT if any(term in asked for term in [*own][:1]) else 1 for own in found]
    held: set[str] = set()
    chosen: list[int] = []
    first = 0.0
    while len(chosen) < min(count, len(source)):
        left = [place for place in range(len(source)) if place not in chosen]
        values = [
            sum(
                asked[term] * weights.of(term) * (0.1 if term in held else 1)
                for term in found[place]
                if term in asked
            )
            * openings[place]
            / (8 + len(found[place])) ** 0.5
            + (_FOLLOWING if exact and place - 1 in chosen else 0)
            for place in left
        ]
        if chosen and not exact and max(values) < _ENOUGH * first:
            break
        first = first or max(values)
        best = left[values.index(max(values))]
        chosen.append(best)
        held.update(found[best])
    return [source[place] for place in sorted(chosen)]


def mend(draft: Sequence[str], source: Sequence[str], advice: str, limit: int | None) -> list[str]:
    """Add to a draft the sentences of the source that hold what the advice names.

    Nothing of the draft is lost: under a limit of sentences the shortest ones are joined.
    """
    text = list(draft)
    needed = set(advice_terms(advice))
    while needed := needed - {term for sentence in text for term in terms(sentence)}:
        best = max(source, key=lambda sentence: len(needed.intersection(terms(sentence))), default="")
        if not needed.intersection(terms(best)):
            break
        text.append(best)
    places = {sentence: place for place, sentence in enumerate(source)}
    if all(sentence in places for sentence in text):
        text.sort(key=lambda sentence: places[sentence])
    return _joined(text, limit) if limit else text


def within(chosen: list[str], most: int | None, wanted: Mapping[str, float], opening: str = "") -> str:
    """Join sentences, leaving out the least telling ones until they fit into a number of words.

    With an opening, each is a line that begins with it.
    """
    chosen = list(chosen)
    while most and len(chosen) > 1 and len(words(" ".join(chosen))) > most:
        del chosen[_least(chosen, wanted)]
    if opening:
        return "\n".join(f"{opening} {_ended(sentence.removeprefix(opening).strip())}" for sentence in chosen)
    text = " ".join(_ended(sentence) for sentence in chosen)
    if most and len(text.split()) > most:
        text = " ".join(text.split()[:most]).rstrip(",;:") + "..."
    return text


def _joined(text: list[str], limit: int) -> list[str]:
    text = list(text)
    while len(text) > limit:
        short = min(range(len(text) - 1), key=lambda place: len(text[place]) + len(text[place + 1]))
        first, second = text[short].rstrip(".!? "), text[short + 1]
        if words(second)[:1] and words(second)[0] in STOP_WORDS:
            second = second[0].lower() + second[1:]
        text[short : short + 2] = [f"{first}; {second}"]
    return text


def _least(chosen: Sequence[str], wanted: Mapping[str, float]) -> int:
    """The place of the sentence whose wanted terms are told elsewhere, or are the fewest."""

    def loss(place: int) -> float:
        others = {term for other, text in enumerate(chosen) if other != place for term in terms(text)}
        own = dict.fromkeys(terms(chosen[place]))  # ordered, so that equal sums stay equal
        return sum(wanted.get(term, 0.0) for term in own if term not in others)

    return min(range(len(chosen)), key=loss)


def _is_whole(text: str) -> bool:
    """A sentence, rather than a word or a name."""
    return len(words(text)) >= _SHORTEST and text.strip().endswith((".", "!", "。"))


def _ended(sentence: str) -> str:
    return (
        sentence
        if sentence.endswith((".", "!", "?", ":", "。", "！", "？", '"', "”", ")"))
        else f"{sentence}."
    )


def _judges(ask: Ask) -> bool:
    """The opening commands to judge; a score or a review that a question asks for is a thing."""
    opening = stems((sentences(ask.task)[:1] or [ask.persona])[0])
    return any(
        term in JUDGING and (place == 0 or not ask.is_question or opening[place - 1] in _COMMANDING)
        for place, term in enumerate(opening)
    )


def measures(ask: Ask) -> bool:
    """The request asks for a value rather than a text."""
    return any(term in _MEASURING for term in terms(ask.task)) or "how many" in ask.task.lower()


def _seeks(ask: Ask) -> bool:
    opening = sentences(ask.task)[:1]
    return bool(opening) and bool(_SEEKING.intersection(stems(opening[0])))


def _told_by_tools(ask: Ask) -> tuple[list[str], list[str]]:
    """What tools found: short values as sentences of their own, texts as more to pick from."""
    facts: list[str] = []
    found: list[str] = []
    for result in ask.results:
        text = result.readable
        if result.failed:
            facts.append(
                f"{_shown(result)} failed: {_ended(text.splitlines()[0] if text else 'no reason given')}"
            )
        elif _is_told(result):
            facts.append(text.strip())
        elif is_short(text):
            facts.append(_ended(f"{_shown(result)} gives {text.strip() or 'nothing'}"))
        else:
            found.extend(result.passages)
    return facts, found


def _is_told(result: Result) -> bool:
    """A line of whole sentences, which says by itself what it is about."""
    text = result.text.strip()
    ends = text.endswith((".", "!")) and "\n" not in text
    return ends and isinstance(result.value, str) and _SHORTEST <= len(words(text)) <= _LONGEST


def _shown(result: Result) -> str:
    arguments = ", ".join(str(value) for value in result.arguments.values())
    return f"{result.name}({arguments if len(arguments) <= 60 else '...'})"
