"""The events of Cohere's Chat API."""

from __future__ import annotations

from typing import Any

MODEL = "command-a-03-2025"
USAGE = {
    "billed_units": {"input_tokens": 8, "output_tokens": 9},
    "tokens": {"input_tokens": 20, "output_tokens": 9},
}


def text(said: str) -> list[dict[str, Any]]:
    """The events of a block of text."""
    return _block("text", said)


def thinking(said: str) -> list[dict[str, Any]]:
    """The events of a block of thoughts."""
    return _block("thinking", said)


def plan(said: str) -> list[dict[str, Any]]:
    """The events of a plan, which comes before calls of tools."""
    return [{"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}} for piece in _cut(said)]


def tool_call(key: str, name: str, arguments: str) -> list[dict[str, Any]]:
    """The events of a call of a tool."""
    begun = {"id": key, "type": "function", "function": {"name": name, "arguments": ""}}
    pieces = [{"function": {"arguments": piece}} for piece in _cut(arguments)]
    return [
        {"type": "tool-call-start", "delta": {"message": {"tool_calls": begun}}},
        *({"type": "tool-call-delta", "delta": {"message": {"tool_calls": piece}}} for piece in pieces),
        {"type": "tool-call-end"},
    ]


def citation(start: int, said: str) -> list[dict[str, Any]]:
    """The events of a citation."""
    told = {"start": start, "end": start + len(said), "text": said, "sources": [], "type": "TEXT_CONTENT"}
    return [
        {"type": "citation-start", "delta": {"message": {"citations": told}}},
        {"type": "citation-end"},
    ]


def cohere_events(
    *blocks: list[dict[str, Any]], stop: str = "COMPLETE", usage: dict[str, Any] | None = None, **more: Any
) -> list[dict[str, Any]]:
    """The stream of an answer of these blocks."""
    begun = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    events = [{"type": "message-start", "id": "m1", "delta": {"message": begun}}]
    for index, block in enumerate(blocks):
        events += [{**event, "index": index} for event in block]
    end = {"finish_reason": stop, "usage": USAGE if usage is None else usage, **more}
    return [*events, {"type": "message-end", "id": "m1", "delta": end}]


def _block(kind: str, said: str) -> list[dict[str, Any]]:
    def message(content: dict[str, str]) -> dict[str, Any]:
        return {"message": {"content": content}}

    return [
        {"type": "content-start", "delta": message({"type": kind, kind: ""})},
        *({"type": "content-delta", "delta": message({kind: piece})} for piece in _cut(said)),
        {"type": "content-end"},
    ]


def _cut(said: str, size: int = 7) -> list[str]:
    return [said[at : at + size] for at in range(0, len(said), size)]
