"""Paths as text: what a name may hold, and which paths hide where they lead."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from genxai_nb.errors import Denied

from .visible import visible

__all__ = ["ADVICE", "check_name", "read_path", "refuse_hidden", "shown"]

ADVICE = "The policy names the folders, under roots."

_MOST_PARTS = 100
_LONGEST = 4096  # characters, as on Linux
_ENCODED = ("%2e", "%2f", "%5c", "%00")


def check_name(name: str, path: str) -> None:
    """Refuse a name that another system, or a careless reader, would take for another one.

    Raises:
        Denied: It holds control characters, a backslash, an encoded separator, or ends in a dot or blank.
    """
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in name):
        why = "holds characters that cannot be seen"
    elif "\\" in name:
        why = "holds a backslash"
    elif any(part in name.lower() for part in _ENCODED):
        why = "is percent-encoded"
    elif name not in {".", ".."} and name != name.rstrip(". "):
        why = "has a part that ends in a dot or a blank"
    elif len(name.encode()) > 255:
        why = "has a part of more than 255 bytes"
    else:
        return
    raise Denied(f"Path {shown(path)} {why}.", hint="Write it plainly, with '/' between folders.")


def read_path(path: str) -> tuple[str, ...]:
    """Split a path into its parts.

    Raises:
        Denied: It is empty, names a drive, a server or a home, is too deep, or a part of it is refused.
    """
    if len(path) > _LONGEST:
        raise Denied(f"Path {shown(path)} has more than {_LONGEST} characters.", hint="Shorten it.")
    if not path.strip():
        raise Denied(f"Path {path!r} is empty.", hint="Give the path of a file.")
    if path.startswith("//") or (path[1:2] == ":" and path[:1].isalpha()):
        raise Denied(f"Path {shown(path)} names a drive or a server.", hint="Give a path with '/'.")
    if path.startswith("~"):
        raise Denied(f"Path {shown(path)} starts with '~'.", hint="Write the folder out.")
    pieces = tuple(piece for piece in path.split("/") if piece not in {"", "."})
    if len(pieces) > _MOST_PARTS:
        raise Denied(f"Path {shown(path)} has more than {_MOST_PARTS} parts.", hint="Shorten it.")
    for piece in pieces:
        check_name(piece, path)
    return pieces


def refuse_hidden(parts: Iterable[str], path: str) -> None:
    """Refuse a path with a part that starts with a dot.

    Raises:
        Denied: It has one.
    """
    if any(part.startswith(".") and part not in {".", ".."} for part in parts):
        raise Denied(
            f"Path {shown(path)} is hidden: such files hold settings and secrets.",
            hint="Only a folder that the policy names under roots may be hidden.",
        )


def shown(path: str) -> str:
    """A path in quotes, as an error shows it."""
    return f"'{visible(path, 200)}'"
