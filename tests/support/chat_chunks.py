"""The chunks of Chat Completions."""

from __future__ import annotations

from typing import Any

DONE = "data: [DONE]\n\n"


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """One chunk with a delta of the first choice."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def call_chunk(
    number: int | None, name: str | None, arguments: str, key: str | None = None
) -> dict[str, Any]:
    """One chunk with a piece of a tool call."""
    piece = {
        "index": number,
        "id": key,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }
    return chunk(tool_calls=[{name: value for name, value in piece.items() if value is not None}])


def usage_chunk(sent: int, answered: int, *, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    """The last chunk, which has no choice and tells the usage."""
    told = {
        "prompt_tokens": sent,
        "completion_tokens": answered,
        "total_tokens": sent + answered,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    return {**chunk(), "choices": [], "usage": told}
