"""Where a run stands and what it waits for, read from the run at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from genxai_nb.errors import GenXAIError

from .visits import key_of

if TYPE_CHECKING:
    from genxai_nb.graph.driver import Position
    from genxai_nb.graph.run import Run

__all__ = ["Standing", "sign_of", "standing_of"]


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
    steps: int = 0

    @property
    def rests(self) -> bool:
        """Whether nothing moves."""
        return self.status != "running"


def sign_of(run: Run) -> tuple[Any, ...]:
    """What differs when anything of a run's standing does; cheap enough to be asked all the time."""
    return run.status, run.stands, len(run.held), len(run.questions), tuple(run.breakpoints)


def standing_of(run: Run, steps: int) -> Standing:
    """Read where a run stands; while it runs, what can be read without holding it up."""
    standing = Standing(
        status=run.status,
        stands=run.stands,
        reason=run.reason,
        held=list(run.held),
        questions=list(run.questions),
        breakpoints=list(run.breakpoints),
        steps=steps,
    )
    if standing.status == "paused" and (position := _position(run)) is not None and position.node:
        standing.here = key_of(position.path, position.node)
        standing.visit, standing.where = position.visit, position.where
    return standing


def _position(run: Run) -> Position | None:
    try:
        return run.position
    except GenXAIError:
        return None  # its graph is gone or damaged: the rest can still be told
