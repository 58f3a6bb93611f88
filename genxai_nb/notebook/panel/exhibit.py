"""What a panel shows of a run at a moment: now, or as it was after an earlier step."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from msgspec import structs

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.build import Graph
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.reducers import append
from genxai_nb.notebook.stand import value_in

from .detail import detail
from .edits import badges, edit_rows, versions_now
from .face import face
from .history import History
from .marks import marks
from .scene import Scene, scene_of, to_picture
from .standing import Standing, standing_of
from .story import Story
from .talk import held_rows, question_rows, streams
from .timeline import timeline
from .tree import Tree, store_of
from .values import as_mapping, noted_rows, to_rows
from .visits import VisitStory

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

__all__ = ["Exhibit"]

_LOOKED_AT = 8


class Exhibit:
    """A run as a panel shows it. Nothing here waits or changes the run.

    Args:
        run: The run.
        where: Says which cell defines a name, such as ``cell [14]``.
        watches: Gives the expressions whose values are shown with the state.

    Attributes:
        run: The run.
        history: What has happened in it.
        at: The earlier step that is looked at; None for now.
        opened: The keys of the subgraph nodes that are laid open.
        compared: Two lines of history beside each other, or empty.
        hint: Advice to the reader.
    """

    def __init__(
        self,
        run: Run,
        where: Callable[[str], str] = lambda _: "",
        watches: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self.run = run
        self.history = History()
        self.at: int | None = None
        self.opened: set[str] = set()
        self.compared: dict[str, Any] = {}
        self.hint = ""
        self._where = where
        self._watches = watches
        self._store = store_of(run)
        self._kept = _near(self._store.url)
        self._tree = Tree(run)
        self._looked: OrderedDict[str, int | None] = OrderedDict()
        self._scene: Scene | None = None
        self._laid: tuple[Any, ...] = ()
        self._badges: dict[str, str] = {}
        self._place: tuple[Any, ...] = ()
        self._standing = Standing()
        self._unfolded: tuple[str, int] = ("", -1)
        self._seen: dict[tuple[str, str, int], Mapping[str, Any]] = {}
        self._heads: list[dict[str, Any]] = []
        self._read: tuple[tuple[Any, ...], Any] = ((), None)

    @property
    def graph(self) -> Graph | None:
        """The run's graph, if it is there."""
        return self.run.graph if isinstance(self.run.graph, Graph) else None

    def look_at(self, key: str, visit: int | None) -> None:
        """Keep the detail of a node's visit shown, beside those of the few that were looked at last."""
        self._looked[key] = visit
        self._looked.move_to_end(key)
        while len(self._looked) > _LOOKED_AT:
            self._looked.popitem(last=False)

    def catch_up(self) -> None:
        """Read anew what no fact told of, and leave the past if it is over."""
        if self.history.is_behind(self.run):
            self.history.load(self.run)
            self._seen.clear()
        if self.at is not None and (self.run.status == "running" or self.at >= self.history.story.steps):
            self.at = None

    # ── what is shown ────────────────────────────────────────────────────────────────────────

    def moving(self) -> dict[str, Any]:
        """What changes all the time while a run goes on."""
        story, standing = self._story(), self._stand()
        self._unfold(standing)
        picture = {} if (scene := self._lay_out()) is None else {"picture": to_picture(scene)}
        now = self.at is None
        return picture | {
            "run": face(story, standing, store=self._kept, at=self.at, hint=self.hint),
            "status": self._marks(story, standing),
            "stream": streams(story) if now else {},
            "pending": held_rows(standing.held if now else ()),
            "questions": question_rows(standing.questions if now else ()),
            "breaks": [
                {
                    "id": point.id,
                    "node": point.node,
                    "when": point.when.text if point.when else None,
                    "after": point.after,
                }
                for point in standing.breakpoints
            ],
            "compare": self.compared,
        }

    def resting(self) -> dict[str, Any]:
        """What takes longer to read, and is read less often."""
        story, standing = self._story(), self._stand()
        graph = self.graph
        now = {} if graph is None else versions_now(graph)
        before, self._badges = self._badges, {}
        if graph is not None and self.at is None:
            self._badges = badges(graph, story, now)
        status = {} if self._badges == before else {"status": self._marks(story, standing)}
        return status | {
            "state": {
                "title": self._title(standing),
                "rows": [
                    *to_rows(self._state(), story.written, self._appended()),
                    *noted_rows(story.noted),
                ],
                "watches": self._watched(standing),
            },
            "timeline": timeline(story, standing, story.seconds if standing.rests else story.now(time())),
            "details": {key: self._detail(story, key, visit) for key, visit in self._looked.items()},
            "tree": self._lines(standing),
            "edits": edit_rows(story, now, self._store, self._where) if now else [],
            "failure": self._failure(standing),
        }

    def _marks(self, story: Story, standing: Standing) -> dict[str, Any]:
        if self._scene is None:
            return {}
        standing = standing if self.at is None else _as_of(standing, self.at)
        return marks(self._scene, story, standing, self._badges)

    def _story(self) -> Story:
        return self.history.story if self.at is None else self.history.at(self.at)

    def _stand(self) -> Standing:
        """Where the run stands; the place is read once for each rest, because that takes a fold."""
        run, story = self.run, self.history.story
        place = run.status, run.stands, story.steps, len(run.held)
        if place != self._place:
            self._place, self._standing = place, standing_of(run, story.steps)
        return structs.replace(
            self._standing,
            status=run.status,
            stands=run.stands,
            held=list(run.held),
            questions=list(run.questions),
            breakpoints=list(run.breakpoints),
        )

    def _unfold(self, standing: Standing) -> None:
        """Lay open the subgraph in which the run has come to stand."""
        if standing.here is not None and (standing.here, standing.stands) != self._unfolded:
            self._unfolded = standing.here, standing.stands
            parts = standing.here.split("/")[:-1]
            self.opened |= {"/".join(parts[: count + 1]) for count in range(len(parts))}

    def _lay_out(self) -> Scene | None:
        """The scene, if it has to be laid out anew."""
        graph = self.graph
        if graph is None:
            return None
        laid = id(graph), len(graph.nodes), len(graph.edges), frozenset(self.opened)
        if laid == self._laid:
            return None
        self._laid, self._scene = laid, scene_of(graph, frozenset(self.opened))
        return self._scene

    def _lines(self, standing: Standing) -> list[dict[str, Any]]:
        """The lines of history; read anew only at a rest."""
        if standing.rests or not self._heads:
            self._heads = self._tree.rows(self.history.story.steps)
        if standing.rests:
            return self._heads
        return [head | {"status": "running"} if head["here"] else head for head in self._heads]

    def _state(self) -> Any:
        """The state now or at the step that is looked at; while the run stands it is read once."""
        run = self.run
        place = run.status, run.stands, self.history.story.steps, self.at
        if place != self._read[0] or run.status == "running":
            try:
                self._read = place, run.state if self.at is None else run.state_at(self.at)
            except (GenXAIError, RuntimeError):  # it was changing while it was read
                return None
        return self._read[1]

    def _watched(self, standing: Standing) -> list[list[str]]:
        """The watched expressions with their values in the state that is shown."""
        expressions = self._watches()
        scope = {"visit": standing.visit or 0, **as_mapping(self._state())} if expressions else {}
        return [[text, value_in(text, scope)] for text in expressions]

    def _appended(self) -> list[str]:
        return [] if self.graph is None else [k for k, r in self.graph.schema.reducers.items() if r is append]

    def _title(self, standing: Standing) -> str:
        if self.at is not None:
            return f"after step {self.at}"
        if standing.status == "done":
            return "at the end"
        return f"before step {standing.steps + 1}" if standing.rests else "as it is now"

    def _detail(self, story: Story, key: str, visit: int | None) -> dict[str, Any]:
        node = story.node(key)
        before: Mapping[str, Any] | None = None
        if node.told:
            chosen = node.told[-1] if visit is None else node.told[max(0, min(visit, len(node.told)) - 1)]
            before = self._seen_by(chosen)
        return detail(story, key, visit, before)

    def _seen_by(self, visit: VisitStory) -> Mapping[str, Any] | None:
        """The state that a visit was given; the few that were asked for last are kept."""
        key = visit.path, visit.node, visit.number
        if key not in self._seen:
            try:
                self._seen[key] = self.run.view_of(visit.node, visit.number, visit.path)
            except (GenXAIError, RuntimeError):
                return None  # the journal has moved on
            for old in list(self._seen)[:-_LOOKED_AT]:
                del self._seen[old]
        return self._seen[key]

    def _failure(self, standing: Standing) -> dict[str, Any]:
        failure = self.run.failure if standing.status == "failed" else None
        if failure is None:
            text = self.history.story.error if standing.status == "failed" else ""
            return {"text": text, "place": "", "locals": []}
        return {
            "text": failure.text,
            "place": f"{failure.node}, visit {failure.visit} · {failure.function}, line {failure.line}",
            "locals": [[name, one_line(value)] for name, value in failure.locals.items()],
        }


def _near(url: str) -> str:
    """A store's place, shorter where it lies in the folder that is worked in."""
    here = f"{Path.cwd()}/"
    return url.removeprefix(here)


def _as_of(standing: Standing, step: int) -> Standing:
    """A standing in the past: nothing waits there."""
    return Standing(status="paused", stands=standing.stands, steps=step)
