"""While a cell waits in a terminal or a notebook without a panel: questions below a prompt, a line that is live."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import RunError
from genxai_nb.graph.question import filled_in
from genxai_nb.journal.events import Logged, Progressed, Streamed
from genxai_nb.messages import TextDelta
from genxai_nb.secrets import redact

from .cell import is_kernel
from .display import show_text
from .people import can_type
from .stand import asked_in_words
from .tracebacks import plain

if TYPE_CHECKING:
    from genxai_nb.graph.question import Question
    from genxai_nb.journal.events import Event, Hint

    from .session import Session, Started

PATIENCE = 30.0  # seconds of waiting after which a panel says how to keep the kernel free
_WIDTH = 76


class Asker:
    """Asks people what a run asks, and shows in a terminal what a model is saying.

    Args:
        session: The notebook.
        started: The run.
        elsewhere: Its panel stands at another cell than the one that waits.
    """

    def __init__(self, session: Session, started: Started, *, elsewhere: bool = False) -> None:
        self._started = started
        self._elsewhere = elsewhere
        self._asks = can_type(session.shell)
        self._told: set[str] = set()
        self._said: dict[str, str] = {}
        self._node = ""
        self._shown = False
        self._since: float | None = monotonic()
        terminal = not is_kernel(session.shell) and sys.stdout is not None and sys.stdout.isatty()
        self._stop = started.run.subscribe(self._hear) if terminal else None

    def look(self) -> None:
        """Ask what is asked now, and draw the live line anew."""
        self._draw()
        panel = self._started.panel
        if panel is not None and self._since is not None and monotonic() - self._since > PATIENCE:
            self._since = None
            panel.advise("Use --detach to keep the kernel free while a run goes on.")
        for question in self._started.run.questions:
            if panel is None and self._asks:
                self._ask(question)
            elif (panel is None or self._elsewhere) and question.slot not in self._told:
                self._told.add(question.slot)
                where = "" if panel is None else f" Answer in the panel of run {self._started.run.run_id}."
                show_text(asked_in_words(question.node, question.prompt, question.offered) + where)

    def close(self) -> None:
        """Stop listening, and clear the live line."""
        if self._stop is not None:
            self._stop()
            self._clear()

    def _ask(self, question: Question) -> None:
        self._clear()
        try:
            answer = _typed(question)
            if not self._is_open(question):
                show_text(f"{question.node} has been answered already.")
                return
            self._started.run.answer(question.slot, answer)
        except RunError as exc:
            show_text(f"{exc.what} {exc.hint}")

    def _is_open(self, question: Question) -> bool:
        return any(other.slot == question.slot for other in self._started.run.questions)

    def _hear(self, event: Event | Hint) -> None:
        if isinstance(event, Streamed) and isinstance(event.delta, TextDelta):
            self._node = event.node
            self._said[event.node] = (self._said.get(event.node, "") + event.delta.text)[-_WIDTH * 4 :]
        elif isinstance(event, Progressed):
            self._node = event.node
            self._said[event.node] = f"{event.fraction:.0%} {event.text}"
        elif not isinstance(event, Logged):
            self._said.pop(getattr(event, "node", ""), None)

    def _draw(self) -> None:
        said = self._said.get(self._node)
        if self._stop is None or said is None:
            self._clear()
            return
        line = f"▶ {self._node}: " + " ".join(plain(redact(said)).split())[-(_WIDTH - len(self._node) - 4) :]
        sys.stdout.write(f"\r\x1b[K{line}")
        sys.stdout.flush()
        self._shown = True

    def _clear(self) -> None:
        if self._shown:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()
            self._shown = False


def _typed(question: Question) -> Any:
    """Let a person type an answer, of a form one line for each field; an empty line leaves out what may be.

    Raises:
        RunError: A field should be JSON and is none.
    """
    prompt = plain(asked_in_words(question.node, question.prompt, question.choices))
    if not question.entries:
        return input(f"{prompt} ")
    show_text(prompt)
    typed = {entry.name: (entry, input(f"  {plain(entry.in_words)}: ")) for entry in question.entries}
    given = {name: text for name, (entry, text) in typed.items() if text.strip() or entry.required}
    return filled_in(question.entries, given)
