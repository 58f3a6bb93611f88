"""What must hold of a run that was cut off and then went on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from genxai_nb.journal import events as facts
from genxai_nb.journal.codec import encode_event
from genxai_nb.journal.events import Event


def bodies_in(events: Sequence[Event]) -> set[str]:
    """What the bodies of finished visits and instances had marked."""
    done = {f"body {e.node} {e.visit}" for e in events if type(e) is facts.NodeFinished}
    return done | {f"body {e.node} {e.visit} {e.index}" for e in events if type(e) is facts.InstanceFinished}


def effects_in(events: Sequence[Event]) -> set[str]:
    """The slots of the effects that were started."""
    return {e.slot for e in events if type(e) is facts.CallStarted and e.effect}


def answers_in(events: Sequence[Event]) -> set[str]:
    """The slots of the calls that were answered."""
    return {e.slot for e in events if type(e) is facts.CallFinished}


def check_aftermath(
    published: Sequence[bytes],
    before: Sequence[Event],
    after: Sequence[Event],
    marks: Sequence[str],
    later: Sequence[str],
) -> None:
    """Check that what was published is in the journal, in order, and that nothing done was done again.

    Args:
        published: The facts that watchers were shown before the cut.
        before: What the journal held then.
        after: What it holds at the end.
        marks: What bodies and tools marked before the cut.
        later: What they marked behind it.
    """
    lines = [encode_event(event) for event in before]
    rest = iter(lines)
    assert all(line in rest for line in published)
    assert [encode_event(event) for event in after[: len(before)]] == lines
    assert not bodies_in(before) & set(later)
    assert not effects_in(before) & answers_in(before) & effects_in(after[len(before) :])
    visits = Counter((e.node, e.visit) for e in after if type(e) is facts.NodeFinished)
    assert set(visits.values()) == {1}
    effects = Counter(mark for mark in (*marks, *later) if mark.startswith("effect"))
    assert max(effects.values()) <= 2
