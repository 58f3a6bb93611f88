"""Changes of what lasts of a memory: as facts of a run, in the order of the store, and taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from time import time
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import InputError
from genxai_nb.journal.events import MemoryChanged

from .held import owner_of

if TYPE_CHECKING:
    from genxai_nb.calls.call import Call
    from genxai_nb.journal.changes import Change
    from genxai_nb.journal.events import Event
    from genxai_nb.memory.proposals import Proposal

    from .held import Held, Logged, Remembering

_NAME = re.compile(r"c\d+")


def changed(change: Change, call: Call, agent: Remembering, kind: str) -> MemoryChanged:
    """The fact that a call changed something."""
    return MemoryChanged(
        at=change.at,
        slot=call.slot,
        agent=agent.name,
        what=change.what,
        kind=kind,
        owner=owner_of(agent, kind),
        items=tuple(f"m{number}" for number in change.items),
        change=f"c{change.number}",
        by="" if change.other is None else f"m{change.other}",
        why=change.why,
    )


def untold(changes: Sequence[Change], call: Call, agent: Remembering, kind: str, since: float) -> list[Event]:
    """The facts that a call changed something, but for those that its run has told.

    Args:
        changes: What it changed, perhaps when it was made before, with the same key.
        call: The call.
        agent: The agent.
        kind: The kind of memory.
        since: When the call began this time.
    """
    told: set[str] = set()
    if any(change.at < since for change in changes):
        events = call.context.store.read(call.context.run_id)
        told = {event.change for event in events if isinstance(event, MemoryChanged)}
    facts = [changed(change, call, agent, kind) for change in changes]
    return [fact for fact in facts if fact.change not in told]


def proposed(proposal: Proposal, call: Call, agent: Remembering) -> MemoryChanged:
    """The fact that a procedure was proposed."""
    return MemoryChanged(
        at=time(),
        slot=call.slot,
        agent=agent.name,
        what="proposed",
        kind="procedural",
        owner=owner_of(agent, "procedural"),
        items=proposal.episodes,
        by=proposal.name,
        why=f"{len(proposal.episodes)} successes",
    )


def is_change(meant: Any) -> bool:
    """Whether a change is meant, and no run: its name such as ``c7``, or the fact that tells of it."""
    return isinstance(meant, MemoryChanged) or (isinstance(meant, str) and bool(_NAME.fullmatch(meant)))


def change_named(meant: str | MemoryChanged, log: Iterator[Logged], agent: str) -> Logged:
    """A change that can be taken back.

    Raises:
        InputError: There is none of that name, or it forgot something.
    """
    name = meant.change if isinstance(meant, MemoryChanged) else meant
    found = next((one for one in log if f"c{one.change.number}" == name), None)
    if found is None:
        raise InputError(
            f"The memory of {agent!r} has no change {name!r} that could be undone.",
            hint=f"{agent}.memory.changes() lists them.",
        )
    if found.change.what == "forgotten":
        raise InputError(
            f"Change {name} forgot {found.change.names}, which cannot come back.",
            hint="What is forgotten is shredded; tell it anew by agent.memory.remember(...).",
        )
    return found


def changes_of_run(held: Held, run: str, agent: str, log: Iterator[Logged]) -> list[Logged]:
    """What an agent changed in a run and can be taken back, also in the part that the run was forked from."""
    told = {e.change for e in held.events if isinstance(e, MemoryChanged) and e.agent == agent}
    return [
        one
        for one in log
        if one.change.agent == agent
        and one.change.what not in {"forgotten", "undone"}
        and (one.change.run == run or f"c{one.change.number}" in told)
    ]
