"""Answers queries in a child process: some run through a document again and again and never end."""

from __future__ import annotations

import json
from itertools import islice

TYPE_CHECKING = False  # as in typing, which is not needed otherwise
if TYPE_CHECKING:
    from typing import Any, NoReturn

MOST = 1_000


def refuse(what: str, hint: str) -> NoReturn:
    """Say why it cannot be answered."""
    raise SystemExit({"wrong": what, "hint": hint})


def from_json(text: str, queries: dict[str, str], *, each: bool = False) -> Any:
    """What each JSONPath finds, with its place; of a list, in each of its items if so asked."""
    from jsonpath import JSONPathEnvironment, JSONPathError

    environment = JSONPathEnvironment(strict=True)
    data = json.loads(text)
    compiled = {}
    for name, query in queries.items():
        try:
            compiled[name] = environment.compile(query)
        except JSONPathError as exc:
            why = str(exc).partition("\n")[0]
            refuse(f"{query!r} is no JSONPath: {why}", "Write one such as $.items[?@.price < 10].name.")
    found = [
        {
            name: [
                {"path": match.path, "value": match.obj} for match in islice(query.finditer(item), MOST + 1)
            ]
            for name, query in compiled.items()
        }
        for item in (data if each else [data])
    ]
    return found if each else found[0]


def from_xml(text: str, queries: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """What each XPath finds: tag, text and attributes."""
    from defusedxml import ElementTree

    root = ElementTree.fromstring(text, forbid_dtd=True)
    found = {}
    for name, query in queries.items():
        try:
            elements = list(islice(root.iterfind(query), MOST + 1))
        except (SyntaxError, KeyError, ValueError, TypeError) as exc:
            refuse(f"{query!r} is no XPath that is known here: {exc}", "Write one such as .//item[@id='7'].")
        found[name] = [
            {"tag": one.tag, "text": "".join(one.itertext()).strip(), "attributes": dict(one.attrib)}
            for one in elements
        ]
    return found


def answer(data: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    """What the queries find in a document."""
    text = data.decode()
    if asked["kind"] == "json":
        return {"found": from_json(text, asked["queries"], each=asked["each"])}
    return {"found": from_xml(text, asked["queries"])}
