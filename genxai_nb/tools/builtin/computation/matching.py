"""The child process of ``regex_matcher``: reads a request as JSON, writes what it found as JSON.

A pattern can need more time than the world has, already to be compiled, and nothing in a thread stops it. A
process can be killed. It is run as a file, so it imports nothing of this package.
"""

from __future__ import annotations

import json
import re
import sys

TYPE_CHECKING = False  # as in typing, whose import takes longer than most patterns
if TYPE_CHECKING:
    from typing import Any

MEMORY = 512 * 1024 * 1024
FLAGS = {"i": re.I, "m": re.M, "s": re.S, "x": re.X, "a": re.A}


def found(match: re.Match[str]) -> dict[str, Any]:
    """A match as plain data."""
    return {
        "text": match[0],
        "start": match.start(),
        "end": match.end(),
        "groups": list(match.groups()),
        "named": match.groupdict(),
    }


def substituted(pattern: re.Pattern[str], request: dict[str, Any]) -> tuple[str, int]:
    """The text with the replacement in place of each match, and how many there were."""
    size = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal size
        text = match.expand(request["replacement"])
        size += len(text)
        if size > request["longest"]:
            raise OverflowError(f"the result is longer than {request['longest']} characters")
        return text

    return pattern.subn(replaced, request["text"])


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what the request asks."""
    flags = re.NOFLAG
    for letter in request["flags"]:
        flags |= FLAGS[letter]
    pattern = re.compile(request["pattern"], flags)
    operation, text, most = request["operation"], request["text"], request["most"]
    if operation == "sub":
        made, count = substituted(pattern, request)
        return {"matched": count > 0, "count": count, "text": made}
    if operation == "split":
        parts = pattern.split(text, maxsplit=most)
        return {
            "matched": len(parts) > 1,
            "count": len(parts),
            "parts": parts,
            "truncated": len(parts) > most,
        }
    if operation in {"match", "search", "fullmatch"}:
        match = getattr(pattern, operation)(text)
        return {"matched": bool(match), "count": int(bool(match)), "matches": [found(match)] if match else []}
    matches: list[dict[str, Any]] = []
    for match in pattern.finditer(text):
        if len(matches) == most:
            return {"matched": True, "count": most, "matches": matches, "truncated": True}
        matches.append(found(match))
    return {"matched": bool(matches), "count": len(matches), "matches": matches}


def main() -> None:
    """Answer one request."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # no such limit on this system; the time is limited all the same
    request = json.loads(sys.stdin.buffer.read())
    try:
        said = answer(request)
    except re.error as exc:
        said = {"wrong": exc.msg, "position": exc.pos}
    except (IndexError, OverflowError) as exc:
        said = {"wrong": str(exc), "position": None}
    except (MemoryError, RecursionError):
        said = {"wrong": "it needs more memory than it may have", "position": None}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
