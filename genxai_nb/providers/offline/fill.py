"""Arguments of a tool from a request: numbers, quotations, expressions, choices, keys by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from .ask import Ask
from .options import Named, Wording, meanings
from .roles import draft_of, is_short
from .spans import ends_of, span_in
from .text import NUMBER_WORDS, WORD, list_items, numbers, sentences, stem, stems, terms, words

NOTHING: Any = object()

_FUNCTION = r"(?:sqrt|sin|cos|tan|log|exp|abs|round|min|max|floor|ceil|factorial)"
_EXPRESSION = re.compile(rf"(?<![\w.])(?:[-+*/%^×÷−(),.\d \t]|\b{_FUNCTION}\(|\b(?:pi|e)\b)+(?!\w)")
_OPERATION = re.compile(rf"[\d)]\s*(?:\*\*|//|[+*/%^×÷−]|\s-\s)\s*[\d(]|\d-\d+[*/+]|\b{_FUNCTION}\(")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_ABOUT = re.compile(
    r"\b(?:about|regarding|concerning|on|of|for|in|at|to|from)\s+((?:(?!\b(?:and|using|with|by|use)\b)[^.?!,;:\n])+)",
    re.IGNORECASE,
)
_PROPER = re.compile(r"(?<=[a-z,] )[A-ZÀ-Þ][\w'’-]*(?: [A-ZÀ-Þ][\w'’-]*)*")
_LISTED = re.compile(
    r"\b(?:best|fetch|find|first|give|last|list|name|return|search|show|tell|the|top|what|which|worst)"
    rf"(?: (?:for|me|of|the|top|us))*\s+(\d+|{'|'.join(NUMBER_WORDS)})\s+[^\W\d_]",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:no|not|without|don't|do not|never)\s+(?:\w+\s+)?$", re.IGNORECASE)


_EXPRESSIONS = frozenset(stems("expression formula equation calculation arithmetic"))
_QUERIES = frozenset(stems("query question search keyword keywords term terms topic subject phrase"))
_TEXTS = frozenset(stems("text content document passage body sentence paragraph input string"))


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Follow references, and take the part of a choice that is not null."""
    while True:
        if "$ref" in schema:
            target = root.get("$defs", {}).get(schema["$ref"].rsplit("/", 1)[-1], {})
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        elif "anyOf" in schema or "oneOf" in schema or "allOf" in schema:
            name = next(key for key in ("anyOf", "oneOf", "allOf") if key in schema)
            part: dict[str, Any] = next((part for part in schema[name] if part.get("type") != "null"), {})
            schema = {**part, **{key: value for key, value in schema.items() if key != name}}
        else:
            return schema


def named_numbers(name: str, text: str) -> list[float | int]:
    """The numbers right behind or before a name: ``limit: 3``, ``a limit of 3``, ``3 guests``."""
    label = r"[\s_-]*".join(re.escape(word) for word in words(name))
    after = re.findall(rf"\b{label}s?\b\W{{0,3}}(?:is |of |=|:)?\s*(\S+)", text, re.IGNORECASE)
    before = re.findall(rf"(\S+)\s+{label}s?\b", text, re.IGNORECASE)
    return [number for piece in after + before for number in numbers(piece.rstrip(".,;:!?"))]


