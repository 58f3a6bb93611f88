"""``key=value`` pairs of a line, cut apart and read like the body of a run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.notation import input_from
from genxai_nb.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel

_KEY = re.compile(r"([^\W\d]\w*)=(?!=)")
_OPENING, _CLOSING = "([{", ")]}"


def cut_pairs(text: str) -> dict[str, str]:
    """Cut ``a=1 b="two words" c=[1, 2]`` apart; a value goes on to the next key.

    Raises:
        InputError: It does not begin with a key, or a key is there twice.

    Example:
        >>> cut_pairs('topic="solid state" notes=["a", "b=c"] n=3')
        {'topic': '"solid state"', 'notes': '["a", "b=c"]', 'n': '3'}
    """
    starts = list(_starts(text))
    if text.strip() and (not starts or text[: starts[0].start()].strip()):
        raise InputError(f"{text!r} does not begin with a key.", hint="Write: key=value")
    ends = [found.start() for found in starts[1:]] + [len(text)]
    pairs: dict[str, str] = {}
    for found, end in zip(starts, ends, strict=True):
        if found[1] in pairs:
            raise InputError(f"{found[1]!r} is there twice.", hint="Leave one out.")
        pairs[found[1]] = text[found.end() : end].strip()
    return pairs


def _starts(text: str) -> Any:
    """The places where a key begins, outside of quotes and brackets."""
    depth, quote, before = 0, "", " "
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'" and not before.isalnum():
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        elif depth <= 0 and before.isspace() and (found := _KEY.match(text, place)):
            yield found
        before = char


def read_pairs(
    pairs: dict[str, str], schema: type[BaseModel] | None, insert: Callable[[str], Any] | None
) -> dict[str, Any]:
    """Read the values of pairs as the body of a run cell is read; ``$name`` inserts an object.

    Raises:
        InputError: A value cannot be read.
        LineInvalid: A value is not of its key's kind, or the key is not known.
    """
    plain = {key: _unquoted(value) for key, value in pairs.items()}
    quoted = {key: value for key, value in plain.items() if value is not None}
    body = "\n".join(f"{key}: {value}" for key, value in pairs.items() if key not in quoted)
    if any("\n" in value for value in pairs.values()):
        raise InputError("A value goes over several lines.", hint="Set it in Python: run.set(key=value)")
    if schema is not None and (unknown := [key for key in quoted if key not in schema.model_fields]):
        body += "".join(f"\n{key}: " for key in unknown)  # refused below, with the nearest name
    given, _ = input_from(body, schema, insert)
    return {key: quoted.get(key, given.get(key)) for key in pairs}


def read_scalar(text: str, insert: Callable[[str], Any] | None) -> Any:
    """Read one value: a number, a boolean, null, a list or a dict if it looks like one, else text."""
    return read_pairs({"value": text}, None, insert)["value"]


def _unquoted(text: str) -> str | None:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]:
        return text[1:-1]
    return None
