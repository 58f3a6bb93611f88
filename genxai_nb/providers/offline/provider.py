"""The offline model: rules in the place of a language model."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator

import msgspec

from genxai_nb.calls.call import Traits
from genxai_nb.loop import in_kernel, run_in_worker
from genxai_nb.messages import (
    Delta,
    Message,
    ModelReply,
    ModelRequest,
    StopReason,
    TextDelta,
    ToolCallDelta,
    assistant,
)
from genxai_nb.providers.prices import free
from genxai_nb.tokens import estimate_tokens, estimate_usage

from .answer import compose
from .ask import Ask
from .schema import fill_schema
from .text import sentences
from .tools import choose_calls

NOTICE = (
    "Model 'offline' is a rule-based stand-in, not a language model: it calls tools that fit, picks sentences "
    "from what it is given and measures coverage. Choose a model with model: openai:..., anthropic:..., "
    "google:... or cohere:..., or for all agents with the environment variable GENXAI_MODEL."
)

_LONG = 20_000  # characters of a request that is worth a worker thread

_claimed = threading.Lock()


def claim_notice() -> str | None:
    """Return the notice at the first call in this process, and None afterwards.

    Whoever shows answers of the offline model to a person claims it and shows it with the first one.
    """
    return NOTICE if _claimed.acquire(blocking=False) else None


class Offline:
    """A deterministic stand-in for a language model, made of rules.

    It calls the tools whose name and schema fit the request, answers by picking sentences from what it
    is given, mends a draft by adding what the advice names and the context holds, and fills a JSON
    schema. Every reply's ``raw`` is ``{"stand_in": True}``, and its usage an estimate. The first answer
    of a process says so on standard error; in a notebook kernel that is left to ``claim_notice``.

    Example:
        >>> from genxai_nb.messages import user
        >>> asked = user("What do cats eat? Notes: Dogs bark at night. Cats eat fish and mice.")
        >>> answer(ModelRequest(model="offline", messages=(asked,))).message.text
        'Cats eat fish and mice.'
    """

    name = "offline"
    traits = Traits(reply=ModelReply, price=free)

    async def stream(self, request: ModelRequest) -> AsyncIterator[Delta | ModelReply]:
        """Answer a request: its sentences as deltas, then the whole reply."""
        if not in_kernel() and (notice := claim_notice()):
            sys.stderr.write(f"{notice}\n")
        long = sum(len(message.text) for message in request.messages) > _LONG
        reply = await run_in_worker(answer, request) if long else answer(request)
        text = reply.message.text
        pieces = [text] if request.output else _pieces(text)
        for piece in pieces:
            yield TextDelta(piece)
        for call in reply.message.tool_calls:
            yield ToolCallDelta(call.id, call.name, msgspec.json.encode(call.arguments).decode())
        yield reply


def answer(request: ModelRequest) -> ModelReply:
    """Answer a request by the rules, in one piece."""
    ask = Ask(request)
    calls = choose_calls(ask, request.tools)
    if calls:
        return _reply(request, assistant("", *calls), "tool_calls")
    if request.output is not None:
        text = msgspec.json.encode(fill_schema(ask, request.output)).decode()
        return _reply(request, assistant(text), "end")
    text = compose(ask)
    short = _cut(text, request.max_tokens)
    return _reply(request, assistant(short), "end" if short == text else "length")


def _reply(request: ModelRequest, message: Message, stop: StopReason) -> ModelReply:
    usage = estimate_usage(request, message)
    return ModelReply(message=message, stop=stop, usage=usage, raw={"stand_in": True})


def _cut(text: str, most: int | None) -> str:
    while most is not None and estimate_tokens(text) > most:
        kept = sentences(text)[:-1]
        text = " ".join(kept) if kept else text[: max(1, len(text) // 2)]
        if len(text) <= 1:
            break
    return text


def _pieces(text: str) -> list[str]:
    """Cut a text after each word's blank, so that it streams as a model's does."""
    pieces: list[str] = []
    for word in text.split(" "):
        if pieces:
            pieces[-1] += " "
        pieces.append(word)
    return [piece for piece in pieces if piece]
