"""The kinds of cells, and the first line of each: ``graph review --state Draft --limit 50``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, NoReturn

from msgspec import Struct

from genxai_nb.errors import DefinitionError, LineInvalid, suggest
from genxai_nb.graph.lexer import identifier

Takes = Literal["", "NAME", "SCHEMA", "KEY=HOW", "NUMBER", "MODEL", "STORE", "FILE", "BUDGET"]


class Option(Struct, frozen=True):
    """An option of a cell's head.

    Attributes:
        name: What stands after the dashes.
        takes: What its value is; empty for a switch.
        help: What it does, in a few words.
        many: Whether it may be given more than once; its values are then joined by commas.
    """

    name: str
    takes: Takes
    help: str
    many: bool = False


class CellKind(Struct, frozen=True):
    """A kind of cell, for reading, help and completion.

    Attributes:
        name: The word that a head begins with.
        argument: What the name after it names.
        help: What the cell does.
        body: What its body holds.
        options: The options of its head.
        waits: Whether it may call a model, a tool or a person.
    """

    name: str
    argument: Literal["NAME", "GRAPH", "AGENT"]
    help: str
    body: str
    options: tuple[Option, ...] = ()
    waits: bool = False


_AS = Option("as", "NAME", "bind the result to NAME instead of result")
_MODEL = Option("model", "MODEL", "use this model for all agents")
_STORE = Option("store", "STORE", "keep the run there: :memory: or a path")
_POLICY = Option("policy", "NAME", "what tools may do: default, safe or open")
_BUDGET = Option("budget", "BUDGET", "what the run may spend: dollars, or calls=10,tokens=20000,seconds=60")
_CASSETTE = Option("cassette", "FILE", "answer models from this file if it is there, else record them in it")
_ANSWERS = Option("answers", "FILE", "answers of people by node name, a YAML or JSON file")
_BREAKS = Option("breaks", "", "stop at breakpoints also where nobody is there to go on")
_INTERACTIVE = Option("interactive", "", "ask and stop as if somebody were there")

CELLS: dict[str, CellKind] = {
    kind.name: kind
    for kind in (
        CellKind("agent", "NAME", "define an agent", "its fields, one a line: role: Technical writer"),
        CellKind(
            "graph",
            "NAME",
            "define a graph",
            "its lines: START -> writer -> critic",
            (
                Option("state", "SCHEMA", "the schema of its state; without it the state is a dict"),
                Option(
                    "reduce",
                    "KEY=HOW",
                    "how writes to a key come together: append, add, merge, last",
                    many=True,
                ),
                Option("limit", "NUMBER", "how often each loop edge without a max may be taken"),
            ),
        ),
        CellKind(
            "schema", "NAME", "define the schema of a state", "annotations, one a line: score: float = 0"
        ),
        CellKind(
            "run",
            "GRAPH",
            "run a graph",
            "its input, a key a line: topic: batteries",
            (
                _AS,
                _MODEL,
                _STORE,
                _POLICY,
                _BUDGET,
                _CASSETTE,
                _ANSWERS,
                Option("detach", "", "return at once"),
                _BREAKS,
                _INTERACTIVE,
            ),
            waits=True,
        ),
        CellKind(
            "debug",
            "GRAPH",
            "step through a graph",
            "its input, a key a line: topic: batteries",
            (_AS, _MODEL, _STORE, _POLICY, _BUDGET, _CASSETTE, _ANSWERS, _BREAKS, _INTERACTIVE),
        ),
        CellKind(
            "ask",
            "AGENT",
            "ask an agent",
            "what to ask, as plain text",
            (_AS, _MODEL, _BUDGET, _CASSETTE, _INTERACTIVE),
            waits=True,
        ),
        CellKind(
            "chat",
            "AGENT",
            "chat with an agent",
            "what to say first, as plain text, or nothing",
            (
                Option("new", "", "begin another conversation"),
                _AS,
                _MODEL,
                Option(
                    "budget",
                    "BUDGET",
                    "what each answer may spend: dollars, or calls=10,tokens=20000,seconds=60",
                ),
                _CASSETTE,
                _INTERACTIVE,
            ),
        ),
    )
}


class Head(NamedTuple):
    """The first line of a cell, read.

    Attributes:
        kind: A name of ``CELLS``.
        names: The names after it, as variables.
        options: By name, the value as text, or True for a switch.
    """

    kind: str
    names: tuple[str, ...]
    options: Mapping[str, str | bool]

    @property
    def name(self) -> str:
        """The name after the kind."""
        return self.names[0]

    def text(self, option: str) -> str | None:
        """The value of an option; None if it was not given."""
        value = self.options.get(option)
        return value if isinstance(value, str) else None


class _Word(NamedTuple):
    text: str
    start: int


_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+|["']""")
_QUOTED = re.compile(r""""([^"]*)"|'([^']*)'""")
_KEY_AND_HOW = re.compile(r"\s*[^\W\d]\w*\s*=\s*\S.*")


