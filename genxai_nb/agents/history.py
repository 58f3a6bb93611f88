"""An agent's short-term history as plain data in a hidden key of the state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from genxai_nb.messages import Message


def history_key(agent: str) -> str:
    """Name the hidden key that holds an agent's history; updates of it are appended."""
    return f"@history/{agent}"


def pack(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Turn messages into data that the journal can keep."""
    packed: list[dict[str, Any]] = msgspec.to_builtins(list(messages))
    return packed


def unpack(packed: Sequence[Any]) -> tuple[Message, ...]:
    """Turn the kept data back into messages."""
    return msgspec.convert(packed, tuple[Message, ...])
