"""Which options of a choice a request names, also in other words for the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from .text import WORD, numbers, stem, stems

# words of one meaning, where the request and a tool's author commonly choose different ones
_ALIKE = [
    frozenset(stems(group))
    for group in (
        "search find look lookup retrieve fetch query seek",
        "count many number total tally",
        "calculate calculator compute computation sum total plus minus times divided",
        "weigh weight heavy weighs",
        "measure length long size",
        "mean average avg",
        "median middle typical",
        "maximum max highest largest longest biggest greatest most",
        "minimum min lowest smallest shortest fewest least",
        "draw plot chart diagram visualise visualize",
        "correlate correlation relate relation relationship together depend",
    )
]


class Named(NamedTuple):
    """An option that a text names, the places of the words that do, and whether they are its own."""

    option: Any
    places: range
    own: bool


def meanings(term: str) -> Iterator[str]:
    """A term, and a sign for each group of words of its meaning."""
    yield term
    for number, group in enumerate(_ALIKE):
        if term in group:
            yield f"#{number}"


def has_synonyms(term: str) -> bool:
    """Other words of the same meaning are known."""
    return any(term in group for group in _ALIKE)


class Wording:
    """The words of a text, to find options of choices among them.

    Attributes:
        stems: The stem of each word, in order.

    Example:
        >>> found = Wording("the average box office by genre").named(["genre", "mean", "box_office"])
        >>> [named.option for named in found]
        ['box_office', 'genre', 'mean']
    """

    def __init__(self, text: str) -> None:
        self._written = WORD.findall(text)
        self.stems = [stem(word) for word in self._written]
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, term in enumerate(self.stems):
            for meaning in meanings(term):
                self._places[meaning].append(place)

    def named(self, options: Sequence[Any], used: Collection[int] = ()) -> list[Named]:
        """The options that the text names with words that are not used otherwise, each once.

        Those whose own words stand there come first, in the text's order, of two that overlap the longer one; then those
        for which another word of their meaning does, in the order of the options. An option of one letter has to stand
        there as it is written.
        """
        own = [named for option in options if (named := self._by_its_words(option, used))]
        own.sort(key=lambda named: -len(named.places))
        taken = set(used)
        found: list[Named] = []
        for named in own:
            if taken.isdisjoint(named.places):
                found.append(named)
                taken.update(named.places)
        found.sort(key=lambda named: named.places.start)
        return found + [
            named
            for option in options
            if not any(option is other.option for other in own)
            and (named := self._by_meaning(option, used))
            and taken.isdisjoint(named.places)
        ]

    def number(self, value: float) -> list[int]:
        """The places of a number, also when it is written as a word."""
        return [place for place, word in enumerate(self._written) if numbers(word) == [value]]

    def _by_its_words(self, option: Any, used: Collection[int]) -> Named | None:
        needed = stems(str(option))
        for start in self._places.get(needed[0], ()) if needed else ():
            there = self.stems[start : start + len(needed)]
            places = range(start, start + len(needed))
            exact = len(str(option)) > 1 or self._written[start] == str(option)
            if there == needed and exact and not any(place in used for place in places):
                return Named(option, places, own=True)
        return None

    def _by_meaning(self, option: Any, used: Collection[int]) -> Named | None:
        needed = stems(str(option))
        signs = [sign for sign in meanings(needed[0]) if sign != needed[0]] if len(needed) == 1 else []
        places = [place for sign in signs for place in self._places.get(sign, ()) if place not in used]
        return Named(option, range(min(places), min(places) + 1), own=False) if places else None
