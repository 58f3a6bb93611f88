"""What follows an arrow of the graph language: if, else, for each, max."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from genxai_nb.errors import DefinitionError

from .lexer import MISTAKES, NAME, Cursor, Token, identifier, unquoted
from .node_line import whole_number

CLAUSES = ("if", "else", "for", "max")
MEANT = {
    "when": "if",
    "unless": "if not",
    "elif": "if",
    "otherwise": "else",
    "foreach": "for each",
    "limit": "max",
}

_AFTER = "After an arrow come if CONDITION, else, for each NAME in KEY, or max NUMBER."
_FOR_EACH = "Write for each NAME in KEY, such as for each item in items."


class Clause(NamedTuple):
    """What follows one arrow; all empty for a plain one."""

    when: str | None = None
    otherwise: bool = False
    each: str | None = None
    item: str | None = None
    limit: int | None = None


def read_clause(cursor: Cursor) -> Clause:
    """Read the clause whose first word the cursor meets.

    Raises:
        LineInvalid: It is not of the language.
    """
    word = cursor.take().text
    if word == "if":
        return _condition(cursor)
    if word == "else":
        return _fallback(cursor)
    if word == "for":
        return _items(cursor)
    return Clause(limit=whole_number(cursor, cursor.take(), "max"))


def refuse_rest(cursor: Cursor) -> NoReturn:
    """Refuse what stands where a clause or the end of the line belongs."""
    token = cursor.token
    if token.kind == "unclosed":
        cursor.take()
    if token.kind == "word" and token.text in MEANT:
        cursor.refuse(
            token, f"{token.text!r} is no word of the graph language.", f"Write {MEANT[token.text]}."
        )
    cursor.refuse(token, f"{token.text!r} does not belong here.", MISTAKES.get(token.text, _AFTER))


def _condition(cursor: Cursor) -> Clause:
    tokens: list[Token] = []
    depth = 0
    while not cursor.ends() and (depth > 0 or not cursor.meets("->")):
        tokens.append(cursor.take())
        depth += tokens[-1].opens
    limit = None
    if _ends_in_max(tokens):
        whole_number(cursor, cursor.token, "max")
    elif _ends_in_max(tokens[:-1]):
        limit = whole_number(cursor, tokens[-1], "max")
        tokens = tokens[:-2]
    if not tokens:
        cursor.refuse(
            cursor.token, "The condition is missing.", "Write if CONDITION, such as if score < 0.8."
        )
    if len(tokens) == 1 and tokens[0].kind == "string":
        what = "The condition is in quotes, so it is a text and no condition."
        cursor.refuse(tokens[0], what, f"Write if {unquoted(tokens[0].text)}.")
    return Clause(when=cursor.expression(tokens), limit=limit)


def _ends_in_max(tokens: list[Token]) -> bool:
    """Whether the last token is the word ``max`` and no field of that name."""
    *before, last = tokens or [Token("end", "", 0, 0)]
    return last.kind == "word" and last.text == "max" and not (before and before[-1].text == ".")


def _fallback(cursor: Cursor) -> Clause:
    if cursor.meets("if"):
        hint = "Write if CONDITION alone: every arrow whose condition is true is taken."
        cursor.refuse(cursor.token, "else takes no condition.", hint)
    limit = whole_number(cursor, cursor.take(), "max") if cursor.accept("max") else None
    return Clause(otherwise=True, limit=limit)


def _items(cursor: Cursor) -> Clause:
    if not cursor.accept("each"):
        cursor.refuse(cursor.token, "'for' is not followed by 'each'.", _FOR_EACH)
    token = cursor.take()
    raw = unquoted(token.text) if token.kind == "string" else token.text
    if token.kind != "string" and not NAME.fullmatch(raw):
        cursor.refuse(token, "The name of one item is missing.", _FOR_EACH)
    try:
        item = identifier(raw)
    except DefinitionError as exc:
        cursor.refuse(token, exc.what, exc.hint, exc)
    if not cursor.accept("in"):
        what = f"'for each {item}' does not say which key holds the items."
        cursor.refuse(cursor.token, what, f"Write for each item in {item}." if cursor.ends() else _FOR_EACH)
    key = cursor.take()
    if key.kind != "word" or not key.text.isidentifier():
        cursor.refuse(key, "The key that holds the items is missing.", _FOR_EACH)
    if cursor.meets("max"):
        cursor.refuse(
            cursor.token, "for each takes no max.", "Its target runs once, with one instance per item."
        )
    return Clause(each=key.text, item=item)
