"""What an agent knows of its run, as plain data in hidden keys of the state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from genxai_nb.messages import Message


def history_key(agent: str) -> str:
    """Name the hidden key that holds an agent's history; updates of it are appended."""
    return f"@history/{agent}"


def memory_key(kind: str, agent: str) -> str:
    """Name the hidden key that holds what a kind of memory remembers of a run."""
    return f"@memory/{kind}/{agent}"


def pack(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Turn messages into data that the journal can keep."""
    packed: list[dict[str, Any]] = msgspec.to_builtins(list(messages))
    return packed


def unpack(packed: Sequence[Any]) -> tuple[Message, ...]:
    """Turn the kept data back into messages."""
    return msgspec.convert(packed, tuple[Message, ...])
