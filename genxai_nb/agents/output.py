"""A model's answer as an object of the agent's ``output`` model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_FENCED = re.compile(r"\s*```\w*\n(.*?)\n?```\s*", re.DOTALL)


def read_output(model: type[BaseModel], text: str) -> tuple[Any, ValidationError | None]:
    """Read an answer as an object of the model; the second value says why it is none."""
    from pydantic import ValidationError

    fenced = _FENCED.fullmatch(text)
    try:
        return model.model_validate_json(fenced[1] if fenced else text), None
    except ValidationError as error:
        return None, error


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
