"""Values that stand for something outside, or half way through."""

from __future__ import annotations

import io
from collections.abc import Generator
from types import AsyncGeneratorType, CoroutineType

__all__ = ["is_live"]

_LIVE = (io.IOBase, Generator, AsyncGeneratorType, CoroutineType)
_LIVE_ENDINGS = ("Connection", "Cursor", "Socket", "socket", "Popen")


def is_live(value: object) -> bool:
    """Whether a value stands for something outside, or half way through, that no script can begin with."""
    kind = type(value)
    return isinstance(value, _LIVE) or (
        kind.__name__.endswith(_LIVE_ENDINGS) and kind.__module__.partition(".")[0] not in {"__main__"}
    )
