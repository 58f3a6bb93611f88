"""The facts of a run as a panel keeps them: told up to now, and up to any earlier step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from genxai_nb.journal.events import Event, Hint, Logged, NodeFinished, Progressed, Streamed

from .story import Story, upto

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

__all__ = ["History"]

_BETWEEN = 500  # steps, so that any earlier one is told in a moment


class History:
    """A run's facts and the story that they tell.

    Attributes:
        story: The run up to now.
        facts: What it was told from.
    """

    def __init__(self) -> None:
        self.facts: list[Event] = []
        self.story = Story()
        self._ahead = 0  # how often the run came to rest of which there is no fact
        self._past: tuple[int, Story] | None = None
        self._marks: list[tuple[int, Story]] = []  # by how many facts they tell

    def load(self, run: Run, waiting: Sequence[Event | Hint] = ()) -> list[Event | Hint]:
        """Tell the run's story from its journal.

        Args:
            run: The run.
            waiting: What came in meanwhile and was not taken yet.

        Returns:
            What of that is not in the journal as it was read.
        """
        stands, facts = run.stands, list(run.events())
        if not self._goes_back_to(facts):
            self.facts, self._marks, self.story = [], [], Story()
        self._marks = [mark for mark in self._marks if mark[0] <= len(facts)]
        place, story = self._near(lambda _: True)
        self.facts, self.story, self._past = facts[:place], story, None
        for fact in facts[place:]:
            self.take(fact)
        if run.status != "running":
            self.story.stand(run.status)
        self._ahead = stands - self.story.stops
        return _unseen(facts, waiting)

    def _goes_back_to(self, facts: Sequence[Event]) -> bool:
        """Whether facts are the first of those that are known; the last of them tells, with its time."""
        count = len(facts)
        return 0 < count <= len(self.facts) and facts[count - 1] == self.facts[count - 1]

    def take(self, event: Event | Hint) -> None:
        """Go on by one fact or hint."""
        if not isinstance(event, Streamed | Logged | Progressed):
            self.facts.append(event)
        self.story.take(event)
        if type(event) is NodeFinished and self.story.steps % _BETWEEN == 0:
            self._marks.append((len(self.facts), self.story.copy()))

    def is_behind(self, run: Run) -> bool:
        """Whether the run came to rest in a way of which no fact told: it was taken back, or set by hand."""
        if run.status == "running":
            return False
        # Going back first cancels what is under way, and that fact stays with the line that was left.
        left = self.story.status == "cancelled" != run.status
        return left or run.stands != self.story.stops + self._ahead

    def at(self, step: int) -> Story:
        """The story up to the end of a step."""
        if self._past is None or self._past[0] != step:
            place, story = self._near(lambda mark: mark.steps <= step)
            for fact in upto(islice(self.facts, place, None), step - story.steps):
                story.take(fact)
            story.stand("paused")
            self._past = step, story
        return self._past[1]

    def _near(self, fits: Callable[[Story], bool]) -> tuple[int, Story]:
        """A copy of the last kept story that fits, and how many facts it tells."""
        for place, story in reversed(self._marks):
            if fits(story):
                return place, story.copy()
        return 0, Story()


def _unseen(facts: Sequence[Event], waiting: Sequence[Event | Hint]) -> list[Event | Hint]:
    """What waits and does not end the facts already."""
    told = [event for event in waiting if not isinstance(event, Streamed | Logged | Progressed)]
    for count in range(len(told), 0, -1):
        if list(facts[-count:]) == told[:count]:
            return list(told[count:])
    return list(waiting)
