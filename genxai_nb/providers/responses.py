"""OpenAI's Responses API: our messages as its items, its events as our deltas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import json

from genxai_nb.messages import (
    Delta,
    Image,
    Message,
    ModelReply,
    ModelRequest,
    ReasoningDelta,
    StopReason,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    Usage,
    Verbatim,
    system,
)

from . import reasoning
from .base import assemble, broke_off, refuse_half_calls, whole_reply
from .chat import data_url
from .refusals import Complaint, Server, declined
from .strict_schema import named_schema, schema_in_words

_THOUGHTLESS = ("chatgpt", "gpt-3", "gpt-4")  # these models have no thoughts that could be kept
_SHORTEST = 16  # tokens; the API takes no lower limit
_STOPS: dict[str, StopReason] = {"max_output_tokens": "length", "content_filter": "refused"}
_THOUGHTS = frozenset(["response.reasoning_summary_text.delta", "response.reasoning_text.delta"])
_ENDS = frozenset(["response.completed", "response.incomplete"])
_PLAIN = frozenset(["message", "function_call"])


def parameters(request: ModelRequest, model: str, refused: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Say a request in the words of the API; the vendor is asked to keep nothing of it.

    Args:
        request: What to ask.
        model: The model as the server calls it.
        refused: What the server takes no part in: names of its settings, and ``json_schema``.
    """
    items = [item for message in request.messages for item in _items(message)]
    said: dict[str, Any] = {"model": model, "stream": True, "store": False}
    if request.tools:
        said["tools"] = [_tool(tool) for tool in request.tools]
    if request.output is not None:
        form = _format(request.output, refused)
        if form is None or form["type"] == "json_object":
            items += _items(system(schema_in_words(request.output)))
        if form is not None:
            said["text"] = {"format": form}
    limit = None if request.max_tokens is None else max(request.max_tokens, _SHORTEST)
    wanted: dict[str, Any] = {"temperature": request.temperature, "max_output_tokens": limit}
    if not model.startswith(_THOUGHTLESS):
        wanted["include"] = ["reasoning.encrypted_content"]
    said |= {name: value for name, value in wanted.items() if value is not None and name not in refused}
    return {"input": items, **said, **reasoning.responses(request, refused)}


def _tool(tool: Any) -> dict[str, Any]:
    # the API takes a tool for strict unless it is told otherwise
    said = {"type": "function", "name": tool.name, "description": tool.description, "strict": False}
    return {**said, "parameters": tool.parameters}


def _format(schema: dict[str, Any], refused: frozenset[str]) -> dict[str, Any] | None:
    if "text" in refused:
        return None
    return (
        {"type": "json_object"}
        if "json_schema" in refused
        else {"type": "json_schema", **named_schema(schema)}
    )


def _items(message: Message) -> Iterator[dict[str, Any]]:
    if message.verbatim is not None and message.verbatim.provider == "openai":
        yield from message.verbatim.content
        return
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield {"type": "function_call_output", "call_id": part.id, "output": part.text}
    if message.role != "tool" and (message.text or not message.tool_calls):
        yield {"role": message.role, "content": _content(message)}
    for call in message.tool_calls:
        arguments = json.encode(call.arguments, enc_hook=str).decode()
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not any(isinstance(part, Image) for part in message.parts):
        return message.text
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, Text):
            parts.append({"type": "input_text", "text": part.text})
        elif isinstance(part, Image):
            parts.append({"type": "input_image", "image_url": data_url(part), "detail": "auto"})
    return parts


class Items:
    """The items of one answer, put together as they come.

    Args:
        request: What was asked.
        server: Where it was asked.
        model: The model as the server calls it.
    """

    def __init__(self, request: ModelRequest, server: Server, model: str) -> None:
        self._request = request
        self._server = server
        self._model = model
        self._deltas: list[Delta] = []
        self._refusal: list[str] = []
        self._calls: dict[int, ToolCall] = {}
        self._items: dict[int, dict[str, Any]] = {}
        self._response: dict[str, Any] | None = None

    def take(self, event: dict[str, Any]) -> Iterable[Delta]:
        """Take in an event, and give its deltas; kinds of events that are not known say nothing.

        Raises:
            ProviderError: The server says that something went wrong.
        """
        kind = event["type"]
        delta: Delta | None
        if kind == "response.output_text.delta":
            delta = TextDelta(event["delta"])
        elif kind == "response.function_call_arguments.delta":
            call = self._calls[event["output_index"]]
            delta = ToolCallDelta(call.id, call.name, event["delta"])
        elif kind in _THOUGHTS:
            delta = ReasoningDelta(event["delta"])
        else:
            delta = self._note(kind, event)
        if delta is None:
            return ()
        self._deltas.append(delta)
        return (delta,)

    def _note(self, kind: str, event: dict[str, Any]) -> Delta | None:
        if kind == "response.output_item.added":
            return self._begin(event["output_index"], event["item"])
        if kind == "response.output_item.done":
            self._items[event["output_index"]] = event["item"]
        elif kind == "response.refusal.delta":
            self._refusal.append(event["delta"])
        elif kind == "response.reasoning_summary_part.added" and event["summary_index"]:
            return ReasoningDelta("\n\n")
        elif kind in _ENDS:
            self._response = event["response"]
        elif kind == "response.failed":
            raise declined(Complaint.of(event["response"]["error"]), self._server, self._model)
        elif kind == "error":
            raise declined(Complaint.of(event.get("error") or event), self._server, self._model)
        return None

    def _begin(self, number: int, item: dict[str, Any]) -> Delta | None:
        if item["type"] != "function_call":
            return None
        self._calls[number] = ToolCall(item["call_id"], item["name"], {})
        return ToolCallDelta(item["call_id"], item["name"], item.get("arguments") or "")

    def reply(self) -> ModelReply:
        """The whole answer, once the events have come to their end.

        Raises:
            IncompleteStream: They ended before the model had finished.
            BadResponse: The answer was cut off in a tool call.
        """
        response = self._response
        if response is None:
            raise broke_off(self._request.model)
        message = assemble(self._deltas)
        reason = (response.get("incomplete_details") or {}).get("reason")
        stop = _STOPS.get(reason or "", "tool_calls" if message.tool_calls else "end")
        if self._refusal:
            stop = "refused"
            message = Message("assistant", (*message.parts, Text("".join(self._refusal))))
        refuse_half_calls(message, stop, self._request.model)
        items = [item for _, item in sorted(self._items.items())]
        if stop in ("end", "tool_calls") and _say_more(items):
            message = Message("assistant", message.parts, Verbatim("openai", items))
        raw = {name: response.get(name) for name in ("id", "model", "status", "incomplete_details", "usage")}
        return whole_reply(self._request, message, stop, _usage(response.get("usage") or {}), raw)


def _say_more(items: list[dict[str, Any]]) -> bool:
    """Whether items hold more than the parts of a message, and the vendor takes them back."""
    if any(item["type"] == "reasoning" and not item.get("encrypted_content") for item in items):
        return False  # it keeps nothing, so it would not find those thoughts
    return any(item["type"] not in _PLAIN or item.get("phase") for item in items)


def _usage(told: dict[str, Any]) -> Usage:
    sent, answered = told.get("input_tokens_details") or {}, told.get("output_tokens_details") or {}
    return Usage(
        input=told.get("input_tokens") or 0,
        output=told.get("output_tokens") or 0,
        cached=sent.get("cached_tokens") or 0,
        reasoning=answered.get("reasoning_tokens") or 0,
        written=sent.get("cache_write_tokens") or 0,
    )
