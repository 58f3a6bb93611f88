"""A JSON schema as the strict mode of structured output takes it."""

from __future__ import annotations

from typing import Any

from msgspec import json

_KEPT = frozenset(
    [
        "$ref",
        "const",
        "description",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxItems",
        "maximum",
        "minItems",
        "minimum",
        "multipleOf",
        "pattern",
        "type",
    ]
)
RANGES = frozenset(
    ["exclusiveMaximum", "exclusiveMinimum", "maxItems", "maximum", "minItems", "minimum", "multipleOf"]
)
_FORMATS = frozenset(["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"])
_UNSAYABLE = frozenset(["allOf", "else", "if", "not", "patternProperties", "prefixItems", "then"])


def strict_schema(schema: dict[str, Any], without: frozenset[str] = frozenset()) -> dict[str, Any] | None:
    """Rewrite a schema for strict mode, or return None if it says what strict mode cannot.

    Strict mode takes no object of free keys, and wants every property required. What it does not know
    and what only narrows a value, such as ``maxLength``, is left out: the answer is checked against
    the whole schema when it is there.

    Args:
        schema: The schema.
        without: What else a vendor does not know, such as ``maximum``.

    Example:
        >>> strict_schema({"type": "object", "properties": {"n": {"type": "integer", "default": 1}}})
        {'type': 'object', 'properties': {'n': {'type': 'integer'}}, 'required': ['n'], 'additionalProperties': False}
    """
    said = schema.get("type") == "object" and _sayable(schema)
    return _strict(schema, _KEPT - without) if said else None


def named_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Give a schema the name that OpenAI's APIs want, in strict mode if that can say it."""
    strict = strict_schema(schema)
    name = "".join(c for c in str(schema.get("title", "")) if c.isascii() and (c.isalnum() or c in "_-"))
    return {"name": name[:64] or "answer", "schema": strict or schema, "strict": strict is not None}


def schema_in_words(schema: dict[str, Any]) -> str:
    """Tell a model of a schema that its server does not take."""
    said = json.encode(schema, enc_hook=str).decode()
    return f"Answer with one JSON object that fits this JSON schema, and nothing else:\n{said}"


def _sayable(schema: Any) -> bool:
    if isinstance(schema, list):
        return all(map(_sayable, schema))
    if not isinstance(schema, dict):
        return True
    if _UNSAYABLE & schema.keys() or not _says_something(schema):
        return False
    if schema.get("type") == "object" and (schema.get("additionalProperties") or "properties" not in schema):
        return False
    return all(map(_sayable, _below(schema)))


def _says_something(schema: dict[str, Any]) -> bool:
    """Whether a schema names what it takes: ``{}``, which takes anything, does not."""
    return bool(schema.keys() & {"type", "$ref", "enum", "const", "anyOf", "oneOf"})


def _below(schema: dict[str, Any]) -> list[Any]:
    """The schemas right inside one."""
    named = [part for key in ("properties", "$defs") for part in schema.get(key, {}).values()]
    listed = [part for key in ("anyOf", "oneOf") for part in schema.get(key, ())]
    return [*named, *listed, *([schema["items"]] if "items" in schema else [])]


def _strict(schema: dict[str, Any], kept: frozenset[str]) -> dict[str, Any]:
    if "$ref" in schema:  # stands alone in strict mode
        return {"$ref": schema["$ref"]}
    made = {key: value for key, value in schema.items() if key in kept}
    if schema.get("format") in _FORMATS:
        made["format"] = schema["format"]
    if "items" in schema:
        made["items"] = _strict(schema["items"], kept)
    if options := schema.get("anyOf") or schema.get("oneOf"):
        made["anyOf"] = [_strict(option, kept) for option in options]
    if "properties" in schema:
        made["properties"] = {name: _strict(part, kept) for name, part in schema["properties"].items()}
        made |= {"required": list(made["properties"]), "additionalProperties": False}
    if "$defs" in schema:
        made["$defs"] = {name: _strict(part, kept) for name, part in schema["$defs"].items()}
    return made
