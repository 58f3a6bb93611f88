"""The events of Anthropic's Messages API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

MODEL = "claude-sonnet-5"
PING = {"type": "ping"}
SIGNATURE = "EqQBCkYIBxgCKkBTaWduZWQgdGhvdWdodHM="


def text(said: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "text": said}


def thinking(thought: str, signature: str = SIGNATURE) -> dict[str, Any]:
    """A block of thoughts with their signature."""
    return {"type": "thinking", "thinking": thought, "signature": signature}


def redacted(data: str = "EvAFCoYBGAIiQ") -> dict[str, Any]:
    """A block of thoughts that nobody may read."""
    return {"type": "redacted_thinking", "data": data}


def tool_use(key: str, name: str, arguments: dict[str, Any] | str) -> dict[str, Any]:
    """A call of a tool; arguments that are text are streamed as they are."""
    return {"type": "tool_use", "id": key, "name": name, "input": arguments}


def claude_events(
    *blocks: dict[str, Any],
    stop: str = "end_turn",
    usage: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The stream of an answer of these blocks."""
    told = {"input_tokens": 20, "output_tokens": 1, **(usage or {})}
    about = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": MODEL}
    events = [{"type": "message_start", "message": {**about, "stop_reason": None, "usage": told}}, PING]
    for index, block in enumerate(blocks):
        events += [{"index": index, **event} for event in _block(block)]
    end = {"stop_reason": stop, "stop_sequence": None, "stop_details": details}
    ending = {"type": "message_delta", "delta": end, "usage": {"output_tokens": 9, **(usage or {})}}
    return [*events, ending, {"type": "message_stop"}]


def _block(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = block["type"]
    if kind == "text":
        begun, deltas = (
            {**block, "text": ""},
            [_delta("text_delta", text=piece) for piece in _cut(block["text"])],
        )
    elif kind == "thinking":
        begun = {**block, "thinking": "", "signature": ""}
        deltas = [_delta("thinking_delta", thinking=piece) for piece in _cut(block["thinking"])]
        deltas.append(_delta("signature_delta", signature=block["signature"]))
    elif kind == "tool_use":
        said = block["input"] if isinstance(block["input"], str) else json.dumps(block["input"])
        begun = {**block, "input": {}}
        deltas = [_delta("input_json_delta", partial_json=piece) for piece in ["", *_cut(said)]]
    else:
        begun, deltas = block, []
    yield {"type": "content_block_start", "content_block": begun}
    yield from deltas
    yield {"type": "content_block_stop"}


def _delta(kind: str, **fields: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "delta": {"type": kind, **fields}}


def _cut(said: str, size: int = 7) -> list[str]:
    return [said[at : at + size] for at in range(0, len(said), size)]
