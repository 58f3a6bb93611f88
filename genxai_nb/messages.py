"""What people, models and tools say to each other, independent of any vendor."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Role = Literal["system", "user", "assistant", "tool"]
StopReason = Literal["end", "tool_calls", "length", "refused", "abandoned"]


class Text(Struct, frozen=True, tag="text"):
    """Plain text."""

    text: str


class Reasoning(Struct, frozen=True, tag="reasoning"):
    """What a model thought before it answered; shown, never sent as an answer."""

    text: str


class Image(Struct, frozen=True, tag="image"):
    """An image as bytes with its media type, such as ``image/png``."""

    data: bytes
    media_type: str


class ToolCall(Struct, frozen=True, omit_defaults=True, tag="tool_call"):
    """A model's request to call a tool. ``arguments`` is the decoded JSON object.

    ``unreadable`` is what the model wrote in its place if that is no JSON object; then it is empty.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    unreadable: str = ""


class ToolResult(Struct, frozen=True, tag="tool_result"):
    """A tool's answer in words; ``failed`` tells the model that it is an error."""

    id: str
    name: str
    text: str
    failed: bool = False


Part = Text | Reasoning | Image | ToolCall | ToolResult


class Verbatim(Struct, frozen=True):
    """What a vendor wrote, in its own form: signed or encrypted thoughts that it wants back as they were.

    Only that vendor is sent it again; all others are sent the parts of the message.
    """

    provider: str
    content: Any


class Message(Struct, frozen=True, omit_defaults=True):
    """One turn of a conversation, made of parts; ``verbatim`` if the parts do not say all that came.

    Example:
        >>> Message("user", (Text("Hello"),)).text
        'Hello'
    """

    role: Role
    parts: tuple[Part, ...]
    verbatim: Verbatim | None = None

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.parts if type(part) is Text)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls in order."""
        return tuple(part for part in self.parts if type(part) is ToolCall)


def system(text: str) -> Message:
    """Make a system message."""
    return Message("system", (Text(text),))


def user(text: str) -> Message:
    """Make a user message."""
    return Message("user", (Text(text),))


def assistant(text: str, *tool_calls: ToolCall) -> Message:
    """Make an assistant message with text, tool calls or both."""
    return Message("assistant", (*((Text(text),) if text else ()), *tool_calls))


class Usage(Struct, frozen=True):
    """Tokens of one or more model calls.

    ``cached`` and ``written``, which were read from the vendor's cache and put into it, are part of
    ``input``; ``reasoning`` is part of ``output``.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    written: int = 0

    @property
    def total(self) -> int:
        """Input and output tokens together."""
        return self.input + self.output

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
            self.written + other.written,
        )


class ToolSpec(Struct, frozen=True):
    """A tool as a model is told of it. ``parameters`` is a JSON schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


class ModelRequest(Struct, frozen=True, kw_only=True):
    """Everything a provider needs to answer once.

    ``output`` is the JSON schema that the answer has to fit, or None for free text. ``trimmed`` tells how
    many messages of the history were left out so that the rest fits the model. ``reasoning`` is how much the
    model is to think: ``low``, ``medium``, ``high``, a word of the vendor's own, or a number of tokens.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    output: dict[str, Any] | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    trimmed: int = 0
    reasoning: str | int | None = None


class ModelReply(Struct, frozen=True, kw_only=True):
    """A provider's whole answer. ``raw`` is what the vendor tells about it: its id, model, reason to stop."""

    message: Message
    stop: StopReason = "end"
    usage: Usage = Usage()
    raw: Any = None


class TextDelta(Struct, frozen=True, tag="text_delta"):
    """A piece of text as it streams."""

    text: str


class ReasoningDelta(Struct, frozen=True, tag="reasoning_delta"):
    """A piece of reasoning as it streams."""

    text: str


class ToolCallDelta(Struct, frozen=True, tag="tool_call_delta"):
    """A tool call as it streams: its id and name, and the next piece of its arguments as JSON text."""

    id: str
    name: str
    arguments: str


Delta = TextDelta | ReasoningDelta | ToolCallDelta
