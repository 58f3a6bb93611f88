"""A chat's panel without its page: it follows the turn that is under way and carries out what was pressed.

One thread does all of it, in order, as a run's desk does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.draw.figures import counted
from genxai_nb.notebook.panel.desk import MOVING, WATCH
from genxai_nb.notebook.panel.orders import give_answer
from genxai_nb.notebook.panel.talk import question_rows

from .conversation import Chat, Turn
from .turns import chat_row, turn_row

__all__ = ["ChatDesk"]

_MOST = 100  # turns that are sent to a page

_CLOSE, _LOOK = object(), object()
_log = logging.getLogger("genxai_nb")


class ChatDesk:
    """Follows one chat.

    Args:
        chat: The chat.
        put: Takes what has changed of what is shown, by name; called on the desk's own thread.
        say: Adds a turn to the chat, whose run stands before its beginning.
        rested: Told of each turn when it begins and whenever it has come to rest.
        hint: Advice to the reader.
    """

    def __init__(
        self,
        chat: Chat,
        put: Callable[[dict[str, Any]], object],
        *,
        say: Callable[[str], Turn],
        rested: Callable[[Turn], object],
        hint: str = "",
    ) -> None:
        self.chat = chat
        self._put = put
        self._say = say
        self._rested = rested
        self._hint = hint
        self._box: SimpleQueue[Any] = SimpleQueue()
        self._shown: dict[str, Any] = {}
        self._told: dict[str, Any] = {}
        self._rows: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._unsubscribe: Callable[[], None] = lambda: None
        self._sign: list[Any] = []
        self._seen: dict[str, Any] = {}
        self._followed = ""
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Show the chat as it is, and follow it from now on."""
        self._sign = self._signs()
        for turn, sign in zip(self._own(), self._sign, strict=True):
            if turn.started is not None and (turn.status != "done" or turn.started.value is not None):
                self._seen[turn.run] = sign  # it was told of, or has not begun
        if self.chat.last is not None:
            self._follow(self.chat.last)
        self._show()
        self._thread = threading.Thread(target=self._live, name=f"genxai-chat-{self.chat.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following the chat; an answer that is on its way goes on."""
        self._unsubscribe()
        if self._thread is not None and self._thread.is_alive():
            self._box.put(_CLOSE)
            if self._thread is not threading.current_thread():
                self._thread.join(timeout=2.0)

    def press(self, message: Mapping[str, Any]) -> None:
        """Take what was pressed and return at once."""
        self._box.put(dict(message))

    def refresh(self) -> None:
        """Look again: something has changed of which no fact tells."""
        self._box.put(_LOOK)

    # ── the thread ───────────────────────────────────────────────────────────────────────────

    def _live(self) -> None:
        due: float | None = None
        while True:
            try:
                item = self._box.get(timeout=WATCH if due is None else max(0.0, due - monotonic()))
            except Empty:
                if due is None and self._sign == self._signs():
                    continue
            else:
                if item is _CLOSE:
                    return
                if isinstance(item, dict):
                    self._guard(lambda message=item: self._carry_out(message))  # type: ignore[misc]  # bound now
                elif item is not _LOOK:
                    due = due or monotonic() + MOVING
                    if due > monotonic():
                        continue
            due = None
            self._guard(self._update)

    def _update(self) -> None:
        """Show what there is; whenever a turn has come to rest, tell of it."""
        self._sign = self._signs()
        turn = self.chat.last
        if turn is not None and turn.run != self._followed:
            self._follow(turn)
        self._show()
        for turn, sign in zip(self._own(), self._sign, strict=False):
            if not turn.alive and self._seen.get(turn.run) != sign:
                self._seen[turn.run] = sign
                self._rested(turn)

    def _own(self) -> list[Turn]:
        """The turns of this kernel: also those that were asked in other cells, and what is resumed in one."""
        return [turn for turn in self.chat.turns if turn.started is not None]

    def _signs(self) -> list[Any]:
        """What changes when a turn moves: a run says that it stands a moment after its last fact."""
        runs = ((turn, turn.started.run) for turn in self._own() if turn.started is not None)
        return [(turn.run, turn.status, run.stands, len(run.questions)) for turn, run in runs]

    def _carry_out(self, message: Mapping[str, Any]) -> None:
        """Do what was pressed; what cannot be done is told to that view."""
        self._told = {}
        try:
            order = _ORDERS.get(str(message.get("do")))
            if order is not None:
                order(self, message)
        except (GenXAIError, KeyError, TypeError, ValueError) as exc:
            text, hint = getattr(exc, "what", "") or str(exc), getattr(exc, "hint", "") or ""
            number = int(message.get("id", 0))
            self._told = {"view": str(message.get("view")), "id": number, "text": text, "hint": hint}

    def _begin(self, message: Mapping[str, Any]) -> None:
        self.chat.check_free()
        turn = self._say(str(message["text"]))
        self._hint = ""  # it told of what was there when the panel was opened
        self._follow(turn)
        turn.go()
        self._rested(turn)

    def _stop(self, _: Mapping[str, Any]) -> None:
        self.chat.stop()

    def _answer(self, message: Mapping[str, Any]) -> None:
        turn = self.chat.last
        if turn is not None and turn.started is not None:
            give_answer(turn.started.run, message)

    def _follow(self, turn: Turn) -> None:
        self._unsubscribe()
        self._followed = turn.run
        if turn.started is not None:
            self._unsubscribe = turn.started.run.subscribe(self._box.put)

    def _show(self) -> None:
        rows = [self._row(turn) for turn in self.chat.turns[-_MOST:]]
        run = self.chat.last.started.run if self.chat.last and self.chat.last.started else None
        left = len(self.chat.turns) - len(rows)
        shown = {
            "run": chat_row(self.chat),
            "turns": rows[:-1],
            "last": rows[-1] if rows else {},
            "earlier": f"{counted(left, 'earlier turn')} in the journal: %genxai runs" if left else "",
            "questions": question_rows(run.questions if run else ()),
            "hint": self._hint,
            "told": self._told,
        }
        new = {name: value for name, value in shown.items() if self._shown.get(name) != value}
        self._shown |= new
        if new:
            self._put(new)

    def _row(self, turn: Turn) -> dict[str, Any]:
        """A turn as it is shown, which is made anew only if it has moved."""
        asks = turn.started is not None and len(turn.started.run.questions)
        sign = turn.heard, turn.status, asks
        known = self._rows.get(turn.run)
        if known is None or known[0] != sign:
            known = self._rows[turn.run] = sign, turn_row(turn)
        return known[1]

    def _guard(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as exc:  # noqa: BLE001 - a panel that cannot show one thing must go on showing the rest
            _log.error("The chat with %s could not be brought up to date.", self.chat.name, exc_info=exc)


_ORDERS: dict[str, Callable[[ChatDesk, Mapping[str, Any]], None]] = {
    "say": ChatDesk._begin,
    "stop": ChatDesk._stop,
    "answer": ChatDesk._answer,
}
