"""Kinds of events by number."""

from __future__ import annotations

from typing import get_args

from genxai_nb.journal.events import Event
from genxai_nb.journal.kinds import KINDS


def test_each_kind_of_event_has_its_number():
    """No event is without one, and none of those that stand in journals has got another one."""
    assert sorted(KINDS) == sorted(kind.__struct_config__.tag for kind in get_args(Event))
    assert KINDS[:5] == ("run_started", "run_resumed", "node_started", "instance_finished", "node_finished")
    assert KINDS[-2:] == ("run_cancelled", "memory_changed")
    assert len(KINDS) == 20
