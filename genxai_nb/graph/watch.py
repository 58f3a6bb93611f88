"""Noticing that a body has changed a value of the state in place, before anything of it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from genxai_nb.errors import GenXAIError, StateAssigned
from genxai_nb.journal.codec import encode_request
from genxai_nb.journal.tags import TAG

__all__ = ["FIXED", "Watch"]

# what cannot be changed in place, the most usual first
FIXED = frozenset(
    {str, int, float, bool, type(None), bytes, complex, date, datetime, time, timedelta, Decimal, UUID}
    | {type(Path())}
)

LARGE = 65536  # bytes of a value's encoding; larger ones are not watched all the time
FIRST = 3  # visits of a node in which they are
KEPT = 512  # values whose encoding is remembered


class Watch:
    """Remembers how values looked when they were read.

    Attributes:
        closely: Somebody goes through the run by hand, so that large values are watched too.

    Example:
        >>> watch, notes = Watch(), ["a"]
        >>> watch.note("writer", 1, "notes", notes)
        True
        >>> notes.append("b")
        >>> watch.check({"notes": notes})
        Traceback (most recent call last):
        genxai_nb.errors.StateAssigned: State is read-only: notes[1] was changed in place. Return {'notes': ...} instead.
        >>> notes
        ['a']
    """

    def __init__(self) -> None:
        self.closely = False
        self._seen: dict[int, tuple[Any, bytes]] = {}  # by identity, with the value itself, so that it lives
        self._large: set[tuple[str, str]] = set()  # node and key

    def note(self, node: str, visit: int, key: str, value: Any) -> bool:
        """Remember how a value looks before a body gets it; tells whether it is watched."""
        rarely = visit > FIRST and not self.closely
        if rarely and (node, key) in self._large:
            return False
        seen = self._seen.get(id(value))
        if seen is None:
            body = _encoded(value)
            if body is None:
                return False
            if len(body) > LARGE:
                self._large.add((node, key))
                if rarely:
                    return False
            while len(self._seen) >= KEPT:
                self._seen.pop(next(iter(self._seen)), None)
            self._seen[id(value)] = value, body if len(body) <= LARGE else _hashed(body)
        return True

    def check(self, values: Mapping[str, Any]) -> None:
        """Compare values with how they looked before; plain lists and dicts are put back.

        Raises:
            StateAssigned: One has changed; its path is named.
        """
        for key, value in values.items():
            seen = self._seen.get(id(value))
            if seen is None:
                continue
            body = _encoded(value)
            same = body is None or body == seen[1] or _hashed(body) == seen[1]
            if not same or (body is not None and len(body) > LARGE):  # not kept alive for this
                self._seen.pop(id(value), None)
            if same:
                continue
            before = _decoded(seen[1])
            path = key if before is None or body is None else _path(key, before, _decoded(body))
            _put_back(value, before)
            raise StateAssigned(key, path)


def _encoded(value: Any) -> bytes | None:
    try:
        return encode_request(value)
    except GenXAIError:
        return None  # it cannot be kept, and is refused where it has to be


def _hashed(body: bytes) -> bytes:
    return blake2b(body, digest_size=20).digest()


def _decoded(body: bytes) -> Any:
    """Plain data; None if it is more than that, or only a hash."""
    if f'"{TAG}"'.encode() in body:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _path(path: str, before: Any, now: Any) -> str:
    """Where two values differ first."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*now, *before]:
            if key not in before or key not in now or before[key] != now[key]:
                return _path(f"{path}[{key!r}]", before.get(key), now.get(key))
    if isinstance(before, list) and isinstance(now, list):
        for number in range(max(len(before), len(now))):
            if number >= len(before) or number >= len(now):
                return f"{path}[{number}]"
            if before[number] != now[number]:
                return _path(f"{path}[{number}]", before[number], now[number])
    return path


def _put_back(value: Any, before: Any) -> None:
    if type(value) is list and type(before) is list:
        value[:] = before
    elif type(value) is dict and type(before) is dict:
        value.clear()
        value.update(before)
