"""Which tools a request asks for, and their arguments."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from genxai_nb.messages import ToolCall, ToolSpec

from .answer import material, measures
from .ask import ASKING, Ask, Result
from .fill import NOTHING, Arguments, resolved
from .text import list_items, sentences, stems, terms

MOST_CALLS = 16
_FITS = 0.5  # of what a tool's name and description say, for a request that gives text to answer from
_FITS_LOOSELY = 0.15  # for one that gives none, so that a tool is the only source

_COUNTS = re.compile(r"\bhow many\b|\bnumber of\b", re.IGNORECASE)

# words of one meaning, where the request and a tool's author commonly choose different ones
_ALIKE = [
    frozenset(stems(group))
    for group in (
        "search find look lookup retrieve fetch query seek",
        "count many number total tally",
        "calculate calculator compute computation sum total plus minus times divided",
        "weigh weight heavy weighs",
        "measure length long size",
    )
]


def choose_calls(ask: Ask, tools: Sequence[ToolSpec]) -> list[ToolCall]:
    """Choose the calls that a request asks for.

    A tool is called when its name and description fit the request and its required parameters can be
    filled from it. A call that the conversation holds already is not made again: its result joins
    ``ask.results``. When results of this request are there, no more calls are made.
    """
    if ask.results:
        return []
    bare = not material(ask)
    calls: list[ToolCall] = []
    for spec in tools:
        arguments = Arguments(ask)
        filled = list(itertools.islice(_argument_sets(spec, ask, arguments), MOST_CALLS))
        if not filled or not _fits(spec, ask, arguments, bare=bare):
            continue
        for values in filled:
            known = _known(spec.name, values, ask.earlier)
            if known:
                ask.results.append(known)
            elif len(calls) < MOST_CALLS:
                calls.append(ToolCall(f"call_{ask.made + len(calls) + 1}", spec.name, values))
    return calls


def _fits(spec: ToolSpec, ask: Ask, arguments: Arguments, *, bare: bool) -> bool:
    if _mentions(ask, spec.name) or (arguments.evident and (ask.is_question or measures(ask))):
        return True
    if not arguments.certain:
        return False
    asked = terms(f"{ask.measured} {'count' if _COUNTS.search(ask.task) else ''}")
    value = max(_fitness(spec, asked), 0.8 * _fitness(spec, terms(ask.persona)))
    return value >= (_FITS_LOOSELY if bare else _FITS)


def _mentions(ask: Ask, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", f"{ask.task}\n{ask.persona}") is not None


def _fitness(spec: ToolSpec, asked: Iterable[str]) -> float:
    """How much of a tool's name, or of its name and description, a request names, from 0 to 1."""
    there = {meaning for term in asked for meaning in _meanings(term)}
    name = _share(terms(re.sub(r"[_-]", " ", spec.name)), there)
    first = (sentences(spec.description) or [""])[0]
    telling = [term for term in terms(first) if term not in ASKING or any(term in group for group in _ALIKE)]
    return max(name if name == 1 else 0.0, 0.6 * name + 0.6 * _share(telling, there))


def _share(needed: list[str], there: set[str]) -> float:
    found = [any(meaning in there for meaning in _meanings(term)) for term in dict.fromkeys(needed)]
    return sum(found) / len(found) if found else 0.0


def _meanings(term: str) -> Iterator[str]:
    yield term
    for number, group in enumerate(_ALIKE):
        if term in group:
            yield f"#{number}"


def _argument_sets(spec: ToolSpec, ask: Ask, arguments: Arguments) -> Iterator[dict[str, Any]]:
    """The arguments of each call: one, or one per item of a list whose key is a parameter's plural."""
    properties = {name: resolved(schema, spec.parameters) for name, schema in _properties(spec)}
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
