"""The facts of a run as a panel keeps them: told up to now, and up to any earlier step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genxai_nb.journal.events import Event, Hint, Logged, Progressed, Streamed

from .story import Story, tell, upto

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

__all__ = ["History"]


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

    def load(self, run: Run, waiting: Sequence[Event | Hint] = ()) -> list[Event | Hint]:
        """Tell the run's story anew from its journal.

        Args:
            run: The run.
            waiting: What came in meanwhile and was not taken yet.

        Returns:
            What of that is not in the journal as it was read.
        """
        stands = run.stands
        self.facts = list(run.events())
        self.story = tell(self.facts)
        if run.status != "running":
            self.story.stand()
        self._ahead = stands - self.story.stops
        self._past = None
        return _unseen(self.facts, waiting)

    def take(self, event: Event | Hint) -> None:
        """Go on by one fact or hint."""
        if not isinstance(event, Streamed | Logged | Progressed):
            self.facts.append(event)
        self.story.take(event)

    def is_behind(self, run: Run) -> bool:
        """Whether the run came to rest in a way of which no fact told: it was taken back, or set by hand."""
        return run.status != "running" and run.stands != self.story.stops + self._ahead

    def at(self, step: int) -> Story:
        """The story up to the end of a step."""
        if self._past is None or self._past[0] != step:
            story = tell(upto(self.facts, step))
            story.stand()
            self._past = step, story
        return self._past[1]


def _unseen(facts: Sequence[Event], waiting: Sequence[Event | Hint]) -> list[Event | Hint]:
    """What waits and does not end the facts already."""
    told = [event for event in waiting if not isinstance(event, Streamed | Logged | Progressed)]
    for count in range(len(told), 0, -1):
        if list(facts[-count:]) == told[:count]:
            return list(told[count:])
    return list(waiting)