def parse_head(line: str) -> Head:
    """Read the first line of a cell, without the magic's own name.

    Raises:
        LineInvalid: The kind, a name or an option is unknown, missing, or one too many.

    Example:
        >>> parse_head("run review --as answer --detach")
        Head(kind='run', names=('review',), options={'as': 'answer', 'detach': True})
    """
    return _HeadReader(line).read()


class _HeadReader:
    def __init__(self, line: str) -> None:
        self.line = line
        self.words: list[_Word] = []
        for found in _WORD.finditer(line):
            if found[0].startswith("#"):
                break
            text = _QUOTED.sub(lambda quote: quote[1] if quote[1] is not None else quote[2], found[0])
            self.words.append(_Word(text, found.start()))

    def read(self) -> Head:
        kind = self._kind()
        names: list[str] = []
        options: dict[str, str | bool] = {}
        while self.words:
            word = self.words.pop(0)
            if word.text.startswith("--"):
                self._option(kind, word, options)
            elif names:
                self._refuse(word, f"{word.text!r} is one word too many.", f"Write {_usage(kind)}.")
            else:
                names.append(self._name(word))
        if not names:
            self._refuse(None, f"The {kind.argument} is missing.", f"Write {_usage(kind)}.")
        return Head(kind.name, tuple(names), options)

    def _refuse(self, word: _Word | None, what: str, hint: str, cause: Exception | None = None) -> NoReturn:
        column = word.start if word else len(self.line.rstrip())
        raise LineInvalid(what, line=self.line, number=1, column=column, hint=hint) from cause

    def _kind(self) -> CellKind:
        if not self.words:
            self._refuse(None, "The kind of cell is missing.", suggest("", CELLS))
        word = self.words.pop(0)
        kind = CELLS.get(word.text)
        if kind is None:
            self._refuse(word, f"Unknown cell kind {word.text!r}.", suggest(word.text, CELLS))
        return kind

    def _name(self, word: _Word) -> str:
        try:
            return identifier(word.text)
        except DefinitionError as exc:
            self._refuse(word, exc.what, exc.hint, exc)

    def _option(self, kind: CellKind, word: _Word, options: dict[str, str | bool]) -> None:
        name, equals, value = word.text[2:].partition("=")
        option = next((option for option in kind.options if option.name == name), None)
        if option is None:
            known = [f"--{option.name}" for option in kind.options]
            hint = (
                suggest(f"--{name}", known)
                or f"{_with_article(kind.name).capitalize()} cell takes no options."
            )
            if name == "input" and kind.argument == "GRAPH":  # an option of the line %genxai run
                hint = f"Write it below the head: {kind.body}."
            self._refuse(word, f"Unknown option '--{name}'.", hint)
        if name in options and not option.many:
            self._refuse(word, f"'--{name}' is given twice.", "Leave one out.")
        if not option.takes:
            if equals:
                self._refuse(word, f"'--{name}' takes no value.", f"Write --{name} alone.")
            options[name] = True
            return
        taken = word
        if not equals:
            if not self.words or self.words[0].text.startswith("--"):
                self._refuse(
                    word, f"'--{name}' needs a value.", f"Write --{name} {option.takes}: {option.help}."
                )
            taken = self.words.pop(0)
            value = taken.text
        value = self._value(option, taken, value)
        options[name] = f"{options[name]},{value}" if name in options else value

    def _value(self, option: Option, word: _Word, value: str) -> str:
        if option.takes in {"NAME", "SCHEMA"}:
            return self._name(_Word(value, word.start))
        if option.takes == "NUMBER" and not (value.isascii() and value.isdigit() and int(value[:9]) > 0):
            self._refuse(
                word, f"'--{option.name}' takes a number from 1, not {value!r}.", f"Write --{option.name} 50."
            )
        if not value:
            self._refuse(word, f"'--{option.name}' needs a value.", f"Write --{option.name} {option.takes}.")
        if option.takes == "KEY=HOW" and not all(_KEY_AND_HOW.fullmatch(pair) for pair in value.split(",")):
            self._refuse(
                word,
                f"'--{option.name}' takes {option.takes}, not {value!r}.",
                f"Write --{option.name} notes=append.",
            )
        return value


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _usage(kind: CellKind) -> str:
    options = [f"[--{option.name} {option.takes}".rstrip() + "]" for option in kind.options]
    return " ".join([kind.name, kind.argument, *options])
