"""Content blocks, of which Anthropic's Messages API is made: our messages as theirs, their events as our deltas."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any, cast

from msgspec import DecodeError, json

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
)

from . import reasoning
from .base import assemble, broke_off, refuse_half_calls, whole_reply
from .refusals import Complaint, Server, declined
from .strict_schema import strict_schema

LONGEST, SURE = 16_384, 4096  # tokens of an answer without a limit of its own; what all models can

_STOPS: dict[str, StopReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}
_UNKNOWN = frozenset(
    [
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxItems",
        "maximum",
        "minItems",
        "minimum",
        "multipleOf",
        "pattern",
    ]
)
_NO_ID = re.compile(r"[^A-Za-z0-9_-]")
_NOTHING = {"type": "text", "text": "(empty)"}  # a turn has to say something


def parameters(request: ModelRequest, model: str, refused: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Say a request in the words of the API, as far as its tokens can be counted.

    Args:
        request: What to ask.
        model: The model as the server calls it.
        refused: What the server takes no part in: names of its own settings.
    """
    system = "\n\n".join(message.text for message in request.messages if message.role == "system")
    turns = _turns(request.messages)
    said: dict[str, Any] = {"model": model, "messages": turns or [{"role": "user", "content": [_NOTHING]}]}
    if system.strip():
        said["system"] = system
    said |= reasoning.anthropic(request, refused)
    tools = [_tool(tool.name, tool.description, tool.parameters) for tool in request.tools]
    if request.output is not None:
        schema = None if "output_config" in refused else strict_schema(request.output, _UNKNOWN)
        if schema is not None:
            form = {"format": {"type": "json_schema", "schema": schema}}
            said["output_config"] = {**said.get("output_config", {}), **form}
        else:
            own = answer_tool(request)
            tools.append(_tool(own, "Give the answer. Call this once, when you have it.", request.output))
            if "tool_choice" not in refused:
                said["tool_choice"] = {"type": "any"} if request.tools else {"type": "tool", "name": own}
    if not tools and (used := _used(turns)):
        # calls that were made want tools, also when none may be called any more
        tools = [_tool(name, "No longer there.", {"type": "object"}) for name in used]
        said["tool_choice"] = {"type": "none"}
    return {**said, "tools": tools} if tools else said


def _used(turns: list[dict[str, Any]]) -> list[str]:
    """The names of the tools that turns have called."""
    blocks = (block for turn in turns for block in turn["content"])
    return sorted({block["name"] for block in blocks if block["type"] == "tool_use"})


def answer_tool(request: ModelRequest) -> str:
    """What the tool is called by which a model answers that takes no schema."""
    name, names = "answer", {tool.name for tool in request.tools}
    while name in names:
        name += "_"
    return name


def _tool(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "description": description, "input_schema": schema}


def _turns(messages: Iterable[Message]) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if not turns or turns[-1]["role"] != role:
            turns.append({"role": role, "content": []})
        turns[-1]["content"] += _content(message) or [_NOTHING]
    return turns


def _content(message: Message) -> list[dict[str, Any]]:
    if message.verbatim is not None and message.verbatim.provider == "anthropic":
        return cast("list[dict[str, Any]]", message.verbatim.content)
    return list(_blocks(message))


def _blocks(message: Message) -> Iterator[dict[str, Any]]:
    """The parts of a message as blocks; thoughts without their signature are not taken back."""
    for part in message.parts:
        match part:
            case Text(text) if text.strip():
                yield {"type": "text", "text": text}
            case Image(data, media_type):
                source = {"type": "base64", "media_type": media_type, "data": b64encode(data).decode()}
                yield {"type": "image", "source": source}
            case ToolCall(key, name, arguments):
                plain = json.decode(json.encode(arguments, enc_hook=str))
                yield {"type": "tool_use", "id": _NO_ID.sub("_", key), "name": name, "input": plain}
            case ToolResult(key, _, text, failed):
                result = {"type": "tool_result", "tool_use_id": _NO_ID.sub("_", key), "content": text}
                yield {**result, "is_error": True} if failed else result


