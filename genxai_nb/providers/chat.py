"""Chat Completions, which OpenAI and all compatible servers speak: our messages as theirs, their chunks as our deltas."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import msgspec

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
    ToolCallDelta,
    ToolResult,
    Usage,
    system,
)

from . import reasoning
from .base import assemble, broke_off, refuse_half_calls, whole_reply
from .refusals import Complaint, Server, declined
from .strict_schema import named_schema, schema_in_words

_STOPS: dict[str, StopReason] = {"length": "length", "content_filter": "refused"}


def parameters(request: ModelRequest, model: str, refused: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Say a request in the words of the API.

    Args:
        request: What to ask.
        model: The model as the server calls it.
        refused: What the server takes no part in: names of settings, ``json_schema``, and
            ``max_completion_tokens`` where the limit is called ``max_tokens``.
    """
    messages = [item for message in request.messages for item in _messages(message)]
    said: dict[str, Any] = {"model": model, "stream": True}
    if request.tools:
        said["tools"] = [{"type": "function", "function": _function(tool)} for tool in request.tools]
    if request.output is not None:
        form = _response_format(request.output, refused)
        if form is None or form["type"] == "json_object":
            messages += _messages(system(schema_in_words(request.output)))
        if form is not None:
            said["response_format"] = form
    limit = "max_tokens" if "max_completion_tokens" in refused else "max_completion_tokens"
    wanted: dict[str, Any] = {"temperature": request.temperature, limit: request.max_tokens}
    wanted["stream_options"] = {"include_usage": True}
    said |= {name: value for name, value in wanted.items() if value is not None and name not in refused}
    return {"messages": messages, **said, **reasoning.chat(request, refused)}


def _function(tool: Any) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def _response_format(schema: dict[str, Any], refused: frozenset[str]) -> dict[str, Any] | None:
    if "response_format" in refused:
        return None
    if "json_schema" in refused:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": named_schema(schema)}


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


def _messages(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        return [{"role": "tool", "tool_call_id": part.id, "content": part.text} for part in results]
    if message.role != "assistant":
        return [{"role": message.role, "content": _content(message)}]
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": _json(call.arguments)},
        }
        for call in message.tool_calls
    ]
    said: dict[str, Any] = {"role": "assistant", "content": message.text or (None if calls else "")}
    return [said | ({"tool_calls": calls} if calls else {})]


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not any(isinstance(part, Image) for part in message.parts):
        return message.text
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, Text):
            parts.append({"type": "text", "text": part.text})
        elif isinstance(part, Image):
            parts.append({"type": "image_url", "image_url": {"url": data_url(part)}})
    return parts


def data_url(image: Image) -> str:
    """An image as an address that holds it."""
    return f"data:{image.media_type};base64,{b64encode(image.data).decode()}"


class Chunks:
    """The chunks of one answer, put together as they come.

    Args:
        request: What was asked, for an estimate where the server tells no usage.
        server: Where it was asked.
        model: The model as the server calls it.
    """

    def __init__(self, request: ModelRequest, server: Server, model: str) -> None:
        self._request = request
        self._server = server
        self._model = model
        self._deltas: list[Delta] = []
        self._refusal: list[str] = []
        self._finish: str | None = None
        self._usage = Usage()
        self._about: dict[str, Any] = {}
        self._open: dict[int, tuple[str, str]] = {}  # by number: the id that the server gave, and ours
        self._ids: set[str] = set()

    def take(self, event: dict[str, Any]) -> Iterator[Delta]:
        """Take in a chunk and yield its deltas.

        Raises:
            ProviderError: The server says that something went wrong.
        """
        if (error := event.get("error")) is not None:
            raise declined(Complaint.of(error), self._server, self._model)
        if not self._about:
            self._about = {"id": event.get("id"), "model": event.get("model") or ""}
        if usage := event.get("usage"):
            self._usage = _usage(usage)
        for choice in event.get("choices") or ():
            if choice.get("index"):
                continue
            self._finish = choice.get("finish_reason") or self._finish
            if said := choice.get("delta"):
                for delta in self._of(said):
                    self._deltas.append(delta)
                    yield delta

    def _of(self, said: dict[str, Any]) -> Iterator[Delta]:
        thought = said.get("reasoning_content") or said.get("reasoning")
        if thought and isinstance(thought, str):
            yield ReasoningDelta(thought)
        if text := said.get("content"):
            yield TextDelta(text)
        if refusal := said.get("refusal"):
            self._refusal.append(refusal)
        for call in said.get("tool_calls") or ():
            yield from self._of_call(call)

    def _of_call(self, call: dict[str, Any]) -> Iterator[Delta]:
        function = call.get("function") or {}
        name, arguments = function.get("name") or "", function.get("arguments") or ""
        number, key = call.get("index") or 0, call.get("id") or ""
        known = self._open.get(number)
        # some servers give all calls the number 0, so a name with another id begins another call
        if known is None or (name and key and key != known[0]):
            if not name:
                raise BadResponse(f"Model {self._request.model!r} began a tool call without the tool's name.")
            own = key if key and key not in self._ids else f"call_{len(self._ids) + 1}"
            self._ids.add(own)
            known = self._open[number] = (key, own)
            yield ToolCallDelta(own, name, arguments)
        elif arguments:
            yield ToolCallDelta(known[1], name, arguments)

    def reply(self) -> ModelReply:
        """The whole answer, once the chunks have come to their end.

        Raises:
            IncompleteStream: They ended before the model had finished.
            BadResponse: The answer was cut off in a tool call.
        """
        if self._finish is None:
            raise broke_off(self._request.model)
        message = assemble(self._deltas)
        stop = _STOPS.get(self._finish, "tool_calls" if message.tool_calls else "end")
        if self._refusal:
            refusal = Text("".join(self._refusal))
            return self._reply(Message("assistant", (*message.parts, refusal)), "refused")
        refuse_half_calls(message, stop, self._request.model)
        return self._reply(message, stop)

    def _reply(self, message: Message, stop: StopReason) -> ModelReply:
        raw = {**self._about, "finish_reason": self._finish}
        return whole_reply(self._request, message, stop, self._usage, raw)


def _usage(told: dict[str, Any]) -> Usage:
    sent, answered = told.get("prompt_tokens_details") or {}, told.get("completion_tokens_details") or {}
    return Usage(
        input=told.get("prompt_tokens") or 0,
        output=told.get("completion_tokens") or 0,
        cached=sent.get("cached_tokens") or 0,
        reasoning=answered.get("reasoning_tokens") or 0,
        written=sent.get("cache_write_tokens") or 0,
    )
