"""Templates over a state: ``{{key}}``, ``{{key.part}}``, and ``{{key?}}`` where it may be absent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from enum import Enum
from numbers import Number
from typing import Any

from genxai_nb.errors import ConditionFailed, LineInvalid, TemplateKeyMissing
from genxai_nb.expressions import declared_fields, read_part

__all__ = ["Template", "compile_template", "readable"]

_BRACES = re.compile(r"\\\{\{|\{\{(?P<inside>[^{}\n]*)\}\}|\{\{")
_PATH = re.compile(r"\s*(?P<path>[^\W\d]\w*(?:\.\w+)*)\s*(?P<optional>\??)\s*")
_DEEPEST = 20  # levels that are laid out; what lies deeper is written as Python shows it


class Template:
    """A template made ready.

    Attributes:
        text: The template as written.
        keys: The keys of the state that it needs, in the order of their first use.
        optional: The keys that it only uses where they are there.

    Example:
        >>> template = compile_template("Write about {{topic}}. {{advice?}}")
        >>> template.keys, template.optional
        (('topic',), ('advice',))
        >>> template.render({"topic": "batteries"})
        'Write about batteries. '
    """

    __slots__ = ("_pieces", "keys", "optional", "text")

    def __init__(self, text: str, pieces: list[str | _Insertion]) -> None:
        self.text = text
        self._pieces = pieces
        found = [piece for piece in pieces if isinstance(piece, _Insertion)]
        self.keys = tuple(dict.fromkeys(piece.parts[0] for piece in found if not piece.optional))
        roots = dict.fromkeys(piece.parts[0] for piece in found)
        self.optional = tuple(root for root in roots if root not in self.keys)

    def __repr__(self) -> str:
        return f"Template({self.text!r})"

    def render(self, state: Mapping[str, Any]) -> str:
        """Fill in the values; what they contain is never read as a template again.

        Raises:
            TemplateKeyMissing: The state lacks a key that is not marked with ``?``.
        """
        return "".join(piece if isinstance(piece, str) else piece.text(state) for piece in self._pieces)


class _Insertion:
    __slots__ = ("optional", "parts")

    def __init__(self, path: str, *, optional: bool) -> None:
        self.parts = path.split(".")
        self.optional = optional

    def text(self, state: Mapping[str, Any]) -> str:
        value: Any = state
        for depth, part in enumerate(self.parts):
            try:
                value = _part(value, part)
            except (ConditionFailed, LookupError):
                if self.optional:
                    return ""
                raise self._missing(value, depth) from None
        return readable(value)

    def _missing(self, value: Any, depth: int) -> TemplateKeyMissing:
        there = value if isinstance(value, Mapping) else declared_fields(value) or ()
        before = self.parts[:depth]
        known = [".".join([*before, str(name), *self.parts[depth + 1 :]]) for name in there]
        return TemplateKeyMissing(".".join(self.parts), known)


def _part(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value[name]
    if name.isdecimal() and isinstance(value, Sequence) and not isinstance(value, str):
        return value[int(name)]
    return read_part(value, name)


def compile_template(text: str) -> Template:
    r"""Read a template. A literal ``{{`` is written ``\{{``.

    Raises:
        LineInvalid: Something between double braces is no key.
    """
    pieces: list[str | _Insertion] = []
    done = 0
    for braces in _BRACES.finditer(text):
        pieces.append(text[done : braces.start()])
        done = braces.end()
        if braces[0].startswith("\\"):
            pieces.append("{{")
            continue
        path = _PATH.fullmatch(braces["inside"] or "")
        if path is None:
            raise _invalid(text, braces)
        pieces.append(_Insertion(path["path"], optional=bool(path["optional"])))
    pieces.append(text[done:])
    return Template(text, [piece for piece in pieces if piece])


def _invalid(text: str, braces: re.Match[str]) -> LineInvalid:
    start = braces.start()
    first = text.rfind("\n", 0, start) + 1
    return LineInvalid(
        f"{braces[0]!r} names no key." if braces["inside"] is not None else "'{{' is not closed by '}}'.",
        line=text[first:].split("\n", 1)[0],
        number=text.count("\n", 0, start) + 1,
        column=start - first,
        hint=r"Write {{key}}, {{key.part}} or {{key?}}; write \{{ for two braces as text.",
    )


def readable(value: Any) -> str:
    """Write a value as a person would: texts as they are, lists as lines, fields as ``name: value``."""
    return _lay_out(value, "", 0)


def _lay_out(value: Any, empty: str, depth: int) -> str:
    if isinstance(value, str) and not isinstance(value, Enum):
        return value
    plain = _plain(value, empty)
    if plain is not None:
        return plain
    rows = _rows(value) if depth < _DEEPEST else None
    if rows is None:
        return str(value)
    if not rows:
        return empty
    return "\n".join(_row(label, _lay_out(item, "none", depth + 1), item) for label, item in rows)


def _plain(value: Any, empty: str) -> str | None:
    if value is None:
        return empty
    if isinstance(value, Enum):
        return _lay_out(value.value, empty, 0)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"  # the last digits of a double are noise to a reader
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    return None


def _rows(value: Any) -> list[tuple[str, Any]] | None:
    """List the labelled parts of a composite value; None for a value that has no parts."""
    if isinstance(value, Mapping):
        return [(f"{key}:", value[key]) for key in value]
    fields = declared_fields(value)
    if fields is not None:
        return [(f"{name}:", getattr(value, name)) for name in fields]
    if isinstance(value, Set):
        return [("-", item) for item in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [("-", item) for item in value]
    return None


def _row(label: str, text: str, item: Any) -> str:
    lines = text.split("\n")
    if label != "-" and (len(lines) > 1 or text.startswith("- ") or _is_nested(item)):
        return "\n".join([label, *(f"  {line}" for line in lines)])
    return "\n".join([f"{label} {lines[0]}", *(f"  {line}" for line in lines[1:])])


def _is_nested(item: Any) -> bool:
    return bool(item) and (_rows(item) is not None)
