"""Matches a pattern in a child process, for ``regex_matcher``.

A pattern can need more time than the world has, already to be compiled, and nothing in a thread stops it. A
process can be killed.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # as in typing, whose import takes longer than most patterns
if TYPE_CHECKING:
    from typing import Any

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


def substituted(pattern: re.Pattern[str], text: str, replacement: str, longest: int) -> tuple[str, int]:
    """The text with the replacement in place of each match, and how many there were."""
    size = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal size
        made = match.expand(replacement)
        size += len(made)
        if size > longest:
            raise OverflowError(f"the result is longer than {longest} characters")
        return made

    return pattern.subn(replaced, text)


def answer(data: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    """Do with a text what is asked."""
    try:
        return matched(data.decode("utf-8", "surrogatepass"), asked)
    except re.error as exc:
        where = "" if exc.pos is None else f" at character {exc.pos}"
        return {"wrong": f"{exc.msg}{where}"}
    except (IndexError, OverflowError) as exc:
        return {"wrong": str(exc)}


def matched(text: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What a pattern finds in a text."""
    flags = re.NOFLAG
    for letter in asked["flags"]:
        flags |= FLAGS[letter]
    pattern = re.compile(asked["pattern"], flags)
    operation, most = asked["operation"], asked["most"]
    if operation == "sub":
        made, count = substituted(pattern, text, asked["replacement"], asked["longest"])
        return {"matched": count > 0, "count": count, "text": made}
    if operation == "split":
        parts = pattern.split(text, maxsplit=most)
        told = {"matched": len(parts) > 1, "count": len(parts), "parts": parts}
        return {**told, "truncated": len(parts) > most}
    if operation in {"match", "search", "fullmatch"}:
        match = getattr(pattern, operation)(text)
        return {"matched": bool(match), "count": int(bool(match)), "matches": [found(match)] if match else []}
    matches: list[dict[str, Any]] = []
    for match in pattern.finditer(text):
        if len(matches) == most:
            return {"matched": True, "count": most, "matches": matches, "truncated": True}
        matches.append(found(match))
    return {"matched": bool(matches), "count": len(matches), "matches": matches}
