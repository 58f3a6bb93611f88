"""The events of OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MODEL = "gpt-5-mini"
ENCRYPTED = "gAAAAABoISQ24OyVRYbkYfukdJoqdzWT"


def message(said: str, **fields: Any) -> dict[str, Any]:
    """An item of text."""
    content = [{"type": "output_text", "text": said, "annotations": [], "logprobs": []}]
    return {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": content,
        **fields,
    }


def refusal(said: str) -> dict[str, Any]:
    """An item in which the model declines."""
    return {**message(""), "content": [{"type": "refusal", "refusal": said}]}


def reasoning(*summary: str, encrypted: str | None = ENCRYPTED) -> dict[str, Any]:
    """An item of thoughts, encrypted, with a summary in parts."""
    parts = [{"type": "summary_text", "text": part} for part in summary]
    return {"type": "reasoning", "id": "rs_1", "summary": parts, "encrypted_content": encrypted}


def function_call(key: str, name: str, arguments: str) -> dict[str, Any]:
    """An item that calls a tool."""
    about = {"type": "function_call", "id": f"fc_{key}", "status": "completed"}
    return {**about, "call_id": key, "name": name, "arguments": arguments}


def response_events(
    *items: dict[str, Any], reason: str | None = None, usage: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The stream of an answer of these items, incomplete if there is a reason."""
    begun = {"id": "resp_1", "object": "response", "model": MODEL, "status": "in_progress", "output": []}
    events = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(items):
        events += [{"output_index": index, "item_id": item["id"], **event} for event in _item(item)]
    status = "incomplete" if reason else "completed"
    told = usage or {"input_tokens": 20, "output_tokens": 9}
    whole = {**begun, "status": status, "output": list(items), "usage": told}
    whole["incomplete_details"] = {"reason": reason} if reason else None
    events.append({"type": f"response.{status}", "response": whole})
    return [{"sequence_number": number, **event} for number, event in enumerate(events)]


def _item(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.output_item.added", "item": _begun(item)}
    if item["type"] == "reasoning":
        for number, part in enumerate(item["summary"]):
            place = {"summary_index": number}
            empty = {"type": "summary_text", "text": ""}
            yield {"type": "response.reasoning_summary_part.added", **place, "part": empty}
            yield from _deltas("reasoning_summary_text", part["text"], **place)
            yield {"type": "response.reasoning_summary_part.done", **place, "part": part}
    elif item["type"] == "function_call":
        yield from _deltas("function_call_arguments", item["arguments"])
        yield {"type": "response.function_call_arguments.done", "arguments": item["arguments"]}
    else:
        for number, part in enumerate(item["content"]):
            kind = part["type"].removeprefix("output_")
            name = "output_text" if kind == "text" else kind
            yield {"type": "response.content_part.added", "content_index": number, "part": {**part, kind: ""}}
            yield from _deltas(name, part[kind], content_index=number)
            yield {"type": f"response.{name}.done", "content_index": number, kind: part[kind]}
            yield {"type": "response.content_part.done", "content_index": number, "part": part}
    yield {"type": "response.output_item.done", "item": item}


def _begun(item: dict[str, Any]) -> dict[str, Any]:
    empty = {"arguments": "", "content": [], "summary": [], "encrypted_content": "gAAA"}
    return {**item, **{name: value for name, value in empty.items() if name in item}}


def _deltas(name: str, said: str, **place: int) -> Iterator[dict[str, Any]]:
    for at in range(0, len(said), 7):
        yield {"type": f"response.{name}.delta", "delta": said[at : at + 7], **place}
