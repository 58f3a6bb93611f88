"""The values of fields: literal text, lists in three ways, YAML, and ``$name`` for an object."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from genxai_nb.errors import GenXAIError, LineInvalid
from genxai_nb.yaml_core import is_plain_scalar, load

from .body import Body, Entry

Insert = Callable[[str], Any]
FieldKind = Literal["text", "word", "names", "kinds", "key", "number", "count", "object", "value", "scalar"]

_PATH = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_AT = "\ue040"  # stands for @, which begins no word of YAML but does one of tools
_INSERTION = re.compile(rf"\$(?P<path>{_PATH})")
_WHOLLY_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""", re.DOTALL)
_OPTIONS = re.compile(r"[\w-]+:(?:\s|$)")
_COMMENT = re.compile(r"\s+#.*|^#.*")
_SAYS = {
    "text": "text",
    "word": "a word or more on one line",
    "names": "names: [a, b], or a, b, or lines that begin with -",
    "kinds": "names, or names with their options",
    "key": "the name of a key",
    "number": "a number",
    "count": "a whole number",
}


def parse_fields(
    body: str, known: Mapping[str, FieldKind] | None, *, insert: Insert | None = None
) -> dict[str, Any]:
    r"""Read a body whose fields are known, or, with ``known=None``, any keys with values of a dict state.

    Args:
        body: The lines below the head.
        known: The kind of each field that may be there.
        insert: Finds the object that ``$name`` or ``$name.attribute`` stands for.

    Raises:
        LineInvalid: A line, a key or a value is wrong; the caret stands there.

    Example:
        >>> parse_fields("role: Writer: of papers\ntools: a, b", {"role": "text", "tools": "names"})
        {'role': 'Writer: of papers', 'tools': ['a', 'b']}
    """
    read = Body(body)
    if known is not None:
        read.check_keys(known)
    return {
        key: value_of(entry, known[key] if known is not None else "scalar", insert)
        for key, entry in read.entries.items()
    }


class Absent:
    """Stands for an inserted object that is not there where a cell is only read; it fits every field."""

    __slots__ = ()


def value_of(entry: Entry, kind: FieldKind, insert: Insert | None = None) -> Any:
    """Read the value of one entry.

    Raises:
        LineInvalid: It is not of this kind.
    """
    text = entry.text
    if kind not in {"text", "scalar"}:
        text = _COMMENT.sub("", text)
    found = _INSERTION.fullmatch(text)
    if found is not None:
        value = _inserted(entry, found["path"], insert)
    elif kind in {"text", "word", "scalar"}:
        value = _literal(entry, text, typed=kind == "scalar")
    else:
        value = _READ[kind](entry, insert)
    return _checked(entry, kind, value)


def inserted_or_text(text: str, insert: Insert | None) -> Any:
    """Find the object if a whole text is ``$name`` or ``$name.attribute``; else return the text.

    Raises:
        GenXAIError: There is no such object.
    """
    found = _INSERTION.fullmatch(text)
    if found is None or insert is None:
        return text
    return insert(found["path"])


def _inserted(entry: Entry, path: str, insert: Insert | None, otherwise: str = "") -> Any:
    if insert is None:
        entry.refuse(
            f"There is no notebook here in which to find {path!r}.", "Put $... in quotes if it is text."
        )
    try:
        return insert(path)
    except GenXAIError as exc:
        near = exc.hint.startswith("Did you mean") or not otherwise
        entry.refuse(exc.what, exc.hint if near else otherwise, cause=exc)


def _literal(entry: Entry, text: str, *, typed: bool) -> Any:
    if text.startswith("|") or _WHOLLY_QUOTED.fullmatch(text):
        return _yaml(entry, "Put the text in quotes, or begin it on the line below its key.")
    if typed and (is_plain_scalar(text) or (text[:1], text[-1:]) in {("[", "]"), ("{", "}")}):
        return _yaml(entry, f"If it is text, put it in quotes: {entry.key}: '...'.")
    return text


