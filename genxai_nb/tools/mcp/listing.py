"""What a server says of a tool, made fit to be read: nothing hidden in it, and not too much of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from genxai_nb.errors import Denied
from genxai_nb.guard.visible import visible

from .pins import Listed

__all__ = ["read_listing", "told_whole"]

LONGEST_DESCRIPTION = 4_000
LONGEST_SCHEMA = 20_000

_WORDS = ("description", "title")  # the keywords of a schema whose texts are for reading alone


def read_listing(name: str, description: str, schema: Mapping[str, Any]) -> Listed:
    """A tool as its server describes it, with what is hidden in its words made visible.

    Raises:
        Denied: Characters are hidden in a name or a value that a model has to write, or the schema is too long.
    """
    size = len(json.dumps(schema))
    if size > LONGEST_SCHEMA:
        raise Denied(
            f"The schema of tool '{visible(name)}' has {size} characters; {LONGEST_SCHEMA} is the most.",
            hint="Leave the tool out, by the names that tools() takes.",
        )
    hidden = next((text for text in _written(schema) if _hides(text)), None)
    if hidden is not None:
        raise Denied(
            f"The schema of tool '{visible(name)}' hides characters in '{visible(hidden, 100)}'.",
            hint="Leave the tool out, by the names that tools() takes.",
        )
    return Listed(name, _lines(description)[:LONGEST_DESCRIPTION], _plain(schema))


def told_whole(tool: Listed) -> str:
    """All that a model would be told of a tool, for a person to read."""
    return f"{tool.description}\n{json.dumps(tool.schema, indent=1, ensure_ascii=False)}"


def _plain(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {
            key: _lines(item) if key in _WORDS and isinstance(item, str) else _plain(item)
            for key, item in schema.items()
        }
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


def _written(schema: Any) -> Iterator[str]:
    """The texts of a schema that are not for reading alone."""
    if isinstance(schema, Mapping):
        for key, item in schema.items():
            yield key
            if not (key in _WORDS and isinstance(item, str)):
                yield from _written(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from _written(item)
    elif isinstance(schema, str):
        yield schema


def _hides(text: str) -> bool:
    plain = text.translate(dict.fromkeys(map(ord, "\\\n\r\t")))
    return visible(plain) != plain


def _lines(text: str) -> str:
    return "\n".join(visible(line.rstrip("\r")) for line in text.split("\n"))
