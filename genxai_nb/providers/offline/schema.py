"""An answer that fits a JSON schema: choices by similarity, bounded numbers by coverage."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .answer import compose, material, pick, weigh
from .ask import ASKING, Ask
from .fill import named_numbers, resolved
from .roles import ADVICE, advice_of, coverage, draft_of, is_short, judged_of, report, wanted_of
from .text import STOP_WORDS, Weights, numbers, sentences, stem, stems, terms, words

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_RANGE = re.compile(rf"between\s+{_NUMBER}\s+and\s+{_NUMBER}|{_NUMBER}\s*(?:to|\.\.+|–|-)\s*{_NUMBER}")
_LINK = r"\s*(?:[:=(–-]|means\b|is\b|if\b|when\b|for\b)"

_FORMATS = {
    "date": re.compile(r"\b\d{4}-\d{2}-\d{2}\b"),
    "date-time": re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?"),
    "time": re.compile(r"\b\d{2}:\d{2}(?::\d{2})?\b"),
    "email": re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
    "uri": re.compile(r"\bhttps?://[^\s<>\"]+"),
}

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
}

_AFFIRMING = frozenset(stems("accept accepted approve approved complete done good ok pass passed ready yes"))
_DENYING = frozenset(stems("again bad fail failed incomplete no redo reject rejected revise rework"))
_WHETHER = frozenset(stems("whether true false yes contain contains mention mentions"))
_REASONS = frozenset(stems("reason rationale why explanation comment finding problem verdict"))
_KEYWORDS = frozenset(stems("keyword tag term topic theme label"))
_TITLES = frozenset(stems("title headline heading name subject label"))
_COVERED = frozenset(stems("covered found present held"))


def fill_schema(ask: Ask, schema: dict[str, Any]) -> Any:
    """Fill a JSON schema from a request.

    A choice is the one whose name and explanation are most similar to the judged text. A number with
    bounds, in the schema or in its description ("from 0 to 1"), is the *coverage*: the share of the
    wanted terms that the judged text covers (``roles.coverage``), stretched over the bounds.
    """
    return _Form(ask, schema).value("", schema)


class _Form:
    """One schema on its way, with the text that it judges."""

    def __init__(self, ask: Ask, schema: dict[str, Any]) -> None:
        self.ask = ask
        self.root = schema
        own = frozenset(schema.get("properties", {}))
        key, self.text = judged_of(ask, besides=own) or judged_of(ask) or ("", ask.said)
        self.wanted = wanted_of(ask, key, besides=own)
        self.share, self.missing = coverage(self.wanted, self.text)

    def value(self, name: str, schema: dict[str, Any]) -> Any:
        nullable = any(part.get("type") == "null" for part in schema.get("anyOf", ()))
        schema = resolved(schema, self.root)
        if (told := self._told(name, schema)) is not None:
            return told
        if nullable and not self._has(name, schema):
            return None
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choice(schema)
        match schema.get("type"):
            case "object":
                return {key: self.value(key, part) for key, part in schema.get("properties", {}).items()}
            case "boolean":
                return self._flag(name, schema)
            case "integer" | "number":
                return self._number(name, schema)
            case "array":
                return self._list(name, schema)
            case "null":
                return None
        return self._string(name, schema)

    def _told(self, name: str, schema: dict[str, Any]) -> Any:
        """What a tool returned for this request in a record under a field's name, if it is of its type."""
        kind = _TYPES.get(schema.get("type", ""))
        found = (
            record[name]
            for one in self.ask.results
            if isinstance(record := one.value, dict) and name in record
        )
        values = (value for value in found if kind and type(value) in kind)
        if schema.get("type") != "array":
            return next((value for value in values if value in schema.get("enum", (value,))), None)
        kinds = _TYPES.get(resolved(schema.get("items", {}), self.root).get("type", ""), ())
        return next((value for value in values if all(type(item) in kinds for item in value)), None)

    def _has(self, name: str, schema: dict[str, Any]) -> bool:
        """There is a value for a field that may stay empty."""
        if schema.get("type") in {"integer", "number"}:
            return None not in _bounds(schema) or self._named_number(name) is not None
        return "format" not in schema or bool(self._formatted(name, schema["format"]))

    def _formatted(self, name: str, form: str) -> str:
        """The first date, time or address in what is given, under the field's own key before others."""
        texts = [self.ask.given.get(name, ""), *self.ask.given.values(), self.ask.task]
        pattern = _FORMATS.get(form)
        found = (match for text in texts if pattern and (match := pattern.search(text)))
        return next((match[0] for match in found), "")

    def _number(self, name: str, schema: dict[str, Any]) -> float | int:
        low, high = _bounds(schema)
        whole = schema.get("type") == "integer"
        if low is not None and high is not None:
            value = low + (high - low) * self.share
            return math.floor(value) if whole else value if self.share in {0, 1} else round(value, 3)
        value = self._named_number(name) or 0
        value = max(value, low) if low is not None else value
        value = min(value, high) if high is not None else value
        return int(value) if whole else value

    def _named_number(self, name: str) -> float | int | None:
        """The number under a key, in a tool's result or in a sentence that has the field's name."""
        named = set(terms(name))
        texts = {**self.ask.given, **{result.name: result.readable for result in self.ask.results}}
        for key, text in texts.items():
            if named.intersection(terms(key)) and (found := numbers(text)):
                return found[0]
        near = [number for text in texts.values() for number in named_numbers(name, text)]
        if near:
            return near[0]
        for sentence in (sentence for text in texts.values() for sentence in sentences(text)):
            if named and named <= set(terms(sentence)) and (found := numbers(sentence)):
                return found[0]
        return None

    def _flag(self, name: str, schema: dict[str, Any]) -> bool:
        about = _about(name, schema)
        held = Weights([*material(self.ask), *sentences(self.text), *self.wanted])
        topical = [term for term in terms(" ".join(about)) if held.of(term) and term not in _WHETHER | ASKING]
        if topical:
            return set(topical) <= set(terms(self.text))
        denies = _DENYING.intersection(about) or ADVICE.intersection(about)
        return bool(self.missing) if denies else not self.missing

    def _choice(self, schema: dict[str, Any]) -> Any:
        options = schema["enum"]
        told = "\n".join([schema.get("description", ""), self.ask.task, self.ask.persona])
        explained = [terms(f"{option} {explanation(str(option), options, told)}") for option in options]
        weights = Weights(" ".join(found) for found in explained)
        subject = set(terms(self.text or "\n".join(self.ask.given.values())))
        scores = [
            sum(weights.of(term) for term in dict.fromkeys(found) if term in subject)
            / max(len(found), 1) ** 0.5
            for found in explained
        ]
        if max(scores) > 0:
            return options[scores.index(max(scores))]
        fitting = _DENYING if self.missing else _AFFIRMING
        default = schema.get("default", options[0])
        return next((option for option in options if fitting.intersection(stems(str(option)))), default)

    def _list(self, name: str, schema: dict[str, Any]) -> list[Any]:
        kind = resolved(schema.get("items", {}), self.root)
        most = schema.get("maxItems")
        found: list[Any]
        if "enum" in kind:
            there = set(terms(self.text))
            found = [option for option in kind["enum"] if there.intersection(terms(str(option)))]
        elif kind.get("type") in {"integer", "number"}:
            found = [int(number) if kind["type"] == "integer" else number for number in numbers(self.text)]
        elif kind.get("type") in {"string", None}:
            found = self._texts(_about(name, schema), most)
        else:
            found = [self.value(name, kind)]
        least = schema.get("minItems", 0)
        while len(found) < least:
            found = [*found, self.value(name, kind)]
        return found[:most]

    def _texts(self, about: list[str], most: int | None) -> list[str]:
        if ADVICE.intersection(about):
            return list(self.missing)
        if _COVERED.intersection(about):
            return [item for item in self.wanted if item not in self.missing]
        source = material(self.ask) or sentences(self.text)
        if _KEYWORDS.intersection(about):
            return key_words(source, most or 5)
        return pick(source, weigh(self.ask, " ".join(about)), most or 3)

    def _string(self, name: str, schema: dict[str, Any]) -> str:
        about = _about(name, schema)
        given = self.ask.given.get(name, "").strip()
        if "format" in schema:
            return self._formatted(name, schema["format"])
        if ADVICE.intersection(about) or (_REASONS.intersection(about) and self.wanted):
            text = report(self.share, self.wanted, self.missing)
        elif given and is_short(given) and not (draft_of(self.ask) or advice_of(self.ask)):
            text = given
        elif _TITLES.intersection(stems(name)):
            text = " ".join(key_words(material(self.ask) or sentences(self.text), 4)).capitalize()
        else:
            described = schema.get("description", "")
            text = compose(self.ask, hint=described, judge=False, draft=given)
        most = schema.get("maxLength", len(text))
        return text if len(text) <= most else f"{text[: max(most - 1, 0)].rstrip()}…"[:most]


