"""What each node, visit and call of a run has come to.

A *key* names a node in a picture: its name, inside subgraphs with the names of the nodes around it,
such as ``part/inner``. The visits of those nodes do not count: all visits of a node are one card.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field, structs

from genxai_nb.graph.draw.picture import Status
from genxai_nb.journal.cost import Cost
from genxai_nb.journal.events import CallStarted
from genxai_nb.messages import Usage

__all__ = ["CallStory", "NodeStory", "VisitStory", "key_of"]

_VISITS = re.compile(r"#\d+(\[\d+\])?(?=/|$)")
_LOG_LINES = 200


class CallStory(Struct, kw_only=True):
    """One call to the world: what was asked, and what came back."""

    fact: CallStarted
    reply: Any = None
    error: str = ""
    ended: bool = False
    cost: Cost = Cost()
    seconds: float = 0.0
    attempts: int = 1
    by_hand: bool = False
    reused: bool = False
    diverged: bool = False
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)

    def copy(self) -> CallStory:
        """The same call, to go on by itself."""
        return structs.replace(
            self, text=list(self.text), reasoning=list(self.reasoning), arguments=list(self.arguments)
        )


class VisitStory(Struct, kw_only=True):
    """One visit of a node. Times are seconds of driving; ``step`` counts the visits ended before it began."""

    key: str
    path: str
    node: str
    number: int
    step: int
    started: float
    parents: tuple[tuple[str, int], ...] = ()
    version: str = ""
    attempt: int = 1
    ended: float | None = None
    update: dict[str, Any] | None = None
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    error: str = ""
    calls: list[CallStory] = field(default_factory=list)

    def copy(self, calls: Mapping[int, CallStory]) -> VisitStory:
        """The same visit, to go on by itself, with calls that do."""
        return structs.replace(
            self, parts=dict(self.parts), calls=[calls.get(id(call), call) for call in self.calls]
        )


class NodeStory(Struct, kw_only=True):
    """One node, all visits together."""

    key: str
    status: Status = "idle"
    visits: int = 0
    seconds: float = 0.0
    usage: Usage = Usage()
    cost: Cost = Cost()
    models: int = 0
    tools: int = 0
    fraction: float | None = None
    note: str = ""
    error: str = ""
    told: list[VisitStory] = field(default_factory=list)
    log: deque[str] = field(default_factory=lambda: deque(maxlen=_LOG_LINES))

    def copy(self, visits: Mapping[int, VisitStory]) -> NodeStory:
        """The same node, to go on by itself, with visits that do."""
        told = [visits.get(id(visit), visit) for visit in self.told]
        return structs.replace(self, told=told, log=self.log.copy())

    @property
    def last(self) -> VisitStory | None:
        """Its latest visit."""
        return self.told[-1] if self.told else None


def key_of(path: str, name: str = "") -> str:
    """The key of a node from the path of visits above it.

    Example:
        >>> key_of("part#1/inner#2[0]", "leaf"), key_of("", "leaf"), key_of("part#1")
        ('part/inner/leaf', 'leaf', 'part')
    """
    if not path:
        return name
    above = _VISITS.sub("", path)
    return f"{above}/{name}" if name else above