class Blocks:
    """The blocks of one answer, put together as they come.

    Args:
        request: What was asked.
        server: Where it was asked.
        model: The model as the server calls it.
    """

    def __init__(self, request: ModelRequest, server: Server, model: str) -> None:
        self._request = request
        self._server = server
        self._model = model
        self._own = "" if request.output is None else answer_tool(request)
        self._deltas: list[Delta] = []
        self._blocks: dict[int, tuple[dict[str, Any], list[str]]] = {}  # as begun, and the pieces that came
        self._about: dict[str, Any] = {"id": "", "model": ""}
        self._told: dict[str, Any] = {}  # the tokens
        self._end: dict[str, Any] = {}
        self._ended = False

    def take(self, event: dict[str, Any]) -> Iterable[Delta]:
        """Take in an event, and give its deltas; kinds of events that are not known say nothing.

        Raises:
            ProviderError: The server says that something went wrong.
        """
        kind = event["type"]
        if kind == "content_block_delta":
            delta = self._piece(event["index"], event["delta"])
        elif kind == "content_block_start":
            delta = self._begin(event["index"], event["content_block"])
        else:
            self._note(kind, event)
            return ()
        if delta is None:
            return ()
        self._deltas.append(delta)
        return (delta,)

    def _note(self, kind: str, event: dict[str, Any]) -> None:
        if kind == "message_start":
            message = event["message"]
            self._about = {"id": message["id"], "model": message["model"]}
            self._told.update(message.get("usage") or {})
        elif kind == "message_delta":
            self._end = event["delta"]
            told = event.get("usage") or {}
            self._told.update((name, count) for name, count in told.items() if count is not None)
        elif kind == "message_stop":
            self._ended = True
        elif kind == "error":
            raise declined(Complaint.of(event["error"]), self._server, self._model)

    def _begin(self, index: int, block: dict[str, Any]) -> Delta | None:
        self._blocks[index] = (dict(block), [])
        kind = block["type"]
        if kind == "tool_use":
            # the vendor streams arguments; servers like it may send them whole
            whole = json.encode(block["input"]).decode() if block.get("input") else ""
            self._blocks[index][1].append(whole)
            if block["name"] == self._own:
                return TextDelta(whole) if whole else None
            return ToolCallDelta(block["id"], block["name"], whole)
        begun = block.get(kind) if kind in ("text", "thinking") else None
        return self._piece(index, {"type": f"{kind}_delta", kind: begun}) if begun else None

    def _piece(self, index: int, delta: dict[str, Any]) -> Delta | None:
        block, pieces = self._blocks[index]
        kind = delta["type"]
        if kind == "text_delta":
            pieces.append(delta["text"])
            return TextDelta(delta["text"])
        if kind == "thinking_delta":
            pieces.append(delta["thinking"])
            return ReasoningDelta(delta["thinking"])
        if kind == "input_json_delta":
            pieces.append(delta["partial_json"])
            return self._argument(block, delta["partial_json"])
        if kind == "signature_delta":
            block["signature"] = block.get("signature", "") + delta["signature"]
        return None

    def _argument(self, block: dict[str, Any], piece: str) -> Delta | None:
        if block["type"] != "tool_use" or not piece:
            return None
        if block["name"] == self._own:
            return TextDelta(piece)
        return ToolCallDelta(block["id"], block["name"], piece)

    def reply(self) -> ModelReply:
        """The whole answer, once the events have come to their end.

        Raises:
            IncompleteStream: They ended before the model had finished.
            BadResponse: The answer was cut off in a tool call.
        """
        reason = self._end.get("stop_reason")
        if not self._ended or reason is None:
            raise broke_off(self._request.model)
        message = assemble(self._deltas)
        stop = _STOPS.get(reason, "tool_calls" if message.tool_calls else "end")
        refuse_half_calls(message, stop, self._request.model)
        if stop == "refused" and not message.text:
            said = (self._end.get("stop_details") or {}).get("explanation")
            message = Message("assistant", (*message.parts, *([Text(said)] if said else ())))
        content = list(self._content())
        if stop != "refused" and _signed(content) and content != list(_blocks(message)):
            message = Message("assistant", message.parts, Verbatim("anthropic", content))
        raw = {**self._about, "stop_reason": reason, "usage": self._told}
        return whole_reply(self._request, message, stop, _usage(self._told), raw)

    def _content(self) -> Iterator[dict[str, Any]]:
        """The answer as the API takes it back."""
        for _, (block, pieces) in sorted(self._blocks.items()):
            kind, said = block["type"], "".join(pieces)
            if kind in ("text", "thinking"):
                block[kind] = said
            elif block.get("name") == self._own and kind == "tool_use":
                block = {"type": "text", "text": said}
            elif said:
                block["input"] = _read(said)
            if block["type"] != "text" or block["text"].strip():
                yield block


def _signed(content: list[dict[str, Any]]) -> bool:
    """Whether all thoughts have their signature: the API takes none back without."""
    return all(block.get("signature") for block in content if block["type"] == "thinking")


def _read(arguments: str) -> dict[str, Any]:
    try:
        return json.decode(arguments, type=dict)
    except DecodeError:
        return {}  # the model is told, in the result of the call


def _usage(told: dict[str, Any]) -> Usage:
    cached, written = told.get("cache_read_input_tokens") or 0, told.get("cache_creation_input_tokens") or 0
    return Usage(
        input=(told.get("input_tokens") or 0) + cached + written,
        output=told.get("output_tokens") or 0,
        cached=cached,
        reasoning=(told.get("output_tokens_details") or {}).get("thinking_tokens") or 0,
        written=written,
    )
