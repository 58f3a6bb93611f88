"""The events of Google's Gemini API."""

from __future__ import annotations

from typing import Any

from model_server import Refusal

MODEL = "gemini-2.5-flash"
SIGNATURE = "CpQBAVSoXO4/aWduZWQgdGhvdWdodHM+"


def text(said: str, **more: Any) -> dict[str, Any]:
    """A part that is text."""
    return {"text": said, **more}


def thought(said: str, **more: Any) -> dict[str, Any]:
    """A part that is a thought."""
    return {"text": said, "thought": True, **more}


def function_call(name: str, arguments: dict[str, Any], key: str = "", signature: str = "") -> dict[str, Any]:
    """A part that calls a tool."""
    call = {"name": name, "args": arguments, **({"id": key} if key else {})}
    return {"functionCall": call, **({"thoughtSignature": signature} if signature else {})}


def event(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An event with parts of the one candidate."""
    candidate = {"content": {"parts": list(parts), "role": "model"}, "index": 0, **more}
    told = {"promptTokenCount": 20, "totalTokenCount": 20}
    return {"candidates": [candidate], "usageMetadata": told, "modelVersion": MODEL, "responseId": "r1"}


def gemini_events(
    *parts: dict[str, Any], stop: str = "STOP", usage: dict[str, int] | None = None, **more: Any
) -> list[dict[str, Any]]:
    """The stream of an answer: an event for each part, then one with the end and the usage."""
    told = {"promptTokenCount": 20, "candidatesTokenCount": 9, "totalTokenCount": 29, **(usage or {})}
    last = {**event(text(""), finishReason=stop, **more), "usageMetadata": told}
    return [*(event(part) for part in parts), last]


def refusal(status: int, message: str, reason: str = "INVALID_ARGUMENT", *details: Any) -> Refusal:
    """An error as the vendor gives it."""
    error = {"code": status, "message": message, "status": reason, "details": list(details)}
    return Refusal(status, {"error": error})
