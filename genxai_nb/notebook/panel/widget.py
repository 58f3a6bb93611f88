"""The panel as a widget: what to show goes to the page as traits, what was pressed comes back as messages."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anywidget
from traitlets import Bool, Dict, List

from .desk import Desk
from .page import script, sheet

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

__all__ = ["Panel"]

WIDGET = "application/vnd.jupyter.widget-view+json"
_VIEWS, _HEARD = 32, 256


class Panel(anywidget.AnyWidget):
    """A live panel of one run. It takes the same options as `Desk`.

    Args:
        run: The run; it has its graph.
        begin: Starts to drive the run as `Run.begin` does.
        where: Says which cell defines a name.
        rested: Told each time that the run has come to rest.
        forked: Told of a run that was forked from this one.
        watches: Gives the expressions whose values are shown with the state.
        adopt: Lets the run go on in its graph as it is defined now, or refuses.
        beside: The run's record lies beside the panel, which takes its place in the page but not in the notebook.
    """

    _esm = script()
    _css = sheet()

    picture = Dict().tag(sync=True)
    run = Dict().tag(sync=True)
    status = Dict().tag(sync=True)
    state = Dict().tag(sync=True)
    details = Dict().tag(sync=True)
    stream = Dict().tag(sync=True)
    pending: Any = List().tag(sync=True)
    questions: Any = List().tag(sync=True)
    breaks: Any = List().tag(sync=True)
    timeline = Dict().tag(sync=True)
    tree: Any = List().tag(sync=True)
    edits: Any = List().tag(sync=True)
    failure = Dict().tag(sync=True)
    compare = Dict().tag(sync=True)
    told = Dict().tag(sync=True)
    acks = Dict().tag(sync=True)
    beside = Bool().tag(sync=True)

    def __init__(
        self,
        run: Run,
        *,
        begin: Callable[[Any], Future[Any]] | None = None,
        where: Callable[[str], str] = lambda _: "",
        rested: Callable[[Run], object] = lambda _: None,
        forked: Callable[[Run], object] = lambda _: None,
        watches: Callable[[], Sequence[str]] = tuple,
        adopt: Callable[[bool], object] = lambda _: None,
        beside: bool = False,
    ) -> None:
        self._lock = threading.RLock()
        self._heard: deque[tuple[str, int]] = deque(maxlen=_HEARD)  # messages: a page may send one again
        self._first: dict[str, Any] | None = {}
        self.desk = Desk(
            run,
            self._put,
            begin=begin,
            where=where,
            rested=rested,
            forked=forked,
            watches=watches,
            adopt=adopt,
        )
        self.desk.open()
        first, self._first = self._first or {}, None
        super().__init__(**first, beside=beside)
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
        run = self.desk.run
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        text = f"Run {run.run_id}: a panel that is live while its kernel is. %genxai show {run.run_id}"
        publish_display_data({WIDGET: view, "text/plain": text}, transient={"display_id": self._display})  # type: ignore[no-untyped-call]  # IPython's
        self._shell = get_ipython()
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._look_again)

    def advise(self, text: str) -> None:
        """Show a line of advice under the buttons; empty for none."""
        self.desk.exhibit.hint = text
        self.desk.refresh()

    def close(self) -> None:
        """Stop following the run, and leave nothing of the panel in the notebook."""
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
