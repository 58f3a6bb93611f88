"""JSON and XML: read, check, query, rewrite."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Interval, MaxLen
from msgspec import Struct

from genxai_nb.errors import MissingPackage, ToolFailed
from genxai_nb.tools.base import tool
from genxai_nb.tools.child import ask_child
from genxai_nb.tools.outcome import Outcome

from .formats import LARGEST, read_json
from .markup import element_data, read_xml, refuse_indents

__all__ = ["JsonMatch", "JsonOutcome", "XmlMatch", "XmlOutcome", "json_processor", "xml_processor"]

MOST_MATCHES = 1_000
MOST_CHARACTERS = 200_000

Seconds = Annotated[float, Interval(ge=1, le=30)]

_CHILD = str(Path(__file__).with_name("queries.py"))


class JsonMatch(Struct, frozen=True):
    """What a JSONPath found: its place, and the value there."""

    path: str
    value: Any


class JsonOutcome(Struct, Outcome, frozen=True, omit_defaults=True):
    """What was made of JSON.

    Attributes:
        value: The data, for parse and transform.
        text: The JSON as text, for minify, prettify and stringify.
        matches: What was found, for query.
        valid: It is JSON, for validate.
        problem: Why it is none.
        truncated: There is more than what is told.
    """

    value: Any = None
    text: str = ""
    matches: list[JsonMatch] = []
    valid: bool | None = None
    problem: str = ""
    truncated: bool = False


class XmlMatch(Struct, frozen=True):
    """An element that an XPath found, with the text in it and below."""

    tag: str
    text: str
    attributes: dict[str, str]


class XmlOutcome(Struct, Outcome, frozen=True, omit_defaults=True):
    """What was made of XML.

    Attributes:
        root: The name of its outermost element.
        elements: How many elements it has.
        value: The data, for to_dict: attributes with @, text beside others as #text.
        text: The XML as text, for prettify.
        matches: What was found, for query.
        valid: It is XML, for validate.
        problem: Why it is none.
        truncated: There is more than what is told.
    """

    root: str = ""
    elements: int = 0
    value: Any = None
    text: str = ""
    matches: list[XmlMatch] = []
    valid: bool | None = None
    problem: str = ""
    truncated: bool = False


@tool(category="data", tags=["json"], read_only=True, idempotent=True, timeout=30)
def json_processor(
    data: Annotated[str, MaxLen(LARGEST)] | dict[str, Any] | list[Any],
    operation: Literal["parse", "validate", "query", "transform", "minify", "prettify", "stringify"],
    query_path: Annotated[str, MaxLen(2_000)] | None = None,
    transform_rules: Annotated[dict[str, str], MaxLen(100)] | None = None,
    *,
    timeout: Seconds = 10,
) -> JsonOutcome:
    """Read, check, query or rewrite JSON.

    Args:
        data: The JSON as text, or the data itself.
        operation: parse gives the data, validate says whether it is JSON, query finds by a JSONPath,
            transform makes new objects by rules; minify, prettify and stringify give text.
        query_path: A JSONPath as RFC 9535 has it, such as $.items[?@.price < 10].name.
        transform_rules: For each new key the JSONPath of its value; of a list each object is rewritten by
            itself.
        timeout: Seconds that a query may take.

    Example:
        >>> found = json_processor('{"a": [{"n": 1}, {"n": 5}]}', "query", "$.a[?@.n > 2].n")
        >>> [(match.path, match.value) for match in found.matches]
        [("$['a'][1]['n']", 5)]
    """
    if operation == "validate":
        return _judged(data)
    value = read_json(data) if isinstance(data, str) else data
    _bound(value, "The data")
    if operation == "query":
        if not query_path:
            raise ToolFailed("Operation query needs a query_path.", hint="Write one such as $.items[0].")
        found = _found("json", _dumped(value), {"it": query_path}, timeout)["it"]
        kept = [JsonMatch(**match) for match in found[:MOST_MATCHES]]
        return JsonOutcome(matches=kept, truncated=len(found) > MOST_MATCHES)
    if operation == "transform":
        return JsonOutcome(value=_transformed(value, transform_rules or {}, timeout))
    if operation == "parse":
        return JsonOutcome(value=value)
    return _text(value, operation)


def _judged(data: Any) -> JsonOutcome:
    try:
        _dumped(data) if not isinstance(data, str) else read_json(data)
    except ToolFailed as exc:
        return JsonOutcome(valid=False, problem=exc.what)
    return JsonOutcome(valid=True)


def _text(value: Any, operation: str) -> JsonOutcome:
    if operation == "prettify":
        refuse_indents(value)
    text = _dumped(value, pretty=operation == "prettify", compact=operation == "minify")
    return JsonOutcome(text=text[:MOST_CHARACTERS], truncated=len(text) > MOST_CHARACTERS)


def _dumped(value: Any, *, pretty: bool = False, compact: bool = False) -> str:
    try:
        return json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            indent=2 if pretty else None,
            separators=(",", ":") if compact else None,
        )
    except (ValueError, RecursionError) as exc:
        raise ToolFailed(f"This data has no JSON: {exc}.") from exc


def _transformed(value: Any, rules: dict[str, str], seconds: float) -> Any:
    if not rules:
        raise ToolFailed("Operation transform needs transform_rules.", hint='Such as {"name": "$.title"}.')
    items = value if isinstance(value, list) else [value]
    made = [
        {
            key: matches[0]["value"] if len(matches) == 1 else [match["value"] for match in matches] or None
            for key, matches in found.items()
        }
        for found in _found("json", _dumped(items), rules, seconds, each=True)
    ]
    return made if isinstance(value, list) else made[0]


def _found(kind: str, text: str, queries: dict[str, str], seconds: float, *, each: bool = False) -> Any:
    package = {"json": "jsonpath", "xml": "defusedxml"}[kind]
    if importlib.util.find_spec(package) is None:
        raise MissingPackage(package, "tools")
    asked = {"kind": kind, "queries": queries, "each": each}
    said = ask_child(
        _CHILD, asked, text.encode("utf-8", "replace"), seconds=seconds, what="The query", done="answered"
    )
    _bound(said["found"], "What the query found")
    return said["found"]


def _bound(value: Any, what: str) -> None:
    size = len(_dumped(value))
    if size > LARGEST:
        raise ToolFailed(
            f"{what} has {size} characters as JSON; {LARGEST} is the most.", hint="Take a part of it."
        )


@tool(category="data", tags=["xml"], read_only=True, idempotent=True, timeout=30)
def xml_processor(
    data: Annotated[str, MaxLen(LARGEST)],
    operation: Literal["parse", "validate", "query", "to_dict", "prettify"],
    xpath: Annotated[str, MaxLen(2_000)] | None = None,
    *,
    timeout: Seconds = 10,
) -> XmlOutcome:
    """Read, check, query or rewrite XML. Document types and entities are refused.

    Args:
        data: The XML.
        operation: parse counts its elements, validate says whether it is XML, query finds by an XPath,
            to_dict gives plain data, prettify gives it with lines and indents.
        xpath: The part of XPath that Python knows, such as .//item[@id='7'].
        timeout: Seconds that a query may take.

    Example:
        >>> xml_processor("<a><b id='1'>x</b><b>y</b></a>", "to_dict").value
        {'a': {'b': [{'@id': '1', '#text': 'x'}, 'y']}}
    """
    if operation == "validate":
        try:
            read_xml(data)
        except ToolFailed as exc:
            return XmlOutcome(valid=False, problem=exc.what)
        return XmlOutcome(valid=True)
    root = read_xml(data)
    if operation == "query":
        if not xpath:
            raise ToolFailed("Operation query needs an xpath.", hint="Write one such as .//item.")
        found = _found("xml", data, {"it": xpath}, timeout)["it"]
        kept = [XmlMatch(**match) for match in found[:MOST_MATCHES]]
        return XmlOutcome(root=root.tag, matches=kept, truncated=len(found) > MOST_MATCHES)
    if operation == "to_dict":
        return XmlOutcome(root=root.tag, value={root.tag: element_data(root)})
    if operation == "parse":
        return XmlOutcome(root=root.tag, elements=sum(1 for _ in root.iter()))
    from xml.etree.ElementTree import indent, tostring

    indent(root)
    text = tostring(root, encoding="unicode")
    return XmlOutcome(root=root.tag, text=text[:MOST_CHARACTERS], truncated=len(text) > MOST_CHARACTERS)
