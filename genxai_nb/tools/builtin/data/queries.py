"""The child process that answers queries: some run through a document again and again and never end.

It is run as a file, so it imports nothing of this package.
"""

from __future__ import annotations

import json
import sys
from itertools import islice

TYPE_CHECKING = False  # as in typing, which is not needed otherwise
if TYPE_CHECKING:
    from typing import Any, NoReturn

MEMORY = 1024 * 1024 * 1024
MOST = 1_000


def refuse(what: str, hint: str) -> NoReturn:
    """Say why it cannot be answered, and end."""
    sys.stdout.write(json.dumps({"wrong": what, "hint": hint}))
    raise SystemExit


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


def main() -> None:
    """Answer one request."""
    asked = json.loads(sys.argv[1])
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(asked["seconds"]) + 1, int(asked["seconds"]) + 2))
    except (ImportError, ValueError, OSError):
        pass  # no such limits on this system; the time is limited all the same
    text = sys.stdin.buffer.read().decode()
    try:
        if asked["kind"] == "json":
            found = from_json(text, asked["queries"], each=asked["each"])
        else:
            found = from_xml(text, asked["queries"])
        told: dict[str, Any] = {"found": found}
    except (MemoryError, RecursionError):
        told = {"wrong": "the query needs more memory than it may have"}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
