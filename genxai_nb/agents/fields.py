"""The fields of an agent: what each may hold, and how they are written down."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping
from typing import Any

from genxai_nb.errors import DefinitionError, SchemaInvalid, UnknownName
from genxai_nb.guard.budget import budget_from
from genxai_nb.guard.policy import PROFILES, Policy, changes_of, policy_from
from genxai_nb.memory.registry import DEFAULT, check_options, is_known
from genxai_nb.memory.registry import names as memory_kinds

MEMORY_KINDS = (DEFAULT,)

_NAME = re.compile(r"[^\W\d_](?:\w|-(?=[^\W_]))*")
_RESERVED = frozenset({"START", "END", "node", "each", "max"})  # words of the graph language
_TEXTS = ("role", "goal", "backstory", "instructions")
_OPTIONAL_TEXTS = ("model", "task")


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check an agent's fields and return them as they are kept.

    Args:
        given: All fields by name.

    Raises:
        DefinitionError: A field does not hold what it should.
        UnknownName: There is no such kind of memory, or no such policy.
        SchemaInvalid: ``output`` is no pydantic model, or a function cannot be a tool.
    """
    _check_name(given["name"])
    for field in _TEXTS:
        if not isinstance(given[field], str):
            raise _wrong(given, field, "text")
    for field in _OPTIONAL_TEXTS:
        value = given[field]
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise _wrong(given, field, "text, or None for the default")
    if given["writes"] is not None and not _is_key(given["writes"]):
        raise _wrong(given, "writes", "one key of the state, such as 'draft'")
    _check_output(given)
    _check_numbers(given)
    return {
        **given,
        **{field: given[field].strip() for field in _TEXTS},
        "tools": _tools(given),
        "memory": _memory(given),
        "reads": _reads(given),
        "policy": policy_from(given["policy"]),
        "budget": budget_from(given["budget"]),
    }


def written(value: Any) -> str:
    """Write a field's value as in the body of a cell."""
    if isinstance(value, Mapping):
        return "\n  " + "\n  ".join(f"{name}: {_yaml_map(options)}" for name, options in value.items())
    if isinstance(value, tuple):
        return ", ".join(item if isinstance(item, str) else str(item.name) for item in value) or "[]"
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, Policy):
        return _policy_written(value)
    return str(value).replace("\n", "\n  ")


def _policy_written(policy: Policy) -> str:
    """A policy as it is written under ``policy:``: a profile's name, or what differs from the default."""
    name = next((name for name, profile in PROFILES.items() if profile == policy), None)
    return name or "\n  ".join(f"{field}: {_yaml_list(value)}" for field, value in changes_of(policy).items())


def _yaml_list(value: Any) -> str:
    return f"[{', '.join(map(repr, value))}]" if isinstance(value, tuple) else str(value)


def _yaml_map(options: Mapping[str, Any]) -> str:
    """Options as YAML in one line; JSON is YAML, and a function stands as ``$name``."""
    return json.dumps(options, ensure_ascii=False, default=lambda function: f"${function.__name__}")


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DefinitionError(
            f"{name!r} cannot be an agent's name.",
            hint="Take letters, digits, '_' and '-', a letter first, such as 'fact-checker'.",
        )
    if name in _RESERVED or keyword.iskeyword(name):
        raise DefinitionError(f"{name!r} is reserved and cannot be an agent's name.", hint=f"Try '{name}_'.")


def _check_output(given: Mapping[str, Any]) -> None:
    output = given["output"]
    if output is not None and not (isinstance(output, type) and hasattr(output, "model_json_schema")):
        raise SchemaInvalid(
            f"Agent {given['name']!r}: output is {output!r}, not a pydantic model.",
            hint="Give a class made from pydantic.BaseModel or by a %%genxai schema cell.",
        )


def _check_numbers(given: Mapping[str, Any]) -> None:
    reasoning = given["reasoning"]
    if reasoning is not None and not (_is_word(reasoning) or (_is_number(reasoning) and reasoning >= 1)):
        raise _wrong(
            given, "reasoning", "low, medium, high, another word of the vendor's, or a number of tokens"
        )
    temperature, turns = given["temperature"], given["max_turns"]
    if temperature is not None and not (_is_number(temperature, float) and 0 <= temperature <= 2):
        raise _wrong(given, "temperature", "a number from 0 to 2, or None")
    for field in ("max_tokens", "memory_tokens", "context_window"):
        tokens = given[field]
        if tokens is not None and not (_is_number(tokens) and tokens >= 1):
            raise _wrong(given, field, "a whole number from 1, or None")
    if not (_is_number(turns) and turns >= 1):
        raise _wrong(given, "max_turns", "a whole number from 1")


def _is_number(value: Any, *more: type) -> bool:
    return isinstance(value, (int, *more)) and not isinstance(value, bool)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w-]*", value) is not None


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _reads(given: Mapping[str, Any]) -> tuple[str, ...] | None:
    value = given["reads"]
    if value is None:
        return None
    keys = tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
    if not all(_is_key(key) for key in keys):
        raise _wrong(given, "reads", "keys of the state, such as ['topic', 'notes']")
    return keys


def _memory(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The options of each kind of memory, however they were given."""
    value = given["memory"]
    value = getattr(value, "options", value)
    if value is None:
        value = MEMORY_KINDS
    if not isinstance(value, Mapping):
        kinds = tuple(value) if isinstance(value, list | tuple) else (value,)
        value = {} if kinds == ("none",) else dict.fromkeys(map(str, kinds))
    for kind, options in value.items():
        if not is_known(str(kind)):
            raise UnknownName("kind of memory", str(kind), (*memory_kinds(), "none"))
        if options is not None and not isinstance(options, Mapping):
            raise DefinitionError(
                f"Agent {given['name']!r}: the options of {kind} memory are {options!r}.",
                hint="Write them by name, such as long_term: {scope: user}.",
            )
        if options:
            check_options(kind, options)
    return {kind: dict(options or {}) for kind, options in value.items()}


def _tools(given: Mapping[str, Any]) -> tuple[Any, ...]:
    value = given["tools"]
    tools: dict[str, Any] = {}
    for item in value if isinstance(value, list | tuple) else (value,):
        made = item if isinstance(item, str) else _tool(given["name"], item)
        name = made if isinstance(made, str) else made.name
        if name in tools:
            raise DefinitionError(f"Agent {given['name']!r} has two tools named {name!r}.", hint="Drop one.")
        tools[name] = made
    return tuple(tools.values())


def _tool(agent: str, item: Any) -> Any:
    # imported here, so that an agent without tools of its own loads no schema library
    from genxai_nb.tools.base import Tool, tool

    if isinstance(item, Tool):
        return item
    if not callable(item):
        raise DefinitionError(
            f"Agent {agent!r}: {item!r} in tools is no tool.",
            hint="Give names of tools, functions with @tool, or typed functions.",
        )
    return tool(item)


def _wrong(given: Mapping[str, Any], field: str, wanted: str) -> DefinitionError:
    return DefinitionError(
        f"Agent {given['name']!r}: {field} is {given[field]!r}.", hint=f"It has to be {wanted}."
    )
