"""Calls in words: who said what to whom, what a tool was given, what came back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from genxai_nb.graph.draw.figures import short_count, short_time
from genxai_nb.graph.question import Entry, Question
from genxai_nb.journal.cost import Cost, cost_in_words
from genxai_nb.journal.summary import in_words
from genxai_nb.messages import Message, ModelReply, ModelRequest, Reasoning, ToolResult
from genxai_nb.notebook.record_account import cut, text_of
from genxai_nb.secrets import redact

from .story import Story
from .visits import CallStory, key_of

__all__ = ["call_row", "editable", "held_rows", "question_rows", "request_rows", "streams"]

_LONGEST, _MESSAGES, _TAIL = 20_000, 12, 4_000


def request_rows(request: Any) -> list[list[str]]:
    """What is asked, as rows of who and what; of a long talk the last messages."""
    if isinstance(request, ModelRequest):
        messages = request.messages
        left = len(messages) - _MESSAGES
        rows = [["", f"{left} earlier messages"]] if left > 0 else []
        rows += [[message.role, cut(_said(message), _LONGEST)] for message in messages[-_MESSAGES:]]
        if request.tools:
            rows.append(["tools", ", ".join(tool.name for tool in request.tools)])
        return rows
    if isinstance(request, Mapping):
        return [[str(key), cut(text_of(value), _LONGEST)] for key, value in request.items()]
    return [["request", cut(text_of(request), _LONGEST)]]


def _said(message: Message) -> str:
    results = [part.text for part in message.parts if type(part) is ToolResult]
    return "\n".join(filter(None, (in_words(message), *results)))


def editable(request: Any) -> tuple[str, str]:
    """What of a request can be edited, ``prompt`` or ``arguments``, and its text."""
    if isinstance(request, ModelRequest):
        users = [message for message in request.messages if message.role == "user"]
        return "prompt", users[-1].text if users else ""
    try:
        return "arguments", json.dumps(msgspec.to_builtins(request), indent=1, ensure_ascii=False)
    except (TypeError, ValueError):
        return "", ""


def held_rows(held: Iterable[Any]) -> list[dict[str, Any]]:
    """The calls that wait at the gate."""
    rows = []
    for call in held:
        what, text = editable(call.request)
        item = f", item {call.index + 1}" if call.index is not None else ""
        rows.append(
            {
                "slot": call.slot,
                "kind": call.kind,
                "name": call.name,
                "node": key_of(call.path, call.node),
                "place": f"{call.node}, visit {call.visit}{item}",
                "rows": request_rows(call.request),
                "edit": what,
                "text": text,
            }
        )
    return rows


def question_rows(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """What people are asked."""
    return [
        {
            "slot": question.slot,
            "node": question.node,
            "prompt": cut(question.prompt, _LONGEST),
            "choices": [str(choice) for choice in question.choices],
            "fields": [_field(entry) for entry in question.entries],
        }
        for question in questions
    ]


def _field(entry: Entry) -> dict[str, Any]:
    """One field of a form, with what stands in it at first."""
    begin = entry.default
    if begin is not None and not isinstance(begin, bool | str):
        begin = json.dumps(begin, ensure_ascii=False)
    return {
        "name": entry.name,
        "kind": entry.kind,
        "options": [str(option) for option in entry.options],
        "required": entry.required,
        "begin": begin,
        "note": cut(entry.note, _TAIL),
    }


def call_row(call: CallStory) -> dict[str, Any]:
    """One call with its answer."""
    fact = call.fact
    trimmed = fact.request.trimmed if isinstance(fact.request, ModelRequest) else 0
    marks = [
        word
        for word, is_so in (
            ("edited by hand", fact.edited),
            ("answered by hand", call.by_hand),
            ("reused", call.reused),
            ("diverged", call.diverged),
            ("may have been made twice", fact.maybe_repeated),
            (f"attempt {call.attempts}", call.attempts > 1),
            (f"{trimmed} older messages left out", trimmed > 0),
        )
        if is_so
    ]
    reply = call.reply
    tokens = ""
    if isinstance(reply, ModelReply):
        tokens = f"{short_count(reply.usage.total)} tok"
        if call.cost != Cost():
            tokens += f" · {cost_in_words(call.cost)}"
    return {
        "slot": fact.slot,
        "kind": fact.kind,
        "name": fact.name,
        "index": fact.index,
        "rows": request_rows(fact.request),
        "reply": cut(_replied(reply), _LONGEST) if call.ended else "",
        "thought": cut(_thought(reply), _LONGEST),
        "error": cut(call.error, _LONGEST),
        "ended": call.ended,
        "marks": marks,
        "tokens": tokens,
        "time": short_time(call.seconds) if call.ended else "",
    }


def _replied(reply: Any) -> str:
    return in_words(reply.message) if isinstance(reply, ModelReply) else text_of(reply)


def _thought(reply: Any) -> str:
    if not isinstance(reply, ModelReply):
        return ""
    return "".join(part.text for part in reply.message.parts if type(part) is Reasoning)


def streams(story: Story) -> dict[str, dict[str, Any]]:
    """What models are saying right now, by node: the end of the text, so that long ones stay cheap."""
    found: dict[str, dict[str, Any]] = {}
    for call in story.streaming():
        found[key_of(call.fact.path, call.fact.node)] = {
            "slot": call.fact.slot,
            "text": _tail(call.text),
            "thought": _tail(call.reasoning),
            "tools": _tail(call.arguments),
        }
    return found


def _tail(pieces: list[str]) -> str:
    if len(pieces) > 1:
        pieces[:] = ["".join(pieces)]
    text = redact(pieces[0]) if pieces else ""  # no journal has cleaned it yet
    return text if len(text) <= _TAIL else "…" + text[-_TAIL:]
