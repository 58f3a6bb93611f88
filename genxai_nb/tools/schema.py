"""A signature as a JSON schema, and what a model is told when its arguments do not fit."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from genxai_nb.errors import SchemaInvalid, ToolFailed, suggest
from genxai_nb.guard.visible import visible
from genxai_nb.messages import ToolSpec

from .signature import EMPTY, Signature

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

MOST_GIVEN = 12_000_000  # characters of all arguments
ITEM = 12  # characters that an item of a list or an object counts as
MOST_FAULTS = 10

_SHOWN = 80
_LISTED = 12  # choices; of more a few are told


class Schema:
    """A tool's parameters, checked by pydantic, which is imported with the first use.

    Args:
        signature: What the tool's function takes.
    """

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self._names = {f"p{n}": p.name for n, p in enumerate(signature.parameters)}
        self._model: type[BaseModel] | None = None

    def spec(self) -> ToolSpec:
        """Describe the tool to a model.

        Raises:
            SchemaInvalid: A type inside a parameter's type has no JSON schema.
        """
        from pydantic.errors import PydanticInvalidForJsonSchema
        from pydantic.json_schema import GenerateJsonSchema

        class Untitled(GenerateJsonSchema):
            def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
                return False

        try:
            parameters = self.model().model_json_schema(schema_generator=Untitled)
        except PydanticInvalidForJsonSchema as exc:
            raise SchemaInvalid(f"Tool {self.signature.name!r} has no JSON schema: {exc.message}.") from exc
        parameters.pop("title", None)
        return ToolSpec(self.signature.name, self.signature.description, parameters)

    def model(self) -> type[BaseModel]:
        """Make the pydantic model of the parameters, once.

        Raises:
            SchemaInvalid: A type inside a parameter's type has no schema.
        """
        if self._model is None:
            from pydantic import ConfigDict, Field, create_model
            from pydantic.errors import PydanticSchemaGenerationError

            fields: dict[str, Any] = {}
            for field, parameter in zip(self._names, self.signature.parameters, strict=True):
                about: dict[str, Any] = {"alias": parameter.name}
                if parameter.description:
                    about["description"] = parameter.description
                if parameter.default is EMPTY:
                    fields[field] = (parameter.annotation, Field(**about))
                elif isinstance(parameter.default, str | int | float | bool | None):
                    fields[field] = (parameter.annotation, Field(default=parameter.default, **about))
                else:  # a factory keeps a default that JSON cannot show out of the schema
                    fields[field] = (parameter.annotation, Field(default_factory=_nothing, **about))
            try:
                self._model = create_model(
                    self.signature.name, __config__=ConfigDict(extra="forbid"), **fields
                )
            except PydanticSchemaGenerationError as exc:
                raise SchemaInvalid(f"Tool {self.signature.name!r} has no schema: {exc.message}") from exc
        return self._model

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Turn a model's arguments into the function's; what is not given is left out.

        Raises:
            ToolFailed: Arguments are missing, unknown or of the wrong kind, one line each.
        """
        from pydantic import ValidationError

        if _is_larger(arguments, MOST_GIVEN):
            raise ToolFailed(
                f"The arguments of tool {self.signature.name!r} are too large: of characters {MOST_GIVEN} is the most.",
                hint="Give less at once, or the path of a file where the tool takes one.",
            )
        try:
            checked = self.model().model_validate(arguments)
        except ValidationError as exc:
            lines = [f"The arguments of tool {self.signature.name!r} do not fit.", *self._faults(exc)]
            raise ToolFailed("\n".join([*lines, self._usage()])) from exc
        return {self._names[field]: getattr(checked, field) for field in checked.model_fields_set}

    def _faults(self, invalid: ValidationError) -> list[str]:
        """A line for each of the first faults."""
        count = invalid.error_count()
        if count > 100 * MOST_FAULTS:  # to take them apart would take longer than all else
            return [f"- {count} of the values in them are wrong."]
        lines = [self._explain(error) for error in invalid.errors(include_url=False)[:MOST_FAULTS]]
        return lines if count <= MOST_FAULTS else [*lines, f"- {count - MOST_FAULTS} more are wrong."]

    def _explain(self, error: ErrorDetails) -> str:
        where = visible(".".join(str(part) for part in error["loc"]), _SHOWN) or "arguments"
        if error["type"] == "missing":
            return f"- Parameter {where!r} is missing."
        if error["type"] == "extra_forbidden":
            advice = suggest(where, self._names.values()) or "The tool takes none."
            return f"- There is no parameter {where!r}. {advice}"
        given = repr(error["input"])
        given = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}..."
        choices = self._choices(error) if error["type"] == "literal_error" else []
        if len(choices) > _LISTED:
            advice = suggest(str(error["input"]), map(str, choices))
            return f"- Parameter {where!r} is {given}, which is none of {len(choices)} choices. {advice}"
        wanted = error["msg"].removeprefix("Input should be ")
        if wanted != error["msg"]:
            return f"- Parameter {where!r} is {given}, but should be {wanted}."
        return f"- Parameter {where!r} is {given}: {wanted}."

    def _choices(self, error: ErrorDetails) -> list[Any]:
        """All choices of the parameter that an error is about."""
        wrong = error["loc"][0] if error["loc"] else ""
        return [
            choice
            for parameter in self.signature.parameters
            if parameter.name == wrong
            for choice in _choices_in(parameter.annotation)
        ]

    def _usage(self) -> str:
        taken = []
        for parameter in self.signature.parameters:
            optional = "" if parameter.default is EMPTY else "?"
            taken.append(f"{parameter.name}{optional}: {_in_words(parameter.annotation)}")
        return f"It takes ({', '.join(taken)})."


def _is_larger(value: Any, most: int) -> bool:
    """Whether a value has more characters than a number of them; it is looked at no longer than that takes."""
    ahead = [value]
    while ahead and most >= 0:
        one = ahead.pop()
        if isinstance(one, str | bytes):
            most -= len(one)
        elif isinstance(one, Mapping | list | tuple):
            most -= ITEM * len(one)
            if most >= 0:
                ahead.extend(one)
                ahead.extend(one.values() if isinstance(one, Mapping) else ())
    return most < 0


def _in_words(annotation: Any) -> str:
    """A type as it is written, without what only a checker reads."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _in_words(parts[0])
    if origin is Literal:
        shown = list(map(repr, parts if len(parts) <= _LISTED else parts[:8]))
        return " | ".join([*shown, f"... {len(parts) - 8} more"] if len(parts) > _LISTED else shown)
    if origin in {Union, types.UnionType}:
        return " | ".join(map(_in_words, parts))
    if origin is not None and parts:
        return f"{origin.__name__}[{', '.join(map(_in_words, parts))}]"
    if annotation is type(None):
        return "None"
    if annotation is Ellipsis:
        return "..."
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _choices_in(annotation: Any) -> list[Any]:
    """The values of all literals in a type."""
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return list(parts)
    return [choice for part in parts for choice in _choices_in(part)]


def _nothing() -> None:
    """The place of a default that the function fills in itself."""
