"""Schemas in strict mode."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from genxai_nb.providers.strict_schema import strict_schema


class Part(BaseModel):
    name: str = Field(max_length=20, description="What it is")
    kind: Literal["a", "b"] = "a"


class Whole(BaseModel):
    title: str = Field(pattern="^[A-Z]")
    parts: list[Part] = Field(min_length=1)
    best: Part | None = None
    score: float = Field(0.5, ge=0, le=1)


def test_model_is_rewritten_for_strict_mode():
    """Everything is required and closed; what strict mode knows stays, what it does not goes."""
    schema = strict_schema(Whole.model_json_schema())
    assert schema is not None
    assert schema["required"] == ["title", "parts", "best", "score"]
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert properties["title"] == {"type": "string", "pattern": "^[A-Z]"}
    assert properties["parts"] == {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Part"}}
    assert properties["best"] == {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]}
    assert properties["score"] == {"type": "number", "minimum": 0, "maximum": 1}
    part = schema["$defs"]["Part"]
    assert part["properties"]["name"] == {"type": "string", "description": "What it is"}
    assert (part["required"], part["additionalProperties"]) == (["name", "kind"], False)


@pytest.mark.parametrize(
    "inner",
    [
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object"},
        {},
        {"allOf": [{"type": "string"}]},
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"type": "array", "items": {}},
        {"anyOf": [{"type": "string"}, {"type": "object"}]},
    ],
)
def test_schema_that_strict_mode_cannot_say_is_none(inner: dict[str, Any]):
    """Free keys, tuples and anything at all are no matter for strict mode, however deep."""
    assert strict_schema({"type": "object", "properties": {"x": inner}}) is None
    assert strict_schema(inner) is None
