"""The panel as a widget: what to show goes to the page as traits, what was pressed comes back as messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from traitlets import Dict, List

from .desk import Desk
from .live_widget import LiveWidget
from .page import script

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

__all__ = ["Panel"]


class Panel(LiveWidget):
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
        desk = Desk(
            run,
            self._put,
            begin=begin,
            where=where,
            rested=rested,
            forked=forked,
            watches=watches,
            adopt=adopt,
        )
        text = f"Run {run.run_id}: a panel that is live while its kernel is. %genxai show {run.run_id}"
        super().__init__(desk, beside=beside, text=text)

    def advise(self, text: str) -> None:
        """Show a line of advice under the buttons; empty for none."""
        self.desk.exhibit.hint = text
        self.desk.refresh()