def explanation(option: str, options: Sequence[Any], told: str) -> str:
    """What a text says a choice means: after its name, else the sentences that name it alone.

    Example:
        >>> explanation("low", ["low", "high"], "high: it burns; low: it smells.")
        'it smells'
    """
    names = "|".join(re.escape(str(other)) for other in options)
    after = rf"\b{re.escape(option)}\b{_LINK}\s*(.*?)(?=[.;\n)]|,?\s*(?:\bor\b|\band\b)?\s*\b(?:{names})\b{_LINK}|$)"
    found = re.findall(after, told, re.IGNORECASE)
    if found:
        return " ".join(found)
    pieces = re.split(r"[.;\n]", told)
    others = [str(other).lower() for other in options if str(other) != option]
    alone = [
        piece
        for piece in pieces
        if option.lower() in words(piece) and not any(other in words(piece) for other in others)
    ]
    return " ".join(alone)


def key_words(texts: Sequence[str], count: int) -> list[str]:
    """The words that stand in most of the texts, as written first, without function words."""
    counted: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for text in texts:
        for word in words(text):
            if word not in STOP_WORDS and len(word) > 3 and not word.isdigit():
                counted[stem(word)] += 1
                shown.setdefault(stem(word), word)
    return [shown[found] for found, _ in counted.most_common(count)]


def _bounds(schema: dict[str, Any]) -> tuple[float | int | None, float | int | None]:
    step = 1 if schema.get("type") == "integer" else 0.001
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"] + step
    if "exclusiveMaximum" in schema:
        high = schema["exclusiveMaximum"] - step
    found = _RANGE.search(schema.get("description", ""))
    if low is None and high is None and found:
        low, high = (float(number) for number in found.groups() if number is not None)
    return low, high


def _about(name: str, schema: dict[str, Any]) -> list[str]:
    return stems(f"{name} {schema.get('description', '')}")
