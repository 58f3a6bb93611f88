"""Contents and parts, of which Google's Gemini API is made: our messages as theirs, their events as our deltas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import json

from genxai_nb.errors import BadResponse, Refused
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
from .base import assemble, broke_off, refuse_half_calls, result_object, whole_reply
from .refusals import Complaint, Server, declined
from .strict_schema import schema_in_words

BESIDE = "schema beside tools"  # what models before Gemini 3 refuse

_UNSIGNED = ("gemini-1", "gemini-2", "gemma", "learnlm")  # these want no signature for a call of a tool
_SIGNED = b"skip_thought_signature_validator"  # the vendor's word for a call that another model has made
_NOTHING = {"text": "(empty)"}  # a turn has to say something
_SETTINGS = {"temperature": "temperature", "max_tokens": "max_output_tokens"}

_FILTERED = frozenset(
    [
        "BLOCKLIST",
        "ESCALATION",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_SAFETY",
        "LANGUAGE",
        "MODEL_ARMOR",
        "PROHIBITED_CONTENT",
        "PUP_LIMITED_DISABLED",
        "RECITATION",
        "SAFETY",
        "SPII",
    ]
)
_FAILED = frozenset(
    [
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
        "OTHER",
        "TOO_MANY_TOOL_CALLS",
        "UNEXPECTED_TOOL_CALL",
    ]
)
_STOPS: dict[str, StopReason] = {"MAX_TOKENS": "length"}
_GOES_ON = "CONTINUATION"


def parameters(request: ModelRequest, model: str, refused: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Say a request in the words of the SDK.

    Args:
        request: What to ask.
        model: The model as the server calls it.
        refused: What the server takes no part in: names of settings, and ``BESIDE``.
    """
    contents = list(_contents(request.messages, signed=not model.startswith(_UNSIGNED)))
    system = [message.text for message in request.messages if message.role == "system"]
    config: dict[str, Any] = {"automatic_function_calling": {"disable": True}}
    if request.tools:
        config["tools"] = [{"function_declarations": [_function(tool) for tool in request.tools]}]
    if request.output is not None:
        if "response_json_schema" in refused or (request.tools and BESIDE in refused):
            system.append(schema_in_words(request.output))
        else:
            config |= {"response_mime_type": "application/json", "response_json_schema": request.output}
    for ours, theirs in _SETTINGS.items():
        if (value := getattr(request, ours)) is not None and theirs not in refused:
            config[theirs] = value
    config |= reasoning.google(request, model, refused)
    if instruction := "\n\n".join(filter(str.strip, system)):
        if "system_instruction" in refused:
            contents.insert(0, {"role": "user", "parts": [{"text": instruction}]})
        else:
            config["system_instruction"] = instruction
    return {
        "model": model,
        "contents": contents or [{"role": "user", "parts": [_NOTHING]}],
        "config": config,
    }


def _function(tool: Any) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters_json_schema": tool.parameters,
    }


def _contents(messages: Iterable[Message], *, signed: bool) -> Iterator[dict[str, Any]]:
    """The messages as contents; the results of one turn are one content."""
    given: set[str] = set()  # the ids that the vendor gave itself: it wants no others
    results: list[dict[str, Any]] = []
    for message in messages:
        if results and message.role not in ("tool", "system"):
            yield {"role": "user", "parts": results}
            results = []
        if message.role == "tool":
            results.extend(_results(message, given))
        elif message.verbatim is not None and message.verbatim.provider == "google":
            given.update(part.get("functionCall", {}).get("id", "") for part in message.verbatim.content)
            yield {"role": "model", "parts": message.verbatim.content}
        elif message.role != "system":
            role = "model" if message.role == "assistant" else "user"
            yield {"role": role, "parts": list(_parts(message, signed=signed)) or [_NOTHING]}
    if results:
        yield {"role": "user", "parts": results}


def _results(message: Message, given: set[str]) -> Iterator[dict[str, Any]]:
    for part in message.parts:
        if isinstance(part, ToolResult):
            told = {"id": part.id} if part.id in given else {}
            yield {"functionResponse": {**told, "name": part.name, "response": result_object(part)}}


def _parts(message: Message, *, signed: bool) -> Iterator[dict[str, Any]]:
    """The parts of a message that this vendor has not written, or has written without a signature."""
    first = True
    for part in message.parts:
        match part:
            case Text(text) if text.strip():
                yield {"text": text}
            case Image(data, media_type):
                yield {"inlineData": {"mimeType": media_type, "data": data}}
            case ToolCall(_, name, arguments):
                plain = json.decode(json.encode(arguments, enc_hook=str))
                signature = {"thoughtSignature": _SIGNED} if signed and first else {}
                yield {"functionCall": {"name": name, "args": plain}, **signature}
                first = False


