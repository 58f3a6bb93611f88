"""Values from the command line: inputs and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.notation import input_from
from genxai_nb.errors import InputError, LineInvalid
from genxai_nb.settings import read_settings
from genxai_nb.yaml_core import load

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["read_answers", "read_inputs"]


def read_inputs(pairs: Sequence[str], schema: type[BaseModel] | None) -> dict[str, Any]:
    """Read ``KEY=VALUE`` words as the body of a run cell is read; a ``$`` is just a character.

    Raises:
        LineInvalid: A value is not of its kind.
        InputError: A word has no ``=``, or a key is there twice.

    Example:
        >>> read_inputs(["topic=yeast: a guide", "rounds=3"], None)
        {'topic': 'yeast: a guide', 'rounds': 3}
    """
    given: dict[str, Any] = {}
    for key, text in _pairs(pairs, "input").items():
        below = "\n ".join(["", *text.split("\n")]) if "\n" in text else f" {text}"
        try:
            values, answers = input_from(f"{key}:{below}", schema, lambda path: f"${path}")
        except LineInvalid as exc:
            raise InputError(f"--input {key}={text!r:.80}: {exc.what}", hint=exc.hint) from exc
        if answers:
            raise InputError("'answers' is no input.", hint="Write --answer NODE=VALUE.")
        given |= values
    return given


def read_answers(file: str | None, pairs: Sequence[str]) -> dict[str, Any]:
    """Read the answers of people: from a file, by default that of the settings, and ``NODE=VALUE`` words.

    Raises:
        InputError: The file cannot be read, or a word has no ``=``.
    """
    file = file or read_settings().answers
    answers = _file_of_answers(file) if file else {}
    for node, text in _pairs(pairs, "answer").items():
        try:
            answers[node] = load(text)
        except LineInvalid:  # such as `yes: but later`, which is text and no YAML
            answers[node] = text
        if isinstance(answers[node], Mapping) and not text.startswith("{"):
            answers[node] = text
    return answers


def _file_of_answers(file: str) -> dict[str, Any]:
    hint = "It is a YAML or JSON file with one answer for each human node: NODE: ANSWER"
    try:
        found = load(Path(file).expanduser().read_text("utf-8"))
    except (OSError, UnicodeDecodeError, LineInvalid) as exc:
        why = exc.what if isinstance(exc, LineInvalid) else str(exc)
        raise InputError(f"The file of answers {file!r} cannot be read: {why}.", hint=hint) from exc
    if not isinstance(found, Mapping):
        raise InputError(f"The file of answers {file!r} holds {found!r:.40}.", hint=hint)
    return {str(node): answer for node, answer in found.items()}


def _pairs(words: Sequence[str], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        key, equals, text = word.partition("=")
        key = key.strip()
        what = "is no KEY=VALUE" if not equals or not key else "is there twice" if key in found else ""
        if what:
            raise InputError(f"--{option} {word!r:.60} {what}.", hint=f"Write --{option} name=value.")
        found[key] = text
    return found
