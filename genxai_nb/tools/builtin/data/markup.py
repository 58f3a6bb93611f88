"""XML: read without document types and entities, as plain data, and written from it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import MissingPackage, ToolFailed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["element_data", "read_xml", "refuse_indents", "write_xml"]

MOST_DEPTH = 100
MOST_INDENTED = 100_000_000  # characters of blanks at the beginnings of lines
MOST_TAGGED = 20_000_000  # characters of the names of all elements, each with its namespace

_XML_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _defused() -> Any:
    """The XML reader that expands no entities and loads nothing.

    Raises:
        MissingPackage: The extra ``tools`` is not installed.
    """
    try:
        from defusedxml import ElementTree
    except ImportError as exc:
        raise MissingPackage("defusedxml", "tools") from exc
    return ElementTree


def read_xml(text: str) -> Element:
    """Read XML without document types and entities.

    Raises:
        ToolFailed: It is none, declares a document type, or is nested too deeply.
    """
    from xml.etree.ElementTree import ParseError

    reader = _defused()
    from defusedxml import DefusedXmlException

    _refuse_depth(text, reader, ParseError, DefusedXmlException)
    root: Element = reader.fromstring(text, forbid_dtd=True)
    return root


def _refuse_depth(text: str, reader: Any, parse_error: type[Exception], refused: type[Exception]) -> None:
    depth = named = 0
    try:
        for event, element in reader.iterparse(
            io.BytesIO(text.encode()), events=("start", "end"), forbid_dtd=True
        ):
            depth += 1 if event == "start" else -1
            if depth > MOST_DEPTH:
                raise ToolFailed(f"This XML is nested more than {MOST_DEPTH} deep.")
            if event == "end":
                element.clear()
                continue
            named += len(element.tag) + sum(map(len, element.attrib))
            if named > MOST_TAGGED:
                raise ToolFailed(
                    f"This XML's names have, with their namespaces, more than {MOST_TAGGED} characters.",
                    hint="Use a shorter namespace.",
                )
    except parse_error as exc:
        line, column = getattr(exc, "position", (0, 0))
        raise ToolFailed(
            f"This is no XML: {str(exc).partition(':')[0]} at line {line}, column {column}."
        ) from exc
    except refused as exc:
        raise ToolFailed(
            "This XML declares a document type or entities, which are not read.",
            hint="Remove the <!DOCTYPE>.",
        ) from exc
    except (UnicodeEncodeError, LookupError, ValueError) as exc:
        raise ToolFailed(f"This is no XML: {exc}.") from exc


def element_data(element: Element) -> Any:
    """An element as plain data: its text, or a dict of attributes (with @), children and #text."""
    made: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    children: dict[str, list[Any]] = {}
    for child in element:
        children.setdefault(child.tag, []).append(element_data(child))
    made |= {tag: values if len(values) > 1 else values[0] for tag, values in children.items()}
    text = (element.text or "").strip()
    if not made:
        return text
    if text:
        made["#text"] = text
    return made


def refuse_indents(value: Any) -> None:
    """Refuse data that become many times as large when each item has a line of its own.

    Raises:
        ToolFailed: The indents alone would be too much.
    """
    room, level, depth = MOST_INDENTED, [value], 0
    while level:
        room -= 2 * depth * len(level)
        if room < 0:
            raise ToolFailed(
                f"The result would have more than {MOST_INDENTED} characters of indents.",
                hint="Take a part that is nested less deeply.",
            )
        within = (
            item.values() if isinstance(item, dict) else item
            for item in level
            if isinstance(item, dict | list)
        )
        level, depth = [item for items in within for item in items], depth + 1


def write_xml(value: Any) -> bytes:
    """Write plain data as XML; a key that is no name becomes an attribute.

    Raises:
        ToolFailed: It is nested too deeply, or its indents would be too much.
    """
    from xml.etree.ElementTree import Element, indent, tostring

    refuse_indents(value)
    name, content = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else ("", None)
    if not _XML_NAME.fullmatch(str(name)) or isinstance(content, list):
        name, content = "data", value
    root = Element(name)
    _fill(root, content, 0)
    indent(root)
    made: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def _fill(parent: Element, value: Any, depth: int) -> None:
    from xml.etree.ElementTree import SubElement

    if depth > MOST_DEPTH:
        raise ToolFailed(f"The data is nested more than {MOST_DEPTH} deep.")
    if isinstance(value, dict):
        for key, item in value.items():
            name = str(key)
            if name.startswith("@") and _XML_NAME.fullmatch(name[1:]):
                parent.set(name[1:], _xml_text(item))
            elif name == "#text":
                parent.text = _xml_text(item)
            else:
                for one in item if isinstance(item, list) else [item]:
                    child = SubElement(parent, name if _XML_NAME.fullmatch(name) else "entry")
                    if child.tag != name:
                        child.set("key", _xml_text(name))
                    _fill(child, one, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _fill(SubElement(parent, "item"), item, depth + 1)
    else:
        parent.text = _xml_text(value)


def _xml_text(value: Any) -> str:
    text = (
        {None: "", True: "true", False: "false"}.get(value, value)
        if value is None or isinstance(value, bool)
        else value
    )
    return _NOT_XML.sub("\ufffd", str(text))
