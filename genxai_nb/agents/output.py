"""A model's answer as an object of the agent's ``output`` model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_FENCED = re.compile(r"```\w*\n(.*?)\n?```", re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')  # strings are passed over whole
_OPENING = re.compile(r"[{\[]")
_MOST = 64  # places where JSON may begin that are looked at


def read_output(model: type[BaseModel], text: str) -> tuple[Any, ValidationError | None]:
    """Read an answer as an object of the model; the second value says why it is none.

    JSON in a code fence, with text around it or with a comma after the last item is read as it was
    meant. Of several pieces that fit, the last one counts.
    """
    from pydantic import ValidationError

    wrong: ValidationError | None = None
    for piece in _pieces(text):
        try:
            return model.model_validate_json(piece), None
        except ValidationError as error:
            if wrong is None or _is_of_form(wrong):
                wrong = error
    return None, wrong


def _pieces(text: str) -> Iterator[str]:
    """The answer as it is, then what in it may be meant by it, the likeliest first."""
    yield text
    for fenced in reversed(_FENCED.findall(text)):
        yield fenced
        yield _mended(fenced)
    yield from reversed(list(_values(_mended(text))))


def _mended(text: str) -> str:
    """Leave out the commas after last items."""
    return _LAST_COMMA.sub(lambda match: match[1] or "", text)


def _values(text: str) -> Iterator[str]:
    """The JSON objects and arrays that stand somewhere in a text, in order."""
    decoder, place = json.JSONDecoder(strict=False), 0
    for _ in range(_MOST):
        begins = _OPENING.search(text, place)
        if begins is None:
            return
        try:
            _, place = decoder.raw_decode(text, begins.start())
        except (json.JSONDecodeError, RecursionError):
            place = begins.end()
        else:
            yield text[begins.start() : place]


def _is_of_form(error: ValidationError) -> bool:
    """Whether a text was no JSON at all, which tells less than what is wrong with its fields."""
    return error.errors(include_url=False)[0]["type"] == "json_invalid"


def errors_in_words(error: ValidationError) -> list[str]:
    """Say field by field what does not fit."""
    lines = []
    for found in error.errors(include_url=False):
        place = ".".join(str(part) for part in found["loc"]) or "the answer"
        value = found["input"]
        shown = "" if found["type"] == "missing" else f" (it was {_short(value)})"
        lines.append(f"{place}: {found['msg']}{shown}")
    return lines


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