class Parts:
    """The parts of one answer, put together as they come.

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
        self._parts: list[dict[str, Any]] = []
        self._ids: set[str] = set()
        self._about: dict[str, Any] = {"id": None, "model": ""}
        self._usage: dict[str, Any] = {}
        self._spent = Usage()  # by the requests before the last one
        self._candidate: dict[str, Any] = {}
        self._feedback: dict[str, Any] = {}

    def take(self, event: dict[str, Any]) -> Iterator[Delta]:
        """Take in an event and yield its deltas; kinds of parts that are not known are kept, and say nothing.

        Raises:
            ProviderError: The server says that something went wrong.
        """
        if (error := event.get("error")) is not None:
            raise declined(complaint_of(error), self._server, self._model)
        if "modelVersion" in event:
            self._about = {"id": event.get("responseId"), "model": event["modelVersion"]}
        self._usage = event.get("usageMetadata") or self._usage
        self._feedback = event.get("promptFeedback") or self._feedback
        for candidate in event.get("candidates") or ():
            if candidate.get("index"):
                continue
            if candidate.get("finishReason") == _GOES_ON:
                self._spent, self._usage = self._spent + _usage(self._usage), {}
            elif candidate.get("finishReason"):
                self._candidate = candidate
            for part in (candidate.get("content") or {}).get("parts") or ():
                yield from self._of(part)

    def _of(self, part: dict[str, Any]) -> Iterator[Delta]:
        self._keep(part)
        delta: Delta
        if (call := part.get("functionCall")) is not None:
            delta = self._called(call)
        elif text := part.get("text"):
            delta = ReasoningDelta(text) if part.get("thought") else TextDelta(text)
        else:
            return
        self._deltas.append(delta)
        yield delta

    def _called(self, call: dict[str, Any]) -> Delta:
        if not (name := call.get("name")):
            raise BadResponse(f"Model {self._request.model!r} began a tool call without the tool's name.")
        given = call.get("id")
        key = given if given and given not in self._ids else f"call_{len(self._ids) + 1}"
        self._ids.add(key)
        return ToolCallDelta(key, name, json.encode(call.get("args") or {}).decode())

    def _keep(self, part: dict[str, Any]) -> None:
        """Keep a part as it came; pieces of one text become one, but for those that are signed."""
        last = self._parts[-1] if self._parts else {}
        if "text" in last and last.keys() == part.keys() <= {"text", "thought"}:
            self._parts[-1] = {**last, "text": last["text"] + part["text"]}
        else:
            self._parts.append(part)

    def reply(self) -> ModelReply:
        """The whole answer, once the events have come to their end.

        Raises:
            IncompleteStream: They ended before the model had finished.
            Refused: The filter before the model declined the request.
            ConnectionLost: The model failed amid its answer.
        """
        reason = self._candidate.get("finishReason")
        if reason is None:
            raise self._without_end()
        said = self._candidate.get("finishMessage") or ""
        if reason in _FAILED:
            raise declined(Complaint(f"{reason}: {said}" if said else reason), self._server, self._model)
        message = assemble(self._deltas)
        stop = _STOPS.get(reason, "tool_calls" if message.tool_calls else "end")
        if reason in _FILTERED:
            stop = "refused"
            if not message.text:
                message = Message("assistant", (*message.parts, Text(said or f"It was filtered: {reason}.")))
        elif any(_says_more(part) for part in self._parts):
            message = Message("assistant", message.parts, Verbatim("google", self._parts))
        refuse_half_calls(message, stop, self._request.model)
        raw = {**self._about, "finish_reason": reason, "usage": self._usage}
        return whole_reply(self._request, message, stop, self._spent + _usage(self._usage), raw)

    def _without_end(self) -> Exception:
        if (reason := self._feedback.get("blockReason")) is None:
            return broke_off(self._request.model)
        said = self._feedback.get("blockReasonMessage") or reason
        return Refused(f"The filter before model {self._request.model!r} declined the request: {said}")


def continuation(event: dict[str, Any]) -> str | None:
    """What another request has to name to go on with an answer, if the server says that there is more."""
    candidate: dict[str, Any] = next(iter(event.get("candidates") or ()), {})
    return candidate.get("continuationToken") if candidate.get("finishReason") == _GOES_ON else None


def complaint_of(error: Any, status: int = 0) -> Complaint:
    """Read the object that Google gives as its error.

    Args:
        error: The object.
        status: The status of the response; 0 amid an answer.
    """
    told = error if isinstance(error, dict) else {"message": str(error)}
    details = [one for one in told.get("details") or () if isinstance(one, dict)]
    reason = next((one["reason"] for one in details if one.get("reason")), told.get("status") or "")
    wait = next((one["retryDelay"] for one in details if one.get("retryDelay")), None)
    headers = {"retry-after": str(wait).removesuffix("s")} if wait else {}
    status = 401 if reason == "API_KEY_INVALID" else status or int(told.get("code") or 0)
    return Complaint(str(told.get("message") or error), str(reason), status, headers=headers)


def _says_more(part: dict[str, Any]) -> bool:
    """Whether a part holds more than a part of our messages can: a signature, an id, a kind of its own."""
    if part.keys() == {"functionCall"}:
        return not part["functionCall"].keys() <= {"name", "args"}
    return not part.keys() <= {"text", "thought"}


def _usage(told: dict[str, Any]) -> Usage:
    thought = told.get("thoughtsTokenCount") or 0
    return Usage(
        input=(told.get("promptTokenCount") or 0) + (told.get("toolUsePromptTokenCount") or 0),
        output=(told.get("candidatesTokenCount") or 0) + thought,
        cached=told.get("cachedContentTokenCount") or 0,
        reasoning=thought,
    )
