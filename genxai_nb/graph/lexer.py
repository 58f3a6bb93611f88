"""The words of the graph language, and the names that nodes and definitions may have."""

from __future__ import annotations

import json
import keyword
import re
from typing import NamedTuple, NoReturn

from genxai_nb.errors import DefinitionError, LineInvalid
from genxai_nb.expressions import compile_expression

from .definition import RESERVED as RESERVED

NAME = re.compile(r"[^\W\d_](?:\w|-(?=[^\W_]))*")

_TOKEN = re.compile(
    r"""(?P<blank>[^\S\n]+|\#[^\n]*)
      | (?P<newline>\n)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<unclosed>["'])
      | (?P<arrow>->)
      | (?P<number>[0-9][\w.]*)
      | (?P<word>[^\W\d](?:\w|-(?=[^\W_]))*)
      | (?P<symbol>=>|.)""",
    re.VERBOSE,
)
MISTAKES = {
    "=>": "Write -> for an arrow.",
    "→": "Write -> for an arrow.",
    "-": "Write -> for an arrow.",
    ">": "Write -> for an arrow.",
    "=": "What a node runs is said by a node line: node NAME = agent OTHER.",
    ":": "Options are given by a node line: node NAME: retry 2.",
    ";": "Write one statement a line.",
    ",": "Write several names as a group: [a, b].",
    "(": "Write a group in square brackets: [a, b].",
    "{": "Write a group in square brackets: [a, b].",
}

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "/": "/"}


def node_name(name: str) -> str:
    """Make a node's name from how it is written: ``-`` becomes ``_``.

    Raises:
        DefinitionError: The name is reserved, empty or not printable.
    """
    if name in RESERVED:
        raise DefinitionError(
            f"{name!r} is a word of the graph language.", hint=f"Take another name, such as {name}_."
        )
    if not name.isprintable() or name != name.strip() or not name:
        raise DefinitionError(f"{name!r} is no name.", hint="A name is printable and has no space around it.")
    return name.replace("-", "_")


def identifier(name: str) -> str:
    """Make the name of a definition, which is a variable too: ``-`` becomes ``_``.

    Raises:
        DefinitionError: The name is reserved or cannot be a variable.
    """
    ready = node_name(name)
    if not ready.isidentifier() or keyword.iskeyword(ready):
        near = re.sub(r"\W+", "_", ready).strip("_")
        if keyword.iskeyword(near):
            near = f"{near}_"
        raise DefinitionError(
            f"{name!r} cannot be the name of a variable.",
            hint=f"Write {near}." if near.isidentifier() else "Begin with a letter.",
        )
    return ready


def lines_above(count: int) -> str:
    """Say where an earlier line stands; a hint with its number would be wrong in a cell, whose head counts."""
    return "1 line above" if count == 1 else f"{count} lines above"


def quoted(text: str) -> str:
    """Write a text in double quotes, as ``unquoted`` reads it."""
    return json.dumps(text, ensure_ascii=False)


def unquoted(text: str) -> str:
    """Read a text in quotes."""
    return _ESCAPE.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[0]), text[1:-1]
    )


class Token(NamedTuple):
    """A word of a text, with where it begins and ends."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def opens(self) -> int:
        """1 for an opening bracket, -1 for a closing one, else 0."""
        if self.kind != "symbol":
            return 0
        return (self.text in "([{") - (self.text in ")]}")


def tokens_of(text: str) -> list[Token]:
    """Cut a text into tokens; a newline is one only where it ends a statement."""
    tokens: list[Token] = []
    depth, last = 0, Token("newline", "", 0, 0)
    for found in _TOKEN.finditer(text):
        kind, word = found.lastgroup or "", found[0]
        if kind == "blank" or (kind == "newline" and (depth or last.kind in {"arrow", "newline"})):
            continue
        if kind == "newline":  # stands where the statement ends, before a comment
            last = Token(kind, word, last.end, last.end)
        else:
            last = Token(kind, word, *found.span())
        tokens.append(last)
        depth = max(0, depth + last.opens)
    tokens.append(Token("end", "", last.end, last.end))
    return tokens


def one_line(text: str) -> str:
    """Put an expression on one line: comments go, line breaks inside brackets become spaces."""
    tokens = [token for token in tokens_of(text) if token.kind not in {"newline", "end"}]
    return _joined(text, tokens)


def _joined(text: str, tokens: list[Token]) -> str:
    pieces: list[str] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        gap = text[before.end : token.start] if before else ""
        pieces += [" " if "\n" in gap else gap, token.text]
    return "".join(pieces)


class Name(NamedTuple):
    """A node's name, and where it stands."""

    name: str
    token: Token


