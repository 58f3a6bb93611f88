"""What a run has come to where only one visit is under way and nothing else is remembered."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class Snapshot(Struct, frozen=True, kw_only=True):
    """What a run has come to when the only token that is left has just been taken by a visit.

    All that came before has collapsed into one state. Nobody has called anything for this visit yet.

    Attributes:
        form: The version of this form.
        structure: The graph's structure, by its hash: a snapshot means nothing in another one.
        state: The state that the visit sees.
        node: The visit's node.
        parents: The visits from which its tokens came.
        edge: The number of the edge that the first of them came over.
        visits: How often each node has been visited, this time included.
        counts: How often each edge that has a limit has been taken, by its number.
        fired: Nodes that have begun without waiting for all who could come in the same wave.
        stopped: Nodes at which a token stopped, with the numbers of the edges that said no.
        arrived: Some token has come to an end where it may end.
    """

    form: Literal[1]
    structure: str
    state: dict[str, Any]
    node: str
    parents: tuple[tuple[str, int], ...]
    edge: int
    visits: dict[str, int]
    counts: dict[int, int] = {}
    fired: tuple[str, ...] = ()
    stopped: dict[str, tuple[int, ...]] = {}
    arrived: bool = False
