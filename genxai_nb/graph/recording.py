"""The facts that a run records of its visits, and of its being taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from time import time
from typing import Any

from msgspec import structs

from genxai_nb.errors import GenXAIError
from genxai_nb.journal import events as facts
from genxai_nb.journal.events import Event

from .budgets import changed_budget
from .perform import Outcome
from .plan import Place, Plan
from .policies import news_of
from .tokens import Ending, Token, Visit
from .workflow import RunOptions

__all__ = [
    "attempt_failed",
    "instance_finished",
    "limits_reached",
    "run_resumed",
    "token_absorbed",
    "visit_finished",
    "visit_started",
]


def run_resumed(options: RunOptions, versions: dict[str, str], events: Sequence[Event]) -> Event:
    """That a run with that history goes on: with these versions, and what was set meanwhile."""
    return facts.RunResumed(
        at=time(),
        definitions=versions,
        policy=news_of(options, events),
        budget=changed_budget(options.budget, events),
    )


def visit_started(visit: Visit, version: str, path: str, now: float) -> Event:
    """That a visit has begun, with that version of its definition."""
    started = facts.NodeStarted(
        at=now,
        node=visit.place.name,
        visit=visit.number,
        parents=visit.parents,
        version=version,
        path=path,
    )
    return structs.replace(started, reduced=dict(visit.reduced)) if visit.reduced else started


def visit_finished(
    visit: Visit, update: dict[str, Any], ending: Ending, path: str, reads: tuple[str, ...], seconds: float
) -> Event:
    """That a visit has ended."""
    finished = facts.NodeFinished(
        at=time(),
        node=visit.place.name,
        visit=visit.number,
        update=update,
        edges=ending.edges,
        reads=reads,
        seconds=_rounded(seconds),
        path=path,
    )
    return structs.replace(finished, reduced=ending.reduced) if ending.reduced else finished


def limits_reached(visit: Visit, ending: Ending, plan: Plan, path: str) -> list[Event]:
    """Which limits kept a visit from going on."""
    return [
        facts.LoopLimitReached(
            at=time(),
            node=visit.place.name,
            visit=visit.number,
            target=edge.target,
            limit=plan.limits[edge.number],
            path=path,
        )
        for edge in ending.spent
    ]


def instance_finished(outcome: Outcome, index: int, path: str) -> Event:
    """That an instance of a map has ended."""
    return facts.InstanceFinished(
        at=time(),
        node=outcome.visit.place.name,
        visit=outcome.visit.number,
        index=index,
        update=dict(outcome.update),
        reads=outcome.reads,
        seconds=_rounded(outcome.seconds),
        path=path,
    )


def attempt_failed(
    outcome: Outcome, said: str, attempt: int, path: str, *, retried: bool
) -> facts.NodeFailed:
    """That an attempt of a visit has failed, and whether another one follows."""
    error = outcome.error
    return facts.NodeFailed(
        at=time(),
        node=outcome.visit.place.name,
        visit=outcome.visit.number,
        error=said,
        code=error.code if isinstance(error, GenXAIError) else type(error).__name__,
        attempt=attempt,
        retried=retried,
        index=outcome.index,
        seconds=_rounded(outcome.seconds),
        path=path,
    )


def token_absorbed(place: Place, token: Token, path: str) -> Event:
    """That a way came to a node too late."""
    source, number = token.parents[0]
    return facts.TokenAbsorbed(at=time(), node=place.name, source=source, number=number, path=path)


def _rounded(seconds: float) -> float:
    """To the microsecond, in a quarter of the time that ``round`` takes: it is done at the end of each visit."""
    return int(seconds * 1_000_000) / 1_000_000
