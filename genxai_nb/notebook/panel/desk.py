"""A panel without its page: what it shows of a run, kept up to date, and what was pressed, carried out.

One thread does both, in order, so that neither the kernel's loop nor the engine's ever waits for a panel.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from time import monotonic, perf_counter, time
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.build import Graph

from .detail import detail
from .edits import badges, edit_rows, versions_now
from .face import face
from .history import History
from .marks import marks
from .orders import carry_out
from .scene import Scene, scene_of, to_picture
from .standing import Standing, sign_of, standing_of
from .story import Story
from .talk import held_rows, question_rows, streams
from .timeline import timeline
from .tree import Tree, store_of
from .values import as_mapping, to_rows

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run
    from genxai_nb.journal.events import Event, Hint

__all__ = ["Desk"]

QUICK, SLOW = 0.05, 0.3  # seconds between updates: of what moves, and of what takes longer to read
WATCH = 0.2  # seconds after which somebody else's doing is noticed
WAITING = 30.0  # seconds of waiting after which a reader is told how to keep the kernel free
_SHARE = 10  # at most a tenth of the time goes into updates
_LOOKED_AT = 8

_log = logging.getLogger("genxai_nb")


class Desk:
    """Shows one run and drives it.

    Args:
        run: The run; it has its graph.
        put: Takes what has changed of what is shown, by name. Called on the desk's own thread.
        begin: Starts to drive the run, as `Run.begin` does.
        where: Says which cell defines a name, such as ``cell [14]``.
        rested: Told each time the run has come to rest.
        forked: Told of a run that was forked from this one.
        waited: A cell waits for the run.

    Attributes:
        at: The earlier step that is looked at; None for now.
        opened: The keys of the subgraph nodes that are laid open.

    Example:
        >>> from genxai_nb.graph.build import Graph
        >>> graph = Graph("g").node("a", lambda state: {"n": 1}).edge("START", "a")
        >>> shown = {}
        >>> desk = Desk(graph.start(store=":memory:"), shown.update)
        >>> desk.open()
        >>> shown["run"]["words"], shown["status"]["cards"]["a"][0]
        ('Ready to start', 'idle')
        >>> desk.close()
    """

    def __init__(
        self,
        run: Run,
        put: Callable[[dict[str, Any]], object],
        *,
        begin: Callable[[Any], Future[Any]] | None = None,
        where: Callable[[str], str] = lambda _: "",
        rested: Callable[[Run], object] = lambda _: None,
        forked: Callable[[Run], object] = lambda _: None,
        waited: bool = False,
    ) -> None:
        self.run = run
        self.begin = begin or run.begin
        self.forked = forked
        self.at: int | None = None
        self.opened: set[str] = set()
        self.history = History()
        self.compared: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self._put = put
        self._where = where
        self._rested = rested
        self._waited_since = monotonic() if waited else None
        self._box: SimpleQueue[Any] = SimpleQueue()
        self._looked: OrderedDict[str, int | None] = OrderedDict()
        self._shown: dict[str, Any] = {}
        self._scene: Scene | None = None
        self._laid: tuple[str, frozenset[str]] | None = None
        self._tree = Tree(run)
        self._sign: tuple[Any, ...] = ()
        self._standing = Standing()
        self._slowest = 0.0
        self._stop: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None

    # ── life ─────────────────────────────────────────────────────────────────────────────────

    def open(self) -> None:
        """Read the run as it is, show it, and follow it from now on."""
        self._stop = self.run.subscribe(self._box.put)
        self._reload()
        self._update(everything=True)
        self._thread = threading.Thread(target=self._live, name=f"genxai-panel-{self.run.run_id}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following the run."""
        self._stop()
        if self._thread is not None and self._thread.is_alive():
            self._box.put(_CLOSE)
            if self._thread is not threading.current_thread():
                self._thread.join(timeout=2.0)

    def press(self, message: Mapping[str, Any]) -> None:
        """Take what was pressed; returns at once."""
        self._box.put(dict(message))

    def refresh(self) -> None:
        """Look again: something has changed of which no fact tells."""
        self._box.put(_LOOK)

    def look_at(self, key: str, visit: int | None) -> None:
        """Keep the detail of a node's visit shown, beside the few that were looked at last."""
        self._looked[key] = visit
        self._looked.move_to_end(key)
        while len(self._looked) > _LOOKED_AT:
            self._looked.popitem(last=False)

    def reload(self) -> None:
        """Tell the story anew; it went on in a way of which no fact told."""
        self._reload()

    def tell(self, view: str, number: int, error: Exception | None) -> None:
        """Say in one view that what was pressed there could not be done, or nothing."""
        text = "" if error is None else (getattr(error, "message", "") or str(error))
        hint = "" if error is None else getattr(error, "hint", "")
        self.told = {"view": view, "id": number, "text": text, "hint": hint}
        self.refresh()

    # ── the thread ───────────────────────────────────────────────────────────────────────────

    def _live(self) -> None:
        due: float | None = None
        last = slow = monotonic()
        while True:
            try:
                item = self._box.get(timeout=WATCH if due is None else max(0.0, due - monotonic()))
            except Empty:
                item = _LOOK if self._has_moved() else None
                if due is None and item is None:
                    continue
            else:
                if item is _CLOSE:
                    return
                pressed = self._take(item)
                interval = 0.0 if pressed else max(QUICK, self._slowest * _SHARE)
                due = min(due or last + interval, last + interval)
                if monotonic() < due:
                    continue
            everything = self.run.status != "running" or monotonic() - slow > SLOW
            self._look_again(everything)
            last, due = monotonic(), None
            slow = last if everything else slow
            if self.history.story.status != "running" and self.run.status == "running":
                due = last + QUICK / 5  # its last fact is here, its end is about to be

    def _take(self, item: Any) -> bool:
        """Take a fact, a hint or a message; tells whether it was a message."""
        if isinstance(item, dict):
            self._guard(lambda: carry_out(self, item))
            return True
        if item is not _LOOK:
            self._guard(lambda: self.history.take(item))
        return item is _LOOK

    def _look_again(self, everything: bool) -> None:  # noqa: FBT001 - one caller, above
        began = perf_counter()
        self._guard(lambda: self._update(everything=everything))
        self._slowest = 0.5 * self._slowest + 0.5 * (perf_counter() - began)

    def _guard(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as exc:  # noqa: BLE001 - a panel that cannot show something must go on showing the rest
            _log.error("The panel of run %s could not be updated.", self.run.run_id, exc_info=exc)

    def _has_moved(self) -> bool:
        if self._waited_since is not None and monotonic() - self._waited_since > WAITING:
            return True
        return sign_of(self.run) != self._sign

    def _reload(self) -> None:
        waiting: list[Event | Hint] = []
        others: list[Any] = []
        while True:
            try:
                item = self._box.get_nowait()
            except Empty:
                break
            (others if isinstance(item, dict) or item in {_CLOSE, _LOOK} else waiting).append(item)
        for event in self.history.load(self.run, waiting):
            self.history.take(event)
        for item in others:
            self._box.put(item)

    # ── what is shown ────────────────────────────────────────────────────────────────────────

    def _update(self, *, everything: bool) -> None:
        if self.history.is_behind(self.run):
            self._reload()
        before, self._sign = self._sign, sign_of(self.run)
        story = self.history.story
        standing = self._stand(story)
        if self.at is not None and (self.at >= story.steps or not standing.rests):
            self.at = None
        shown = story if self.at is None else self.history.at(self.at)
        change = self._quick(shown, standing)
        if everything:
            change |= self._slow(shown, standing)
        new = {name: value for name, value in change.items() if self._shown.get(name) != value}
        self._shown |= new
        if new:
            self._put(new)
        if before[:2] != self._sign[:2] and standing.rests and before:
            self._rested(self.run)

    def _stand(self, story: Story) -> Standing:
        if self._standing.status != "paused" or self._sign[:2] != self._seen:
            self._standing = standing_of(self.run, story.steps)
            self._seen = self._sign[:2]
        return standing_of(self.run, story.steps)

    def _quick(self, story: Story, standing: Standing) -> dict[str, Any]:
        scene = self._scene_now(standing)
        standing = standing if self.at is None else _as_of(standing)
        store = store_of(self.run)
        return {
            "run": {
                **face(story, standing, store=store.url, at=self.at, hint=self._hint()),
                "steps": self.history.story.steps,
            },
            "status": marks(scene, story, standing, self._badges()),
            "stream": streams(story) if self.at is None else {},
            "pending": held_rows(standing.held),
            "questions": question_rows(standing.questions),
            "breaks": [_point(point) for point in standing.breakpoints],
            "told": self.told,
            "compare": self.compared,
        }
