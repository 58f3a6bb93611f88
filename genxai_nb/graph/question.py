"""What a person is asked, as a question with choices or as a form, and which answers fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from genxai_nb.errors import DefinitionError, HumanAnswerMissing, RunError

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = [
    "UNANSWERED",
    "Entry",
    "Question",
    "answer_among",
    "answer_missing",
    "as_form",
    "checked_answer",
    "entries_of",
    "filled_in",
    "question_in",
]

UNANSWERED: Any = object()

Kind = Literal["text", "number", "integer", "boolean", "choice", "value"]
_SIMPLE: dict[Any, Kind] = {
    "string": "text",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
}
_WORDS = {"number": "number", "integer": "whole number", "boolean": "yes or no", "value": "JSON"}


class Entry(Struct, frozen=True, kw_only=True):
    """One field of a form.

    Attributes:
        name: The field's name in the answer.
        kind: What is filled in; a ``value`` is JSON.
        options: What a ``choice`` is made from.
        required: It has no default.
        default: What it is when it is left out.
        note: What its schema says of it.
    """

    name: str
    kind: Kind = "text"
    options: tuple[Any, ...] = ()
    required: bool = True
    default: Any = None
    note: str = ""

    @property
    def in_words(self) -> str:
        """The name with what may be filled in, such as ``score number`` or ``comment text or nothing``."""
        what = "|".join(map(str, self.options)) if self.kind == "choice" else _WORDS.get(self.kind, "text")
        return f"{self.name} {what}" if self.required else f"{self.name} {what} or nothing"

    def read(self, text: str) -> Any:
        """A typed text as a value of this field; what it cannot be is left for the schema to refuse.

        Raises:
            RunError: It should be JSON and is none.
        """
        if self.kind == "choice":
            return next((option for option in self.options if str(option) == text.strip()), text)
        if self.kind != "value":
            return text if self.kind == "text" else text.strip()
        try:
            return json.loads(text)
        except ValueError as exc:
            raise RunError(
                f"{self.name}: {text!r:.80} is not JSON: {exc}.", hint='Write [1, 2] or {"key": "value"}.'
            ) from exc


class Question(Struct, frozen=True, kw_only=True):
    """A question that waits for a person.

    Attributes:
        slot: The call that it is.
        node: The node that asks.
        visit: The node's visit.
        prompt: What is asked.
        choices: The answers to choose from; empty for any text.
        form: The JSON schema of a form to fill in instead; empty for none.
        schema: The pydantic model behind the form, where it is known.
    """

    slot: str = ""
    node: str = ""
    visit: int = 0
    prompt: str = ""
    choices: tuple[str, ...] = ()
    form: dict[str, Any] = {}
    schema: Any = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The fields of its form; empty if it has none."""
        return entries_of(self.form)

    @property
    def offered(self) -> tuple[str, ...]:
        """What may be answered, in words: the choices, or the fields of the form."""
        return self.choices or tuple(entry.in_words for entry in self.entries)

    def check(self, answer: Any) -> Any:
        """The answer as the node gets it.

        Raises:
            RunError: It is none of the choices, or does not fit the schema.
        """
        return checked_answer(self.node, answer, self.choices, self.schema)


def question_in(
    request: Mapping[str, Any], *, slot: str = "", node: str = "", visit: int = 0, schema: Any = None
) -> Question:
    """The question that a call's request asks."""
    choices = tuple(map(str, request["choices"]))
    form = request.get("schema") or {}
    return Question(
        slot=slot,
        node=node,
        visit=visit,
        prompt=request["prompt"],
        choices=choices,
        form=form,
        schema=schema,
    )


def answer_among(answers: Mapping[str, Any], question: Question) -> Any:
    """The answer that a run was given for a question, by its node or its text, or ``UNANSWERED``.

    A list has one answer for each visit.

    Example:
        >>> answer_among({"ok": ["no", "yes"]}, Question(node="ok", visit=2))
        'yes'
    """
    found = next((answers[name] for name in (question.node, question.prompt) if name in answers), UNANSWERED)
    if isinstance(found, list):
        return found[question.visit - 1] if question.visit <= len(found) else UNANSWERED
    return found