def _yaml(entry: Entry, hint: str, *, typed: bool = True, around: tuple[str, str] = ("", "")) -> Any:
    before, after = around
    rows = [line.text if typed else line.text.replace("@", _AT) for line in entry.lines]
    first, below = (rows[0], rows[1:]) if entry.inline else ("", rows)
    indent = " " if first.startswith("|") else ""  # a block has to be deeper than its mark
    text = "\n".join([before + first, *(indent + row for row in below), after])
    try:
        return load(text, typed=typed)
    except LineInvalid as exc:
        row = exc.number - 1
        column = exc.column - len(indent if row else before)
        row = max(row - (not entry.inline), 0)
        entry.refuse(f"{entry.key} cannot be read: {exc.what}.", hint, row=row, column=column, cause=exc)


def _plain(entry: Entry, _insert: Insert | None) -> Any:
    return _yaml(entry, "Such a value is YAML; put a text with special characters in quotes.")


def _object(entry: Entry, insert: Insert | None) -> Any:
    text = _yaml(entry, f"Write {entry.key}: NAME.")
    if isinstance(text, str) and re.fullmatch(_PATH, text):
        return _inserted(entry, text, insert, otherwise=f"Define it: %%genxai schema {text}")
    return text


def _names(entry: Entry, insert: Insert | None) -> Any:
    hint = f"Write {entry.key}: a, b or {entry.key}: [a, b]."
    plain = entry.inline and not entry.text.startswith(("[", "- ", "#"))
    items = _yaml(entry, hint, typed=False, around=("[", "]") if plain else ("", ""))
    if items is None:
        return []
    if not isinstance(items, list):
        return items.replace(_AT, "@") if isinstance(items, str) else items
    items = [item.replace(_AT, "@") if isinstance(item, str) else item for item in items]
    return [_object_or_text(entry, item, insert) for item in items]


def _kinds(entry: Entry, insert: Insert | None) -> Any:
    """Names, or a mapping of names to options, of which one may be an object."""
    if entry.text.startswith("{") or (not entry.inline and _OPTIONS.match(entry.text)):
        kinds = _yaml(entry, f"Write a line below {entry.key} for each, such as long_term: {{scope: user}}.")
        return {
            kind: {option: _object_or_text(entry, said, insert) for option, said in options.items()}
            if isinstance(options, dict)
            else options
            for kind, options in kinds.items()
        }
    return _names(entry, insert)


def _object_or_text(entry: Entry, said: Any, insert: Insert | None) -> Any:
    found = _INSERTION.fullmatch(said) if isinstance(said, str) else None
    return said if found is None else _inserted(entry, found["path"], insert)


_READ: dict[str, Callable[[Entry, Insert | None], Any]] = {
    "names": _names,
    "kinds": _kinds,
    "key": _plain,
    "number": _plain,
    "count": _plain,
    "object": _object,
    "value": _plain,
}


def _checked(entry: Entry, kind: FieldKind, value: Any) -> Any:
    if isinstance(value, Absent):
        return value
    if kind == "names" or (kind == "kinds" and not isinstance(value, dict)):
        value = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
    if not _fits(kind, value):
        shown = repr(value) if len(repr(value)) < 60 else f"a {type(value).__name__}"
        what = f"{entry.key} takes {_SAYS[kind]}, not {shown}."
        entry.refuse(what, f"Write {entry.key}: {_EXAMPLES[kind]}.")
    return value


def _fits(kind: FieldKind, value: Any) -> bool:
    if (
        isinstance(value, Absent)
        or kind in {"value", "scalar", "object"}
        or (value is None and kind in {"key", "number", "count"})
    ):
        return True
    if kind == "kinds" and isinstance(value, dict):
        return all(isinstance(name, str) for name in value)
    if kind in {"names", "kinds"}:
        return not any(item is None or isinstance(item, dict | list) or item == "" for item in value)
    if kind in {"number", "count"}:
        return isinstance(value, int | float if kind == "number" else int) and not isinstance(value, bool)
    if kind == "key":
        return isinstance(value, str) and value.isidentifier()
    return isinstance(value, str) and (kind == "text" or (value.strip() != "" and "\n" not in value))


_EXAMPLES = {
    "text": "some text",
    "word": "some words",
    "names": "a, b",
    "kinds": "short_term, long_term",
    "key": "draft",
    "number": "0.2",
    "count": "5",
}
