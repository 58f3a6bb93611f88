"""Node lines of the graph language: ``node sum = tool calculator(expression=draft.sum): into total``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, get_args

from genxai_nb.errors import DefinitionError, suggest

from .definition import END, START
from .lexer import NAME, Cursor, Token, identifier, quoted, unquoted
from .statements import UNITS, Kind, NodeStatement

KINDS: tuple[str, ...] = get_args(Kind)

_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?", re.ASCII)
_SECOND = {"on": "error", "at": "once"}  # the second word of an option
_FULL = {"on": "on error fail", "at": "at once 8"}
_EXAMPLE = "Write node NAME, node NAME = agent OTHER, or node NAME: retry 2."


def read_node(cursor: Cursor) -> NodeStatement:
    """Read a node line; the cursor stands behind the word ``node``.

    Raises:
        LineInvalid: It is not of the language.
    """
    name, token = cursor.name()
    if name in {START, END}:
        cursor.refuse(token, f"{name} is no node.", "Only what lies between START and END is declared.")
    given = _definition(cursor) if cursor.accept("=") else {}
    if cursor.accept(":"):
        given |= _options(cursor, given.get("kind"))
    if not cursor.ends():
        _refuse_rest(cursor)
    number, column = cursor.position(token.start)
    return NodeStatement(name=name, number=number, column=column, text=cursor.lines[number - 1], **given)


def _refuse_rest(cursor: Cursor) -> NoReturn:
    token = cursor.token
    hint = _EXAMPLE
    if token.text in {*_READ, *_SECOND}:
        hint = f"Put a colon before the options and commas between them: ..., {token.text} ..."
    elif token.kind == "word":
        hint = f"Quote a name with a space, or begin the options with a colon. {_EXAMPLE}"
    cursor.refuse(token, f"{token.text!r} does not belong here.", hint)


def _definition(cursor: Cursor) -> dict[str, Any]:
    token = cursor.take()
    if token.kind != "word" or token.text not in KINDS:
        hint = suggest(token.text, KINDS)
        if cursor.meets("("):
            hint = f"Write tool {token.text}(...)."
        cursor.refuse(
            token, f"{token.text!r} is no kind of node." if token.text.strip() else "A kind is missing.", hint
        )
    kind = token.text
    if kind == "human":
        prompt = cursor.take()
        if prompt.kind != "string":
            cursor.refuse(prompt, "A human node takes its question in quotes.", 'Write human "Publish?".')
        return {"kind": kind, "what": unquoted(prompt.text)}
    if kind == "tool":
        return {
            "kind": kind,
            "what": _plain_name(cursor),
            "arguments": _call(cursor) if cursor.accept("(") else {},
        }
    target = cursor.token
    try:
        return {"kind": kind, "what": identifier(_plain_name(cursor))}
    except DefinitionError as exc:
        cursor.refuse(target, exc.what, exc.hint, exc)


def _plain_name(cursor: Cursor) -> str:
    """Take a name as it is written, bare or quoted."""
    token = cursor.take()
    if token.kind == "string":
        return unquoted(token.text)
    if not NAME.fullmatch(token.text):
        cursor.refuse(
            token,
            f"{token.text!r} is no name." if token.text.strip() else "A name is missing.",
            "Write a name, quoted unless it is letters and digits.",
        )
    return token.text


def _call(cursor: Cursor) -> dict[str, str]:
    arguments: dict[str, str] = {}
    while True:
        token = cursor.token
        key = _key(cursor, "argument")
        if key in arguments:
            cursor.refuse(token, f"Argument {key!r} is given twice.", "Leave one out.")
        if not cursor.accept("="):
            cursor.refuse(cursor.token, f"Argument {key!r} has no value.", f"Write {key}=EXPRESSION.")
        arguments[key] = _argument(cursor, key)
        if cursor.accept(")"):
            return arguments
        if not cursor.accept(","):
            cursor.refuse(cursor.token, "The call is not closed.", "Close it with ).")


def _argument(cursor: Cursor, key: str) -> str:
    tokens: list[Token] = []
    depth = 0
    while not cursor.ends() and (depth or not cursor.meets(",", ")")):
        token = cursor.take()
        tokens.append(token)
        depth += token.opens
    if not tokens:
        cursor.refuse(cursor.token, f"Argument {key!r} has no value.", f"Write {key}=EXPRESSION.")
    return cursor.expression(tokens)


def _key(cursor: Cursor, what: str) -> str:
    token = cursor.take()
    if token.kind != "word" or not token.text.isidentifier():
        shown = f"{token.text!r} is no {what}" if token.text.strip() else f"The {what} is missing"
        cursor.refuse(token, f"{shown}.", "Write a name of letters, digits and _, without quotes.")
    return token.text


def _options(cursor: Cursor, kind: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    while True:
        token = cursor.take()
        word = token.text
        if (rest := _SECOND.get(word)) and cursor.accept(rest):
            word = f"{word} {rest}"
        read = _READ.get(word) if token.kind == "word" else None
        if read is None:
            shown = f"Unknown option {word!r}." if word.strip() else "An option is missing."
            cursor.refuse(token, shown, _mend_of_option(word, options))
        if word == "choices" and kind not in {None, "human"}:
            cursor.refuse(
                token, f"A node of kind {kind} takes no choices.", 'Choices belong to human "QUESTION".'
            )
        name = word.replace(" ", "_")
        if name in options:
            cursor.refuse(token, f"Option {word!r} is given twice.", "Leave one out.")
        options[name] = read(cursor)
        if not cursor.accept(","):
            return options


def _mend_of_option(word: str, before: dict[str, Any]) -> str:
    """What to write instead of an unknown option: the nearest one, or a list if one was begun before it."""
    if word in _SECOND:
        return f"Write {_FULL[word]}."
    if word in {"each", "for"}:
        return "An arrow runs a node for each item: a -> b for each item in items."
    last = next(reversed(before), "")
    if last in {"reads", "choices"} and len(before[last]) == 1 and word.strip():
        return f"Write several as a list: {last} [{before[last][0]}, {word}]."
    return suggest(word, _READ)


def _retry(cursor: Cursor) -> int:
    return whole_number(cursor, cursor.take(), "retry", least=0)


def _timeout(cursor: Cursor) -> float:
    token = cursor.take()
    found = _TIME.fullmatch(token.text)
    unit = found and (found[2] or (cursor.take().text if cursor.meets(*UNITS) else None))
    if not found or not unit or not float(found[1]):
        cursor.refuse(token, f"{token.text!r} is no time.", "Write a number with ms, s, m or h, such as 30s.")
    amount, scale = float(found[1]), UNITS[unit]
    return amount / scale if unit == "ms" else amount * scale


def _on_error(cursor: Cursor) -> str:
    token = cursor.take()
    if token.text == "goto":
        name, target = cursor.name()
        if name == START:
            cursor.refuse(target, "No way leads to START.", "Name the node that mends the error.")
        return f"goto:{name}"
    if token.kind != "word" or token.text not in {"fail", "continue"}:
        cursor.refuse(token, f"{token.text!r} is no way on.", "Write on error fail, continue, or goto NODE.")
    return token.text


def _join(cursor: Cursor) -> str | int:
    token = cursor.take()
    if token.kind == "word" and token.text in {"all", "any", "each"}:
        return token.text
    if token.kind != "number":
        cursor.refuse(token, f"{token.text!r} is no way to join.", "Write join all, any, each, or a number.")
    return whole_number(cursor, token, "join")


def _at_once(cursor: Cursor) -> int:
    return whole_number(cursor, cursor.take(), "at once")


def _cache(_cursor: Cursor) -> bool:
    return True


def _reads(cursor: Cursor) -> tuple[str, ...]:
    if not cursor.accept("["):
        return (_key(cursor, "key"),)
    if cursor.accept("]"):
        return ()
    return tuple(_bracketed(cursor, lambda: _key(cursor, "key")))


def _into(cursor: Cursor) -> str:
    return _key(cursor, "key")


def _choices(cursor: Cursor) -> tuple[str, ...]:
    if not cursor.accept("["):
        return (_plain_name(cursor),)
    return tuple(_bracketed(cursor, lambda: _plain_name(cursor)))


def _bracketed(cursor: Cursor, read: Callable[[], str]) -> Iterable[str]:
    while True:
        yield read()
        if cursor.accept("]"):
            return
        if not cursor.accept(","):
            token = cursor.token
            hint = (
                f"Quote a text with spaces, such as {quoted('not yet')}."
                if token.kind == "word"
                else "Close it with ]."
            )
            cursor.refuse(token, "The list goes on without a comma.", hint)


_READ: dict[str, Callable[[Cursor], Any]] = {
    "retry": _retry,
    "timeout": _timeout,
    "on error": _on_error,
    "join": _join,
    "at once": _at_once,
    "cache": _cache,
    "reads": _reads,
    "into": _into,
    "choices": _choices,
}

OPTIONS = tuple(_READ)


def whole_number(cursor: Cursor, token: Token, what: str, *, least: int = 1) -> int:
    """Read a token as a whole number.

    Raises:
        LineInvalid: It is none, or too small.
    """
    if not (
        token.text.isascii() and token.text.isdigit() and len(token.text) < 10 and int(token.text) >= least
    ):
        shown = f"not {token.text!r}" if token.text.strip() else "and there is none"
        cursor.refuse(token, f"{what} takes a whole number from {least} up, {shown}.", f"Write {what} 3.")
    return int(token.text)
