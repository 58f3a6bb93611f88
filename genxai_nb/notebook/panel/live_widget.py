"""What each panel is as a widget: shown in an output, fed by traits, heard by messages that are acknowledged."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any
from uuid import uuid4

import anywidget
from traitlets import Bool, Dict

from .page import sheet

__all__ = ["WIDGET", "LiveWidget"]

WIDGET = "application/vnd.jupyter.widget-view+json"
_VIEWS, _HEARD = 32, 256


class LiveWidget(anywidget.AnyWidget):
    """A panel that is live while its kernel is.

    Args:
        desk: Keeps the panel up to date by ``_put``: ``open``, ``press``, ``refresh``, ``close``.
        beside: A record lies beside the panel, which takes its place in the page but not in the notebook.
        text: What is shown where no widget can be.
    """

    _css = sheet()

    told = Dict().tag(sync=True)
    acks = Dict().tag(sync=True)
    beside = Bool().tag(sync=True)

    def __init__(self, desk: Any, *, beside: bool, text: str) -> None:
        self._lock = threading.RLock()
        self._heard: deque[tuple[str, int]] = deque(maxlen=_HEARD)  # messages: a page may send one again
        self._first: dict[str, Any] | None = {}
        self.desk = desk
        self.desk.open()
        first, self._first = self._first or {}, None
        super().__init__(**first, beside=beside)
        self._text = text
        self._display = f"genxai-panel-{uuid4().hex}"
        self._is_shown = self._is_closed = False
        self._shell: Any = None
        self.on_msg(self._hear)
        self.desk.refresh()

    def show(self) -> None:
        """Put the panel into the output of the running cell; the second time nothing happens."""
        from IPython.core.getipython import get_ipython
        from IPython.display import publish_display_data

        if self._is_shown:
            return
        self._is_shown = True
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        publish_display_data(  # type: ignore[no-untyped-call]  # IPython's
            {WIDGET: view, "text/plain": self._text}, transient={"display_id": self._display}
        )
        self._shell = get_ipython()
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._look_again)

    def close(self) -> None:
        """Stop following, and leave nothing of the panel in the notebook."""
        self.desk.close()
        if self._is_shown:
            self._is_shown = False
            self._leave_output()
            if self._shell is not None:
                self._shell.events.unregister("post_run_cell", self._look_again)
        with self._lock:  # so that nothing is sent to a page that has let go of it
            self._is_closed = True
            super().close()

    def _look_again(self, _: Any) -> None:
        """A cell has run: it may have defined something anew."""
        self.desk.refresh()

    def _put(self, new: dict[str, Any]) -> None:
        if self._first is not None:
            self._first |= new
            return
        with self._lock:
            if self._is_closed:
                return
            with self.hold_sync():
                for name, value in new.items():
                    setattr(self, name, value)

    def _hear(self, _: Any, message: Any, __: Any) -> None:
        """Say at once that the kernel lives, and leave the rest to the desk."""
        if not isinstance(message, dict) or "view" not in message:
            return
        view, number = str(message["view"]), int(message.get("id", 0))
        with self._lock:
            if self._is_closed:
                return
            is_new = (view, number) not in self._heard
            self._heard.append((view, number))
            self.acks = dict([*self.acks.items(), (view, max(number, self.acks.get(view, 0)))][-_VIEWS:])
        if is_new and message.get("do") == "moved":
            self._leave_output()
        elif is_new:
            self.desk.press(message)

    def _leave_output(self) -> None:
        """Let the notebook hold nothing of the panel: in the page it lies elsewhere, or it is closed."""
        from IPython.display import publish_display_data

        publish_display_data({"text/plain": ""}, transient={"display_id": self._display}, update=True)  # type: ignore[no-untyped-call]  # IPython's