class Cursor:
    """Reads a text token by token and refuses what does not fit, with a caret."""

    def __init__(self, text: str) -> None:
        self.source = text.replace("\r\n", "\n").replace("\r", "\n")
        self.lines = self.source.split("\n")
        self.tokens = tokens_of(self.source)
        self.at = 0
        self.spelled: dict[str, str] = {}

    @property
    def token(self) -> Token:
        """The token under the cursor."""
        return self.tokens[self.at]

    def ends(self) -> bool:
        """Whether the statement is at its end."""
        return self.token.kind in {"newline", "end"}

    def take(self) -> Token:
        """Take the token under the cursor."""
        token = self.token
        if token.kind == "unclosed":
            self.refuse(
                token, f"The quote {token.text} is not closed on this line.", f"Add {token.text} at its end."
            )
        if token.kind != "end":
            self.at += 1
        return token

    def meets(self, *texts: str) -> bool:
        """Whether a word or symbol, not a quoted text, is one of these."""
        return self.token.kind in {"word", "symbol", "arrow"} and self.token.text in texts

    def accept(self, *texts: str) -> Token | None:
        """Take the token if it is one of these words or symbols."""
        return self.take() if self.meets(*texts) else None

    def name(self) -> Name:
        """Take a node's name, bare or quoted.

        Raises:
            LineInvalid: There is none, it is reserved, or another spelling of it was used before.
        """
        token = self.take()
        raw = unquoted(token.text) if token.kind == "string" else token.text
        if token.kind != "string" and not NAME.fullmatch(raw):
            self.refuse(token, *_no_name(token))
        try:
            name = node_name(raw)
        except DefinitionError as exc:
            self.refuse(token, exc.what, exc.hint, exc)
        first = self.spelled.setdefault(name, raw)
        if first != raw:
            self.refuse(
                token, f"{first!r} and {raw!r} are one name: - becomes _.", f"Write {first} for both."
            )
        return Name(name, token)

    def position(self, offset: int) -> tuple[int, int]:
        """Find the line, from 1, and the column, from 0, of an offset."""
        return self.source.count("\n", 0, offset) + 1, offset - (self.source.rfind("\n", 0, offset) + 1)

    def refuse(self, token: Token, what: str, hint: str = "", cause: Exception | None = None) -> NoReturn:
        """Raise LineInvalid with the caret under a token."""
        number, column = self.position(token.start)
        raise LineInvalid(
            what, line=self.lines[number - 1], number=number, column=column, hint=hint
        ) from cause

    def expression(self, tokens: list[Token]) -> str:
        """Check that tokens are an expression; return it on one line.

        Raises:
            LineInvalid: They are not; line and column are those of the whole text.
        """
        first, last = tokens[0], tokens[-1]
        opened: list[Token] = []
        for token in tokens:
            if token.opens > 0:
                opened.append(token)
            elif token.opens < 0 and opened:
                opened.pop()
        if opened:
            self.refuse(
                opened[-1],
                f"The {opened[-1].text} is never closed.",
                "Close it on its line, or on one below.",
            )
        try:
            compile_expression(self.source[first.start : last.end])
        except LineInvalid as exc:
            number, column = self.position(first.start)
            column = exc.column + (column if exc.number == 1 else 0)
            number += exc.number - 1
            raise LineInvalid(
                exc.what, line=self.lines[number - 1], number=number, column=column, hint=exc.hint
            ) from exc.__cause__
        return _joined(self.source, tokens)


def _no_name(token: Token) -> tuple[str, str]:
    if token.kind in {"newline", "end"}:
        return "A name is missing here.", "Write the name of a node, START, END or a group such as [a, b]."
    if token.kind in {"number", "word"}:
        return f"{token.text!r} does not begin with a letter.", f"Write it in quotes: {quoted(token.text)}."
    return f"{token.text!r} stands where a name belongs.", MISTAKES.get(
        token.text, "Write the name of a node."
    )
