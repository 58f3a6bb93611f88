"""A turn in words: what was said, the calls on the way, the answer, how it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from genxai_nb.graph.draw.figures import counted, short_count, short_time
from genxai_nb.graph.draw.lettering import one_line, visible
from genxai_nb.journal.cost import Cost, cost_in_words
from genxai_nb.messages import ModelReply
from genxai_nb.notebook.panel.talk import request_rows
from genxai_nb.notebook.record_account import cut, text_of
from genxai_nb.secrets import redact

if TYPE_CHECKING:
    from genxai_nb.notebook.panel.visits import CallStory

    from .conversation import Chat, Turn

__all__ = ["chat_row", "turn_row"]

_LONGEST = 20_000
_WORDS = {
    "ready": ("running", "Answering"),
    "running": ("running", "Answering"),
    "done": ("done", "Answered"),
    "failed": ("failed", "Failed"),
    "paused": ("paused", "Paused"),
    "cancelled": ("paused", "Stopped"),
}
_RESUMES = "%genxai resume {run} goes on from there; else the agent does not know of this."


def turn_row(turn: Turn) -> dict[str, Any]:
    """What a page shows of a turn: only text, in which known secrets stand by their names."""
    with turn.lock:
        return _row(turn)


def _row(turn: Turn) -> dict[str, Any]:
    icon, words = _standing(turn)
    error, hint = turn.error
    if turn.status in {"cancelled", "paused"} and not _asks(turn):
        hint = _RESUMES.format(run=turn.run)
    return {
        "run": turn.run,
        "prompt": shown(turn.prompt),
        "parts": list(_parts(turn)),
        "icon": icon,
        "words": words,
        "error": shown(error),
        "hint": shown(hint),
        "sums": " · ".join(_sums(turn)) if not turn.alive else "",
    }


def chat_row(chat: Chat) -> dict[str, Any]:
    """What the head of a panel shows of a chat, and what can be pressed."""
    turn = chat.last
    icon, words = ("idle", "Ready") if turn is None else _standing(turn)
    if words == "Answered":
        words = "Ready"
    busy = turn is not None and turn.alive
    return {
        "graph": one_line(chat.name),
        "id": "chat",
        "icon": icon,
        "words": words,
        "sums": [figure.split(" ", 1) for figure in chat_sums(chat)],
        "stands": 0,
        "can": {"say": not busy, "stop": busy},
    }


def chat_sums(chat: Chat) -> list[str]:
    """The figures of a chat: turns, tokens, cost."""
    sums = [counted(len(chat.turns), "turn")]
    sums += [f"{short_count(chat.usage.total)} tokens"] if chat.usage.total else []
    return sums + ([f"{chat.cost} cost"] if chat.cost != Cost() else [])


def shown(text: str) -> str:
    """A text as it is shown: marks that hide are written out, known secrets stand by their names."""
    return cut(visible(redact(text)), _LONGEST)


def _standing(turn: Turn) -> tuple[str, str]:
    if _asks(turn):
        return "waiting", "Waits for you"
    return ("paused", "Stopped") if turn.status == "done" and turn.left else _WORDS[turn.status]


def _asks(turn: Turn) -> bool:
    return turn.started is not None and bool(turn.started.run.questions)


def _sums(turn: Turn) -> Iterator[str]:
    story = turn.story
    if story.usage.total:
        yield f"{short_count(story.usage.total)} tokens"
    if story.cost != Cost():
        yield cost_in_words(story.cost)
    if story.visits:
        yield short_time(story.seconds)


def _parts(turn: Turn) -> Iterator[dict[str, Any]]:
    """What was said and called, in order."""
    for visit in turn.story.visits:
        for call in visit.calls:
            if call.fact.kind == "model":
                if text := _said(call):
                    yield {"kind": "text", "text": shown(text)}
            elif call.fact.kind == "tool":
                yield _tool(call, ended=call.ended or not turn.alive)
            elif call.fact.kind == "human" and call.ended:
                yield {"kind": "asked", "text": shown(_prompt(call)), "reply": shown(text_of(call.reply))}


def _said(call: CallStory) -> str:
    if isinstance(call.reply, ModelReply):
        return call.reply.message.text
    return "".join(call.text)


def _tool(call: CallStory, *, ended: bool) -> dict[str, Any]:
    return {
        "kind": "tool",
        "name": one_line(call.fact.name),
        "rows": [[shown(name), shown(value)] for name, value in request_rows(call.fact.request)],
        "reply": shown(text_of(call.reply)) if call.ended and not call.error else "",
        "error": shown(call.error),
        "ended": ended,
        "time": short_time(call.seconds) if call.ended else "",
    }


def _prompt(call: CallStory) -> str:
    request: Any = call.fact.request
    return str(request["prompt"]) if isinstance(request, dict) else text_of(request)
