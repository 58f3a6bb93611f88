"""Which tools a request asks for, and their arguments."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from genxai_nb.messages import ToolCall, ToolSpec

from .answer import material, measures
from .ask import ASKING, Ask, Result
from .fill import NOTHING, Arguments, resolved
from .options import has_synonyms, meanings
from .text import list_items, sentences, stem, stems, terms, words

MOST_CALLS = 16
_FITS = 0.5  # of what a tool's name and description say, for a request that gives text to answer from
_FITS_LOOSELY = 0.15  # for one that gives none, so that a tool is the only source

_DEGREES = {"least", "most"}  # function words that ask for something
_COUNTS = re.compile(r"\bhow many\b|\bnumber of\b", re.IGNORECASE)


class _Choice(NamedTuple):
    """A tool that fits, and the arguments of its calls.

    Attributes:
        covers: How much of the request it takes for arguments, or says of itself, from 0 to 1.
        fit: How much of what it says of itself the request names.
        taken: The places of the words that it takes for arguments.
    """

    spec: ToolSpec
    filled: list[dict[str, Any]]
    covers: float
    fit: float
    taken: frozenset[int]


def choose_calls(ask: Ask, tools: Sequence[ToolSpec]) -> list[ToolCall]:
    """Choose the calls that a request asks for.

    A tool is called when its name, its description and the options of its parameters fit the request, and its
    required parameters can be filled from it. Of tools that take the same words for options the one that fits best
    is called. A call that the conversation holds already is not made again: its result joins ``ask.results``.
    When results of this request are there, no more calls are made.
    """
    if ask.results:
        return []
    bare = not material(ask)
    calls: list[ToolCall] = []
    for choice in _meant([choice for spec in tools if (choice := _choose(spec, ask, bare=bare))]):
        for values in choice.filled:
            known = _known(choice.spec.name, values, ask.earlier)
            if known:
                ask.results.append(known)
            elif len(calls) < MOST_CALLS:
                calls.append(ToolCall(f"call_{ask.made + len(calls) + 1}", choice.spec.name, values))
    return calls


def _choose(spec: ToolSpec, ask: Ask, *, bare: bool) -> _Choice | None:
    arguments = Arguments(ask)
    filled = list(itertools.islice(_argument_sets(spec, ask, arguments), MOST_CALLS))
    if not filled:
        return None
    taken = frozenset(arguments.taken)
    if _mentions(ask, spec.name) or (arguments.evident and (ask.is_question or measures(ask))):
        return _Choice(spec, filled, math.inf, math.inf, taken)
    if not arguments.certain:
        return None
    degrees = [stem(word) for word in words(ask.measured) if word in _DEGREES]
    asked = [*terms(f"{ask.measured} {'count' if _COUNTS.search(ask.task) else ''}"), *degrees]
    fit = max(_fitness(spec, asked), 0.8 * _fitness(spec, terms(ask.persona)))
    own, meant = (
        {arguments.wording.stems[place] for place, own in arguments.taken.items() if own is wanted}
        for wanted in (True, False)
    )
    told = [*ask.task_terms(), *degrees]
    if fit + _share(told, own | meant) < (_FITS_LOOSELY if bare else _FITS):
        return None
    return _Choice(spec, filled, _covered(told, own.union(_said_of(spec)), meant), fit, taken)


def _meant(choices: list[_Choice]) -> list[_Choice]:
    """The tools that are meant: of those that take the same words the one that does most with the request.

    One that takes none, and covers less than half of what the best one does, is not meant either.
    """
    meant: list[_Choice] = []
    for choice in sorted(choices, key=lambda one: (-one.covers, -one.fit)):
        best = next((other for other in meant if other.taken and other.covers < math.inf), None)
        outdone = best is not None and not choice.taken and choice.covers < best.covers / 2
        rivals = [other for other in meant if not other.taken.isdisjoint(choice.taken)]
        if choice.covers == math.inf or not (rivals or outdone):
            meant.append(choice)
    return [choice for choice in choices if choice in meant]


def _covered(asked: list[str], said: set[str], meant: set[str]) -> float:
    """The share of what is asked for that is said; what is only meant counts a little less."""
    alike = {meaning for term in said | meant for meaning in meanings(term)}
    found = [1.0 if term in said else 0.9 * (not alike.isdisjoint(meanings(term))) for term in asked]
    return sum(found) / len(found) if found else 0.0


def _said_of(spec: ToolSpec) -> list[str]:
    """The terms of a tool's name and of the first sentence of its description."""
    first = (sentences(spec.description) or [""])[0]
    return terms(f"{re.sub(r'[_-]', ' ', spec.name)} {first}")


def _mentions(ask: Ask, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", f"{ask.task}\n{ask.persona}") is not None


def _fitness(spec: ToolSpec, asked: Iterable[str]) -> float:
    """How much of a tool's name, or of its name and description, a request names, from 0 to 1."""
    there = {meaning for term in asked for meaning in meanings(term)}
    name = _share(terms(re.sub(r"[_-]", " ", spec.name)), there)
    first = (sentences(spec.description) or [""])[0]
    telling = [term for term in terms(first) if term not in ASKING or has_synonyms(term)]
    return max(name if name == 1 else 0.0, 0.6 * name + 0.6 * _share(telling, there))


def _share(needed: list[str], there: set[str]) -> float:
    found = [any(meaning in there for meaning in meanings(term)) for term in dict.fromkeys(needed)]
    return sum(found) / len(found) if found else 0.0


def _argument_sets(spec: ToolSpec, ask: Ask, arguments: Arguments) -> Iterator[dict[str, Any]]:
    """The arguments of each call: one, or one per item of a list whose key is a parameter's plural."""
    properties = {name: resolved(schema, spec.parameters) for name, schema in _properties(spec)}
    arguments.note_span(properties)
    required = spec.parameters.get("required", ())
    several = next(
        ((name, items) for name in required if (items := _items_for(name, properties[name], ask))), None
    )
    filled: dict[str, Any] = {}
    for name, schema in properties.items():
        if several and name == several[0]:
            continue
        value = arguments.fill(name, schema, required=name in required)
        if value is not NOTHING:
            filled[name] = value
        elif name in required:
            return
    if several is None:
        yield filled
        return
    name, items = several
    for item in items:
        value = arguments.fit(item, properties[name])
        if value is not NOTHING:
            yield {
                key: value if key == name else filled[key]
                for key in properties
                if key == name or key in filled
            }


def _properties(spec: ToolSpec) -> Iterable[tuple[str, dict[str, Any]]]:
    found: dict[str, dict[str, Any]] = spec.parameters.get("properties", {})
    return found.items()


def _items_for(name: str, schema: dict[str, Any], ask: Ask) -> list[str]:
    if schema.get("type") not in {"string", "integer", "number"} or name in ask.given:
        return []
    wanted = stems(name)
    for key, text in ask.given.items():
        if key != name and stems(key) == wanted:
            return list_items(text)
    return []


def _known(name: str, arguments: dict[str, Any], earlier: Sequence[Result]) -> Result | None:
    key = msgspec.json.encode(arguments, order="sorted")
    for result in reversed(earlier):
        if result.name == name and msgspec.json.encode(result.arguments, order="sorted") == key:
            return result
    return None
