"""``chat``: a conversation with an agent in a live panel; without one, in lines of text."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from genxai_nb.agents.chats import forget_chat, latest_chat, take_up
from genxai_nb.graph.draw.figures import counted
from genxai_nb.journal.opening import find_store

from .cell import is_kernel
from .chats import Chat, Turn, chat_record, told_turns
from .display import show_bundle, show_text
from .inputs import read_prompt
from .live import ENDED, shows_panels
from .outcome import tell_of_offline
from .people import is_somebody_there
from .running import started_question
from .taken import joined
from .verb import Request
from .verbs import VERBS

if TYPE_CHECKING:
    from genxai_nb.agents.agent import Agent

    from .session import Session

_ON = "Run this cell again to go on with the conversation; with --new another one begins."


def chat_with_agent(session: Session, request: Request) -> None:
    """Open a chat with an agent; what stands in the body or the line is said first.

    Raises:
        GenXAIError: There is no such agent, an option does not hold what it should, or, without a panel, no
            answer came.
    """
    agent = session.agent(request.name)
    first = read_prompt(session, request) if (request.body or "").strip() else ""
    _open(session, request, agent.name, lambda: session.agent(request.name), first)


def open_by_agent(session: Session, agent: Agent, message: str, *, new: bool, how: dict[str, Any]) -> None:
    """Open a chat with an agent as it is, by ``agent.chat()``.

    Raises:
        GenXAIError: As for `chat_with_agent`.
    """
    verb = next(verb for verb in VERBS if verb.name == "chat")
    request = Request(verb, session.cell(), agent.name, {**how, "new": new})
    _open(session, request, agent.name, lambda: agent, message)


def _open(session: Session, request: Request, name: str, find_agent: Callable[[], Agent], first: str) -> None:
    chat = _chat(session, request, name, find_agent)
    said = _said_of(chat, chat.agent, first)
    is_new = first.strip() and first not in chat.prompts
    turn = _say(session, request, chat, first) if is_new else None
    if not shows_panels(session):
        _go_through(session, request, chat, turn, said)
        return
    place = contextvars.copy_context()
    record = f"genxai-chat-{uuid4().hex}"
    if chat.panel is not None:
        chat.panel.close()
    show_bundle(chat_record(chat, _ON), display_id=record)
    from .chats.widget import ChatPanel

    chat.panel = ChatPanel(
        chat,
        say=lambda text: place.copy().run(_say, session, request, chat, text),
        rested=lambda turn: place.copy().run(_rest, session, chat, turn, record),
        hint=said,
    )
    chat.panel.show()
    if turn is not None:
        turn.go()


def _chat(session: Session, request: Request, name: str, find_agent: Callable[[], Agent]) -> Chat:
    """The chat with an agent: this kernel's, else the latest one of the journal, else a new one."""
    agent, store = find_agent(), find_store()
    chat = session.chats.get(name)
    if chat is not None and (request.has("new") or chat.store not in {None, store}):
        _let_go(chat)
        chat = None
    if request.has("new"):
        chat = Chat(name, find_agent)
        forget_chat(agent)
    elif chat is None:
        runs = latest_chat(agent.name, store)
        chat = Chat(name, find_agent, told_turns(runs, store))
        if chat.last is not None:
            take_up(agent, chat.last.run, store)
    else:
        chat.find_by(find_agent)
    session.chats[name] = chat
    return chat


def _said_of(chat: Chat, agent: Agent, first: str) -> str:
    """What a reader has to know: that the chat goes on, and what of it the agent knows."""
    said = []
    if chat.turns:
        again = " What this cell says first was said in it." if first in chat.prompts else ""
        said.append(
            f"The conversation goes on after {counted(len(chat.turns), 'turn')}.{again} --new begins another."
        )
    if not agent.remembers:
        said.append(f"{chat.name} has no short_term memory: it does not know what was said before.")
    return " ".join(said)


def _let_go(chat: Chat) -> None:
    """Leave a chat in whose place another one begins."""
    chat.stop()
    if chat.panel is not None:
        chat.panel.close()


def _say(session: Session, request: Request, chat: Chat, text: str) -> Turn:
    """Add a turn to a chat; its run stands before its beginning."""
    chat.check_free()
    return chat.took(started_question(session, request, chat.agent, text, chat.runs))


def _rest(session: Session, chat: Chat, turn: Turn, record: str) -> None:
    """A turn has begun or come to rest: the agent remembers what was said, and the record is brought up to date."""
    started = turn.started
    if started is None or turn.alive or started.run.status not in ENDED:
        show_bundle(chat_record(chat, _ON), display_id=record, update=True)
        return
    run = started.run
    if run.status == "done" and started.value is None and started.read is not None:
        started.value = started.read(run, run.result())
    show_bundle(chat_record(chat, _ON), display_id=record, update=True)
    tell_of_offline(run)
    if started.value is not None:
        session.bind(started.variable, started.value)


def _go_through(session: Session, request: Request, chat: Chat, turn: Turn | None, said: str) -> None:
    """Where no panel can be shown: what was said so far, the answer to the first message, and how to go on.

    Raises:
        GenXAIError: No answer came.
    """
    if said:
        show_text(said)
    kernel = is_kernel(session.shell)
    if not kernel and turn is None and chat.turns:
        show_text(chat_record(chat, "")["text/plain"])
    try:
        if turn is not None and turn.started is not None:
            future = turn.started.begin()
            turn.started.settled = kernel  # the record tells of it; a terminal shows the answer alone
            turn.started.recorded.set()
            joined(session, turn.started, request, future).join()
    finally:
        if kernel and chat.turns:
            show_bundle(chat_record(chat, _ON))
            if turn is not None and turn.started is not None:
                tell_of_offline(turn.started.run)
    if note := _way_on(session, chat, turn):
        show_text(note)


def _way_on(session: Session, chat: Chat, turn: Turn | None) -> str:
    """How to go on where no panel can be shown; the record of a notebook that is executed says so itself."""
    if not is_kernel(session.shell) or is_somebody_there(session.shell):
        return f"No chat panel can be shown here. Go on with: %genxai ask {chat.name} TEXT"
    return "" if turn is not None else f"Nobody is there to write to {chat.name}."
