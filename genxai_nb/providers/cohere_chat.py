"""Cohere's Chat API, version 2: our messages as theirs, their events as our deltas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import json

from genxai_nb.errors import BadResponse
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
from .base import assemble, broke_off, refuse_half_calls, result_object, whole_reply
from .chat import data_url
from .refusals import Complaint, Server, declined
from .strict_schema import RANGES, schema_in_words, strict_schema

_NOTHING = "(empty)"  # a turn has to say something
_STOPS: dict[str, StopReason] = {"MAX_TOKENS": "length", "ERROR_TOXIC": "refused"}
_FAILED = ("ERROR", "TIMEOUT")


def parameters(request: ModelRequest, model: str, refused: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Say a request in the words of the API.

    Args:
        request: What to ask.
        model: The model as the server calls it.
        refused: What the server takes no part in: names of its settings.
    """
    messages = [item for message in request.messages for item in _messages(message)]
    said: dict[str, Any] = {"model": model}
    if request.tools:
        said["tools"] = [{"type": "function", "function": _function(tool)} for tool in request.tools]
    if request.output is not None:
        # the API takes no schema of an answer beside tools
        asked = not request.tools and "response_format" not in refused
        if asked and (schema := strict_schema(request.output, RANGES)) is not None:
            said["response_format"] = {"type": "json_object", "json_schema": schema}
        else:
            messages += _messages(system(schema_in_words(request.output)))
    wanted = {"temperature": request.temperature, "max_tokens": request.max_tokens}
    said |= {name: value for name, value in wanted.items() if value is not None and name not in refused}
    if all(message["role"] == "system" for message in messages):
        messages.append({"role": "user", "content": _NOTHING})
    return {"messages": messages, **said, **reasoning.cohere(request, refused)}


def _function(tool: Any) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def _messages(message: Message) -> Iterator[dict[str, Any]]:
    if message.verbatim is not None and message.verbatim.provider == "cohere":
        yield message.verbatim.content
    elif message.role == "tool":
        for part in message.parts:
            if isinstance(part, ToolResult):
                content = json.encode(result_object(part)).decode()
                yield {"role": "tool", "tool_call_id": part.id, "content": content}
    elif message.tool_calls:
        said = {"content": message.text} if message.text else {}
        yield {"role": "assistant", **said, "tool_calls": [_called(call) for call in message.tool_calls]}
    else:
        yield {"role": message.role, "content": _content(message)}


def _called(call: ToolCall) -> dict[str, Any]:
    arguments = json.encode(call.arguments, enc_hook=str).decode()
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not any(isinstance(part, Image) for part in message.parts):
        return message.text if message.text.strip() else _NOTHING
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, Text):
            parts.append({"type": "text", "text": part.text})
        elif isinstance(part, Image):
            parts.append({"type": "image_url", "image_url": {"url": data_url(part)}})
    return parts


class Events:
    """The events of one answer, put together as they come.

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
        self._plan: list[str] = []
        self._thoughts: list[str] = []
        self._calls: dict[int, ToolCall] = {}
        self._citations: list[Any] = []
        self._id: str | None = None
        self._end: dict[str, Any] | None = None

    def take(self, event: dict[str, Any]) -> Iterator[Delta]:
        """Take in an event and yield its deltas; kinds of events that are not known say nothing.

        Raises:
            BadResponse: A tool call has no name.
        """
        for delta in self._of(event["type"], event):
            self._deltas.append(delta)
            yield delta

    def _of(self, kind: str, event: dict[str, Any]) -> Iterator[Delta]:
        message = (event.get("delta") or {}).get("message") or {}
        if kind in ("content-start", "content-delta"):
            yield from self._said(message["content"])
        elif kind == "tool-plan-delta":
            self._plan.append(message["tool_plan"])
            yield ReasoningDelta(message["tool_plan"])
        elif kind == "tool-call-start":
            yield self._begin(event["index"], message["tool_calls"])
        elif kind == "tool-call-delta":
            call, piece = self._calls[event["index"]], message["tool_calls"]["function"]["arguments"]
            yield ToolCallDelta(call.id, call.name, piece)
        elif kind == "citation-start":
            self._citations.append(message["citations"])
        elif kind == "message-start":
            self._id = event.get("id")
        elif kind == "message-end":
            self._end = event["delta"]

    def _said(self, content: dict[str, Any]) -> Iterator[Delta]:
        if thought := content.get("thinking"):
            self._thoughts.append(thought)
            yield ReasoningDelta(thought)
        if text := content.get("text"):
            yield TextDelta(text)

    def _begin(self, number: int, call: dict[str, Any]) -> Delta:
        if not (name := call["function"].get("name")):
            raise BadResponse(f"Model {self._request.model!r} began a tool call without the tool's name.")
        self._calls[number] = ToolCall(call["id"], name, {})
        return ToolCallDelta(call["id"], name, call["function"].get("arguments") or "")

    def reply(self) -> ModelReply:
        """The whole answer, once the events have come to their end.

        Raises:
            IncompleteStream: They ended before the model had finished.
            ConnectionLost: The model failed amid its answer.
            BadResponse: The answer was cut off in a tool call.
        """
        end = self._end or {}
        if (reason := end.get("finish_reason")) is None:
            raise broke_off(self._request.model)
        if reason in _FAILED:
            raise declined(Complaint(end.get("error") or reason), self._server, self._model)
        message = assemble(self._deltas)
        stop = _STOPS.get(reason, "tool_calls" if message.tool_calls else "end")
        refuse_half_calls(message, stop, self._request.model)
        if (self._plan or self._thoughts) and stop in ("end", "tool_calls"):
            message = Message("assistant", message.parts, Verbatim("cohere", self._whole(message)))
        raw = {"id": self._id, "model": "", "finish_reason": reason, "usage": end.get("usage") or {}}
        if self._citations:
            raw["citations"] = self._citations
        return whole_reply(self._request, message, stop, _usage(raw["usage"]), raw)

    def _whole(self, message: Message) -> dict[str, Any]:
        """The answer as the API takes it back: with its thoughts and its plan, which are no text."""
        thoughts, text = "".join(self._thoughts), message.text
        content = [{"type": "thinking", "thinking": thoughts}] if thoughts else []
        content += [{"type": "text", "text": text}] if text else []
        whole = {
            "content": content,
            "tool_plan": "".join(self._plan),
            "tool_calls": [_called(call) for call in message.tool_calls],
        }
        return {"role": "assistant", **{name: value for name, value in whole.items() if value}}


def billed(usage: dict[str, Any]) -> Usage | None:
    """The tokens that the vendor charges for, which are fewer than those that the model read; None if not told."""
    units = usage.get("billed_units") or {}
    return _tokens(units) if units.get("input_tokens") is not None else None


def _usage(told: dict[str, Any]) -> Usage:
    tokens = _tokens(told.get("tokens") or told.get("billed_units") or {})
    return tokens + Usage(cached=int(told.get("cached_tokens") or 0))


def _tokens(told: dict[str, Any]) -> Usage:
    return Usage(input=int(told.get("input_tokens") or 0), output=int(told.get("output_tokens") or 0))
