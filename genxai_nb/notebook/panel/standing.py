"""Where a run stands and what it waits for, read from the run at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from .story import key_of

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

__all__ = ["Standing", "standing_of"]


class Standing(Struct, kw_only=True):
    """What only the run itself knows.

    Attributes:
        status: The run's status.
        stands: How often it came to rest; each button carries the number at which it was pressed.
        reason: Why it stands, in words.
        here: The key of the node that it stands at; None when it stands nowhere.
        visit: The visit that it stands at.
        where: ``before`` the visit, at a ``call`` in it, or at the ``end``.
        held: The calls that wait to be made.
        questions: What people are asked.
        breakpoints: Where it will stop.
        failure: The node that failed, with its locals.
        steps: How many visits have ended.
    """

    status: str = "ready"
    stands: int = 0
    reason: str = ""
    here: str | None = None
    visit: int | None = None
    where: str = "end"
    held: list[Any] = []
    questions: list[Any] = []
    breakpoints: list[Any] = []
    failure: Any = None
    steps: int = 0

    @property
    def rests(self) -> bool:
        """Whether nothing moves."""
        return self.status != "running"


def standing_of(run: Run) -> Standing:
    """Read where a run stands."""
    position = run.position
    path, node = position.path, position.node
    return Standing(
        status=run.status,
        stands=run.stands,
        reason=run.reason,
        here=key_of(path, node) if node else None,
        visit=position.visit,
        where=position.where,
        held=list(run.held),
        questions=list(run.questions),
        breakpoints=list(run.breakpoints),
        failure=run.failure,
        steps=run.steps,
    )