def answer_missing(answers: Mapping[str, Any], question: Question) -> HumanAnswerMissing:
    """Say that a question has no answer and nobody to ask."""
    given = answers.get(question.node)
    used = f" This is visit {question.visit}, but its list has {len(given)}." if given else ""
    return HumanAnswerMissing(
        f"Node {question.node!r} asks {question.prompt!r}, and nobody is there to answer.{used}",
        hint=f"Give answers={{{question.node!r}: ...}} to the run, or answers: in the cell.",
    )


def as_form(schema: Any) -> type[BaseModel]:
    """The pydantic model of a form.

    Raises:
        DefinitionError: It is none, or has no JSON schema.
    """
    if not isinstance(schema, type) or not hasattr(schema, "model_json_schema"):
        raise DefinitionError(
            f"The schema of a question is a pydantic model class, not {schema!r:.80}.",
            hint="Write class Review(BaseModel): ...",
        )
    from pydantic.errors import PydanticInvalidForJsonSchema

    try:
        schema.model_json_schema()
    except PydanticInvalidForJsonSchema as exc:
        raise DefinitionError(f"{schema.__name__} cannot be a form: {exc.message}.") from exc
    return schema


def checked_answer(
    node: str, answer: Any, choices: tuple[str, ...], schema: type[BaseModel] | None = None
) -> Any:
    """An answer as its node gets it; refuse one that is none of the choices or does not fit the schema.

    Args:
        node: The node that asks.
        answer: A word, a text, or for a form its values by name, also as JSON.
        choices: The answers to choose from.
        schema: The form's model.

    Raises:
        RunError: It does not fit.
    """
    if choices and str(answer) not in choices:
        raise RunError(
            f"The answer {answer!r} for node {node!r} is none of its choices.",
            hint=f"Choices: {', '.join(choices)}.",
        )
    if schema is None:
        return answer
    from pydantic import ValidationError

    try:
        text = isinstance(answer, str | bytes)
        found = schema.model_validate_json(answer) if text else schema.model_validate(answer)
    except ValidationError as exc:
        rows = [
            f"{'.'.join(map(str, row['loc'])) or 'the answer'}: {row['msg']}"
            for row in exc.errors(include_url=False, include_context=False)
        ]
        fields = ", ".join(entry.in_words for entry in entries_of(schema.model_json_schema()))
        raise RunError(
            f"The answer for node {node!r} does not fit: {'; '.join(rows)}.", hint=f"It takes {fields}."
        ) from exc
    return found.model_dump(mode="json")


def entries_of(schema: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The fields of a form from the JSON schema of an object.

    Example:
        >>> entries_of({"properties": {"score": {"type": "number"}}, "required": ["score"]})[0].in_words
        'score number'
    """
    required = schema.get("required", ())
    parts = schema.get("$defs", {})
    return tuple(
        _entry(name, _resolved(found, parts), required=name in required)
        for name, found in schema.get("properties", {}).items()
    )


def _resolved(found: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """A property with its reference followed, and of an optional one what it is when it is given."""
    own = dict(found)
    kinds = [kind for kind in own.pop("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) == 1:
        own = {**kinds[0], **own}
    reference = str(own.pop("$ref", "")).rpartition("/")[2]
    return {**parts.get(reference, {}), **own}


def _entry(name: str, found: Mapping[str, Any], *, required: bool) -> Entry:
    options = tuple(found.get("enum", (found["const"],) if "const" in found else ()))
    return Entry(
        name=name,
        kind="choice" if options else _SIMPLE.get(found.get("type"), "value"),
        options=options,
        required=required,
        default=found.get("default"),
        note=str(found.get("description", "")),
    )


def filled_in(entries: tuple[Entry, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """An answer from what was filled into a form; an empty field that need not be filled in is left out.

    Args:
        entries: The form's fields.
        given: By field the text typed in, or a value.

    Raises:
        RunError: A text is not JSON where it should be.
    """
    known = {entry.name: entry for entry in entries}
    answer: dict[str, Any] = {}
    for name, value in given.items():
        entry = known.get(name)
        if entry is None or not isinstance(value, str):
            answer[name] = value
        elif value.strip() or (entry.kind == "text" and (entry.required or entry.default)):
            answer[name] = entry.read(value)
    return answer
