"""From the text after ``%genxai`` to a request, with a caret under what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from genxai_nb.agents.notation.head import parse_head
from genxai_nb.errors import DefinitionError, GenXAIError, LineInvalid, UnknownName

from .cell import Cell
from .tracebacks import point
from .verb import Request, Verb

_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+|["']""")
_QUOTED = re.compile(r""""([^"]*)"|'([^']*)'""")
CELL, LINE = "%%genxai ", "%genxai "


class Word(NamedTuple):
    """A word of a line: its text without quotes, and where it begins."""

    text: str
    start: int


def split(line: str) -> list[Word]:
    """Split a line into words; quotes hold spaces together."""
    return [
        Word(_QUOTED.sub(lambda m: m[1] if m[1] is not None else m[2], found[0]), found.start())
        for found in _WORD.finditer(line)
    ]


def read_head(line: str, body: str, *, cell: Cell, verbs: Sequence[Verb]) -> Request:
    """Read the head of a cell.

    Raises:
        LineInvalid: The kind, the name or an option is wrong.
        DefinitionError: The word is a verb that has no body.
    """
    number = cell.lines_above + 1
    words = split(line)
    by_name = {verb.name: verb for verb in verbs}
    if words and words[0].text in by_name and not by_name[words[0].text].cell:
        usage = by_name[words[0].text].usage
        error = DefinitionError(f"{words[0].text} has no body.", hint=f"Write: {usage}")
        point(error, CELL + line, number, len(CELL) + words[0].start)
        raise error
    try:
        head = parse_head(line)
    except LineInvalid as exc:
        exc.line, exc.number, exc.column = CELL + line, number, len(CELL) + exc.column
        raise
    return Request(by_name[head.kind], cell, head.name, dict(head.options), body, CELL + line)


def read_line(line: str, *, cell: Cell, verbs: Sequence[Verb]) -> Request:
    """Read what stands after ``%genxai``.

    Raises:
        UnknownName: There is no such verb or option; the nearest one is suggested.
        DefinitionError: A word is missing or one too many.
    """
    reader = _LineReader(line, _line_of(cell, line) + 1)
    words = split(line)
    verb = reader.verb(words.pop(0), verbs) if words else next(verb for verb in verbs if not verb.name)
    options: dict[str, Any] = {}
    name = ""
    text = None
    while words:
        word = words.pop(0)
        if verb.whole and not word.text.startswith("--"):
            if name:
                raise reader.at(word.start, DefinitionError("Options come last.", hint=verb.usage))
            name = reader.rest(verb, word, words)
            continue
        if name and verb.text and not _is_option(verb, word):
            text = line[word.start :].strip()
            break
        if word.text.startswith("--"):
            reader.option(verb, word, words, options)
        elif name and verb.second and verb.second not in options:
            options[verb.second] = word.text
        elif name or not verb.argument:
            raise reader.at(
                word.start, DefinitionError(f"{word.text!r} is one word too many.", hint=verb.usage)
            )
        else:
            name = word.text
    if verb.required and not name:
        error = DefinitionError(f"The {verb.argument} is missing.", hint=f"Write: {verb.usage}")
        raise reader.at(len(line.rstrip()), error)
    return Request(verb, cell, name, options, text, f"{LINE}{line}")


class _LineReader:
    def __init__(self, line: str, number: int) -> None:
        self.line = LINE + line
        self.number = number

    def at(self, column: int, error: GenXAIError) -> GenXAIError:
        point(error, self.line, self.number, len(LINE) + column)
        return error

    def verb(self, word: Word, verbs: Iterable[Verb]) -> Verb:
        known = {verb.name: verb for verb in verbs if verb.name}
        verb = known.get(word.text)
        if verb is None:
            lines = [name for name, verb in known.items() if verb.line]
            raise self.at(word.start, UnknownName("verb", word.text, lines))
        if not verb.line:
            raise self.at(
                word.start, DefinitionError(f"{word.text} needs a body.", hint=f"Write a cell: {verb.usage}")
            )
        return verb

    def rest(self, verb: Verb, first: Word, words: list[Word]) -> str:
        """The text from a word to the next option, as it is written; quotes around all of it are taken off."""
        end, only = len(self.line), True
        while words:
            if _is_option(verb, words[0]):
                end = len(LINE) + words[0].start
                break
            words.pop(0)
            only = False
        text = self.line[len(LINE) + first.start : end].rstrip()
        return first.text if only and _QUOTED.fullmatch(text) else text

    def option(self, verb: Verb, word: Word, words: list[Word], options: dict[str, Any]) -> None:
        name, equals, value = word.text[2:].partition("=")
        option = verb.option(name)
        if option is None:
            known = [f"--{option.name}" for option in verb.options]
            hint = "" if known else f"{verb.name} takes no options."
            raise self.at(word.start, UnknownName("option", f"--{name}", known, hint=hint))
        what = ""
        if name in options and not option.many:
            what = f"--{name} is given twice."
        elif not option.value and equals:
            what = f"--{name} takes no value."
        elif option.value and not value and (equals or not words or words[0].text.startswith("--")):
            what = f"--{name} needs a value."
        if what:
            raise self.at(word.start, DefinitionError(what, hint=f"Write: {option}  ({option.help})"))
        if option.rest and not equals:
            value = self.rest(verb, words.pop(0), words)
        elif option.value and not equals:
            value = words.pop(0).text
        if option.many:
            options.setdefault(name, []).append(value)
        else:
            options[name] = value if option.value else True


def _is_option(verb: Verb, word: Word) -> bool:
    name = word.text[2:].partition("=")[0]
    return word.text.startswith("--") and verb.option(name) is not None


def _line_of(cell: Cell, line: str) -> int:
    """How many lines of the cell stand above a line magic; 0 if it cannot be found there."""
    for number, text in enumerate(cell.source.splitlines()):
        if "%genxai" in text and text.rstrip().endswith(line.strip()):
            return number
    return 0