class Arguments:
    """Fills a tool's parameters one after the other; a number or quotation is used once.

    Attributes:
        evident: A value was found that only this kind of tool takes, such as an expression.
        certain: No value was only guessed.
        wording: The words of the task.
        taken: The places of those that became arguments, and whether they are an argument's own word.
    """

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.evident = False
        self.certain = True
        self.wording = Wording(ask.task)
        self.taken: dict[int, bool] = {}
        self._numbers = numbers(_EXPRESSION.sub(" ", ask.task) if _OPERATION.search(ask.task) else ask.task)
        self._quoted = ask.quoted()
        self._years: dict[str, int] = {}

    def note_span(self, properties: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the years of ``in 2012`` or ``between 2013 and 2014`` for a tool that asks for the first and the last one."""
        ends, span = ends_of(properties), span_in(self.ask.task)
        if ends is not None and span is not None:
            self._years = dict(zip(ends, span, strict=True))
            self._numbers = [number for number in self._numbers if number not in span]

    def fill(self, name: str, schema: dict[str, Any], *, required: bool) -> Any:
        """Find a value for a parameter, or ``NOTHING``."""
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choice(name, schema)
        match schema.get("type"):
            case "boolean":
                return self._flag(name, required=required)
            case "integer" | "number":
                return self._number(name, schema, required=required)
            case "array":
                return self._list(name, schema, required=required)
            case "string" | None:
                return self._text(name, schema, required=required)
        return self._object(name)

    def fit(self, text: str, schema: dict[str, Any]) -> Any:
        """Turn a text into what a schema of one value takes, or ``NOTHING``."""
        if schema.get("type") in {"integer", "number"}:
            found = [number for number in numbers(text) if _allowed(number, schema)]
            return found[0] if found else NOTHING
        return text

    def _given(self, name: str) -> str | None:
        wanted = stems(name)
        for key, text in self.ask.given.items():
            if key == name or stems(key) == wanted:
                return text
        return None

    def _choice(self, name: str, schema: dict[str, Any]) -> Any:
        given = (self._given(name) or "").strip()
        for option in schema["enum"]:
            if given == str(option):
                return option
        named = self._options(schema["enum"])
        before = stems(name)[-1:]  # "by genre" is for the parameter "by"
        direct = (one for one in named if self.wording.stems[: one.places.start][-1:] == before)
        found = next(direct, named[0] if named else None)
        if found is None:
            return NOTHING
        self._take(found.places, own=found.own)
        return found.option

    def _options(self, options: Sequence[Any]) -> list[Named]:
        """The options that the task names with words which name no other parameter's."""
        return self.wording.named(options, self.taken.keys())

    def _take(self, places: Iterable[int], *, own: bool = True) -> None:
        self.taken |= dict.fromkeys(places, own)

    def _flag(self, name: str, *, required: bool) -> Any:
        given = self._given(name)
        if given is not None:
            return given.strip().lower() in {"true", "yes", "1", "on"}
        wanted = {meaning for term in terms(name) for meaning in meanings(term)}
        for place, match in enumerate(WORD.finditer(self.ask.task)):
            if not wanted.isdisjoint(meanings(stem(match[0]))):
                self._take([place], own=stem(match[0]) in terms(name))
                return not _NEGATED.search(self.ask.task[: match.start()])
        return False if required else NOTHING

    def _number(self, name: str, schema: dict[str, Any], *, required: bool) -> Any:
        given = self._given(name)
        named = numbers(given) if given is not None else named_numbers(name, self.ask.task)
        if not named and schema.get("description", "").startswith("How many"):
            named = [number for text in _LISTED.findall(self.ask.task) for number in numbers(text)]
        if not named and name in self._years:
            named = [self._years[name]]
        if not named and required:
            named = self._numbers
        for number in named:
            if _allowed(number, schema):
                if number in self._numbers:
                    self._numbers.remove(number)
                self._take(self.wording.number(number))
                return number
        return NOTHING

    def _text(self, name: str, schema: dict[str, Any], *, required: bool) -> Any:
        about = frozenset(stems(name))
        described = about | frozenset(terms(schema.get("description", "")))
        if about & _EXPRESSIONS or (described & _EXPRESSIONS and not about & _TEXTS):
            return self._expression(name)
        if schema.get("format") in {"date", "date-time"}:
            dates = _DATE.findall(f"{self.ask.task}\n{self._given(name) or ''}")
            return dates[0] if dates else NOTHING
        given = self._given(name)
        if given is not None:
            return given.strip()
        if self._quoted:
            return self._quoted.pop(0)
        if not required:
            return NOTHING
        if about & _QUERIES:
            return self._topic()
        if described & _TEXTS:
            return self._whole_text(described)
        return self._named_text(name, described)

    def _expression(self, name: str) -> Any:
        places = [self._given(name) or "", *self._quoted, self.ask.task]
        for text in places:
            for match in _EXPRESSION.finditer(_DATE.sub(" ", text)):
                if _OPERATION.search(match[0]):
                    self.evident = True
                    return match[0].strip(" \t,.")
        return NOTHING

    def _whole_text(self, described: frozenset[str]) -> Any:
        given = {key: text for key, text in self.ask.given.items() if text.strip()}
        for key, text in given.items():
            if self.ask.names_key(key) or described.intersection(terms(key)) - _TEXTS:
                return text
        draft = draft_of(self.ask)
        if draft:
            return draft[1]
        return max(given.values(), key=len) if given else NOTHING

    def _named_text(self, name: str, described: frozenset[str]) -> Any:
        for key, text in self.ask.given.items():
            if described.intersection(terms(key)) and is_short(text):
                return text.strip()
        found = re.search(
            rf"\b{re.escape(name.replace('_', ' '))}\s*[:=]?\s+([^\W_][\w-]*)", self.ask.task, re.IGNORECASE
        )
        if found and terms(found[1]):
            return found[1]
        proper = _PROPER.findall(self.ask.task)
        return proper[0] if proper else self._topic()

    def _topic(self) -> Any:
        """What the request is about: the text after ``about`` or the like, a short given text, its terms."""
        for sentence in sentences(self.ask.task):
            found = _ABOUT.search(sentence)
            if found and terms(found[1]):
                return found[1].strip()
        for text in self.ask.given.values():
            if is_short(text) and terms(text):
                return text.strip()
        self.certain = bool(self.ask.task_terms())
        telling = [
            word
            for word in words(self.ask.task)
            if (term := terms(word)) and term[0] in self.ask.task_terms()
        ]
        return " ".join(telling) if telling else NOTHING

    def _list(self, name: str, schema: dict[str, Any], *, required: bool) -> Any:
        given = self._given(name)
        kind = schema.get("items", {})
        if given is not None:
            pieces = list_items(given) or [
                piece.strip() for piece in re.split(r"[,\n]", given) if piece.strip()
            ]
        elif "enum" in kind:
            named = self._options(kind["enum"])
            for one in named:
                self._take(one.places, own=one.own)
            return [one.option for one in named] or NOTHING
        elif kind.get("type") in {"integer", "number"}:
            pieces, self._numbers = [str(number) for number in self._numbers], []
        else:
            pieces, self._quoted = self._quoted, []
        if not pieces and required:
            pieces = next((found for text in self.ask.given.values() if (found := list_items(text))), [])
        values = [value for piece in pieces if (value := self.fit(piece, kind)) is not NOTHING]
        return values or NOTHING

    def _object(self, name: str) -> Any:
        try:
            value = msgspec.json.decode(self._given(name) or "")
        except msgspec.DecodeError:
            return NOTHING
        return value if isinstance(value, dict) else NOTHING


def _allowed(number: float, schema: dict[str, Any]) -> bool:
    if schema.get("type") == "integer" and number != int(number):
        return False
    low, high = schema.get("minimum", number), schema.get("maximum", number)
    above, below = schema.get("exclusiveMinimum", number - 1), schema.get("exclusiveMaximum", number + 1)
    return bool(low <= number <= high and above < number < below)
