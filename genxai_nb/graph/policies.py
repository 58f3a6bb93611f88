"""Which policies hold in a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genxai_nb.guard.policy import PROFILES, Policy, policy_from
from genxai_nb.journal.events import Event, RunResumed, RunStarted
from genxai_nb.settings import read_settings

from .workflow import RunOptions


def policies_for(options: RunOptions) -> tuple[Policy, ...]:
    """The environment's policy, the run's own, and of a run that was loaded also the recorded one.

    What a journal says may only take away: it can come from anybody.
    """
    own = options.policy
    if own is None and options.recorded is not None:
        own = PROFILES["default"]
    every = (policy_from(read_settings().policy or None), own, options.recorded)
    return tuple(policy for policy in every if policy is not None)


def policy_in(events: Iterable[Event]) -> Policy | None:
    """The policy that a run had last; None for the default."""
    set_last = None
    for event in events:
        if isinstance(event, RunStarted | RunResumed) and event.policy is not None:
            set_last = event.policy
    return policy_from(set_last) if set_last else None


def news_of(options: RunOptions, events: Iterable[Event]) -> dict[str, Any] | None:
    """The fields of a run's policy, if the journal does not have it yet."""
    policy = options.policy
    return None if policy is None or policy == policy_in(events) else policy.changed()
