"""What a provider is, and how its deltas become a message."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, Protocol

import msgspec

from genxai_nb.errors import BadResponse, IncompleteStream
from genxai_nb.messages import (
    Delta,
    Message,
    ModelReply,
    ModelRequest,
    Part,
    Reasoning,
    ReasoningDelta,
    StopReason,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    Usage,
)
from genxai_nb.tokens import estimate_usage

ESTIMATED = "usage_estimated"  # in a reply's raw content: the server told no usage


class Provider(Protocol):
    """A source of model answers.

    Attributes:
        name: What models of this provider start with, such as ``openai``.
    """

    name: str

    def stream(self, request: ModelRequest) -> AsyncIterator[Delta | ModelReply]:
        """Answer a request: deltas as they come, then the whole ModelReply as the last item.

        Raises:
            ProviderError: The request failed; vendor errors are mapped to its subclasses.
        """


def assemble(deltas: Iterable[Delta]) -> Message:
    """Put the deltas of one answer together: reasoning, text, then the tool calls in order."""
    reasoning: list[str] = []
    text: list[str] = []
    calls: dict[str, tuple[str, list[str]]] = {}
    for delta in deltas:
        if isinstance(delta, TextDelta):
            text.append(delta.text)
        elif isinstance(delta, ReasoningDelta):
            reasoning.append(delta.text)
        else:
            calls.setdefault(delta.id, (delta.name, []))[1].append(delta.arguments)
    parts: list[Part] = []
    if reasoning:
        parts.append(Reasoning("".join(reasoning)))
    if text:
        parts.append(Text("".join(text)))
    parts.extend(_tool_call(key, name, "".join(pieces)) for key, (name, pieces) in calls.items())
    return Message("assistant", tuple(parts))


def _tool_call(key: str, name: str, arguments: str) -> ToolCall:
    try:
        return ToolCall(key, name, msgspec.json.decode(arguments or "{}", type=dict))
    except msgspec.DecodeError:
        return ToolCall(key, name, {}, unreadable=arguments)  # the model is told, and may call again


def result_object(result: ToolResult) -> dict[str, Any]:
    """A tool's result as the JSON object that some vendors want.

    Example:
        >>> result_object(ToolResult("c1", "add", "5")), result_object(ToolResult("c2", "find", '{"found": 0}'))
        ({'output': '5'}, {'found': 0})
    """
    if result.failed:
        return {"error": result.text}
    try:
        return msgspec.json.decode(result.text, type=dict)
    except msgspec.DecodeError:
        return {"output": result.text}


def broke_off(model: str) -> IncompleteStream:
    """Say that the answer of a model came without the mark of its end."""
    return IncompleteStream(f"The answer of model {model!r} broke off before its end.")


def refuse_half_calls(message: Message, stop: StopReason, model: str) -> None:
    """Refuse an answer that reached its limit amid the arguments of a tool call.

    Raises:
        BadResponse: It did.
    """
    if stop == "length" and any(call.unreadable for call in message.tool_calls):
        raise BadResponse(
            f"The answer of model {model!r} was cut off in the arguments of a tool call.",
            hint="Raise max_tokens.",
        )


def whole_reply(
    request: ModelRequest, message: Message, stop: StopReason, usage: Usage, raw: dict[str, Any]
) -> ModelReply:
    """The reply of a model; a usage that its server did not tell is estimated, and marked as an estimate."""
    if not usage.total:
        usage, raw = estimate_usage(request, message), {**raw, ESTIMATED: True}
    return ModelReply(message=message, stop=stop, usage=usage, raw=raw)
